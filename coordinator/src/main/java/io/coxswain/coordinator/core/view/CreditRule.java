package io.coxswain.coordinator.core.view;

/**
 * How far agents may step without another word (design §4, §5): credits cover the lease by the
 * measured step time, so that a failover shorter than the lease costs no step. They bound nothing
 * else: a lost leader's agents stop by the lease, and all credits are void at a new view.
 */
public final class CreditRule {
    /**
     * Steps granted beyond the completed one while no step time is known, if what goes with later
     * grants waits until they are made: how far apart snapshots are, where that is chosen.
     */
    public static final long FIRST_STEPS = 64;

    /** While steps were not measured they are taken to be as short as this. */
    private static final long SHORT_STEP_NANOS = 1_000_000L;

    /** So many steps are measured before their mean is trusted: the first ones warm up. */
    private static final long FEW_STEPS = 256;

    /** The same where grants carry the floor; more than the steps between first reports. */
    public static final long FIRST_STEPS_WITH_FLOOR = 8;

    private static final long AHEAD_WITH_FLOOR_NANOS = 500_000_000L;

    /** One that is made, and one more while the word of its completion is on the way. */
    private static final long LEAST_STEPS_WITH_FLOOR = 2;

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
     * @param soon a later grant brings what these steps are not to wait for: a first credit is
     *     short then, and does not cover the lease
     */
    public static long through(
            long completedStep,
            long granted,
            StepTimes times,
            long leaseNanos,
            int reportEvery,
            long lastStep,
            boolean soon) {
        long ahead = ahead(times, leaseNanos, reportEvery, soon);
        long wanted = Math.min(lastStep, completedStep + ahead);
        if (wanted <= granted) {
            return granted;
        }
        boolean worthIt = wanted == lastStep || granted - completedStep <= ahead / 2;
        return worthIt ? wanted : granted;
    }

    /**
     * The same where grants carry the floor by which snapshots are decided, since the runtime
     * reduces. A floor binds the steps of its own grant only, so long credits would have ranks
     * decide by old ones, and copy seldom: they reach half a second ahead and are renewed with each
     * completed step that is told. A leader that is silent for longer stops the steps. At a view's
     * begin, when step times are not what they were or not known yet, they reach as far as the view
     * has come.
     */
    public static long throughWithFloor(
            long baseStep,
            long completedStep,
            long granted,
            StepTimes times,
            int reportEvery,
            long lastStep) {
        long ahead = FIRST_STEPS_WITH_FLOOR;
        if (times.known()) {
            long cover = AHEAD_WITH_FLOOR_NANOS / Math.max(1, times.meanNanos());
            long made = Math.max(FIRST_STEPS_WITH_FLOOR, completedStep - baseStep);
            ahead = Math.min(made, Math.max(LEAST_STEPS_WITH_FLOOR, cover)) + reportEvery;
        }
        return Math.max(granted, Math.min(lastStep, completedStep + ahead));
    }

    /** Steps of a first credit, which covers the lease unless another one is to come soon. */
    public static long firstSteps(long leaseNanos, boolean soon) {
        return soon
                ? FIRST_STEPS
                : Math.clamp(leaseNanos / SHORT_STEP_NANOS, FIRST_STEPS, MOST_STEPS);
    }

    private static long ahead(StepTimes times, long leaseNanos, int reportEvery, boolean soon) {
        long first = Math.min(MOST_STEPS, firstSteps(leaseNanos, soon) + reportEvery);
        if (!times.known()) {
            return first;
        }
        // The mean may be of slower steps than those to come: cover the lease twice, so that half a
        // credit still covers it.
        long step = Math.max(1, times.meanNanos());
        long cover = Math.min(MOST_STEPS, leaseNanos / step + 1);
        long covered = Math.min(MOST_STEPS, 2 * (cover + reportEvery));
        return times.steps() < FEW_STEPS && !soon ? Math.max(first, covered) : covered;
    }
}
