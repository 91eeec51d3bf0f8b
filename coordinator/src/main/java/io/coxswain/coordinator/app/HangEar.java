package io.coxswain.coordinator.app;

import io.coxswain.coordinator.core.job.JobEvent;
import io.coxswain.coordinator.core.job.JobMachine;
import io.coxswain.coordinator.core.job.JobPhase;
import io.coxswain.coordinator.core.liveness.HangRule;
import io.coxswain.coordinator.core.liveness.HangWatch;
import io.coxswain.coordinator.core.liveness.RankWord;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.View;

import org.jspecify.annotations.Nullable;

import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/** Hears what the members of the active view say that they do. Owned by the decision loop. */
final class HangEar {
    /** Ranks whose stacks are taken when the job hangs. */
    private static final int MOST_WITNESSED = 8;

    private final JobRun.Context context;
    private final HangWatch watch = new HangWatch();

    /** Ranks in the active view of {@link #ranksEpoch}. */
    private final Map<AgentKey, Integer> ranks = new HashMap<>();

    /** The step that each rank of it is making, as it said last. */
    private final Map<Integer, Long> heardSteps = new HashMap<>();

    private long ranksEpoch;

    HangEar(JobRun.Context context) {
        this.context = context;
    }

    /** What follows from a word; null: nothing. */
    JobEvent.@Nullable HangSuspected heard(
            JobMachine machine, AgentKey agent, AgentWord.Heartbeat beat, long nowNanos) {
        View active = machine.view();
        if (active == null || machine.phase() != JobPhase.ACTIVE || StatusPhases.stands(machine)) {
            return null;
        }
        Integer rank = ranksOf(active).get(agent);
        if (rank == null) {
            return null;
        }
        heardSteps.put(rank, beat.step());
        var word =
                new RankWord(
                        rank,
                        beat.operation(),
                        Set.copyOf(beat.waitingForRanks()),
                        beat.operationNanos(),
                        beat.step(),
                        beat.entered(),
                        beat.part());
        HangRule.Suspicion hang =
                watch.heard(
                        active.epoch(),
                        word,
                        machine.completedStep(),
                        machine.stepTimes(),
                        nowNanos);
        if (hang == null) {
            return null;
        }
        boolean named = hang.cycle() || hang.accusers() > 0;
        witness(active, hang, !named && machine.spec().runtimeReduces());
        return new JobEvent.HangSuspected(
                active.members().get(hang.rank()).key(),
                active.epoch(),
                hang.cycle(),
                hang.accusers() > 0,
                hang.text(),
                hang.stalledNanos());
    }

    /**
     * Before the fence changes what they do: the ranks that keep the others waiting.
     *
     * @param anyone the runtimes wait for each other, and who for whom is not known: what all of
     *     them do tells it, perhaps
     */
    private void witness(View active, HangRule.Suspicion hang, boolean anyone) {
        var culprits = new LinkedHashSet<Integer>();
        culprits.add(hang.rank());
        culprits.addAll(hang.absent());
        for (int rank = 0;
                anyone && rank < Math.min(active.members().size(), MOST_WITNESSED);
                rank++) {
            culprits.add(rank);
        }
        culprits.stream()
                .limit(MOST_WITNESSED)
                .forEach(rank ->
                        context.lookAt(
                                active.members().get(rank).key(),
                                heardSteps.getOrDefault(rank, 0L),
                                hang.text()));
    }

    // Every agent of a large job asks some times a second: by hash, not by a walk over the members.
    private Map<AgentKey, Integer> ranksOf(View active) {
        if (ranksEpoch != active.epoch()) {
            ranksEpoch = active.epoch();
            ranks.clear();
            heardSteps.clear();
            for (int rank = 0; rank < active.members().size(); rank++) {
                ranks.put(active.members().get(rank).key(), rank);
            }
        }
        return ranks;
    }
}
