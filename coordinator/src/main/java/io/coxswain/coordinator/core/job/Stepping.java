package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.GrantedFloor;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.coordinator.core.model.Progress;
import io.coxswain.coordinator.core.model.StepRun;
import io.coxswain.coordinator.core.model.View;
import io.coxswain.coordinator.core.view.CreditRule;
import io.coxswain.coordinator.core.view.StepTimes;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;

/**
 * The active view: progress, completed steps, credits, placement changes. A report costs O(log of
 * the distinct steps that ranks are at); only a new view, a grant, a placement or a report of all
 * costs O(ranks).
 */
final class Stepping {
    // What is not private belongs to Inheritance too.
    private static final int MAX_REPORT_EVERY = 1_024;

    private final Job job;
    private final DigestWindow digests;
    final long[] done;
    final RunCheck check;

    /** How many ranks are at which step; the first key is the completed step. */
    final TreeMap<Long, Integer> ranksAt = new TreeMap<>();

    /** Of the active view, where the runtime reduces. */
    final Acknowledgements acknowledged;

    int reportEvery;
    long floor;
    long grantedThrough;
    final StepPace pace = new StepPace();
    private long lastSettledNanos;

    /** When all members of the active view last had their say at once. */
    private long allSaidNanos = Long.MIN_VALUE;

    private long survivorsReached;
    float lastLoss = Float.NaN;

    Stepping(Job job) {
        this.job = job;
        Mesh mesh = job.spec.mesh();
        digests = new DigestWindow(mesh.shards());
        done = new long[mesh.ranks()];
        acknowledged = new Acknowledgements(mesh.ranks());
        check = new RunCheck(job, digests);
        reportEvery = job.limits.firstReportEvery();
    }

    /** The newest floor that a rank of the active view, or of the last one, reported. */
    long floor() {
        return floor;
    }

    // ------------------------------------------------------------------ a view begins

    /** The ACTIVE record is durable: everybody starts. */
    void activate(PendingView pending) {
        View view = pending.view;
        long base = view.baseStep();
        if (base > job.spec.steps()) {
            throw new InvariantBroken(
                    "I4",
                    "view "
                            + view.epoch()
                            + " starts from step "
                            + base
                            + " of a job of "
                            + job.spec.steps()
                            + " steps; "
                            + job.describe());
        }
        job.lineage = job.lineage.branch(view.epoch(), base);
        startSlots(view);
        long lost = Math.max(0, Math.max(job.completedStep, survivorsReached) - base);
        survivorsReached = 0;
        job.slots.goOnFrom(base);
        digests.forgetAbove(base);
        floor = Math.min(floor, base);
        if (job.spec.runtimeReduces()) {
            // Members took it up with the view, and tell of newer steps only.
            floor = Math.max(floor, pending.floor);
            acknowledged.clear();
        }
        moveCompleted(view, base);
        assignRanks(view);
        Arrays.fill(done, base);
        ranksAt.clear();
        ranksAt.put(base, done.length);
        job.newestSeen = Math.max(job.newestSeen, base);
        job.view = view;
        job.protection.viewActive();
        job.cadence.begin(view.epoch(), base);
        grantedThrough = base;
        pace.stood(job.now);
        allSaidNanos = Long.MIN_VALUE;
        job.incidents.installed(base, lost, job.incidents.isOpen() ? pending.origins() : List.of());
        job.enter(JobPhase.ACTIVE, pending.reason);
        announce(view, pending);
        if (base == job.spec.steps()) {
            job.incidents.close();
            job.finishing.begin();
            return;
        }
        job.pausing.viewActive();
        job.timer(JobEffect.TimerKind.TICK, view.epoch(), job.limits.tickNanos());
        boolean late = false;
        for (Roster.Member member : job.roster.all()) {
            late |= member.rank < 0 && !member.prepared && member.eligible();
        }
        if (late || pending.placementOutdated) {
            job.protection.repair();
        }
    }

    private void startSlots(View view) {
        if (job.slots.started()) {
            job.slots.turn(Category.PRODUCTIVE, job.now);
            return;
        }
        for (int rank = 0; rank < view.members().size(); rank++) {
            Roster.Member member = job.roster.find(view.members().get(rank).key());
            if (member == null) {
                job.slots.startup(rank, job.now, 0, job.now);
            } else {
                job.slots.startup(rank, member.readyAtNanos, member.compileNanos, job.now);
            }
        }
        job.slots.started(Category.PRODUCTIVE);
    }

    private void moveCompleted(View view, long base) {
        if (base < job.completedStep) {
            String reason =
                    "epoch "
                            + view.epoch()
                            + " starts from step "
                            + base
                            + ", the newest of which every shard has an intact state";
            job.publish(
                    new CoordinatorEvent.RolledBack(
                            job.spec.jobId(), job.completedStep, base, reason));
            job.completedStep = base;
            job.protectedStep = Math.min(job.protectedStep, base);
        } else if (base > job.completedStep) {
            job.completedStep = base;
            publishCompleted(view);
        }
    }

    void assignRanks(View view) {
        for (Roster.Member member : job.roster.all()) {
            job.roster.rank(member, -1);
        }
        for (int rank = 0; rank < view.members().size(); rank++) {
            Roster.Member member = job.roster.find(view.members().get(rank).key());
            if (member != null) {
                job.roster.rank(member, rank);
            }
        }
    }

    private void announce(View view, PendingView pending) {
        grant();
        List<GrantedFloor> floors = grantedFloors();
        for (AgentProfile member : view.members()) {
            job.emit(
                    new JobEffect.SendStartView(
                            member.key(),
                            view.epoch(),
                            grantedThrough,
                            floors,
                            job.cadence.granted(),
                            job.pausing.holds()));
        }
        var spares = new ArrayList<String>();
        for (Roster.Member member : job.roster.all()) {
            if (member.rank < 0 && member.prepared) {
                job.emit(
                        new JobEffect.SendStartView(
                                member.key,
                                view.epoch(),
                                grantedThrough,
                                floors,
                                job.cadence.granted()));
                if (!job.draining.isSetAside(member)) {
                    spares.add(member.key.id());
                }
            }
        }
        job.publish(
                new CoordinatorEvent.ViewActivated(
                        job.spec.jobId(),
                        view.epoch(),
                        view.baseStep(),
                        new MemberIds(view),
                        spares));
        job.protection.begin(pending.placement, view.baseStep());
    }

    // ------------------------------------------------------------------ progress

    /**
     * Steps that a member made. Reports of other epochs, ranks and incarnations are ghosts; what
     * was reported before is skipped.
     */
    void progress(Roster.Member member, Progress progress) {
        switch (job.phase) {
            case ACTIVE -> record(member, progress, job.now, false);
            case FENCING -> {
                if (!member.answered) {
                    record(member, progress, job.fencing.steppedUntilNanos(), true);
                }
            }
            case WAITING,
                    PLANNING,
                    RETURN_WAIT,
                    PERSISTING,
                    PREPARING,
                    ACTIVATING,
                    FINISHING,
                    RECORDING,
                    COMPLETED,
                    FAILED,
                    CANCELLED -> {}
        }
    }

    /** Steps that come with an inventory. */
    void tail(Roster.Member member, Progress progress) {
        record(member, progress, job.fencing.steppedUntilNanos(), true);
    }

    private void record(Roster.Member member, Progress progress, long capNanos, boolean stopped) {
        View view = job.view;
        int rank = member.rank;
        if (view == null
                || progress.epoch() != view.epoch()
                || rank < 0
                || progress.rank() != rank) {
            return;
        }
        List<StepRun> runs = progress.runs();
        long before = done[rank];
        long reached = before;
        long elapsed = 0;
        long made = 0;
        for (int i = 0; i < runs.size(); i++) {
            StepRun run = runs.get(i);
            if (run.last() <= reached || run.last() > job.spec.steps()) {
                continue;
            }
            if (!check.holds(view, rank, run)) {
                return;
            }
            long end;
            if (i < runs.size() - 1 || stopped) {
                end = job.slots.endOf(rank, run, capNanos);
            } else if (run.first() > reached + 1) {
                // A report before it never came: how long its steps took is not known.
                end = capNanos;
            } else {
                end = job.slots.newestEnd(rank, run, job.now, capNanos);
            }
            job.slots.steps(rank, reached + 1, run, end);
            job.cadence.stepped(run, 1);
            elapsed += worked(run);
            made += run.last() - run.first() + 1;
            reached = run.last();
            lastLoss = run.loss();
        }
        job.cadence.copied(progress.copyNanos());
        if (reached > before) {
            move(rank, before, reached);
        }
        if (job.spec.runtimeReduces()) {
            acknowledged.note(rank, progress.acknowledged());
        }
        progressed(view, progress.floor(), reached, made == 0 ? 0 : elapsed / made);
    }

    private void progressed(View view, long toldFloor, long reached, long toldNanosEach) {
        floor = Math.max(floor, Math.min(toldFloor, reached));
        long completed = ranksAt.firstKey();
        if (job.spec.runtimeReduces()) {
            floor = Math.max(floor, acknowledged.newest(completed));
        }
        if (completed > job.completedStep) {
            completed(view, completed, toldNanosEach);
        }
        job.protectedStep = Math.max(job.protectedStep, Math.min(floor, job.completedStep));
    }

    /** All members made the same steps. */
    void allProgressed(JobEvent.AllProgressed all) {
        View view = job.view;
        if (view == null || all.epoch() != view.epoch()) {
            return;
        }
        boolean together = job.phase == JobPhase.ACTIVE && ranksAt.size() == 1;
        if (together && all.runs().size() == 1) {
            allSaidNanos = job.now;
            together(view, all.runs().getFirst(), all.floor());
            return;
        }
        for (int rank = 0; rank < done.length; rank++) {
            Roster.Member member = job.roster.find(view.members().get(rank).key());
            if (member != null) {
                member.lastWordNanos = job.now;
                progress(member, new Progress(all.epoch(), rank, all.runs(), all.floor()));
            }
        }
    }

    private void together(View view, StepRun run, long toldFloor) {
        long reached = done[0];
        if (run.last() > reached && run.last() <= job.spec.steps()) {
            for (int rank = 0; rank < done.length; rank++) {
                if (!check.holds(view, rank, run)) {
                    return;
                }
            }
            job.slots.stepsOfAll(reached + 1, run, job.now);
            job.cadence.stepped(run, done.length);
            reached = run.last();
            lastLoss = run.loss();
            Arrays.fill(done, reached);
            ranksAt.clear();
            ranksAt.put(reached, done.length);
            job.newestSeen = Math.max(job.newestSeen, reached);
        }
        long steps = run.last() - run.first() + 1;
        progressed(view, toldFloor, reached, worked(run) / steps);
    }

    private static long worked(StepRun run) {
        return Math.max(0, run.elapsedNanos() - run.creditWaitNanos());
    }

    /** When that agent last said anything. */
    long lastWordNanos(Roster.Member member) {
        return member.rank < 0
                ? member.lastWordNanos
                : Math.max(member.lastWordNanos, allSaidNanos);
    }

    void move(int rank, long from, long to) {
        done[rank] = to;
        job.newestSeen = Math.max(job.newestSeen, to);
        Integer left = ranksAt.get(from);
        if (left == null) {
            throw new InvariantBroken(
                    "I4",
                    "rank "
                            + rank
                            + " was at step "
                            + from
                            + " but nobody is counted there; "
                            + job.describe());
        }
        if (left == 1) {
            ranksAt.remove(from);
        } else {
            ranksAt.put(from, left - 1);
        }
        ranksAt.merge(to, 1, Integer::sum);
    }

    private void completed(View view, long step, long toldNanosEach) {
        pace.completed(step - job.completedStep, job.now, toldNanosEach);
        job.completedStep = step;
        job.protectedStep = Math.max(job.protectedStep, Math.min(floor, step));
        publishCompleted(view);
        if (job.phase != JobPhase.ACTIVE) {
            return;
        }
        job.losses.forgetAccusations();
        job.pausing.stepped();
        if (job.incidents.isOpen()) {
            job.incidents.close();
            job.preparing.recovered();
        } else if (job.viewFailures.any()) {
            job.preparing.recovered();
        }
        if (step == job.spec.steps()) {
            job.finishing.begin();
        } else if (grant()) {
            job.pausing.tellAll();
        }
        job.pausing.reached();
    }

    /** That step is completed and protected, whoever did not hear of it. */
    void proven(View view, long step) {
        floor = Math.max(floor, step);
        job.completedStep = step;
        job.protectedStep = Math.max(job.protectedStep, step);
        job.newestSeen = Math.max(job.newestSeen, step);
        publishCompleted(view);
    }

    void publishCompleted(View view) {
        job.publish(
                new CoordinatorEvent.StepsCompleted(
                        job.spec.jobId(),
                        view.epoch(),
                        job.completedStep,
                        job.protectedStep,
                        lastLoss,
                        pace.perSecond(),
                        CoordinatorEvent.StepsCompleted.UNKNOWN_RATIO));
    }

    /**
     * Credits that cover the lease by the measured step time; true if there are more of them now.
     */
    boolean grant() {
        long completed = job.completedStep;
        long last = job.spec.steps();
        if (job.pausing.holds() || job.draining.stops()) {
            return false;
        }
        if (job.spec.runtimeReduces()) {
            return grantWithFloor(completed, last);
        }
        long through =
                CreditRule.through(
                        completed,
                        grantedThrough,
                        pace.times(),
                        job.limits.leaseNanos(),
                        reportEvery,
                        last,
                        job.spec.protectsAutomatically());
        if (through <= grantedThrough) {
            return false;
        }
        job.cadence.granting(job.activeView().epoch(), completed, grantedThrough);
        grantedThrough = Math.max(through, Math.min(last, completed + job.limits.minCredits()));
        return true;
    }

    private boolean grantWithFloor(long completed, long last) {
        View view = job.activeView();
        StepTimes times = pace.times();
        long through =
                CreditRule.throughWithFloor(
                        view.baseStep(), completed, grantedThrough, times, reportEvery, last);
        if (!times.known()) {
            // Of a view that was taken over: as far as it must come to be heard of.
            through = Math.max(through, Math.min(last, completed + reportEvery + 1));
        }
        if (through <= grantedThrough) {
            return false;
        }
        job.cadence.granting(view.epoch(), completed, grantedThrough);
        grantedThrough = through;
        acknowledged.grant(completed, through, floor);
        return true;
    }

    /** A rank is in that step: all may make it. */
    void grantAtLeast(long step) {
        if (step > grantedThrough) {
            grantedThrough = step;
            if (job.spec.runtimeReduces()) {
                acknowledged.grant(job.completedStep, step, floor);
            }
        }
    }

    /** Steps between reports for a plan compiled now. */
    int reportEvery() {
        StepTimes times = pace.times();
        reportEvery =
                times.known()
                        ? Math.clamp(
                                job.limits.reportNanos() / Math.max(1, times.meanNanos()),
                                1,
                                MAX_REPORT_EVERY)
                        : job.limits.firstReportEvery();
        return reportEvery;
    }

    // ------------------------------------------------------------------ while it runs

    /** Checks that come with time. */
    void tick(long timerEpoch) {
        View view = job.view;
        if (job.phase != JobPhase.ACTIVE || view == null || timerEpoch != view.epoch()) {
            return;
        }
        if (job.now - lastSettledNanos >= job.limits.acknowledgeNanos()) {
            lastSettledNanos = job.now;
            job.slots.settle(job.protectedStep);
        }
        job.timer(JobEffect.TimerKind.TICK, view.epoch(), job.limits.tickNanos());
        job.protection.tick();
        job.losses.examineAccusations(pace.lastCompletedNanos());
    }

    /** Members may forget what is durable here. */
    void accountPersisted(JobEvent.AccountPersisted persisted) {
        View view = job.view;
        if (job.phase != JobPhase.ACTIVE || view == null || persisted.epoch() != view.epoch()) {
            return;
        }
        for (AgentProfile member : view.members()) {
            job.emit(new JobEffect.SendAcknowledge(member.key(), view.epoch(), persisted.step()));
        }
    }

    /** Steps above this were reported by nobody. */
    long newestReported() {
        return ranksAt.lastKey();
    }

    // ------------------------------------------------------------------ a view ends

    /**
     * All inventories are in. With agent collectives a rank that reached n proves that everybody
     * contributed to n: so much is booked for slots whose agents are gone.
     */
    void closeAccount(long detectedAtNanos) {
        var present = new boolean[done.length];
        long survivors = Long.MAX_VALUE;
        for (Roster.Member member : job.roster.all()) {
            if (member.rank >= 0 && member.answered) {
                present[member.rank] = true;
                survivors = Math.min(survivors, done[member.rank]);
            }
        }
        if (survivors != Long.MAX_VALUE) {
            survivorsReached = Math.max(survivorsReached, survivors);
        }
        if (job.spec.runtimeReduces()) {
            return;
        }
        long newest = ranksAt.lastKey();
        long reachedNanos = Long.MIN_VALUE;
        for (int rank = 0; rank < done.length; rank++) {
            if (done[rank] == newest) {
                reachedNanos = Math.max(reachedNanos, job.slots.cursor(rank));
            }
        }
        for (int rank = 0; rank < done.length; rank++) {
            if (!present[rank] && done[rank] < newest) {
                job.slots.provenSteps(
                        rank, done[rank] + 1, newest, Math.min(reachedNanos, detectedAtNanos));
            }
        }
    }

    // ------------------------------------------------------------------ questions

    DigestWindow digests() {
        return digests;
    }

    /** The newest step that rank reported in the last active view. */
    long doneBy(int rank) {
        return done[rank];
    }

    /** Mean loss of the newest reported step; NaN before any. */
    float lastLoss() {
        return lastLoss;
    }

    /** Steps up to this may be made now. */
    long grantedThrough() {
        return grantedThrough;
    }

    /** By which floors the granted steps are decided, where the runtime reduces; else empty. */
    List<GrantedFloor> grantedFloors() {
        return acknowledged.granted();
    }
}
