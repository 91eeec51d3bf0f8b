package io.coxswain.agent.core;

/**
 * How long the machine waits for what.
 *
 * @param pongNanos a worker without a sign of life for this long is killed
 * @param abortNanos a worker that does not answer an aborted execute is killed
 * @param applyNanos an apply that does not end after a fence: the worker is killed
 * @param commitGraceNanos a fenced agent waits this long for a snapshot being committed before it
 *     answers
 * @param fetchNanos how long a fetch is tried again
 * @param fetchRetryNanos pause between tries
 * @param pushRetryNanos first pause after a refused copy, doubled up to 32 times this
 * @param copyHeldNanos least time between two reports of held copies of one shard
 * @param restartNanos first pause after a worker that died while loading, doubled up to 16 times
 *     this
 * @param loadAttempts workers that die while loading, or fail at the same step, before the agent
 *     calls itself unfit
 */
public record AgentLimits(
        long pongNanos,
        long abortNanos,
        long applyNanos,
        long commitGraceNanos,
        long fetchNanos,
        long fetchRetryNanos,
        long pushRetryNanos,
        long copyHeldNanos,
        long restartNanos,
        int loadAttempts) {
    private static final long MILLI = 1_000_000L;

    /** The values that fit most hosts. */
    public static final AgentLimits DEFAULT =
            new AgentLimits(
                    2_000 * MILLI,
                    1_000 * MILLI,
                    10_000 * MILLI,
                    50 * MILLI,
                    1_000 * MILLI,
                    30 * MILLI,
                    20 * MILLI,
                    1_000 * MILLI,
                    200 * MILLI,
                    3);

    public AgentLimits {
        if (pongNanos < 1
                || abortNanos < 1
                || applyNanos < 1
                || commitGraceNanos < 0
                || fetchNanos < 0
                || fetchRetryNanos < 1
                || pushRetryNanos < 1
                || copyHeldNanos < 0
                || restartNanos < 0
                || loadAttempts < 1) {
            throw new IllegalArgumentException(
                    "an agent's limits must be positive durations in nanoseconds and at least one"
                            + " load attempt");
        }
    }

    /** The same with another limit for silent workers. */
    public AgentLimits withPongNanos(long nanos) {
        return new AgentLimits(
                nanos,
                abortNanos,
                applyNanos,
                commitGraceNanos,
                fetchNanos,
                fetchRetryNanos,
                pushRetryNanos,
                copyHeldNanos,
                restartNanos,
                loadAttempts);
    }
}
