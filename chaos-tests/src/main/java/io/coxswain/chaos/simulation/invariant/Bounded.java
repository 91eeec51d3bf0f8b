package io.coxswain.chaos.simulation.invariant;

import java.util.List;

/** Memory, connections and watches stay bounded over many recoveries. */
public final class Bounded implements Invariant {
    private static final int MOST_KEPT = 96;
    private static final int MOST_TASKS = 50_000;
    private static final int MOST_WATCHES_EACH = 8;

    private static final int LOOKED_AT_EVERY = 8;

    private long events;
    private int next;

    @Override
    public String name() {
        return "I12 bounded";
    }

    @Override
    public void afterEvent(Cluster cluster) {
        // Growth shows all the same.
        if (++events % LOOKED_AT_EVERY != 0) {
            return;
        }
        List<? extends AgentView> agents = cluster.agents();
        int most = (agents.size() + 8) * (agents.size() + 8);
        if (cluster.tasksWaiting() > MOST_TASKS
                || cluster.connections() > most
                || cluster.watches() > MOST_WATCHES_EACH * 4) {
            throw new InvariantViolated(
                    name(),
                    cluster.tasksWaiting()
                            + " tasks, "
                            + cluster.connections()
                            + " connections, "
                            + cluster.watches()
                            + " watches");
        }
        if (!agents.isEmpty()) {
            // One agent at a time.
            AgentView agent = agents.get(next++ % agents.size());
            if (agent.kept() > MOST_KEPT) {
                throw new InvariantViolated(
                        name(), agent.name() + " keeps " + agent.kept() + " things");
            }
        }
    }
}
