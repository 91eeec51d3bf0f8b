package io.coxswain.coordinator.core.liveness;

import io.coxswain.coordinator.core.view.StepTimes;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * Listens to what the ranks of one view say in their heartbeats and names a hang once it has
 * lasted. A word costs O(1); only a word over the budget has all of them judged by {@link
 * HangRule}, a few times a second.
 *
 * <p>Words may be old and a whole machine may have been paused, after which every operation looks
 * long. So a suspicion counts when it still stands after {@link #CONFIRM_NANOS} with fresh words
 * and without a step. Pure, confined to one thread.
 */
public final class HangWatch {
    // Two heartbeats, less what their times vary: at exactly two every other hang would need a
    // third.
    static final long CONFIRM_NANOS = 450_000_000L;
    private static final long JUDGE_NANOS = 200_000_000L;
    private static final int NOBODY = -1;

    private final TreeMap<Integer, Heard> words = new TreeMap<>();
    private long epoch;
    private long judgedNanos = Long.MIN_VALUE;
    private int suspect = NOBODY;
    private long suspectedNanos;
    private long suspectedStep;

    private record Heard(RankWord word, long atNanos) {}

    /**
     * Takes a rank's newest word.
     *
     * @param viewEpoch of the active view; another one begins afresh
     * @param completedStep the job's, by which progress is seen
     * @param times what the job has shown of its step time
     * @return the hang, or null while there is none to act on; told once
     */
    public HangRule.@Nullable Suspicion heard(
            long viewEpoch, RankWord word, long completedStep, StepTimes times, long nowNanos) {
        if (viewEpoch != epoch) {
            epoch = viewEpoch;
            words.clear();
            suspect = NOBODY;
        }
        words.put(word.rank(), new Heard(word, nowNanos));
        long budget = HangRule.budgetNanos(times);
        if (word.idle()
                || word.operationNanos() <= budget
                || (judgedNanos != Long.MIN_VALUE && nowNanos - judgedNanos < JUDGE_NANOS)) {
            return null;
        }
        judgedNanos = nowNanos;
        HangRule.Suspicion found = HangRule.judge(aged(nowNanos), budget);
        if (found == null) {
            suspect = NOBODY;
            return null;
        }
        if (found.rank() != suspect || completedStep != suspectedStep) {
            suspect = found.rank();
            suspectedStep = completedStep;
            suspectedNanos = nowNanos;
            return null;
        }
        Heard its = words.get(suspect);
        boolean spokeSince = its != null && its.atNanos() > suspectedNanos;
        if (nowNanos - suspectedNanos < CONFIRM_NANOS || !spokeSince) {
            return null;
        }
        suspect = NOBODY;
        return found;
    }

    private List<RankWord> aged(long nowNanos) {
        var all = new ArrayList<RankWord>(words.size());
        for (Heard heard : words.values()) {
            all.add(heard.word().aged(nowNanos - heard.atNanos()));
        }
        return all;
    }
}
