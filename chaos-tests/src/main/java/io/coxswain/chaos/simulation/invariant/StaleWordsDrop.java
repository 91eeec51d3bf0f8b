package io.coxswain.chaos.simulation.invariant;

import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.model.Inventory;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.chaos.simulation.worker.Arena;
import io.coxswain.coordinator.core.liveness.LostCause;

import org.jspecify.annotations.Nullable;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** Words of older epochs drop: they give no credits, and change nothing that was promised. */
public final class StaleWordsDrop implements Invariant {
    private static final Set<String> SAID_BY_A_DIAL =
            Set.of(new LostCause.ConnectionRefused().text(), new LostCause.Replaced().text());

    private final Map<String, Inventory> frozen = new HashMap<>();

    @Override
    public String name() {
        return "I10 stale words drop";
    }

    @Override
    public void stepBegun(JobHistory job, AgentView agent, long epoch, long step) {
        ViewHistory view = job.of(epoch);
        if (view != null && step > view.granted) {
            throw new InvariantViolated(
                    name(),
                    agent.name()
                            + " begins step "
                            + step
                            + " of epoch "
                            + epoch
                            + " with credits through "
                            + view.granted);
        }
        if (epoch < agent.promisedEpoch()) {
            throw new InvariantViolated(
                    name(),
                    agent.name()
                            + " begins step "
                            + step
                            + " of epoch "
                            + epoch
                            + " and has promised epoch "
                            + agent.promisedEpoch());
        }
    }

    @Override
    public void declaredLost(
            String coordinator, String agent, String cause, boolean faultNear, boolean alive) {
        // A process that is gone stays gone: who lives was never refused.
        if (alive && SAID_BY_A_DIAL.contains(cause)) {
            throw new InvariantViolated(
                    name(),
                    coordinator
                            + " takes an old answer for a new one: "
                            + agent
                            + " lives, and "
                            + cause);
        }
    }

    @Override
    public void inventoryTold(AgentView agent, Inventory told) {
        frozen.put(agent.name(), told);
    }

    @Override
    public void leaderWord(
            AgentView agent, AgentEvent word, long wireTerm, long newestTerm, Outcome outcome) {
        if (word instanceof AgentEvent.ViewOrdered
                || word instanceof AgentEvent.JobEnded
                || word instanceof AgentEvent.JobOffered) {
            frozen.remove(agent.name());
        }
    }

    @Override
    public void freed(JobHistory job, AgentView agent, Arena.Cell cell) {
        Inventory told = frozen.get(agent.name());
        StateName name = cell.name();
        // What was being given up already is in no inventory.
        if (told != null
                && told.promisedEpoch() == agent.promisedEpoch()
                && isIn(told, name)
                && !agent.isEndingJob()
                && cell.isIntact()
                && !agent.isOrdered()) {
            throw new InvariantViolated(
                    name(),
                    agent.name()
                            + " told what it holds for epoch "
                            + told.promisedEpoch()
                            + " and gives up "
                            + cell.name());
        }
    }

    private static boolean isIn(Inventory told, @Nullable StateName name) {
        return told.snapshots().stream().anyMatch(held -> held.state().equals(name))
                || told.copies().stream().anyMatch(held -> held.state().equals(name));
    }
}
