package io.coxswain.coordinator.app;

import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.JobIncidents;
import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.job.FoundJob;
import io.coxswain.coordinator.core.job.JobEffect;
import io.coxswain.coordinator.core.job.JobEvent;
import io.coxswain.coordinator.core.job.JobMachine;
import io.coxswain.coordinator.core.job.JobResult;
import io.coxswain.coordinator.core.job.Transition;
import io.coxswain.coordinator.core.ledger.GoodputLedger;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.View;

import org.jspecify.annotations.Nullable;

import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;

/**
 * The running job: its machine, ledger and timers, and the carrying out of what the machine asks
 * for. Owned by the decision loop.
 *
 * <p>While the store is out of reach only what keeps the active view stepping is let through;
 * everything else waits, in order, until the store is back.
 */
final class JobRun {
    private final JobSpec spec;
    private final long order;
    private final long startedNanos;
    private final CoordinatorSettings settings;
    private final Context context;
    private final JobMachine machine;
    private final GoodputLedger ledger;

    /** Null where no pictures are made, as in simulations. */
    private final @Nullable RunFigures figures;

    private final @Nullable JobPictures pictures;
    private final Timers timers = new Timers();
    private final KeyValueDesk keyValues;
    private final ProgramDesk programs;
    private final HangEar hangs;
    private final IncidentBook incidents = new IncidentBook();
    private final ArrayDeque<JobEvent> deferred = new ArrayDeque<>();
    private final AgentFitness fitness = new AgentFitness();
    private boolean suspended;
    private long suspendedNanos;
    private long steppedNanos;
    private long reportedNanos;
    private @Nullable View view;
    private float loss;
    private String waitingFor = "";
    private @Nullable JobReport report;
    private String endReason = "";
    private final AccountKeeper accounts;

    /** What a run needs of the loop around it. */
    interface Context {
        AgentsPort agents();

        /** The stream of an agent, or 0 when it has none. */
        long streamOf(AgentKey agent);

        /** The profiles of all attached agents. */
        Collection<AgentProfile> attached();

        /** Has an agent tell what its worker does, as evidence. */
        void lookAt(AgentKey agent, long step, String reason);

        /** Where what the job's program says is kept. */
        Said said(JobSpec job);

        void persist(StoreRecord record, Runnable onDurable);

        void publish(CoordinatorEvent event, String jobId, long epoch, long step);

        long term();

        /** The time of the input being handled. */
        long nowNanos();

        /** Somebody looks at pictures of the run. */
        boolean wantsPictures();

        /** The trace of an incident; empty: none. */
        String traceId(String jobId, int incident);

        /** The wall time of an instant of the loop's clock; 0 where nobody tells. */
        long wallMillis(long atNanos);

        /** What is to become of agents, and how far that is. */
        MaintenanceDesk maintenance();

        /** That run is over. */
        void over(JobRun run);
    }

    JobRun(
            JobSpec spec,
            long order,
            CoordinatorSettings settings,
            Context context,
            JobMachine machine,
            long nowNanos) {
        this.spec = spec;
        this.order = order;
        this.startedNanos = machine.openedNanos();
        this.settings = settings;
        this.context = context;
        this.keyValues = new KeyValueDesk(spec.jobId(), context);
        this.programs = new ProgramDesk(this, context, context.said(spec));
        this.hangs = new HangEar(context);
        this.machine = machine;
        if (context.wantsPictures()) {
            ledger = GoodputLedger.withHistory();
            figures = new RunFigures(spec, ledger);
            pictures = new JobPictures(this, spec, machine, ledger, figures);
        } else {
            ledger = new GoodputLedger();
            figures = null;
            pictures = null;
        }
        this.accounts = new AccountKeeper(this, ledger, incidents, settings, context, nowNanos);
    }

    /** What another leader left, before anything else. */
    void inherit(FoundJob found) {
        for (Incident former : found.account().incidents()) {
            Incident over = former.over();
            incidents.put(over);
            if (figures != null) {
                figures.inherited(over, startedNanos + over.beganNanos());
            }
        }
        view = found.view();
        if (view != null) {
            keyValues.open(view.epoch());
        }
    }

    JobSpec spec() {
        return spec;
    }

    String jobId() {
        return spec.jobId();
    }

    long order() {
        return order;
    }

    long epoch() {
        return view == null ? 0 : view.epoch();
    }

    long completedStep() {
        return machine.completedStep();
    }

    double goodputRatio() {
        return ledger.ratio();
    }

    int incidents() {
        return incidents.count();
    }

    /** What interrupted the job, to be put in words off the loop. */
    Supplier<JobIncidents> incidentReports() {
        return Reports.incidents(jobId(), incidents, context.wallMillis(startedNanos));
    }

    // The machine keeps no account: what it costs is the ledger's word.
    private Incident keep(Incident incident, long nowNanos) {
        Incident priced = incident;
        if (figures != null) {
            BigInteger loss = JobPictures.loss(OpenTimeRule.totals(machine, ledger, nowNanos));
            priced = incident.withCost(figures.cost(incident.id(), loss));
        }
        incidents.put(priced);
        return priced;
    }

    String traceId(int incident) {
        return context.traceId(jobId(), incident);
    }

    /** Time of the job: the loop's clock since the job began, here or under another leader. */
    long jobTimeNanos(long nowNanos) {
        return nowNanos - startedNanos;
    }

    boolean over() {
        return machine.phase().over();
    }

    KeyValueDesk keyValues() {
        return keyValues;
    }

    @Nullable JobReport report() {
        return report;
    }

    String endReason() {
        return endReason;
    }

    /** Tells the machine, or keeps it for later while the store is out of reach. */
    void feed(JobEvent event, long nowNanos) {
        fitness.heard(event);
        if (suspended && !StatusPhases.isHarmless(event)) {
            deferred.addLast(event);
        } else {
            step(event, nowNanos);
        }
    }

    /**
     * What an agent says that it does. While the store is out of reach nothing follows from it: no
     * view could be planned.
     */
    void heartbeat(AgentKey agent, AgentWord.Heartbeat beat, long nowNanos) {
        JobEvent.HangSuspected hang =
                suspended ? null : hangs.heard(machine, agent, beat, nowNanos);
        if (hang != null) {
            feed(hang, nowNanos);
        }
    }

    ProgramDesk programs() {
        return programs;
    }

    @Nullable View view() {
        return view;
    }

    void suspend() {
        suspended = true;
        suspendedNanos = context.nowNanos();
        step(new JobEvent.StoreReachable(false), suspendedNanos);
    }

    void resume(long nowNanos) {
        suspended = false;
        step(new JobEvent.StoreReachable(true), nowNanos);
        // Words before timers: who came back while nothing could be decided is not given up for a
        // wait that ended meanwhile. What the words made of it, a timer's epoch and phase tell.
        var due = new ArrayDeque<JobEvent>();
        while (!deferred.isEmpty() && !over()) {
            JobEvent event = deferred.removeFirst();
            if (event instanceof JobEvent.TimerFired) {
                due.addLast(event);
            } else {
                step(event, nowNanos);
            }
        }
        while (!due.isEmpty() && !over()) {
            step(due.removeFirst(), nowNanos);
        }
    }

    /** It is over: who attached while nothing was decided hears so, and frees what it holds. */
    void farewell(long nowNanos) {
        while (!deferred.isEmpty()) {
            JobEvent event = deferred.removeFirst();
            if (event instanceof JobEvent.AgentAttached) {
                step(event, nowNanos);
            }
        }
    }

    void advance(long nowNanos) {
        for (Timers.Due due : timers.take(nowNanos)) {
            feed(new JobEvent.TimerFired(due.kind(), due.epoch()), nowNanos);
        }
        accounts.advance(nowNanos);
    }

    long nextDeadlineNanos() {
        return Math.min(timers.nextDeadlineNanos(), accounts.nextDeadlineNanos());
    }

    /** Once, before anything else: opens the account and says what is needed. */
    void open(long nowNanos) {
        Transition opening = machine.opening();
        // What another leader booked is no cost of what is open now.
        opening.ledger().forEach(ledger::apply);
        apply(new Transition(opening.effects(), List.of()), nowNanos);
        step(new JobEvent.MaintenanceOrdered(context.maintenance().orders(), true), nowNanos);
        if (!over() && report == null) {
            accounts.write(nowNanos);
        }
    }

    private void step(JobEvent event, long nowNanos) {
        if (figures != null) {
            figures.told(event);
        }
        apply(machine.step(event, nowNanos), nowNanos);
    }

    private void apply(Transition transition, long nowNanos) {
        if (figures != null) {
            figures.before(transition);
        }
        transition.ledger().forEach(ledger::apply);
        for (JobEffect effect : transition.effects()) {
            carryOut(effect, nowNanos);
        }
    }

    private void carryOut(JobEffect effect, long nowNanos) {
        long term = context.term();
        AgentsPort agents = context.agents();
        switch (effect) {
            case JobEffect.OfferJob(AgentKey agent) -> {
                agents.offerJob(context.streamOf(agent), term, spec);
                agents.heartbeatReply(
                        context.streamOf(agent), term, 0, Math.max(1, jobTimeNanos(nowNanos)));
            }
            case JobEffect.SendFence fence -> {
                keyValues.fence(fence.epoch());
                agents.fence(context.streamOf(fence.agent()), term, jobId(), fence);
            }
            case JobEffect.SendPrepareView prepare ->
                    agents.prepareView(context.streamOf(prepare.agent()), term, jobId(), prepare);
            case JobEffect.SendStartView start ->
                    agents.startView(context.streamOf(start.agent()), term, jobId(), start);
            case JobEffect.SendGrant grant ->
                    agents.grant(context.streamOf(grant.agent()), term, jobId(), grant);
            case JobEffect.SendPlacement placement ->
                    agents.placement(context.streamOf(placement.agent()), term, jobId(), placement);
            case JobEffect.SendCollectFinal collect ->
                    agents.collectFinal(context.streamOf(collect.agent()), term, jobId(), collect);
            case JobEffect.SendEndJob(AgentKey agent, String reason) ->
                    agents.endJob(context.streamOf(agent), term, jobId(), reason);
            case JobEffect.SendAcknowledge acknowledge ->
                    agents.acknowledge(
                            context.streamOf(acknowledge.agent()), term, jobId(), acknowledge);
            case JobEffect.PersistView persist -> persistView(persist);
            case JobEffect.PersistPause pause ->
                    context.persist(
                            StatusPhases.record(jobId(), pause),
                            durable(new JobEvent.PausePersisted(pause.serial())));
            case JobEffect.PersistResult(JobResult result) -> persistResult(result, nowNanos);
            case JobEffect.SendHalt halt ->
                    agents.halt(context.streamOf(halt.agent()), term, jobId(), halt);
            case JobEffect.ReportMaintenance report -> context.maintenance().reported(report);
            case JobEffect.SetTimer timer ->
                    timers.set(timer.kind(), timer.epoch(), nowNanos + timer.delayNanos());
            case JobEffect.Publish(CoordinatorEvent event) -> publish(event, nowNanos);
        }
    }

    private void persistView(JobEffect.PersistView persist) {
        view = persist.view();
        if (persist.state() == JobEffect.ViewState.PREPARING) {
            keyValues.open(persist.view().epoch());
        }
        context.persist(
                new StoreRecord.ViewRecord(
                        jobId(),
                        persist.state(),
                        persist.view(),
                        persist.placement(),
                        persist.lineage()),
                durable(new JobEvent.ViewPersisted(persist.view().epoch(), persist.state())));
    }

    /** Tells the machine so, unless the job is over by then. */
    Runnable durable(JobEvent event) {
        return () -> {
            if (!over()) {
                feed(event, context.nowNanos());
            }
        };
    }

    private void persistResult(JobResult result, long nowNanos) {
        // One that is not over ends with the job: how far it got is told.
        for (Incident incident : machine.incidents()) {
            if (!incident.closed()) {
                keep(incident, nowNanos);
            }
        }
        JobReport finished =
                programs.withSaid(
                        Reports.report(
                                jobId(),
                                result,
                                OpenTimeRule.totals(machine, ledger, nowNanos),
                                incidents.values(),
                                settings.environment(),
                                context.wallMillis(startedNanos),
                                pictures == null
                                        ? null
                                        : pictures.picture(nowNanos, context::wallMillis)));
        report = finished;
        reportedNanos = nowNanos;
        endReason = result.reason();
        accounts.close();
        context.persist(
                new StoreRecord.Result(
                        jobId(), result.completed(), result.reason(), Reports.stored(finished)),
                () -> feed(new JobEvent.ResultPersisted(), context.nowNanos()));
    }

    private void publish(CoordinatorEvent event, long nowNanos) {
        CoordinatorEvent told = event;
        boolean account = false;
        Incident news = null;
        if (figures != null) {
            figures.published(event, machine, nowNanos);
        }
        switch (event) {
            case CoordinatorEvent.StepsCompleted steps -> {
                loss = steps.loss();
                steppedNanos = nowNanos;
                waitingFor = "";
                // The machine books, it keeps no account: the ratio is the ledger's.
                told = steps.withGoodputRatio(ledger.ratio());
                account = accounts.stepped(steps.protectedStep());
            }
            case CoordinatorEvent.ViewActivated _ -> {
                waitingFor = "";
                account = true;
            }
            case CoordinatorEvent.IncidentProgressed progressed -> {
                news = progressed.incident();
                told =
                        new CoordinatorEvent.IncidentProgressed(
                                progressed.job(),
                                keep(progressed.incident(), nowNanos),
                                progressed.phase(),
                                progressed.reason());
            }
            case CoordinatorEvent.IncidentClosed closed -> {
                news = closed.incident();
                told =
                        new CoordinatorEvent.IncidentClosed(
                                closed.job(), keep(closed.incident(), nowNanos));
                account = true;
            }
            case CoordinatorEvent.JobWaiting(String _, String reason) -> waitingFor = reason;
            case CoordinatorEvent.JobPaused _, CoordinatorEvent.JobResumed _ -> {
                // No step is missed by anybody while none is made.
                steppedNanos = nowNanos;
                account = true;
            }
            case CoordinatorEvent.LeadershipGained _,
                    CoordinatorEvent.LeadershipLost _,
                    CoordinatorEvent.AgentAttached _,
                    CoordinatorEvent.AgentLost _,
                    CoordinatorEvent.AgentUnfit _,
                    CoordinatorEvent.MaintenanceChanged _,
                    CoordinatorEvent.TermClaimed _,
                    CoordinatorEvent.JobSubmitted _,
                    CoordinatorEvent.JobQueued _,
                    CoordinatorEvent.CapacityNeeded _,
                    CoordinatorEvent.MetricsReported _,
                    CoordinatorEvent.ExportFailed _,
                    CoordinatorEvent.EvidenceTaken _,
                    CoordinatorEvent.PlacementChanged _,
                    CoordinatorEvent.SnapshotIntervalChosen _,
                    CoordinatorEvent.JobTakenOver _,
                    CoordinatorEvent.RolledBack _,
                    CoordinatorEvent.JobFinished _,
                    CoordinatorEvent.Gap _ -> {}
        }
        context.publish(told, jobId(), epoch(), completedStep());
        if (news != null) {
            programs.told(news, nowNanos);
        }
        if (account && report == null) {
            accounts.write(nowNanos);
        }
    }

    /** For the status: what that agent is to this job. */
    String stateOf(AgentKey agent) {
        if (fitness.isUnfit(agent)) {
            return "unfit";
        }
        if (rankOf(agent) >= 0) {
            return "ranked";
        }
        if (!fitness.isReady(agent)) {
            return "attached";
        }
        return view == null ? "ready" : "spare";
    }

    String detailOf(AgentKey agent) {
        return fitness.whyUnfit(agent);
    }

    int rankOf(AgentKey agent) {
        return view == null ? -1 : view.rankOf(agent);
    }

    CoordinatorStatus.Job status() {
        return new CoordinatorStatus.Job(
                jobId(),
                spec.name(),
                phase(),
                detail(),
                epoch(),
                machine.completedStep(),
                machine.protectedStep(),
                spec.steps(),
                loss,
                ledger.ratio(),
                incidents(),
                over() && report != null ? report.toJson() : "",
                JobSecrets.shown(spec.labels()),
                spec.batch(),
                programs.metrics().values(),
                programs.metrics().step(),
                programs.exports().warnings());
    }

    // ------------------------------------------------------------------ for pictures

    @Nullable JobPictures pictures() {
        return pictures;
    }

    @Nullable RunFigures figures() {
        return figures;
    }

    JobMachine machine() {
        return machine;
    }

    /** What it waits for, or why it ended. */
    String detail() {
        return over() ? endReason : StatusPhases.detail(machine, waitingFor, context.nowNanos());
    }

    float loss() {
        return loss;
    }

    long startedNanos() {
        return startedNanos;
    }

    /** When a step was last completed. */
    long steppedNanos() {
        return steppedNanos;
    }

    /** When the store went out of reach. */
    long suspendedNanos() {
        return suspendedNanos;
    }

    /** Up to when the account goes: the report's account stands. */
    long accountedNanos(long nowNanos) {
        return report == null ? nowNanos : reportedNanos;
    }

    Collection<Incident> allIncidents() {
        return incidents.values();
    }

    CoordinatorStatus.JobPhase phase() {
        return StatusPhases.of(machine, view);
    }
}
