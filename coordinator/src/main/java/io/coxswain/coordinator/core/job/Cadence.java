package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.model.SnapshotInterval;
import io.coxswain.coordinator.core.model.StateLayout;
import io.coxswain.coordinator.core.model.StepRun;
import io.coxswain.coordinator.core.view.IntervalFigures;
import io.coxswain.coordinator.core.view.IntervalReason;
import io.coxswain.coordinator.core.view.SnapshotIntervalRule;
import io.coxswain.coordinator.core.view.SnapshotIntervalRule.Choice;
import io.coxswain.coordinator.core.view.StepTimes;

/**
 * How far apart the job's snapshots are. With {@code protect.every: N} that never changes. With
 * {@code auto} it is measured and chosen: for a new view in its plan, and while steps run with a
 * grant, from the first step on that no rank could make before. Only one such change is under way
 * at a time: the next waits until all ranks have made a step of the one before, so that the newest
 * alone says everything to a rank that missed a message.
 */
final class Cadence {
    /** Of each rank, before a choice is made. */
    private static final int NEEDED_SNAPSHOTS = 4;

    /** Snapshots of each rank that the mean stall remembers. */
    private static final int REMEMBERED_SNAPSHOTS = 8;

    /** Part of the longest copy that one report forgets, as a divisor. */
    private static final int FORGET_DIVISOR = 64;

    /** Least time between two changes. */
    private static final long STEADY_NANOS = 1_000_000_000L;

    private final Job job;
    private int planned = 1;
    private int every = 1;
    private SnapshotInterval change = SnapshotInterval.PLANNED;

    /** In force up to the change. */
    private int before = 1;

    private IntervalReason reason = new IntervalReason.NotMeasured(0, 0);
    private boolean told;
    private int toldEvery;
    private long snapshots;
    private double stallNanos;
    private long copyNanos;
    private long failures;
    private long changedNanos;

    Cadence(Job job) {
        this.job = job;
    }

    private boolean isAutomatic() {
        return job.spec.protectsAutomatically();
    }

    // ------------------------------------------------------------------ measured

    /** An interruption began. */
    void failed() {
        failures++;
    }

    /** {@code ranks} ranks made those steps. */
    void stepped(StepRun run, int ranks) {
        if (!isAutomatic()) {
            return;
        }
        long taken = due(run.first(), run.last()) - run.skippedSnapshots();
        if (taken > 0) {
            double each = (double) run.snapshotStallNanos() / taken;
            long weight = taken * ranks;
            long remembered =
                    Math.min(snapshots, (long) REMEMBERED_SNAPSHOTS * job.spec.mesh().ranks());
            stallNanos += (each - stallNanos) * weight / (remembered + weight);
            snapshots += weight;
        }
    }

    /** A rank's longest copy to a holder since its last report; 0: none was done. */
    void copied(long nanos) {
        if (nanos > 0 && isAutomatic()) {
            copyNanos = Math.max(nanos, copyNanos - copyNanos / FORGET_DIVISOR);
        }
    }

    // At how many of these steps a snapshot is due.
    private long due(long first, long last) {
        if (change.isChange() && first <= change.after()) {
            long early = Math.min(last, change.after());
            return multiples(before, first, early) + multiples(every, early + 1, last);
        }
        return multiples(every, first, last);
    }

    private static long multiples(int of, long first, long last) {
        return last < first ? 0 : last / of - (first - 1) / of;
    }

    // ------------------------------------------------------------------ chosen

    /** The interval for the plan of a view that is about to be prepared. */
    int plan() {
        if (isAutomatic()) {
            Choice choice = choose(job.stepping.pace.times());
            planned = choice.every();
            reason = choice.reason();
        } else {
            planned = job.spec.protectEvery();
        }
        return planned;
    }

    /** The view that was planned last is active. */
    void begin(long epoch, long baseStep) {
        every = planned;
        before = planned;
        change = SnapshotInterval.PLANNED;
        changedNanos = job.now;
        tell(epoch, baseStep);
    }

    /**
     * The view of another leader goes on.
     *
     * @param interval in force up to {@code newest}; 0: nobody knows
     * @param newest change that a member heard of; what no member heard of never was
     */
    void inherit(int interval, SnapshotInterval newest) {
        before = interval > 0 ? interval : Math.max(1, job.spec.protectEvery());
        planned = before;
        change = newest;
        every = newest.isChange() ? newest.every() : before;
        told = true;
        toldEvery = every;
        changedNanos = job.now;
    }

    /**
     * Steps above {@code granted} are about to be granted for the first time, so that the interval
     * may change for them.
     */
    void granting(long epoch, long completed, long granted) {
        if (!isAutomatic()
                || (reason.isMeasured() && job.now - changedNanos < STEADY_NANOS)
                || (change.isChange() && completed <= change.after())) {
            return;
        }
        Choice choice = choose(job.stepping.pace.times());
        // A leader that took the view over has measured nothing yet: what was chosen stands.
        if (!choice.reason().isMeasured()
                || !SnapshotIntervalRule.isWorthIt(every, choice.every())) {
            return;
        }
        before = every;
        every = choice.every();
        reason = choice.reason();
        change = new SnapshotInterval(granted, every);
        changedNanos = job.now;
        tell(epoch, granted);
    }

    private Choice choose(StepTimes times) {
        int ranks = job.spec.mesh().ranks();
        long needed = (long) NEEDED_SNAPSHOTS * ranks;
        if (snapshots < needed || !times.known()) {
            return new Choice(1, new IntervalReason.NotMeasured(snapshots, needed));
        }
        return SnapshotIntervalRule.choose(
                new IntervalFigures(
                        Math.max(1, times.meanNanos()),
                        (long) stallNanos,
                        job.spec.protectCopies() == 0 ? 0 : copyNanos(),
                        copyNanos > 0,
                        failures,
                        SnapshotIntervalRule.failureNanos(
                                failures, job.now - job.openedNanos, ranks)));
    }

    private long copyNanos() {
        StateLayout layout = job.layout;
        if (copyNanos > 0 || layout == null) {
            return copyNanos;
        }
        long largest = 0;
        for (long bytes : layout.shardStateBytes()) {
            largest = Math.max(largest, bytes);
        }
        return SnapshotIntervalRule.guessedCopyNanos(largest);
    }

    private void tell(long epoch, long after) {
        if (isAutomatic() && (!told || toldEvery != every)) {
            told = true;
            toldEvery = every;
            job.publish(
                    new CoordinatorEvent.SnapshotIntervalChosen(
                            job.spec.jobId(), epoch, after, every, reason));
        }
    }

    // ------------------------------------------------------------------ questions

    /** What goes with a grant of the active view. */
    SnapshotInterval granted() {
        return change;
    }
}
