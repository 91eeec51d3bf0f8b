package io.coxswain.coordinator.core.view;

/**
 * What a job has shown of its step time. Immutable; O(1) per observation.
 *
 * @param steps how many steps were observed
 * @param meanNanos exponentially weighted mean of the time of one step; 0 when none was observed
 * @param longestNanos the longest step seen, forgetting slowly; 0 when none was observed
 */
public record StepTimes(long steps, long meanNanos, long longestNanos) {
    /** Nothing observed yet. */
    public static final StepTimes NONE = new StepTimes(0, 0, 0);

    /** Weight of a new observation in the mean, as a divisor. */
    private static final int MEAN_DIVISOR = 8;

    /** Part of the longest that one observation forgets, as a divisor. */
    private static final int FORGET_DIVISOR = 64;

    public StepTimes {
        if (steps < 0 || meanNanos < 0 || longestNanos < 0) {
            throw new IllegalArgumentException("step times cannot be negative");
        }
    }

    public boolean known() {
        return steps > 0;
    }

    /** {@code runSteps} steps took {@code elapsedNanos} together. */
    public StepTimes observe(long runSteps, long elapsedNanos) {
        if (runSteps < 1 || elapsedNanos < 0) {
            throw new IllegalArgumentException(
                    "a run needs at least one step and no negative time, got "
                            + runSteps
                            + " steps in "
                            + elapsedNanos
                            + " ns");
        }
        long each = elapsedNanos / runSteps;
        long mean = known() ? meanNanos + (each - meanNanos) / MEAN_DIVISOR : each;
        return new StepTimes(
                steps + runSteps,
                mean,
                Math.max(each, longestNanos - longestNanos / FORGET_DIVISOR));
    }
}
