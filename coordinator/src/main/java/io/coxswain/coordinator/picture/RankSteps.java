package io.coxswain.coordinator.picture;

/**
 * One rank's newest step times.
 *
 * @param executeMedianNanos its own part in a step, without waiting for others; 0 where the runtime
 *     does not tell
 * @param spread (p95 − median) ÷ median
 */
public record RankSteps(
        int rank, long medianNanos, long p95Nanos, long executeMedianNanos, double spread) {}
