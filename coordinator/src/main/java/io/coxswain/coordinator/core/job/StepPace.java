package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.view.StepTimes;

/** How long a step takes, by when steps are completed. */
final class StepPace {
    private StepTimes times = StepTimes.NONE;

    /** What follows {@link #lastCompletedNanos} takes the time of steps. */
    private boolean measured;

    private long lastCompletedNanos;

    /** So many steps were completed since. */
    void completed(long steps, long nowNanos) {
        if (measured) {
            times = times.observe(steps, nowNanos - lastCompletedNanos);
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
