package io.coxswain.chaos.planning.policy;

/**
 * Closed formulas to check a simulation by. All times in one unit.
 *
 * <p>They assume failures that are rare against a restart, a checkpoint interval that is short
 * against the time between failures, and always a spare machine.
 */
public final class ClosedForm {
    private ClosedForm() {}

    /**
     * The expected share of productive time with periodic checkpoints (Kokolis et al., HPCA 2025):
     * {@code (1 − λ(u0 + Δt/2)) / (1 + w/Δt)}.
     *
     * @param rate λ, failures of the whole job per unit of time
     * @param restart u0, from a failure to the first step made again
     * @param interval Δt, of work between checkpoints
     * @param stall w, of a checkpoint
     */
    public static double effective(double rate, double restart, double interval, double stall) {
        return (1 - rate * (restart + interval / 2)) / (1 + stall / interval);
    }

    /**
     * The interval that loses least: {@code √(2 w / λ)} (Young 1974).
     *
     * @return infinite where nothing fails
     */
    public static double bestInterval(double rate, double stall) {
        return rate <= 0 ? Double.POSITIVE_INFINITY : Math.sqrt(2 * stall / rate);
    }
}
