package io.coxswain.coordinator.core.view;

/**
 * How far agents may step without another word (design §4, §5): credits cover the lease by the
 * measured step time, so that a failover shorter than the lease costs no step. They bound nothing
 * else: a lost leader's agents stop by the lease, and all credits are void at a new view.
 */
public final class CreditRule {
    /** Steps granted beyond the completed one while no step time is known. */
    public static final long FIRST_STEPS = 64;

    /** No grant reaches further than this beyond the completed step. */
    public static final long MOST_STEPS = 1_000_000;

    private CreditRule() {}

    /**
     * The step through which to grant, at most {@code lastStep} and never below {@code granted}.
     * Equal to {@code granted} when a new message is not worth it yet: grants are renewed when half
     * of the credit is used.
     *
     * @param completedStep the newest completed step, or the view's base step
     * @param granted the step granted through so far in this view; {@code completedStep} when
     *     nothing was
     * @param leaseNanos what the credit must cover
     * @param reportEvery steps by which the completed step that is known here may lag behind
     * @param lastStep the job's last step
     */
    public static long through(
            long completedStep,
            long granted,
            StepTimes times,
            long leaseNanos,
            int reportEvery,
            long lastStep) {
        long ahead = ahead(times, leaseNanos, reportEvery);
        long wanted = Math.min(lastStep, completedStep + ahead);
        if (wanted <= granted) {
            return granted;
        }
        boolean worthIt = wanted == lastStep || granted - completedStep <= ahead / 2;
        return worthIt ? wanted : granted;
    }

    private static long ahead(StepTimes times, long leaseNanos, int reportEvery) {
        if (!times.known()) {
            return FIRST_STEPS + reportEvery;
        }
        // The mean may be of slower steps than those to come: cover the lease twice, so that half a
        // credit still covers it.
        long step = Math.max(1, times.meanNanos());
        long cover = Math.min(MOST_STEPS, leaseNanos / step + 1);
        return Math.min(MOST_STEPS, 2 * (cover + reportEvery));
    }
}
