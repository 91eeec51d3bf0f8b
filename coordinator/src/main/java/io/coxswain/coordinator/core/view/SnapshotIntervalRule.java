package io.coxswain.coordinator.core.view;

/**
 * {@code protect.every: auto} (design §6): how many steps lie between two snapshots. The time that
 * is lost least to waiting and to steps made twice follows from the stall of a snapshot and the
 * failure rate (Daly's estimate, of second order). It is made shorter where that costs next to
 * nothing, and never shorter than a copy takes, since the next one could not be protected yet.
 */
public final class SnapshotIntervalRule {
    /** No interval is longer. */
    public static final int MOST_STEPS = 1_000_000;

    /** What counts as next to nothing, as a part of all time: one in so many. */
    static final long CHEAP_PART = 1_000;

    /**
     * An hour, and a failure each 5,000 of them: that a rank which was watched for an hour had so
     * much of a failure is believed before anything was seen. Hosts of large runs fail about so
     * often; being one hour's worth, it yields to what is seen at once.
     */
    static final double PRIOR_NANOS = 3_600e9;

    private static final double PRIOR_FAILURES = 1.0 / 5_000;

    /** What a copy is believed to get of the network, bytes a second, before one was seen. */
    static final double PRIOR_COPY_RATE = 1e9;

    /** Another choice must differ by a quarter to be worth it. */
    private static final int WORTH_NUMERATOR = 5;

    private static final int WORTH_DENOMINATOR = 4;

    /** A choice and its reason. */
    public record Choice(int every, IntervalReason reason) {}

    private SnapshotIntervalRule() {}

    /** The interval by what was measured. */
    public static Choice choose(IntervalFigures figures) {
        long daly = dalyNanos(figures.stallNanos(), figures.failureNanos());
        long cheap =
                figures.stallNanos() > Long.MAX_VALUE / CHEAP_PART
                        ? Long.MAX_VALUE
                        : figures.stallNanos() * CHEAP_PART;
        long wished = Math.min(daly, cheap);
        if (figures.copyNanos() > Math.max(wished, figures.stepNanos())) {
            return new Choice(
                    steps(figures.copyNanos(), figures.stepNanos()),
                    new IntervalReason.CopyTime(figures));
        }
        int every = steps(wished, figures.stepNanos());
        if (every == 1) {
            return new Choice(1, new IntervalReason.EachStep(figures, wished));
        }
        return new Choice(
                every,
                daly <= cheap
                        ? new IntervalReason.FailureRate(figures, daly)
                        : new IntervalReason.NextToNothing(figures, cheap));
    }

    // Rounded up: never shorter than was reckoned.
    private static int steps(long nanos, long stepNanos) {
        long steps = nanos / stepNanos + (nanos % stepNanos == 0 ? 0 : 1);
        return Math.clamp(steps, 1, MOST_STEPS);
    }

    /**
     * From one snapshot to the next, the snapshot included: √(2·stall·between failures) and terms
     * of higher order; where a snapshot takes as long as a run without failure lasts, the latter.
     */
    static long dalyNanos(long stallNanos, long failureNanos) {
        double stall = stallNanos;
        double failure = failureNanos;
        if (stall >= 2 * failure) {
            return failureNanos;
        }
        double part = Math.sqrt(stall / (2 * failure));
        double nanos = Math.sqrt(2 * stall * failure) * (1 + part / 3 + part * part / 9);
        return (long) Math.min(nanos, Long.MAX_VALUE);
    }

    /**
     * Mean time between two interruptions of a job.
     *
     * @param failures seen so far
     * @param nanos for how long it was watched
     */
    public static long failureNanos(long failures, long nanos, int ranks) {
        double watched = (double) Math.max(0, nanos) * ranks + PRIOR_NANOS;
        double each = watched / (failures + PRIOR_FAILURES) / ranks;
        return (long) Math.clamp(each, 1, (double) Long.MAX_VALUE);
    }

    /** How long a copy of so many bytes takes, before one was seen. */
    public static long guessedCopyNanos(long bytes) {
        return (long) (Math.max(0, bytes) / PRIOR_COPY_RATE * 1e9);
    }

    /** Whether another interval differs enough to change to it while steps run. */
    public static boolean isWorthIt(int now, int then) {
        long shorter = Math.min(now, then);
        long longer = Math.max(now, then);
        return longer * WORTH_DENOMINATOR >= shorter * WORTH_NUMERATOR;
    }
}
