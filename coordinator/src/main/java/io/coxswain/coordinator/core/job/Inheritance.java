package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.coordinator.core.model.GrantedFloor;
import io.coxswain.coordinator.core.model.Progress;
import io.coxswain.coordinator.core.model.StepRun;
import io.coxswain.coordinator.core.model.View;

import java.util.Arrays;
import java.util.List;

/** Progress and credits of a view that another leader installed, as {@link Stepping} has them. */
final class Inheritance {
    private final Job job;
    private final Stepping stepping;

    Inheritance(Job job) {
        this.job = job;
        this.stepping = job.stepping;
    }

    /**
     * Ranks of a view of another leader are at {@code completed} at least, which is on account.
     *
     * @param reportsEvery of the view's plan; 0: unknown
     */
    void begin(View view, long completed, long knownFloor, int reportsEvery) {
        stepping.assignRanks(view);
        Arrays.fill(stepping.done, completed);
        stepping.ranksAt.clear();
        stepping.ranksAt.put(completed, stepping.done.length);
        stepping.floor = knownFloor;
        stepping.grantedThrough = completed;
        if (reportsEvery > 0) {
            stepping.reportEvery = reportsEvery;
        }
        stepping.pace.stood(job.now);
    }

    /** Steps that were told to nobody; the newest of them ended at {@code endNanos}. */
    void caughtUp(Roster.Member member, Progress tail, long endNanos) {
        View view = job.view;
        int rank = member.rank;
        if (view == null || rank < 0 || tail.epoch() != view.epoch() || tail.rank() != rank) {
            return;
        }
        List<StepRun> runs = tail.runs();
        long left = 0;
        for (StepRun run : runs) {
            left += Math.max(0, run.elapsedNanos());
        }
        long before = stepping.done[rank];
        long reached = before;
        for (StepRun run : runs) {
            left -= Math.max(0, run.elapsedNanos());
            if (run.last() <= reached || run.last() > job.spec.steps()) {
                continue;
            }
            if (!stepping.check.holds(view, rank, run)) {
                return;
            }
            if (reached == before) {
                // Up to there the account goes, or nobody led who could tell.
                job.slots.stretch(
                        rank,
                        Category.CONTROLLER_WAIT,
                        endNanos - left - Math.max(0, run.elapsedNanos()));
            }
            job.slots.steps(rank, reached + 1, run, Math.min(job.now, endNanos - left));
            reached = run.last();
            stepping.lastLoss = run.loss();
            if (job.spec.runtimeReduces()) {
                // Its grants are short: what a step takes must be known at once.
                stepping.pace.observe(
                        run.last() - run.first() + 1,
                        Math.max(0, run.elapsedNanos() - run.creditWaitNanos()));
            }
        }
        if (reached > before) {
            stepping.move(rank, before, reached);
        }
        stepping.floor = Math.max(stepping.floor, Math.min(tail.floor(), reached));
    }

    /** All members have had their say; {@code proven} is completed whatever they said. */
    void allCaughtUp(long proven) {
        View view = job.activeView();
        long completed = Math.max(proven, stepping.ranksAt.firstKey());
        if (completed > job.completedStep) {
            job.completedStep = completed;
            job.protectedStep = Math.max(job.protectedStep, Math.min(stepping.floor, completed));
            stepping.publishCompleted(view);
        }
    }

    /**
     * The view of another leader goes on. What that one granted stands; more is granted above it.
     *
     * @param through the most that a member may do already
     * @param floors that were granted, ascending
     */
    void goOn(long through, List<GrantedFloor> floors) {
        View view = job.activeView();
        stepping.grantedThrough = Math.max(stepping.grantedThrough, through);
        stepping.acknowledged.clear();
        stepping.acknowledged.inherit(floors);
        for (GrantedFloor granted : floors) {
            stepping.floor = Math.max(stepping.floor, Math.min(granted.floor(), job.completedStep));
        }
        job.pausing.adopted();
        stepping.grant();
        List<GrantedFloor> all = stepping.grantedFloors();
        for (Roster.Member member : job.roster.all()) {
            if (member.rank >= 0 || member.prepared) {
                job.emit(
                        new JobEffect.SendStartView(
                                member.key,
                                view.epoch(),
                                job.pausing.through(),
                                all,
                                job.cadence.granted(),
                                job.pausing.holds()));
            }
        }
        job.timer(JobEffect.TimerKind.TICK, view.epoch(), job.limits.tickNanos());
    }
}
