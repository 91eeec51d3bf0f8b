package io.coxswain.chaos.simulation.invariant;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * All ranks of a view take the same snapshots, whatever interval its plan and grants name and
 * whenever those reach them: else one would free what another cannot go back without. A rank that
 * has no slot for one may lack it; so what two ranks took must be the same but for what one of them
 * lacks, never what each lacks of the other.
 */
public final class SnapshotsAgree implements Invariant {
    /** Steps of a view that are remembered; its ranks are less than that apart. */
    private static final int KEPT = 1_024;

    private record Lack(String who, String ofWhom) {}

    private static final class Decisions {
        /** By step: who went on from it, and whether it was snapshotted there. */
        final TreeMap<Long, Map<String, Boolean>> taken = new TreeMap<>();

        /** The newest step that an agent's worker was asked to copy. */
        final Map<String, Long> newest = new HashMap<>();

        final Set<Lack> lacks = new HashSet<>();
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
        String self = agent.name();
        boolean taken = decisions.newest.getOrDefault(self, -1L) == made;
        Map<String, Boolean> ofStep =
                decisions.taken.computeIfAbsent(made, key -> new LinkedHashMap<>());
        ofStep.forEach((other, theirs) -> {
            if (theirs != taken) {
                compare(decisions, taken ? other : self, taken ? self : other, epoch, made);
            }
        });
        ofStep.put(self, taken);
        while (decisions.taken.size() > KEPT) {
            decisions.taken.pollFirstEntry();
        }
    }

    private void compare(Decisions decisions, String without, String with, long epoch, long step) {
        decisions.lacks.add(new Lack(without, with));
        if (decisions.lacks.contains(new Lack(with, without))) {
            throw new InvariantViolated(
                    name(),
                    with
                            + " took a snapshot of step "
                            + step
                            + " in epoch "
                            + epoch
                            + " that "
                            + without
                            + " did not take, which took others that "
                            + with
                            + " did not");
        }
    }

    private Decisions of(ViewHistory view) {
        return views.computeIfAbsent(view, key -> new Decisions());
    }
}
