package io.coxswain.coordinator.core.term;

/** For how long one is not listened to whose claims were untrue. Stateless. */
public final class StrikeRule {
    /** What may be an accident. */
    static final int FREE = 2;

    static final long FIRST_NANOS = 60_000_000_000L;
    static final long LONGEST_NANOS = 3_600_000_000_000L;

    /** Who says nothing untrue for so long after it was listened to again begins anew. */
    static final long FORGET_NANOS = 600_000_000_000L;

    private StrikeRule() {}

    /**
     * The time from the last strike on.
     *
     * @param strikes claims that were found untrue, this one included
     */
    public static long struckNanos(int strikes) {
        if (strikes <= FREE) {
            return 0;
        }
        int doubled = Math.min(16, strikes - FREE - 1);
        return Math.min(LONGEST_NANOS, FIRST_NANOS << doubled);
    }
}
