package io.coxswain.chaos.planning.engine;

import io.coxswain.chaos.planning.failure.Failure;
import io.coxswain.chaos.planning.failure.FailureTrace;
import io.coxswain.chaos.planning.failure.Fleet;
import io.coxswain.chaos.planning.failure.Scope;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.job.JobEffect;
import io.coxswain.coordinator.core.job.JobEvent;
import io.coxswain.coordinator.core.job.JobLimits;
import io.coxswain.coordinator.core.job.JobMachine;
import io.coxswain.coordinator.core.job.JobPhase;
import io.coxswain.coordinator.core.job.Transition;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.DataEndpoint;
import io.coxswain.coordinator.core.model.Digest;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.coordinator.core.model.Placement;
import io.coxswain.coordinator.core.model.Progress;
import io.coxswain.coordinator.core.model.RestoreSource;
import io.coxswain.coordinator.core.model.StateLayout;
import io.coxswain.coordinator.core.model.StateName;
import io.coxswain.coordinator.core.model.StepRun;
import io.coxswain.coordinator.core.model.View;

import org.jspecify.annotations.Nullable;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
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
    private static final long TICK = 6 * 3_600 * SECOND;

    /** Wait before an audit's finding is acted on while the job is recovering anyway. */
    private static final long AUDIT_RETRY = 30 * SECOND;

    private final Conditions conditions;
    private final FailureTrace trace;
    private final Costs costs;
    private final Fleet fleet;
    private final Batches batches = new Batches();
    private final Digests digests = new Digests();
    private final Account account = new Account();
    private final Map<String, Integer> machineOf = new HashMap<>();
    private final ModelAgent[] agents;
    private final int[] incarnations;
    private final Crew crew;
    private final StateLayout layout;
    private final JobLimits limits;
    private final LongConsumer progress;

    private final TreeMap<String, Long> failures = new TreeMap<>();
    private final List<Outcome.Shortage> shortages = new ArrayList<>();
    private final Map<AgentKey, Integer> donated = new HashMap<>();

    private JobMachine machine;
    private int life;
    private long now;
    private long granted;
    private long lastPlacementVersion;
    private long placementEpoch;
    private long donatedEpoch;
    private boolean startPending;

    /** Completed steps of the lives before this one, as far as they were kept. */
    private long offset;

    private long exportedStep;
    private long exportedUpTo;

    private long interruptions;
    private long stateLosses;
    private long stepsLost;
    private int up;
    private int leastIdle = Integer.MAX_VALUE;
    private long shortSince = -1;
    private int shortBy;
    private String survives = "";
    private @Nullable Survival survival;
    private long[] phases = new long[6];
    private @Nullable String refusal;

    private JobDriver(Conditions conditions, FailureTrace trace, LongConsumer progress) {
        this.conditions = conditions;
        this.trace = trace;
        this.progress = progress;
        costs = conditions.costs();
        fleet = conditions.fleet();
        agents = new ModelAgent[fleet.machines()];
        incarnations = new int[agents.length];
        for (int i = 0; i < agents.length; i++) {
            agents[i] = new ModelAgent(i, profile(i));
            machineOf.put(agents[i].key().id(), i);
        }
        up = agents.length;
        crew = new Crew(conditions, agents);
        layout = layout();
        limits = limits();
        machine = JobMachine.submitted(spec(), 1, limits, 0);
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
        endShortage();
        account.closeLife(end, machine.runningCategory(), BigInteger.ZERO);
        return outcome(end);
    }

    private Outcome outcome(long end) {
        return new Outcome(
                "copies",
                conditions.ranks(),
                end,
                account.totalNanos(),
                account.totals(),
                interruptions,
                failures,
                stepsLost,
                stateLosses,
                shortages,
                leastIdle == Integer.MAX_VALUE ? conditions.spares() : leastIdle,
                survives,
                survival == null ? Survival.UNKNOWN : survival,
                new Outcome.Phases(
                        phases[0], phases[1], phases[2], phases[3], phases[4], phases[5]),
                crew.clock().every(),
                account.timeline());
    }

    // ------------------------------------------------------------------ a job's life

    private JobSpec spec() {
        int ranks = conditions.ranks();
        return new JobSpec(
                "plan-" + life,
                "plan",
                new Mesh(conditions.replicas(), conditions.shards()),
                Long.MAX_VALUE / 4,
                1,
                "none",
                ranks,
                ranks,
                conditions.copies(),
                (int) Math.min(Integer.MAX_VALUE, crew.clock().every()),
                conditions.protectLevel(),
                60 * SECOND,
                "runtime",
                "runtime",
                "model",
                "{}");
    }

    private StateLayout layout() {
        int shards = conditions.shards();
        var begin = new ArrayList<Long>(shards + 1);
        for (long s = 0; s <= shards; s++) {
            begin.add(s);
        }
        return new StateLayout(
                shards,
                begin,
                Collections.nCopies(shards, conditions.stateBytes()),
                Collections.nCopies(shards, 0L),
                "plan",
                true);
    }

    /**
     * Production's limits, but for those that would break up quiet stretches: no coordinator fails
     * here, so the lease that credits cover may be as long as the run, and detail is settled every
     * few hours.
     */
    private JobLimits limits() {
        JobLimits usual = JobLimits.defaults();
        return new JobLimits(
                usual.fenceNanos(),
                usual.prepareNanos(),
                usual.settleNanos(),
                usual.admissionNanos(),
                Math.max(usual.workerRestartNanos(), costs.workerStartNanos() + SECOND),
                Math.max(usual.leaseNanos(), conditions.durationNanos()),
                usual.heartbeatNanos(),
                usual.finalNanos(),
                Math.max(TICK, 2 * (conditions.auditNanos() + costs.auditLagNanos())),
                usual.accusationNanos(),
                usual.retryNanos(),
                usual.reportNanos(),
                usual.firstReportEvery(),
                usual.minCredits(),
                usual.viewFailures(),
                usual.acknowledgeNanos());
    }

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
        stateLosses++;
        long reached = offset + machine.completedStep();
        long lost = Math.max(0, reached - exportedStep);
        stepsLost += lost;
        BigInteger lostNanos =
                BigInteger.valueOf(lost)
                        .multiply(BigInteger.valueOf(conditions.stepNanos()))
                        .multiply(BigInteger.valueOf(conditions.ranks()));
        account.closeLife(now, machine.runningCategory(), lostNanos);
        offset = Math.min(reached, exportedStep);
        long nextEpoch = machine.nextEpoch();
        life++;
        for (ModelAgent agent : agents) {
            agent.forgetOwn();
            agent.forgetCopies();
            agent.noLive();
            agent.rank = -1;
            agent.worker = false;
            agent.promised = 0;
            agent.preparedEpoch = 0;
        }
        machine = JobMachine.submitted(spec(), nextEpoch, limits, now);
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
        failures.merge(failure.component(), 1L, Long::sum);
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
        if (isMember(agent)) {
            pause(at);
        } else if (crew.running()) {
            crew.holderLost(at);
        }
        agent.up = false;
        up--;
        leastIdle = Math.min(leastIdle, up - conditions.ranks());
        String cause = failure.component();
        boolean keeps = failure.scope().memorySurvives();
        post(detectNanos, () -> tell(new JobEvent.AgentLost(agent.key(), cause, at)));
        post(Math.max(1, failure.repairNanos()), () -> comeBack(agent, keeps));
    }

    private void comeBack(ModelAgent former, boolean withArena) {
        int index = former.machine;
        if (agents[index] != former) {
            return;
        }
        incarnations[index]++;
        AgentProfile profile = profile(index);
        ModelAgent agent = withArena ? former.reborn(profile) : new ModelAgent(index, profile);
        agents[index] = agent;
        up++;
        if (!machine.phase().over()) {
            tell(
                    new JobEvent.AgentAttached(
                            profile,
                            agent.inventory(digests, conditions.stateBytes(), crew.floor())));
        }
    }

    private void workerDies(ModelAgent agent, Failure failure, long detectNanos, boolean hung) {
        if (!agent.worker) {
            return;
        }
        if (isMember(agent)) {
            pause(now);
        }
        agent.worker = false;
        agent.noLive();
        long epoch = agent.preparedEpoch;
        String cause = failure.component();
        post(detectNanos, () -> {
            if (agent.up) {
                tell(new JobEvent.WorkerLostReported(agent.key(), epoch, cause, hung));
            }
        });
    }

    private void corrupt(ModelAgent agent, Failure failure, long at) {
        if (!crew.running() || !isMember(agent)) {
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
        if (!isMember(agent)) {
            return;
        }
        pause(now);
        crew.backTo(epoch, step);
        agent.up = false;
        up--;
        leastIdle = Math.min(leastIdle, up - conditions.ranks());
        post(Math.max(1, failure.repairNanos()), () -> comeBack(agent, false));
        exportedStep = Math.min(exportedStep, offset + step);
        tell(
                new JobEvent.AgentLost(
                        agent.key(), "convicted of silent corruption by an audit", now));
    }

    private boolean isMember(ModelAgent agent) {
        return agent.rank >= 0 && crew.ranks()[agent.rank] == agent;
    }

    /** Steps stop now: all report the last step that was completed. */
    private void pause(long atNanos) {
        if (!crew.running()) {
            return;
        }
        long step = Math.min(granted, crew.reached(atNanos));
        export(atNanos);
        interruptions += atNanos < conditions.durationNanos() ? 1 : 0;
        long reportAt = Math.max(lastTold, Math.min(atNanos, crew.endOf(step)));
        crew.stop(step, atNanos);
        report(step, reportAt);
        account.sample(atNanos);
    }

    private long lastTold;

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
        ModelAgent[] ranks = crew.ranks();
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
                        from, step, elapsed, 0, 0, stalls, 0, step - from + 1, 0, 1f, digest,
                        newest, 0);
        List<StepRun> runs = List.of(run);
        long epoch = crew.epoch();
        for (int rank = 0; rank < ranks.length; rank++) {
            tellAt(
                    new JobEvent.ProgressReported(
                            ranks[rank].key(), new Progress(epoch, rank, runs, floor)),
                    atNanos);
        }
    }

    private long reported;

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
            case JobEffect.OfferJob offer -> offered(find(offer.agent()));
            case JobEffect.SendFence fence -> fenced(find(fence.agent()), fence.epoch());
            case JobEffect.SendPrepareView prepare -> prepare(prepare);
            case JobEffect.SendStartView start -> {
                granted = start.through();
                ModelAgent agent = find(start.agent());
                if (agent != null && agent.rank < 0) {
                    View view = machine.view();
                    agent.keepCopies(
                            crew.floor(), view == null ? Long.MAX_VALUE : view.baseStep());
                }
                startPending |= start.epoch() != crew.epoch();
            }
            case JobEffect.SendGrant grant -> granted = Math.max(granted, grant.through());
            case JobEffect.SendPlacement install -> placement(install.placement());
            case JobEffect.SendCollectFinal collect ->
                    throw new IllegalStateException("a plan's job has no last step: " + collect);
            case JobEffect.SendEndJob end -> {}
            case JobEffect.SendAcknowledge acknowledge -> {}
            case JobEffect.PersistView persist ->
                    postLife(
                            costs.persistNanos(),
                            new JobEvent.ViewPersisted(persist.view().epoch(), persist.state()));
            case JobEffect.PersistResult persist ->
                    postLife(costs.persistNanos(), new JobEvent.ResultPersisted());
            case JobEffect.SetTimer timer ->
                    postLife(
                            timer.delayNanos(),
                            new JobEvent.TimerFired(timer.kind(), timer.epoch()));
            case JobEffect.Publish publish -> heard(publish.event());
        }
    }

    private void postLife(long delayNanos, JobEvent event) {
        int ofLife = life;
        post(delayNanos, () -> {
            if (ofLife == life) {
                tell(event);
            }
        });
    }

    private @Nullable ModelAgent find(AgentKey key) {
        ModelAgent agent = agents[fleet.machineOf(key.id())];
        return agent.key().equals(key) ? agent : null;
    }

    // ------------------------------------------------------------------ agents

    private void offered(@Nullable ModelAgent agent) {
        if (agent == null || !agent.up || agent.loading) {
            return;
        }
        agent.loading = true;
        long delay =
                agent.worker
                        ? costs.fenceNanos()
                        : agent.preparedEpoch > 0 ? costs.workerStartNanos() : costs.joinNanos();
        post(delay, () -> {
            agent.loading = false;
            if (agent.up) {
                agent.worker = true;
                tell(new JobEvent.AgentReady(agent.key(), layout, delay, delay / 4));
            }
        });
    }

    private void fenced(@Nullable ModelAgent agent, long epoch) {
        if (agent == null || !agent.up || epoch < agent.promised) {
            return;
        }
        if (crew.running() && isMember(agent)) {
            throw new IllegalStateException("a running view was fenced without a failure");
        }
        agent.promised = epoch;
        post(costs.fenceNanos(), () -> {
            if (agent.up && agent.promised == epoch) {
                tell(
                        new JobEvent.InventoryReported(
                                agent.key(),
                                agent.inventory(
                                        digests, conditions.stateBytes(), crew.floor())));
            }
        });
    }

    private void prepare(JobEffect.SendPrepareView message) {
        ModelAgent agent = find(message.agent());
        if (agent == null || !agent.up || message.view().epoch() < agent.promised) {
            return;
        }
        long epoch = message.view().epoch();
        agent.promised = epoch;
        agent.preparedEpoch = epoch;
        RestoreSource source = message.source();
        if (message.rank() < 0 || source == null) {
            agent.rank = -1;
            agent.noLive();
            return;
        }
        agent.take(message.rank(), message.view().mesh().shardOf(message.rank()));
        long base = message.view().baseStep();
        switch (source) {
            case RestoreSource.Init init ->
                    restore(
                            agent,
                            epoch,
                            new StateName(epoch, 0, agent.shard),
                            Digest.NONE,
                            "init",
                            life == 0 ? conditions.loadNanos() : conditions.diskNanos());
            case RestoreSource.KeepLive keep ->
                    restore(agent, epoch, keep.state(), Digest.NONE, "live", 0);
            case RestoreSource.LoadLocal local ->
                    restore(
                            agent,
                            epoch,
                            local.state(),
                            digests.of(base),
                            "local",
                            conditions.loadNanos());
            case RestoreSource.PromoteCopy copy ->
                    restore(
                            agent,
                            epoch,
                            copy.state(),
                            digests.of(base),
                            "peer-copy",
                            conditions.loadNanos());
            case RestoreSource.Fetch fetch -> {
                if (donatedEpoch != epoch) {
                    donatedEpoch = epoch;
                    donated.clear();
                }
                int queue = donated.merge(fetch.donor().key(), 1, Integer::sum);
                restore(
                        agent,
                        epoch,
                        fetch.state(),
                        digests.of(base),
                        "fetched",
                        queue * conditions.fetchNanos());
            }
        }
    }

    private void restore(
            ModelAgent agent,
            long epoch,
            StateName name,
            Digest digest,
            String action,
            long movingNanos) {
        long nanos = costs.restoreNanos() + movingNanos;
        post(nanos, () -> {
            if (agent.up && agent.worker && agent.promised == epoch) {
                agent.live(name.epoch(), name.step());
                tell(
                        new JobEvent.ViewReadyReported(
                                agent.key(),
                                epoch,
                                name.step(),
                                digest,
                                action,
                                movingNanos == 0 ? 0 : conditions.stateBytes(),
                                nanos));
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
        crew.begin(view, placement, this::find, now + costs.resumeNanos());
        reported = view.baseStep();
        lastPlacementVersion = placement.version();
        placementEpoch = placement.epoch();
        if (survival == null) {
            survival = Survival.of(fleet, view, placement, machineOf);
        }
        endShortage();
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
        batches.post(Math.max(now, crew.endOf(step)), at -> {
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
            crew.placement(placement, this::find, now);
        }
    }

    private void endShortage() {
        if (shortSince >= 0) {
            shortages.add(new Outcome.Shortage(shortSince, now, shortBy));
            shortSince = -1;
            shortBy = 0;
        }
    }

    private void heard(CoordinatorEvent event) {
        switch (event) {
            case CoordinatorEvent.IncidentClosed closed -> {
                Incident.Phases spent = closed.incident().phases();
                phases[0]++;
                phases[1] += spent.detect();
                phases[2] += spent.fence();
                phases[3] += spent.decide();
                phases[4] += spent.restore();
                phases[5] += spent.resume();
                stepsLost += closed.incident().stepsLost();
            }
            case CoordinatorEvent.PlacementChanged changed -> {
                if (survives.isEmpty()) {
                    survives = changed.survives();
                }
            }
            case CoordinatorEvent.CapacityNeeded needed -> {
                if (life == 0 && machine.lineage().branches().isEmpty()) {
                    return;
                }
                if (shortSince < 0) {
                    shortSince = now;
                }
                shortBy = Math.max(shortBy, needed.slots());
            }
            case CoordinatorEvent.LeadershipGained _,
                    CoordinatorEvent.LeadershipLost _,
                    CoordinatorEvent.AgentAttached _,
                    CoordinatorEvent.AgentLost _,
                    CoordinatorEvent.AgentUnfit _,
                    CoordinatorEvent.JobSubmitted _,
                    CoordinatorEvent.JobQueued _,
                    CoordinatorEvent.JobWaiting _,
                    CoordinatorEvent.ViewActivated _,
                    CoordinatorEvent.StepsCompleted _,
                    CoordinatorEvent.IncidentProgressed _,
                    CoordinatorEvent.RolledBack _,
                    CoordinatorEvent.JobFinished _,
                    CoordinatorEvent.Gap _ -> {}
        }
    }

    private AgentProfile profile(int index) {
        return new AgentProfile(
                new AgentKey(fleet.name(index), String.format("%032x", incarnations[index])),
                new DataEndpoint(fleet.name(index), 7000),
                fleet.domain(index),
                conditions.memoryBytes());
    }
}
