package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.Lineage;
import io.coxswain.coordinator.core.model.RestoreSource;
import io.coxswain.coordinator.core.model.StateLayout;
import io.coxswain.coordinator.core.model.StateName;
import io.coxswain.coordinator.core.model.View;
import io.coxswain.coordinator.core.placement.PlacementDecision;
import io.coxswain.coordinator.core.recovery.BadSource;
import io.coxswain.coordinator.core.recovery.Candidate;
import io.coxswain.coordinator.core.recovery.RecoveryDecision;
import io.coxswain.coordinator.core.recovery.RecoveryPlanner;
import io.coxswain.coordinator.core.recovery.RecoveryProblem;
import io.coxswain.coordinator.core.recovery.RecoveryReason;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Plans a view and installs it: PREPARING record durable → members restore → all ready, digests
 * agree → ACTIVE record durable. What cannot be planned waits for agents or for a lost shard's
 * holder. An epoch that fails on the way is abandoned with its reason and never used again.
 */
final class Preparing {
    private static final long MOST_LOAD_NANOS = 3_600_000_000_000L;

    private final Job job;

    /**
     * Sources that were missing or did not match; never offered again while their agent is
     * attached. In order of discovery.
     */
    private final LinkedHashSet<BadSource> excluded = new LinkedHashSet<>();

    private @Nullable PendingView pending;

    /**
     * The last view that members were told of: what they restored in it bears its epoch, whether it
     * became active or not.
     */
    @Nullable View lastPrepared;

    private boolean waitingForCapacity;
    private long waitingSinceNanos;
    private long returnDeadlineNanos;
    private long answerDeadlineNanos;
    private long returnTimerEpoch = -1;
    private long refusedSinceNanos = -1;
    private int retries;
    private long slowestLoadNanos;

    Preparing(Job job) {
        this.job = job;
    }

    // ------------------------------------------------------------------ planning

    /** Agents came or became ready while the job waits: plans again if that can help. */
    void capacityChanged() {
        if (job.roster.eligible() >= job.spec.mesh().ranks()) {
            plan("enough agents are ready");
        } else if (job.waiting instanceof WaitReason.AgentsMissing missing) {
            int now = Math.max(1, job.spec.mesh().ranks() - job.roster.eligible());
            waitForAgents(now, missing.why());
        }
    }

    /** How long a worker took to be ready. */
    void loaded(long nanos) {
        slowestLoadNanos = Math.max(slowestLoadNanos, Math.min(nanos, MOST_LOAD_NANOS));
    }

    /** Plans a view from the inventories at hand and acts on what comes out. */
    void plan(String why) {
        StateLayout layout = job.layout;
        if (layout == null) {
            waitForAgents(job.spec.mesh().ranks(), "no agent has loaded the program");
            return;
        }
        ToldFloors.prove(job);
        RecoveryProblem problem = problem(layout, job.planEpoch());
        RecoveryDecision decision = RecoveryPlanner.plan(problem);
        job.incidents.decided(decision.reason());
        switch (decision) {
            case RecoveryDecision.Recover recover ->
                    install(recover, layout, problem.nextEpoch(), why);
            case RecoveryDecision.NeedCapacity need -> shortOfAgents(need.missing(), need.reason());
            case RecoveryDecision.ShardLost lost -> waitForReturn(lost);
        }
    }

    private RecoveryProblem problem(StateLayout layout, long epoch) {
        var candidates = new ArrayList<Candidate>(job.roster.size());
        Set<AgentKey> leaving = job.draining.leaving();
        for (Roster.Member member : job.roster.all()) {
            if (member.answered) {
                boolean ready = member.eligible() && !leaving.contains(member.key);
                candidates.add(new Candidate(member.profile, member.inventory, ready, member.rank));
            }
        }
        // Where the runtime reduces, what somebody saw beyond the completed step is not trusted.
        boolean nothingEverCompleted =
                job.completedStep == 0 && (job.newestSeen == 0 || job.spec.runtimeReduces());
        return new RecoveryProblem(
                job.spec,
                layout,
                job.lineage,
                previous(),
                epoch,
                job.completedStep,
                candidates,
                excluded,
                nothingEverCompleted);
    }

    /** True if a plan made now would go back behind the completed step. */
    boolean wouldRollBack() {
        StateLayout layout = job.layout;
        return layout != null
                && RecoveryPlanner.plan(problem(layout, job.nextEpoch()))
                        instanceof RecoveryDecision.Recover recover
                && recover.view().baseStep() < job.completedStep;
    }

    private @Nullable View previous() {
        return lastPrepared == null ? job.view : lastPrepared;
    }

    private void shortOfAgents(int missing, RecoveryReason reason) {
        var failing = job.roster.shunned();
        if (failing.isEmpty()) {
            waitForAgents(Math.max(1, missing), reason.text() + job.roster.unfitText());
            return;
        }
        String hopeless = job.viewFailures.hopeless();
        if (hopeless != null) {
            job.finishing.fail(hopeless);
            return;
        }
        long wait = job.limits.retryNanos() << Math.min(retries, 4);
        retries++;
        enterWaiting(job.viewFailures.waiting(failing, reason.text()));
        job.incidents.waitFor(failing.stream().map(AgentKey::id).toList());
        job.timer(JobEffect.TimerKind.SETTLE, job.promiseEpoch(), wait);
    }

    /** Waits for {@code missing} more agents. */
    void waitForAgents(int missing, String why) {
        var reason = new WaitReason.AgentsMissing(missing, why);
        boolean news = !reason.equals(job.waiting);
        enterWaiting(reason);
        if (news) {
            job.publish(
                    new CoordinatorEvent.CapacityNeeded(
                            job.spec.jobId(), missing, Map.of(), waitingSinceNanos));
        }
    }

    private void enterWaiting(WaitReason reason) {
        if (!waitingForCapacity) {
            waitingForCapacity = true;
            waitingSinceNanos = job.now;
        }
        returnDeadlineNanos = 0;
        answerDeadlineNanos = 0;
        job.slots.turn(Category.CONTROLLER_WAIT, job.now);
        job.enter(JobPhase.WAITING, reason.text());
        job.waitFor(reason);
    }

    /** Agents that failed are tried again. */
    void retry(long timerEpoch) {
        if (job.phase != JobPhase.WAITING || timerEpoch != job.promiseEpoch()) {
            return;
        }
        if (job.pristine()) {
            job.arrivals.settleOver();
            return;
        }
        job.viewFailures.forgiveAll();
        plan("agents that failed are tried again");
    }

    private void waitForReturn(RecoveryDecision.ShardLost lost) {
        if (returnDeadlineNanos == 0) {
            returnDeadlineNanos = job.now + job.spec.returnWaitNanos();
        }
        var reason =
                new WaitReason.ShardsLost(
                        lost.shards(),
                        lost.reason().text() + "; " + job.protection.lastHolders(lost.shards()));
        job.slots.turn(Category.CONTROLLER_WAIT, job.now);
        job.enter(JobPhase.RETURN_WAIT, reason.text());
        job.waitFor(reason);
        long left = returnDeadlineNanos - job.now;
        if (left <= 0) {
            returnWaitEnds();
        } else if (returnTimerEpoch != job.promiseEpoch()) {
            returnTimerEpoch = job.promiseEpoch();
            job.timer(JobEffect.TimerKind.RETURN_WAIT, returnTimerEpoch, left);
        }
    }

    /** The time for a holder to come back may be over. */
    void returnWaitOver(long timerEpoch) {
        if (timerEpoch != returnTimerEpoch) {
            return;
        }
        // Also where nobody is waited for at the moment: the next wait has a timer of its own.
        returnTimerEpoch = -1;
        if (job.phase != JobPhase.RETURN_WAIT) {
            return;
        }
        if (job.now >= returnDeadlineNanos) {
            returnWaitEnds();
        } else {
            returnTimerEpoch = timerEpoch;
            job.timer(JobEffect.TimerKind.RETURN_WAIT, timerEpoch, returnDeadlineNanos - job.now);
        }
    }

    // Who is back and was asked, but has not yet said what it holds, is heard first; and when the
    // wait ended long ago, while nothing could be decided, many come back at once.
    private void returnWaitEnds() {
        if (answerDeadlineNanos == 0) {
            answerDeadlineNanos = job.now + job.limits.fenceNanos();
        }
        boolean late = job.now - returnDeadlineNanos >= job.limits.tickNanos();
        boolean asked = job.roster.all().stream().anyMatch(member -> !member.answered);
        if (job.now >= answerDeadlineNanos || (!late && !asked)) {
            giveUp();
        } else {
            returnTimerEpoch = job.promiseEpoch();
            job.timer(
                    JobEffect.TimerKind.RETURN_WAIT,
                    returnTimerEpoch,
                    answerDeadlineNanos - job.now);
        }
    }

    private void giveUp() {
        job.finishing.fail(
                "state is lost for good: "
                        + job.phaseReason
                        + "; nobody who held it came back within "
                        + job.spec.returnWaitNanos() / 1_000_000
                        + " ms; the job had completed step "
                        + job.completedStep);
    }

    // ------------------------------------------------------------------ installing

    private void install(
            RecoveryDecision.Recover recover, StateLayout layout, long epoch, String why) {
        View view = recover.view();
        int ranks = job.spec.mesh().ranks();
        if (view.epoch() != epoch
                || view.members().size() != ranks
                || recover.sources().size() != ranks) {
            throw new InvariantBroken(
                    "I1", "the plan for epoch " + epoch + " is " + recover + "; " + job.describe());
        }
        PlacementDecision placement = job.protection.plan(view, layout, 1);
        if (placement.refusal() != null && job.lineage.branches().isEmpty()) {
            refused(placement.refusal());
            return;
        }
        job.recording(view.epoch());
        waitingForCapacity = false;
        returnDeadlineNanos = 0;
        answerDeadlineNanos = 0;
        pending =
                new PendingView(
                        view,
                        recover.sources(),
                        placement,
                        recover.expectedNanos(),
                        recover.reason().text());
        job.slots.turn(Category.RECOVERY_DECIDE, job.now);
        job.enter(JobPhase.PERSISTING, why + ": " + recover.reason().text());
        job.emit(
                new JobEffect.PersistView(
                        JobEffect.ViewState.PREPARING, view, placement.placement(), job.lineage));
    }

    /**
     * A job that starts is refused if it cannot be protected as asked, once agents that start at
     * about the same time had their chance to attach.
     */
    private void refused(String refusal) {
        if (refusedSinceNanos < 0) {
            refusedSinceNanos = job.now;
            job.timer(JobEffect.TimerKind.SETTLE, job.promiseEpoch(), job.limits.admissionNanos());
        }
        if (job.now - refusedSinceNanos >= job.limits.admissionNanos()) {
            job.finishing.fail("the job cannot be protected as asked: " + refusal);
        } else {
            enterWaiting(new WaitReason.Unprotected(refusal));
        }
    }

    /** The epoch's record is durable. */
    void persisted(JobEvent.ViewPersisted event) {
        PendingView view = pending;
        if (view == null || event.epoch() != view.epoch()) {
            return;
        }
        if (event.state() == JobEffect.ViewState.PREPARING && job.phase == JobPhase.PERSISTING) {
            prepare(view);
        } else if (event.state() == JobEffect.ViewState.ACTIVE
                && job.phase == JobPhase.ACTIVATING) {
            pending = null;
            job.stepping.activate(view);
        }
    }

    private void prepare(PendingView view) {
        job.slots.turn(Category.RECOVERY_RESTORE, job.now);
        job.promising(view.epoch());
        job.incidents.planned(view.plannedOrigins());
        job.incidents.advance(Incident.Phase.RESTORE, view.reason);
        lastPrepared = view.view;
        view.compile(job.spec, job.stepping.reportEvery(), job.cadence.plan());
        view.floor = ToldFloors.newest(job, view.view.baseStep());
        for (AgentProfile agent : view.view.members()) {
            Roster.Member member = job.roster.find(agent.key());
            if (member != null) {
                member.prepared = true;
            }
        }
        job.enter(
                JobPhase.PREPARING,
                "members of epoch " + view.epoch() + " restore step " + view.view.baseStep());
        for (int rank = 0; rank < view.view.members().size(); rank++) {
            job.emit(view.messageTo(view.view.members().get(rank).key(), rank));
        }
        for (Roster.Member member : job.roster.all()) {
            if (view.view.rankOf(member.profile, member.rank) < 0
                    && ((member.eligible() && member.answered) || view.concerns(member.key))) {
                member.prepared = true;
                job.emit(view.messageTo(member.key, -1));
            }
        }
        long limit = Math.max(job.limits.prepareNanos(), 4 * Math.max(0, view.expectedNanos));
        if (job.spec.runtimeReduces()) {
            // Members' workers start anew for it.
            limit += 4 * slowestLoadNanos;
        }
        job.timer(JobEffect.TimerKind.PREPARE_LIMIT, view.epoch(), limit);
    }

    /** A member's stream broke and is back. */
    void resend(Roster.Member member) {
        PendingView view = pending;
        if (view != null
                && job.phase == JobPhase.PREPARING
                && member.prepared
                && !view.isReady(member.key)) {
            job.emit(view.messageTo(member.key, view.rankOf(member.key)));
        }
    }

    void ready(Roster.Member member, JobEvent.ViewReadyReported event) {
        PendingView view = pending;
        if (view == null || job.phase != JobPhase.PREPARING || event.epoch() != view.epoch()) {
            return;
        }
        int rank = view.view.rankOf(member.profile, member.rank);
        if (rank < 0 || view.isReady(rank)) {
            return;
        }
        if (event.step() != view.view.baseStep()) {
            String what = "restored step " + event.step() + " instead of " + view.view.baseStep();
            job.viewFailures.failed(member, view.epoch(), "it " + what);
            abandon("agent " + member.key.id() + " " + what);
            return;
        }
        if (member.workerIsNew) {
            member.workerIsNew = false;
            job.incidents.note(WorkerStart.loaded(member.key.id(), event));
        }
        if (view.ready(rank, event)) {
            job.incidents.waitFor(List.of(member.key.id()));
            allReady(view);
        }
    }

    private void allReady(PendingView view) {
        List<Integer> odd = view.oddRanks(job.stepping.digests());
        if (!odd.isEmpty()) {
            job.incidents.corrupted();
            var text = new StringBuilder("restored digests disagree:");
            for (int rank : odd) {
                disbelieve(view, rank);
                text.append(" rank ")
                        .append(rank)
                        .append(" (agent ")
                        .append(view.view.members().get(rank).key().id())
                        .append(')');
            }
            abandon(text.toString());
            return;
        }
        job.slots.turn(Category.RECOVERY_RESUME, job.now);
        job.incidents.advance(
                Incident.Phase.RESUME, "all members restored step " + view.view.baseStep());
        job.enter(JobPhase.ACTIVATING, "all members are ready");
        Lineage lineage = job.lineage.branch(view.epoch(), view.view.baseStep());
        job.emit(
                new JobEffect.PersistView(
                        JobEffect.ViewState.ACTIVE,
                        view.view,
                        view.placement.placement(),
                        lineage));
    }

    private void disbelieve(PendingView view, int rank) {
        BadSource source = view.sourceOf(rank);
        if (source != null) {
            excluded.add(source);
            return;
        }
        Roster.Member member = job.roster.find(view.view.members().get(rank).key());
        if (member != null) {
            String reason =
                    "its initial state differs from that of the other replicas: its runtime is not"
                            + " deterministic or not the same";
            job.roster.unfit(member, reason);
            job.publish(new CoordinatorEvent.AgentUnfit(job.spec.jobId(), member.key.id(), reason));
        }
    }

    // ------------------------------------------------------------------ failing

    void failed(Roster.Member member, JobEvent.ViewFailedReported event) {
        PendingView view = pending;
        boolean installing = job.phase == JobPhase.PREPARING || job.phase == JobPhase.ACTIVATING;
        if (view != null
                && installing
                && event.epoch() == view.epoch()
                && view.rankOf(member.key) >= 0) {
            StateName state = event.state();
            AgentKey source = event.source() == null ? member.key : event.source();
            boolean news =
                    event.badState() && state != null && excluded.add(new BadSource(source, state));
            if (news) {
                job.viewFailures.badState(member, view.epoch(), event.reason());
            } else {
                // Also who calls a state bad that nobody offers from there any more.
                job.viewFailures.failed(member, view.epoch(), event.reason());
            }
            abandon(
                    "agent "
                            + member.key.id()
                            + " could not take up epoch "
                            + view.epoch()
                            + ": "
                            + event.reason());
        } else if (job.phase == JobPhase.ACTIVE
                && member.rank >= 0
                && event.epoch() == job.activeView().epoch()) {
            job.viewFailures.blame(member, event.reason());
            String what =
                    "agent "
                            + member.key.id()
                            + " failed in epoch "
                            + event.epoch()
                            + ": "
                            + event.reason();
            job.incidents.openOrExtend(Incident.Kind.SOFTWARE, member.key.id(), what, 0);
            job.fencing.begin(what);
        }
    }

    /** Members that did not become ready in time are left out of the next plan. */
    void limitReached(long timerEpoch) {
        PendingView view = pending;
        if (view == null || job.phase != JobPhase.PREPARING || timerEpoch != view.epoch()) {
            return;
        }
        var slow = new ArrayList<String>();
        for (AgentProfile agent : view.view.members()) {
            Roster.Member member = job.roster.find(agent.key());
            if (member != null && !view.isReady(member.key)) {
                slow.add(member.key.id());
                job.viewFailures.late(member, job.now - job.phaseSinceNanos);
            }
        }
        job.incidents.waitFor(slow);
        abandon("agents " + String.join(", ", slow) + " did not become ready in time");
    }

    private void abandon(String reason) {
        job.fencing.begin("epoch " + epoch() + " abandoned: " + reason);
    }

    /** The view in preparation is over, for better or worse. */
    void drop() {
        pending = null;
        for (Roster.Member member : job.roster.all()) {
            member.prepared = false;
        }
    }

    /** Steps complete again: failures are forgiven, sources of agents that left are forgotten. */
    void recovered() {
        retries = 0;
        excluded.removeIf(bad -> job.roster.find(bad.agent()) == null);
        job.viewFailures.recovered();
    }

    // ------------------------------------------------------------------ questions

    /** The epoch in preparation, or 0. */
    long epoch() {
        PendingView view = pending;
        return view == null ? 0 : view.epoch();
    }

    /** Its rank in the view in preparation, or -1. */
    int rankOf(Roster.Member member) {
        PendingView view = pending;
        return view == null ? -1 : view.rankOf(member.key);
    }

    /** Members of the view in preparation that did not say ready yet, by rank. */
    List<AgentKey> notReady() {
        PendingView view = pending;
        return view == null ? List.of() : view.notReady();
    }

    /** It said ready for the view in preparation. */
    boolean tookUp(Roster.Member member) {
        PendingView view = pending;
        return view != null && view.isReady(member.key);
    }

    /** The view in preparation cannot be without that agent. */
    boolean involves(Roster.Member member) {
        PendingView view = pending;
        return view != null && (view.rankOf(member.key) >= 0 || view.donates(member.key));
    }

    /** A holder without a rank is gone: the placement is repaired once the view is active. */
    void placementOutdated(Roster.Member member) {
        PendingView view = pending;
        if (view != null && view.holds(member.key)) {
            view.placementOutdated = true;
        }
    }

    /** Where each rank's state comes from, for reports. */
    static String sourceName(RestoreSource source) {
        return switch (source) {
            case RestoreSource.Init init -> "init";
            case RestoreSource.KeepLive live -> "live";
            case RestoreSource.LoadLocal local -> "local";
            case RestoreSource.Fetch fetch -> "fetched";
            case RestoreSource.PromoteCopy copy -> "peer-copy";
        };
    }
}
