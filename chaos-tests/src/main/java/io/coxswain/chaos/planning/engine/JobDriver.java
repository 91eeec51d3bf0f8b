package io.coxswain.chaos.planning.engine;

import io.coxswain.chaos.planning.failure.Failure;
import io.coxswain.chaos.planning.failure.FailureTrace;
import io.coxswain.chaos.planning.failure.Fleet;
import io.coxswain.chaos.planning.failure.Scope;
import io.coxswain.coordinator.core.job.JobEffect;
import io.coxswain.coordinator.core.job.JobEvent;
import io.coxswain.coordinator.core.job.JobLimits;
import io.coxswain.coordinator.core.job.JobMachine;
import io.coxswain.coordinator.core.job.JobPhase;
import io.coxswain.coordinator.core.job.Transition;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.Digest;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.Placement;
import io.coxswain.coordinator.core.model.StepRun;
import io.coxswain.coordinator.core.model.View;

import org.jspecify.annotations.Nullable;

import java.math.BigInteger;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * Runs one job through a failure trace: the production {@link JobMachine} with its planners and its
 * ledger, unchanged, against modelled agents under a virtual clock.
 *
 * <p>Deterministic: the same conditions and trace give the same outcome. One thread. A stretch
 * without failures costs two rounds of messages, whatever its length: credits are granted for as
 * long as the run may be quiet, progress is reported in one run.
 */
public final class JobDriver {
    private static final long SECOND = 1_000_000_000L;

    /** Wait before an audit's finding is acted on while the job is recovering anyway. */
    private static final long AUDIT_RETRY = 30 * SECOND;

    private final Conditions conditions;
    private final FailureTrace trace;
    private final Costs costs;
    private final Fleet fleet;
    private final Batches batches = new Batches();
    private final Digests digests = new Digests();
    private final Account account = new Account();
    private final ModelAgent[] agents;
    private final int[] incarnations;
    private final Members members;
    private final Crew crew;
    private final Submission submission;
    private final JobLimits limits;
    private final LongConsumer progress;

    private final Tally tally;
    private final Responses responses;
    private JobMachine machine;
    private int life;
    private long now;
    private long granted;
    private long lastPlacementVersion;
    private long placementEpoch;
    private boolean startPending;

    /** The newest time that the machine was told. */
    private long lastTold;

    /** Steps up to this were reported. */
    private long reported;

    /** Completed steps of the lives before this one, as far as they were kept. */
    private long offset;

    private long exportedStep;
    private long exportedUpTo;

    private int up;
    private @Nullable String refusal;

    private JobDriver(Conditions conditions, FailureTrace trace, LongConsumer progress) {
        this.conditions = conditions;
        this.trace = trace;
        this.progress = progress;
        costs = conditions.costs();
        fleet = conditions.fleet();
        submission = new Submission(conditions);
        agents = new ModelAgent[fleet.machines()];
        incarnations = new int[agents.length];
        for (int i = 0; i < agents.length; i++) {
            agents[i] = new ModelAgent(i, submission.profile(i, 0));
        }
        up = agents.length;
        members = new Machines(fleet, agents);
        crew = new Crew(conditions, agents);
        tally = new Tally(conditions);
        limits = submission.limits();
        responses =
                new Responses(conditions, batches, digests, crew, submission.layout(), this::tell);
        machine = JobMachine.submitted(submission.spec(life), 1, limits, 0);
    }

    /**
     * Plays the whole trace.
     *
     * @param progress hears the virtual time now and then
     * @throws RefusedException if the job cannot be protected as asked
     */
    public static Outcome run(Conditions conditions, FailureTrace trace, LongConsumer progress)
            throws RefusedException {
        return new JobDriver(conditions, trace, progress).run();
    }

    private Outcome run() throws RefusedException {
        beginLife();
        long end = conditions.durationNanos();
        int next = 0;
        List<Failure> list = trace.failures();
        while (refusal == null) {
            long failureAt = next < list.size() ? list.get(next).atNanos() : Long.MAX_VALUE;
            long due = batches.nextDue();
            long at = Math.min(failureAt, due);
            if (at >= end) {
                break;
            }
            now = Math.max(now, at);
            if (due <= failureAt) {
                batches.runNext();
            } else {
                strike(list.get(next++));
                progress.accept(now);
            }
            if (machine.phase().over() && refusal == null) {
                lifeOver();
            }
        }
        if (refusal != null) {
            throw new RefusedException(refusal);
        }
        now = Math.max(now, end);
        pause(end);
        tally.enough(now);
        account.closeLife(end, machine.runningCategory(), BigInteger.ZERO);
        return tally.outcome(conditions, account, crew.clock().every());
    }

    // ------------------------------------------------------------------ a job's life

    private void beginLife() {
        carryOut(machine.opening());
        for (ModelAgent agent : agents) {
            if (agent.up) {
                tell(new JobEvent.AgentAttached(agent.profile, Inventory.EMPTY));
            }
        }
    }

    /** The job gave up: a shard is lost. It is submitted again from the last export. */
    private void lifeOver() {
        if (machine.lineage().branches().isEmpty()) {
            refusal = machine.phaseReason();
            return;
        }
        long reached = offset + machine.completedStep();
        long lost = Math.max(0, reached - exportedStep);
        tally.stateLost(lost);
        BigInteger lostNanos =
                BigInteger.valueOf(lost)
                        .multiply(BigInteger.valueOf(conditions.stepNanos()))
                        .multiply(BigInteger.valueOf(conditions.ranks()));
        account.closeLife(now, machine.runningCategory(), lostNanos);
        offset = Math.min(reached, exportedStep);
        long nextEpoch = machine.nextEpoch();
        life++;
        for (ModelAgent agent : agents) {
            agent.own = OwnStates.NONE;
            agent.forgetCopies();
            agent.noLive();
            agent.rank = -1;
            agent.worker = false;
            agent.promised = 0;
            agent.preparedEpoch = 0;
        }
        machine = JobMachine.submitted(submission.spec(life), nextEpoch, limits, now);
        lastPlacementVersion = 0;
        placementEpoch = 0;
        beginLife();
    }

    // ------------------------------------------------------------------ failures

    private void strike(Failure failure) {
        Scope scope = failure.scope();
        int first = fleet.firstOf(scope, failure.target());
        int end = fleet.endOf(scope, failure.target());
        boolean any = false;
        for (int i = first; i < end; i++) {
            any |= agents[i].up;
        }
        if (!any) {
            return;
        }
        tally.failure(failure.component());
        long at = now;
        switch (scope) {
            case AGENT, RACK, SWITCH, POWER -> {
                for (int i = first; i < end; i++) {
                    if (agents[i].up) {
                        die(agents[i], failure, costs.detectNanos());
                    }
                }
            }
            case WORKER -> workerDies(agents[first], failure, costs.workerDetectNanos(), false);
            case HANG -> workerDies(agents[first], failure, costs.hangNanos(), true);
            case CORRUPTION -> corrupt(agents[first], failure, at);
        }
    }

    private void die(ModelAgent agent, Failure failure, long detectNanos) {
        long at = now;
        if (crew.isMember(agent)) {
            pause(at);
        } else if (crew.running()) {
            crew.holderLost(at);
        }
        agent.up = false;
        up--;
        tally.idle(up - conditions.ranks(), now);
        String cause = failure.component();
        boolean keeps = failure.scope().memorySurvives();
        post(detectNanos, () -> tell(new JobEvent.AgentLost(agent.key, cause, at)));
        post(Math.max(1, failure.repairNanos()), () -> comeBack(agent, keeps));
    }

    private void comeBack(ModelAgent former, boolean withArena) {
        int index = former.machine;
        if (agents[index] != former) {
            return;
        }
        incarnations[index]++;
        AgentProfile profile = submission.profile(index, incarnations[index]);
        ModelAgent agent = withArena ? former.reborn(profile) : new ModelAgent(index, profile);
        agents[index] = agent;
        up++;
        tally.idle(up - conditions.ranks(), now);
        if (!machine.phase().over()) {
            tell(new JobEvent.AgentAttached(profile, responses.inventory(agent)));
        }
    }

    private void workerDies(ModelAgent agent, Failure failure, long detectNanos, boolean hung) {
        if (!agent.worker) {
            return;
        }
        if (crew.isMember(agent)) {
            pause(now);
        }
        agent.worker = false;
        agent.noLive();
        long epoch = agent.preparedEpoch;
        String cause = failure.component();
        post(
                detectNanos,
                () -> {
                    if (agent.up) {
                        tell(new JobEvent.WorkerLostReported(agent.key, epoch, cause, hung));
                    }
                });
    }

    private void corrupt(ModelAgent agent, Failure failure, long at) {
        if (!crew.running() || !crew.isMember(agent)) {
            return;
        }
        long audited = Math.max(crew.beginNanos(), at - conditions.auditNanos());
        long step = Math.max(crew.base(), crew.floorAt(audited));
        long epoch = step > crew.base() ? crew.epoch() : agent.liveEpoch;
        int ofLife = life;
        post(costs.auditLagNanos(), () -> convict(agent, failure, ofLife, epoch, step));
    }

    /** An audit found it: everybody goes back to the last audited state, the machine goes. */
    private void convict(ModelAgent agent, Failure failure, int ofLife, long epoch, long step) {
        if (ofLife != life || !agent.up) {
            return;
        }
        if (!crew.running()) {
            post(AUDIT_RETRY, () -> convict(agent, failure, ofLife, epoch, step));
            return;
        }
        if (!crew.isMember(agent)) {
            return;
        }
        pause(now);
        crew.backTo(epoch, step);
        agent.up = false;
        up--;
        tally.idle(up - conditions.ranks(), now);
        post(Math.max(1, failure.repairNanos()), () -> comeBack(agent, false));
        exportedStep = Math.min(exportedStep, offset + step);
        tell(new JobEvent.AgentLost(agent.key, "convicted of silent corruption by an audit", now));
    }

    /** Steps stop now: all report the last step that was completed. */
    private void pause(long atNanos) {
        if (!crew.running()) {
            return;
        }
        long step = Math.min(granted, crew.reached(atNanos));
        export(atNanos);
        if (atNanos < conditions.durationNanos()) {
            tally.interrupted();
        }
        long reportAt = Math.max(lastTold, Math.min(atNanos, crew.endOf(step)));
        crew.stop(step, atNanos);
        report(step, reportAt);
        account.sample(atNanos);
    }

    private void export(long atNanos) {
        long durable = conditions.durableNanos();
        if (durable <= 0) {
            return;
        }
        long newest = atNanos / durable * durable;
        if (newest >= crew.beginNanos() && newest > exportedUpTo) {
            exportedUpTo = newest;
            exportedStep = Math.max(exportedStep, offset + crew.reached(newest));
        }
    }

    private void report(long step, long atNanos) {
        long from = reported + 1;
        if (step < from) {
            return;
        }
        long stalls = crew.clock().snapshots(reported, step) * conditions.snapshotStallNanos();
        long elapsed = crew.endOf(step) - crew.endOf(reported);
        long newest = Math.max(crew.base(), step / crew.clock().every() * crew.clock().every());
        Digest digest = digests.of(newest);
        reported = step;
        long floor = crew.running() ? crew.floorAt(atNanos) : crew.floor();
        var run =
                new StepRun(
                        from,
                        step,
                        elapsed,
                        0,
                        0,
                        stalls,
                        0,
                        0,
                        step - from + 1,
                        0,
                        1f,
                        digest,
                        newest,
                        0);
        tellAt(new JobEvent.AllProgressed(crew.epoch(), List.of(run), floor), atNanos);
    }

    // ------------------------------------------------------------------ the machine

    private void post(long delayNanos, Runnable what) {
        batches.post(now + delayNanos, at -> what.run());
    }

    private void tell(JobEvent event) {
        tellAt(event, now);
    }

    private void tellAt(JobEvent event, long atNanos) {
        if (machine.phase().over()) {
            return;
        }
        lastTold = Math.max(lastTold, atNanos);
        carryOut(machine.step(event, lastTold));
    }

    private void carryOut(Transition transition) {
        account.book(transition.ledger());
        List<JobEffect> effects = transition.effects();
        for (int i = 0; i < effects.size(); i++) {
            carryOut(effects.get(i));
        }
        if (startPending) {
            startPending = false;
            started();
        }
    }

    private void carryOut(JobEffect effect) {
        switch (effect) {
            case JobEffect.OfferJob offer -> responses.offered(members.find(offer.agent()), now);
            case JobEffect.SendFence fence ->
                    responses.fenced(members.find(fence.agent()), fence.epoch(), now);
            case JobEffect.SendPrepareView prepare -> {
                long initial = life == 0 ? conditions.loadNanos() : conditions.diskNanos();
                responses.prepare(members.find(prepare.agent()), prepare, initial, now);
            }
            case JobEffect.SendStartView start -> {
                granted = start.through();
                ModelAgent agent = members.find(start.agent());
                if (agent != null && agent.rank < 0) {
                    View view = machine.view();
                    agent.keepCopies(crew.floor(), view == null ? Long.MAX_VALUE : view.baseStep());
                }
                startPending |= start.epoch() != crew.epoch();
            }
            case JobEffect.SendGrant grant -> granted = Math.max(granted, grant.through());
            case JobEffect.SendPlacement install -> placement(install.placement());
            case JobEffect.SendCollectFinal collect ->
                    throw new IllegalStateException("a plan's job has no last step: " + collect);
            case JobEffect.SendHalt halt ->
                    throw new IllegalStateException("nobody is drained in a plan: " + halt);
            case JobEffect.ReportMaintenance report -> {}
            case JobEffect.SendEndJob end -> {}
            case JobEffect.SendAcknowledge acknowledge -> {}
            case JobEffect.PersistView persist ->
                    postLife(
                            costs.persistNanos(),
                            new JobEvent.ViewPersisted(persist.view().epoch(), persist.state()));
            case JobEffect.PersistPause pause ->
                    throw new IllegalStateException("nobody pauses a plan's job: " + pause);
            case JobEffect.PersistResult persist ->
                    postLife(costs.persistNanos(), new JobEvent.ResultPersisted());
            case JobEffect.SetTimer timer ->
                    postLife(
                            timer.delayNanos(),
                            new JobEvent.TimerFired(timer.kind(), timer.epoch()));
            case JobEffect.Publish publish -> {
                boolean began = life > 0 || !machine.lineage().branches().isEmpty();
                tally.heard(publish.event(), began, now);
            }
        }
    }

    private void postLife(long delayNanos, JobEvent event) {
        int ofLife = life;
        post(
                delayNanos,
                () -> {
                    if (ofLife == life) {
                        tell(event);
                    }
                });
    }

    // ------------------------------------------------------------------ a view runs

    private void started() {
        View view = machine.view();
        Placement placement = machine.placement();
        if (view == null || placement == null || machine.phase() != JobPhase.ACTIVE) {
            return;
        }
        crew.begin(view, placement, members, now + costs.resumeNanos());
        reported = view.baseStep();
        lastPlacementVersion = placement.version();
        placementEpoch = placement.epoch();
        if (!tally.knowsSurvival()) {
            tally.survival(Survival.of(fleet, view, placement));
        }
        tally.enough(now);
        if (crew.running()) {
            // The first step ends the incident, the second gives the first step time.
            reportAfter(view.baseStep() + 1, view.epoch());
            if (!machine.stepTimes().known()) {
                reportAfter(view.baseStep() + 2, view.epoch());
            }
        }
    }

    /** Everybody reports {@code step} when it is done, if the view lasts until then. */
    private void reportAfter(long step, long epoch) {
        batches.post(
                Math.max(now, crew.endOf(step)),
                at -> {
                    if (crew.running() && crew.epoch() == epoch && granted >= step) {
                        report(step, at);
                        account.sample(at);
                        if (step > crew.base() + 1 || machine.stepTimes().known()) {
                            long horizon = granted;
                            if (horizon > step) {
                                reportAfter(horizon, epoch);
                            }
                        }
                    }
                });
    }

    private void placement(Placement placement) {
        if (placement.epoch() == placementEpoch && placement.version() == lastPlacementVersion) {
            return;
        }
        placementEpoch = placement.epoch();
        lastPlacementVersion = placement.version();
        if (crew.running()) {
            crew.placement(placement, members, now);
        }
    }
}
