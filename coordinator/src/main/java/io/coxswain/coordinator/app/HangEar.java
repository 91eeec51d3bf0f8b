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
import java.util.Map;
import java.util.Set;

/** Hears what the members of the active view say that they do. Owned by the decision loop. */
final class HangEar {
    private final HangWatch watch = new HangWatch();

    /** Ranks in the active view of {@link #ranksEpoch}. */
    private final Map<AgentKey, Integer> ranks = new HashMap<>();

    private long ranksEpoch;

    /** What follows from a word; null: nothing. */
    JobEvent.@Nullable HangSuspected heard(
            JobMachine machine, AgentKey agent, AgentWord.Heartbeat beat, long nowNanos) {
        View active = machine.view();
        if (active == null || machine.phase() != JobPhase.ACTIVE) {
            return null;
        }
        Integer rank = ranksOf(active).get(agent);
        if (rank == null) {
            return null;
        }
        var word =
                new RankWord(
                        rank,
                        beat.operation(),
                        Set.copyOf(beat.waitingForRanks()),
                        beat.operationNanos());
        HangRule.Suspicion hang =
                watch.heard(
                        active.epoch(),
                        word,
                        machine.completedStep(),
                        machine.stepTimes(),
                        nowNanos);
        return hang == null
                ? null
                : new JobEvent.HangSuspected(
                        active.members().get(hang.rank()).key(),
                        active.epoch(),
                        hang.cycle(),
                        hang.text(),
                        hang.stalledNanos());
    }

    // Every agent of a large job asks some times a second: by hash, not by a walk over the members.
    private Map<AgentKey, Integer> ranksOf(View active) {
        if (ranksEpoch != active.epoch()) {
            ranksEpoch = active.epoch();
            ranks.clear();
            for (int rank = 0; rank < active.members().size(); rank++) {
                ranks.put(active.members().get(rank).key(), rank);
            }
        }
        return ranks;
    }
}
