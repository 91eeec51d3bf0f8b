package io.coxswain.coordinator.app;

import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.HandOverOutcome;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.job.JobEvent;
import io.coxswain.coordinator.core.liveness.IsolationRule;
import io.coxswain.coordinator.core.liveness.LivenessEffect;
import io.coxswain.coordinator.core.liveness.LivenessEvent;
import io.coxswain.coordinator.core.liveness.LivenessMachine;
import io.coxswain.coordinator.core.liveness.LostCause;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.JobSpec;

import org.jspecify.annotations.Nullable;

import java.util.Collection;
import java.util.List;
import java.util.Locale;

/**
 * The decision loop's logic without its thread: inputs and the time in, calls of ports out. The
 * same inputs at the same times give the same calls.
 *
 * <pre>
 *  STANDBY ── LeadershipGained ──► LEADING ── StoreSuspended ──► SUSPENDED (grants on, decides nothing)
 *     ▲                              │  ▲                           │  │
 *     └── LeadershipLost, refused ───┘  └────── StoreResumed ───────┘  │
 *         write, higher term true  ◄───────────────────────────────────┘      any ── Stop ──► STOPPED
 * </pre>
 *
 * <p>Confined to the thread that first calls it. A broken invariant leaves as an exception; the
 * object must not be used after one.
 */
public final class CoordinatorCore {
    private enum Standing {
        STANDBY,
        LEADING,
        SUSPENDED,
        STOPPED
    }

    private final CoordinatorSettings settings;
    private final AgentsPort agents;
    private final StorePort store;
    private final EventsPort events;
    private final LeadershipPort leadership;
    private final Roster roster = new Roster();
    private final JobDesk desk;
    private final Voices voices;
    private final MaintenanceDesk maintenance;
    private final TermDesk terms;
    private final RunContext context = new RunContext();
    private Standing standing = Standing.STANDBY;
    private LivenessMachine liveness;
    private StoreOutbox outbox;
    private long term;
    private int standbys;
    private long nowNanos;
    private final @Nullable PictureMaker pictures;
    private @Nullable Thread owner;

    /** A core that makes no pictures, as simulations have it. */
    public CoordinatorCore(
            CoordinatorSettings settings,
            AgentsPort agents,
            StorePort store,
            EventsPort events,
            LeadershipPort leadership) {
        this(settings, agents, store, events, leadership, null);
    }

    /**
     * Nothing happened yet.
     *
     * @param pictures where pictures of coordinator, job and agents go; null: none are made
     */
    public CoordinatorCore(
            CoordinatorSettings settings,
            AgentsPort agents,
            StorePort store,
            EventsPort events,
            LeadershipPort leadership,
            @Nullable PicturePort pictures) {
        this.settings = settings;
        this.agents = agents;
        this.store = store;
        this.events = events;
        this.leadership = leadership;
        this.liveness = new LivenessMachine(settings.livenessLimits());
        this.outbox = new StoreOutbox(store, settings.storeRetryNanos());
        this.desk = new JobDesk(settings, context);
        this.voices = new Voices(settings, context);
        this.maintenance = new MaintenanceDesk(settings, context, desk, roster);
        this.terms = new TermDesk(leadership, context);
        this.pictures =
                pictures == null
                        ? null
                        : new PictureMaker(
                                settings.coordinatorId(), pictures, desk, roster, maintenance);
    }

    /**
     * Takes one input.
     *
     * @param nowNanos monotonic, never earlier than before
     */
    public void on(CoordinatorInput input, long nowNanos) {
        confine(nowNanos);
        if (standing == Standing.STOPPED) {
            return;
        }
        switch (input) {
            case CoordinatorInput.AgentAttached attached -> attached(attached);
            case CoordinatorInput.AgentSaid said -> said(said);
            case CoordinatorInput.StreamClosed closed -> streamClosed(closed.stream());
            case CoordinatorInput.DialAnswered answered ->
                    judge(
                            new LivenessEvent.DialEnded(
                                    answered.agent(), answered.dial(), answered.result()));
            case CoordinatorInput.AgentRegistered(AgentKey agent) ->
                    judge(new LivenessEvent.RegistrationSeen(agent));
            case CoordinatorInput.AgentUnregistered(AgentKey agent) ->
                    judge(new LivenessEvent.RegistrationGone(agent));
            case CoordinatorInput.StoreAnswered answered -> {
                if (!outbox.answered(answered.writeId(), answered.outcome(), nowNanos)) {
                    stepDown("the store refused a write: " + answered.detail(), true);
                }
            }
            case CoordinatorInput.LeadershipGained gained -> gained(gained);
            case CoordinatorInput.StoreSuspended _ -> {
                if (standing == Standing.LEADING) {
                    standing = Standing.SUSPENDED;
                    desk.suspend();
                }
            }
            case CoordinatorInput.StoreResumed() -> {
                if (standing == Standing.SUSPENDED) {
                    standing = Standing.LEADING;
                    outbox.resumed();
                    desk.resume();
                }
            }
            case CoordinatorInput.TermAnswered told ->
                    terms.answered(told.question(), told.verdict());
            case CoordinatorInput.StandbysSeen(int others) -> standbys = others;
            case CoordinatorInput.LeadershipLost(String reason) -> stepDown(reason, false);
            case CoordinatorInput.Submit submit -> desk.submit(submit, leads());
            case CoordinatorInput.Cancel cancel -> desk.cancel(cancel, leads());
            case CoordinatorInput.Pause pause -> desk.pauses().pause(pause, leads());
            case CoordinatorInput.Resume resume -> desk.pauses().resume(resume, leads());
            case CoordinatorInput.Maintain said ->
                    maintenance.take(said, leads(), standing == Standing.SUSPENDED);
            case CoordinatorInput.HandOver(var answer) -> answer.accept(handOver());
            case CoordinatorInput.AwaitResult await -> desk.awaitResult(await, leads());
            case CoordinatorInput.Look look -> voices.look(look, leads());
            case CoordinatorInput.Explain explain -> voices.explain(explain, leads());
            case CoordinatorInput.AskIncidents(String jobId, var answer) ->
                    answer.accept(desk.incidents(jobId));
            case CoordinatorInput.AskStatus(var answer) -> answer.accept(status());
            case CoordinatorInput.Stop(String reason) -> stop(reason);
        }
        desk.settle();
        maintenance.settle();
        touched();
    }

    private void touched() {
        if (pictures != null && standing != Standing.STOPPED) {
            pictures.touched(standing.name().toLowerCase(Locale.ROOT), term, nowNanos);
        }
    }

    /** Does what is due. Harmless at any time. */
    public void advance(long nowNanos) {
        confine(nowNanos);
        if (leads() && liveness.nextDeadlineNanos() <= nowNanos) {
            judge(new LivenessEvent.DeadlineReached());
        }
        terms.advance(nowNanos);
        if (leads()) {
            outbox.advance(nowNanos);
            voices.advance(nowNanos);
            desk.advance();
            desk.settle();
            maintenance.settle();
        }
        if (pictures != null && standing != Standing.STOPPED) {
            touched();
            pictures.advance(term, this.nowNanos);
        }
    }

    /**
     * When {@link #advance} is to be called next; {@link Long#MAX_VALUE} when only inputs matter.
     */
    public long nextDeadlineNanos() {
        long picture =
                pictures == null || standing == Standing.STOPPED
                        ? Long.MAX_VALUE
                        : pictures.nextDeadlineNanos();
        return leads()
                ? Math.min(
                        Math.min(
                                terms.nextDeadlineNanos(),
                                Math.min(liveness.nextDeadlineNanos(), picture)),
                        Math.min(
                                voices.nextDeadlineNanos(),
                                Math.min(outbox.nextDeadlineNanos(), desk.nextDeadlineNanos())))
                : picture;
    }

    /** A few numbers for meters. */
    public Vitals vitals() {
        JobRun run = desk.run();
        return new Vitals(
                leads() ? term : 0,
                roster.size(),
                run == null ? 0 : run.completedStep(),
                run == null ? 0 : run.goodputRatio(),
                run == null ? 0 : run.incidents(),
                desk.waiting());
    }

    private void confine(long now) {
        Thread current = Thread.currentThread();
        if (owner == null) {
            owner = current;
        } else if (!owner.equals(current)) {
            throw new IllegalStateException(
                    "the decision loop belongs to " + owner + " and was called by " + current);
        }
        nowNanos = Math.max(nowNanos, now);
    }

    private boolean leads() {
        return standing == Standing.LEADING || standing == Standing.SUSPENDED;
    }

    // ------------------------------------------------------------------ leadership

    private void gained(CoordinatorInput.LeadershipGained gained) {
        if (leads()) {
            forget();
        }
        standing = Standing.LEADING;
        term = gained.term();
        liveness = new LivenessMachine(settings.livenessLimits());
        outbox = new StoreOutbox(store, settings.storeRetryNanos());
        terms.begin(term);
        publish(new CoordinatorEvent.LeadershipGained(term), "", 0, 0);
        maintenance.load(gained.setAside());
        desk.adopt(gained.jobs());
    }

    private void stepDown(String reason, boolean resign) {
        if (!leads()) {
            return;
        }
        publish(new CoordinatorEvent.LeadershipLost(term, reason), "", 0, 0);
        for (Roster.Entry entry : List.copyOf(roster.all())) {
            agents.reject(
                    entry.stream,
                    term,
                    "coordinator " + settings.coordinatorId() + " does not lead any more",
                    true);
        }
        forget();
        standing = Standing.STANDBY;
        if (resign) {
            leadership.resign(reason);
        }
    }

    private HandOverOutcome handOver() {
        if (standing != Standing.LEADING) {
            return new HandOverOutcome.Refused(
                    leads()
                            ? "ZooKeeper is out of reach: nobody could take the lead"
                            : "coordinator " + settings.coordinatorId() + " does not lead");
        }
        stepDown("it was handed over on request", true);
        return new HandOverOutcome.HandedOver(term);
    }

    // No timer, write or member of a term outlives it.
    private void forget() {
        terms.end();
        roster.clear();
        desk.clear();
        maintenance.clear();
        voices.clear();
        if (pictures != null) {
            pictures.forget();
        }
        liveness = new LivenessMachine(settings.livenessLimits());
        outbox = new StoreOutbox(store, settings.storeRetryNanos());
    }

    private void stop(String reason) {
        if (leads()) {
            publish(new CoordinatorEvent.LeadershipLost(term, reason), "", 0, 0);
        }
        for (Roster.Entry entry : List.copyOf(roster.all())) {
            agents.close(entry.stream, reason);
        }
        if (pictures != null) {
            pictures.touched("stopped", term, nowNanos);
            pictures.make(term, nowNanos);
        }
        desk.stop();
        forget();
        standing = Standing.STOPPED;
    }

    private boolean doubted(long stream, AgentKey agent, long termSeen) {
        return terms.doubts(stream, agent, termSeen, standing == Standing.LEADING);
    }

    // ------------------------------------------------------------------ agents

    private void attached(CoordinatorInput.AgentAttached attached) {
        AgentProfile profile = attached.agent();
        AgentKey key = profile.key();
        if (!leads()) {
            agents.reject(
                    attached.stream(),
                    0,
                    "coordinator "
                            + settings.coordinatorId()
                            + " does not lead: look up /controller/leader again",
                    true);
            return;
        }
        if (doubted(attached.stream(), key, attached.termSeen())) {
            return;
        }
        judge(new LivenessEvent.StreamOpened(key, attached.stream()));
        boolean known = roster.of(key) != null;
        long before = roster.attach(profile, attached.stream());
        if (before != 0) {
            agents.close(before, "agent " + key + " opened another stream");
        }
        Roster.Entry entry = roster.of(key);
        if (entry != null) {
            entry.process = attached.process();
            voices.saw(key, attached.process());
        }
        agents.welcome(
                attached.stream(),
                term,
                settings.jobLimits().heartbeatNanos(),
                settings.jobLimits().leaseNanos());
        if (!known) {
            publish(
                    new CoordinatorEvent.AgentAttached(
                            key.id(), key.incarnation(), profile.domain().toString()),
                    "",
                    0,
                    0);
        }
        JobSpec current = desk.current();
        boolean ofJob = current != null && current.jobId().equals(attached.jobId());
        if (!attached.jobId().isEmpty() && !ofJob) {
            agents.endJob(
                    attached.stream(),
                    term,
                    attached.jobId(),
                    "job " + attached.jobId() + " does not run any more");
        }
        desk.attached(attached);
        maintenance.attached();
    }

    private void said(CoordinatorInput.AgentSaid said) {
        Roster.Entry entry = roster.byStream(said.stream());
        if (entry == null || !leads()) {
            if (pictures != null && leads()) {
                pictures.fenced();
            }
            return;
        }
        AgentKey key = entry.profile.key();
        if (doubted(said.stream(), key, said.termSeen())) {
            judge(new LivenessEvent.Heard(key, said.stream()));
            return;
        }
        judge(
                said.word() instanceof AgentWord.Heartbeat beat
                        ? new LivenessEvent.Beat(
                                key, said.stream(), beat.sequence(), beat.answered())
                        : new LivenessEvent.Heard(key, said.stream()));
        if (roster.byStream(said.stream()) == null) {
            return;
        }
        JobRun run = desk.run();
        switch (said.word()) {
            case AgentWord.Heartbeat beat -> {
                entry.beat = beat;
                entry.doing = beat.doing();
                agents.heartbeatReply(
                        said.stream(),
                        term,
                        beat.sequence(),
                        run == null ? 0 : run.jobTimeNanos(nowNanos));
                if (run != null) {
                    run.heartbeat(key, beat, nowNanos);
                } else {
                    desk.timeTold(key, beat.jobTimeNanos());
                }
            }
            case AgentWord.ForJob(String jobId, JobEvent event) -> desk.heard(jobId, event);
            case AgentWord.AskedKeyValue(String jobId, var ask) -> desk.asked(jobId, key, ask);
            case AgentWord.ForgotKeyValue forgotten -> {
                if (run != null && run.jobId().equals(forgotten.jobId())) {
                    run.keyValues().forgotten(key, forgotten);
                }
            }
            case AgentWord.FromProgram(ProgramWord word) -> voices.said(key, word);
            case AgentWord.Unknown _ -> {
                // Counted where it came in.
            }
            case AgentWord.Noticed notice -> maintenance.noticed(key, said.stream(), notice);
            case AgentWord.Leaving(String reason) ->
                    judge(new LivenessEvent.Leaving(key, said.stream(), reason));
        }
    }

    private void streamClosed(long stream) {
        Roster.Entry entry = roster.byStream(stream);
        if (entry != null) {
            entry.streaming = false;
            voices.streamGone(stream);
            judge(new LivenessEvent.StreamBroken(entry.profile.key(), stream));
        }
    }

    private void judge(LivenessEvent event) {
        for (LivenessEffect effect : liveness.apply(event, nowNanos)) {
            switch (effect) {
                case LivenessEffect.Dial(AgentKey agent, long dial) -> {
                    Roster.Entry entry = roster.of(agent);
                    if (entry != null) {
                        agents.dial(entry.profile, dial);
                    }
                }
                case LivenessEffect.Suspect(AgentKey agent, long _) -> suspect(agent, true);
                case LivenessEffect.Cleared(AgentKey agent) -> suspect(agent, false);
                case LivenessEffect.DeclareLost lost -> declareLost(lost);
            }
        }
    }

    private void suspect(AgentKey agent, boolean suspect) {
        Roster.Entry entry = roster.of(agent);
        if (entry != null) {
            entry.suspect = suspect;
        }
    }

    private void declareLost(LivenessEffect.DeclareLost lost) {
        AgentKey key = lost.agent();
        Roster.Entry entry = roster.remove(key);
        if (entry == null) {
            return;
        }
        voices.streamGone(entry.stream);
        String cause = lost.cause().text();
        agents.close(entry.stream, "agent " + key + " was declared lost: " + cause);
        publish(new CoordinatorEvent.AgentLost(key.id(), key.incarnation(), cause), "", 0, 0);
        if (standing == Standing.LEADING
                && desk.current() != null
                && IsolationRule.givesUp(roster.size(), lost.cause(), standbys)) {
            stepDown("no agent is heard any more, and another coordinator stands by", true);
            return;
        }
        boolean planned = lost.cause() instanceof LostCause.Left;
        maintenance.lost(key);
        desk.lost(new JobEvent.AgentLost(key, cause, lost.lastSignNanos(), planned));
    }

    // ------------------------------------------------------------------ status, events

    private CoordinatorStatus status() {
        JobRun run = desk.run();
        return new CoordinatorStatus(
                settings.coordinatorId(),
                leads() ? term : 0,
                leads(),
                desk.statuses(),
                roster.all().stream().map(entry -> entry.status(run, maintenance)).toList(),
                maintenance.all(),
                leads() ? desk.history().told() : CoordinatorStatus.History.NONE,
                standing == Standing.SUSPENDED);
    }

    private void publish(CoordinatorEvent event, String jobId, long epoch, long step) {
        events.publish(event, nowNanos, term, jobId, epoch, step);
    }

    private final class RunContext implements JobRun.Context, Voices.Around, TermDesk.Around {
        @Override
        public void refuse(long stream, String reason, boolean retry) {
            agents.reject(stream, term, reason, retry);
            streamClosed(stream);
        }

        @Override
        public void resign(String reason) {
            stepDown(reason, true);
        }

        @Override
        public @Nullable JobRun run() {
            return desk.run();
        }

        @Override
        public Roster.@Nullable Entry named(String agentId) {
            return roster.named(agentId);
        }

        @Override
        public void lookAt(AgentKey agent, long step, String reason) {
            voices.lookAt(agent, step, reason);
        }

        @Override
        public Said said(JobSpec job) {
            return voices.of(job);
        }

        @Override
        public AgentsPort agents() {
            return agents;
        }

        @Override
        public long streamOf(AgentKey agent) {
            Roster.Entry entry = roster.of(agent);
            return entry == null ? 0 : entry.stream;
        }

        @Override
        public Collection<AgentProfile> attached() {
            return roster.all().stream().map(entry -> entry.profile).toList();
        }

        @Override
        public void persist(StoreRecord record, Runnable onDurable) {
            outbox.put(record, onDurable);
        }

        @Override
        public void publish(CoordinatorEvent event, String jobId, long epoch, long step) {
            CoordinatorCore.this.publish(event, jobId, epoch, step);
        }

        @Override
        public long term() {
            return term;
        }

        @Override
        public long nowNanos() {
            return nowNanos;
        }

        @Override
        public boolean wantsPictures() {
            return pictures != null;
        }

        @Override
        public String traceId(String jobId, int incident) {
            return pictures == null ? "" : pictures.traceId(jobId, incident);
        }

        @Override
        public long wallMillis(long atNanos) {
            return pictures == null ? 0 : pictures.wallMillis(nowNanos).applyAsLong(atNanos);
        }

        @Override
        public MaintenanceDesk maintenance() {
            return maintenance;
        }

        @Override
        public void over(JobRun run) {
            if (pictures != null) {
                pictures.over(run, nowNanos);
            }
        }
    }
}
