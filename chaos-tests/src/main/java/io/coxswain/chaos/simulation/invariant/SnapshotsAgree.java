package io.coxswain.chaos.simulation.invariant;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * All ranks of a view take the same snapshots, whatever interval its plan and grants name and
 * whenever those reach them: else one would free what another cannot go back without. A rank may
 * lack one that it agreed to, where a fetch of an earlier view has its slot: then the floor waits.
 */
public final class SnapshotsAgree implements Invariant {
    /** Steps of a view that are remembered; its ranks are less than that apart. */
    private static final int KEPT = 4_096;

    private static final class Decisions {
        /** Whether the first rank that went on from a step had snapshotted it. */
        final TreeMap<Long, Boolean> taken = new TreeMap<>();

        /** The newest step that an agent's worker was asked to copy. */
        final Map<String, Long> newest = new HashMap<>();
    }

    private final Map<ViewHistory, Decisions> views = new HashMap<>();

    @Override
    public String name() {
        return "I3 snapshots agree";
    }

    @Override
    public void snapshotAsked(JobHistory job, AgentView agent, long epoch, long step) {
        ViewHistory view = job.of(epoch);
        if (view != null) {
            of(view).newest.put(agent.name(), step);
        }
    }

    @Override
    public void stepBegun(JobHistory job, AgentView agent, long epoch, long step) {
        ViewHistory view = job.of(epoch);
        long made = step - 1;
        if (view == null || made <= view.view.baseStep()) {
            return;
        }
        Decisions decisions = of(view);
        // One that was for an order alone is given up before the rank goes on.
        boolean taken =
                decisions.newest.getOrDefault(agent.name(), -1L) == made && agent.hasSnapshot(made);
        if (!taken && agent.missedSnapshot() <= made) {
            // It agreed to one and had no slot for it: from here on what it decided does not show.
            return;
        }
        Boolean before = decisions.taken.putIfAbsent(made, taken);
        if (before != null && before != taken) {
            throw new InvariantViolated(
                    name(),
                    agent.name()
                            + (taken ? " took" : " did not take")
                            + " a snapshot of step "
                            + made
                            + " in epoch "
                            + epoch
                            + ", another rank "
                            + (before ? "did" : "did not"));
        }
        while (decisions.taken.size() > KEPT) {
            decisions.taken.pollFirstEntry();
        }
    }

    private Decisions of(ViewHistory view) {
        return views.computeIfAbsent(view, key -> new Decisions());
    }
}
