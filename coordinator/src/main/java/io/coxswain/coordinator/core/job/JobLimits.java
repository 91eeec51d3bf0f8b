package io.coxswain.coordinator.core.job;

/**
 * The times and counts a job's machine goes by. All are bounds on waiting, none is a guess about
 * the job: step times are measured.
 *
 * @param fenceNanos how long inventories are waited for after a fence; who is silent then is left
 *     out of the plan, not declared lost
 * @param prepareNanos least time that members get to restore; a plan that expects longer gets four
 *     times what it expects
 * @param settleNanos how long the first view waits for further agents once enough are ready
 * @param admissionNanos how long a first view that cannot be protected as asked waits for further
 *     agents before the job is refused
 * @param workerRestartNanos how long a rank waits for its agent's worker to come back before it
 *     goes to a spare
 * @param leaseNanos an agent stops stepping without a word from a leader for this long; credits
 *     cover it
 * @param heartbeatNanos interval of heartbeats; the lease is more than twice that
 * @param finalNanos how long final states are waited for before they are asked for again
 * @param tickNanos interval of the checks of an active view
 * @param accusationNanos no completed step for this long after a member accused another: the most
 *     accused is left out
 * @param retryNanos first wait before agents that failed are tried again; doubles up to 16 times
 *     that
 * @param reportNanos time between progress reports that the step plan aims at
 * @param firstReportEvery steps between reports while no step time is known
 * @param minCredits least number of steps granted ahead
 * @param viewFailures failures to take up a view after which an agent is left out
 * @param acknowledgeNanos least time between acknowledgements of progress
 */
public record JobLimits(
        long fenceNanos,
        long prepareNanos,
        long settleNanos,
        long admissionNanos,
        long workerRestartNanos,
        long leaseNanos,
        long heartbeatNanos,
        long finalNanos,
        long tickNanos,
        long accusationNanos,
        long retryNanos,
        long reportNanos,
        int firstReportEvery,
        int minCredits,
        int viewFailures,
        long acknowledgeNanos) {
    private static final long MILLI = 1_000_000L;

    public JobLimits {
        positive("fenceNanos", fenceNanos);
        positive("prepareNanos", prepareNanos);
        positive("settleNanos", settleNanos + 1);
        positive("admissionNanos", admissionNanos);
        positive("workerRestartNanos", workerRestartNanos);
        positive("leaseNanos", leaseNanos);
        positive("heartbeatNanos", heartbeatNanos);
        positive("finalNanos", finalNanos);
        positive("tickNanos", tickNanos);
        positive("accusationNanos", accusationNanos);
        positive("retryNanos", retryNanos);
        positive("reportNanos", reportNanos);
        positive("firstReportEvery", firstReportEvery);
        positive("minCredits", minCredits);
        positive("viewFailures", viewFailures);
        positive("acknowledgeNanos", acknowledgeNanos);
        if (leaseNanos <= 2 * heartbeatNanos) {
            throw new IllegalArgumentException(
                    "leaseNanos must be more than twice heartbeatNanos, got "
                            + leaseNanos
                            + " and "
                            + heartbeatNanos
                            + ": raise the lease or lower the heartbeat");
        }
    }

    /**
     * How long a new leader waits for the members of a view that it found: agents find it within a
     * second, and who is silent for longer is not there.
     */
    public long adoptNanos() {
        return 3 * fenceNanos;
    }

    /** What a cluster uses unless told otherwise. */
    public static JobLimits defaults() {
        return new JobLimits(
                1_000 * MILLI,
                60_000 * MILLI,
                300 * MILLI,
                5_000 * MILLI,
                15_000 * MILLI,
                10_000 * MILLI,
                250 * MILLI,
                60_000 * MILLI,
                250 * MILLI,
                1_000 * MILLI,
                500 * MILLI,
                100 * MILLI,
                4,
                8,
                3,
                2_000 * MILLI);
    }

    /** The same with another settle time. */
    public JobLimits withSettleNanos(long nanos) {
        return new JobLimits(
                fenceNanos,
                prepareNanos,
                nanos,
                admissionNanos,
                workerRestartNanos,
                leaseNanos,
                heartbeatNanos,
                finalNanos,
                tickNanos,
                accusationNanos,
                retryNanos,
                reportNanos,
                firstReportEvery,
                minCredits,
                viewFailures,
                acknowledgeNanos);
    }

    /** The same with another lease and heartbeat. */
    public JobLimits withLease(long lease, long heartbeat) {
        return new JobLimits(
                fenceNanos,
                prepareNanos,
                settleNanos,
                admissionNanos,
                workerRestartNanos,
                lease,
                heartbeat,
                finalNanos,
                tickNanos,
                accusationNanos,
                retryNanos,
                reportNanos,
                firstReportEvery,
                minCredits,
                viewFailures,
                acknowledgeNanos);
    }

    private static void positive(String name, long value) {
        if (value <= 0) {
            throw new IllegalArgumentException(name + " must be positive, got " + value);
        }
    }
}
