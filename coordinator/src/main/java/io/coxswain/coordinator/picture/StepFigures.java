package io.coxswain.coordinator.picture;

import java.math.BigInteger;
import java.util.List;

/**
 * Step times as the job has shown them. A sample is one report: the mean of the few steps that it
 * covers.
 *
 * @param medianNanos of the job's newest samples; 0 before any
 * @param bestMedianNanos the least median that the job sustained (over 10 s and 16 samples or
 *     more); NaN before any
 * @param slowdown the newest sustained median over the best, less one: 0.07 is 7 % slower than its
 *     own best; NaN before any
 * @param slowdownSlotNanos what the slowdown has cost so far. It stands beside the account, not in
 *     it: that time is productive
 * @param straggler {@code rank 3, 1.8 × the median}, {@code none} or {@code not measurable}
 * @param ranks by rank, those that have reported
 */
public record StepFigures(
        long medianNanos,
        long p95Nanos,
        double bestMedianNanos,
        double slowdown,
        BigInteger slowdownSlotNanos,
        String straggler,
        List<RankSteps> ranks) {
    public StepFigures {
        ranks = List.copyOf(ranks);
    }
}
