package io.coxswain.coordinator.picture;

/**
 * What was observed of failures.
 *
 * @param failures incidents that nobody planned and that stopped the job: a spare's death is none
 * @param mtbfSeconds job time ÷ failures; NaN: none
 * @param mttrSeconds mean time from the last sign of what failed to steps at full strength; NaN:
 *     none is over
 * @param ettr effective training time ratio: the share of the slots' time in which the job trained,
 *     whatever a step cost it; start-up, recovery, lost progress and waiting are not in it
 * @param mfu model FLOPs utilisation by the median step; NaN: the job does not state {@code
 *     flopsPerStep} and {@code peakFlops}
 */
public record Reliability(
        int failures, double mtbfSeconds, double mttrSeconds, double ettr, double mfu) {}
