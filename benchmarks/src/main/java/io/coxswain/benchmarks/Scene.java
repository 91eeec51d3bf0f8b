package io.coxswain.benchmarks;

/** What happens to the job whose events are recorded. */
public enum Scene {
    /** Steps only. */
    QUIET(Long.MAX_VALUE),

    /**
     * A member dies each 15 seconds and comes back as a spare, as in the soak of the chaos suite.
     */
    DEATHS(15_000_000_000L),

    /** The next member dies 300 ms after the view that recovered from the last death began. */
    STORM(300_000_000L);

    private final long betweenDeathsNanos;

    Scene(long betweenDeathsNanos) {
        this.betweenDeathsNanos = betweenDeathsNanos;
    }

    /** From the begin of a view to the next death. */
    long betweenDeathsNanos() {
        return betweenDeathsNanos;
    }

    boolean hasDeaths() {
        return this != QUIET;
    }
}
