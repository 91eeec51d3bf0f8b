package io.coxswain.chaos.planning.engine;

/**
 * What a recovery's phases take beyond moving bytes, in nanoseconds: assumed, or taken from a real
 * run's report.
 *
 * @param detectNanos from an agent's death to its declaration
 * @param workerDetectNanos the same for a worker alone
 * @param hangNanos the same for a worker that hangs
 * @param auditLagNanos from a silent corruption to its discovery
 * @param fenceNanos from a fence to the inventory
 * @param persistNanos one record in ZooKeeper
 * @param restoreNanos restoring without the bytes: program, groups, first collective
 * @param resumeNanos from StartView to the first step's begin
 * @param workerStartNanos a worker that restarts on the same host
 * @param joinNanos an agent that comes: from its attachment to a loaded, compiled program
 * @param source where these come from, for a person
 */
public record Costs(
        long detectNanos,
        long workerDetectNanos,
        long hangNanos,
        long auditLagNanos,
        long fenceNanos,
        long persistNanos,
        long restoreNanos,
        long resumeNanos,
        long workerStartNanos,
        long joinNanos,
        String source) {
    private static final long MILLI = 1_000_000L;

    /**
     * Assumed: detection within the 2 s that design §4 allows, a worker that starts within the 15 s
     * in which its rank waits for it, collectives that are set up again in seconds.
     */
    public static Costs assumed() {
        return new Costs(
                2_000 * MILLI,
                500 * MILLI,
                30_000 * MILLI,
                300_000 * MILLI,
                50 * MILLI,
                20 * MILLI,
                5_000 * MILLI,
                1_000 * MILLI,
                12_000 * MILLI,
                120_000 * MILLI,
                "assumed");
    }
}
