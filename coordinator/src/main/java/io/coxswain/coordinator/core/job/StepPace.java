package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.view.StepTimes;

/** How long a step takes, by when steps are completed. */
final class StepPace {
    private static final long LATE_NANOS = 500_000_000L;

    private StepTimes times = StepTimes.NONE;

    /** What follows {@link #lastCompletedNanos} takes the time of steps. */
    private boolean measured;

    private long lastCompletedNanos;

    /**
     * So many steps were completed since. Where that is heard late, since this leader slept or the
     * network was away, they took what is told of them and not the time until it was heard: else a
     * hang would have to last for as long as the leader slept before it is one, and what it hears
     * all at once then would be steps of no time, with credits for hours.
     *
     * @param toldNanosEach what a step took by the word that completed them, waits for leave apart;
     *     0: it does not say
     */
    void completed(long steps, long nowNanos, long toldNanosEach) {
        if (measured) {
            long passed = nowNanos - lastCompletedNanos;
            long told = toldNanosEach * steps;
            boolean late = passed - told > LATE_NANOS;
            boolean atOnce = 2 * passed < told;
            times = times.observe(steps, told > 0 && (late || atOnce) ? told : passed);
        }
        measured = true;
        lastCompletedNanos = nowNanos;
    }

    /** Somebody tells what steps took. */
    void observe(long steps, long nanos) {
        times = times.observe(steps, nanos);
    }

    /** No step was under way until now. */
    void stood(long nowNanos) {
        measured = false;
        lastCompletedNanos = nowNanos;
    }

    StepTimes times() {
        return times;
    }

    /** Or when steps last stood. */
    long lastCompletedNanos() {
        return lastCompletedNanos;
    }

    /** Steps a second; 0 if that is not known. */
    double perSecond() {
        return times.meanNanos() > 0 ? 1e9 / times.meanNanos() : 0;
    }
}
