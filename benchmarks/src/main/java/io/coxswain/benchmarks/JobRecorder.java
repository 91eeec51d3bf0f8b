package io.coxswain.benchmarks;

import io.coxswain.coordinator.core.job.JobEffect;
import io.coxswain.coordinator.core.job.JobEvent;
import io.coxswain.coordinator.core.job.JobLimits;
import io.coxswain.coordinator.core.job.JobMachine;
import io.coxswain.coordinator.core.job.JobPhase;
import io.coxswain.coordinator.core.job.Transition;
import io.coxswain.coordinator.core.ledger.LedgerEntry;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.CopyDuty;
import io.coxswain.coordinator.core.model.DataEndpoint;
import io.coxswain.coordinator.core.model.Digest;
import io.coxswain.coordinator.core.model.FailureDomain;
import io.coxswain.coordinator.core.model.HeldState;
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
import io.coxswain.coordinator.core.placement.PlacementProblem;
import io.coxswain.coordinator.core.recovery.Candidate;
import io.coxswain.coordinator.core.recovery.RecoveryProblem;
import io.coxswain.coordinator.core.view.SampleCountRule;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;

/**
 * Plays agents, store and timers for one job's machine under a virtual clock, and writes down what
 * the machine is told. Each effect is answered as production answers it: a fence with an inventory
 * that carries the steps not yet reported, {@code PrepareView} with {@code ViewReady}, a view
 * record with its durability, a timer with its instant. Every rank reports each {@code reportEvery}
 * steps of its plan, and holders tell of a shard's copies once a second. Heartbeats are not among
 * the events: they end before the machine.
 *
 * <p>Steps take 10 ms, so that with production's limits a rank reports 10 times a second. Half of
 * the copies asked for are data-parallel replicas, the others go to peers. Deterministic, one
 * thread.
 */
final class JobRecorder {
    private static final long MILLI = 1_000_000L;
    private static final long STEP = 10 * MILLI;
    private static final long WIRE = MILLI / 5;
    private static final long STORE = 3 * MILLI;
    private static final long LOAD = 300 * MILLI;
    private static final long RESTORE = 20 * MILLI;
    private static final long COPY = 4 * MILLI;
    private static final long COPY_TOLD = 1_000 * MILLI;
    private static final long DETECTION = 30 * MILLI;
    private static final long RESTART = 500 * MILLI;
    private static final long SUBMITTED = 1_000 * MILLI;
    private static final long STATE_BYTES = 1L << 20;
    private static final int BATCH_PER_RANK = 32;

    private record Due(long atNanos, long order, Runnable what) {}

    private final JobSpec spec;
    private final StateLayout layout;
    private final JobLimits limits = JobLimits.defaults();
    private final JobMachine machine;
    private final Scene scene;
    private final PriorityQueue<Due> queue =
            new PriorityQueue<>(
                    Comparator.comparingLong(Due::atNanos).thenComparingLong(Due::order));
    private final Map<AgentKey, CrewMember> crew = new HashMap<>();
    private final Map<String, CrewMember> byHost = new TreeMap<>();
    private final ArrayDeque<JobEvent> inbox = new ArrayDeque<>();

    private final List<JobEvent> events = new ArrayList<>();
    private final List<Long> atNanos = new ArrayList<>();
    private final List<LedgerEntry> bookings = new ArrayList<>();

    private long now = SUBMITTED;
    private long order;
    private int incarnations;
    private int deaths;
    private long granted;
    private int reportEvery = 1;

    /** The epoch that makes steps now; 0 for none. */
    private long running;

    private List<CrewMember> ranks = List.of();
    private List<List<CrewMember>> holders = List.of();
    private @Nullable RecoveryProblem recovery;

    /**
     * @param ranks an even number of ranks, two replicas of the state
     */
    JobRecorder(Scene scene, int ranks) {
        if (ranks < 2 || ranks % 2 != 0) {
            throw new IllegalArgumentException("the ranks must be an even number, got " + ranks);
        }
        this.scene = scene;
        int shards = ranks / 2;
        spec =
                new JobSpec(
                        "recorded",
                        "recorded",
                        new Mesh(2, shards),
                        Long.MAX_VALUE / 4,
                        1,
                        "data",
                        ranks * BATCH_PER_RANK,
                        ranks,
                        2,
                        1,
                        1,
                        60_000 * MILLI,
                        "runtime",
                        "agent",
                        "recorded",
                        "{}");
        var begin = new ArrayList<Long>();
        for (long shard = 0; shard <= shards; shard++) {
            begin.add(shard);
        }
        layout =
                new StateLayout(
                        shards,
                        begin,
                        Collections.nCopies(shards, STATE_BYTES),
                        Collections.nCopies(shards, 0L),
                        "recorded",
                        true);
        machine = JobMachine.submitted(spec, 1, limits, now);
        take(machine.opening());
        int agents = ranks + Math.max(1, ranks / 16);
        for (int host = 0; host < agents; host++) {
            String id = String.format(Locale.ROOT, "agent-%05d", host);
            String rack = "rack" + host / 4 + "/" + id;
            after((host + 1) * WIRE, () -> attach(id, rack));
        }
    }

    /** The events from the submission on, at least so many. */
    JobTape record(int atLeast) {
        while (events.size() < atLeast) {
            runNext();
        }
        return new JobTape(
                spec,
                limits,
                SUBMITTED,
                List.copyOf(events),
                List.copyOf(atNanos),
                List.copyOf(bookings),
                machine.completedStep(),
                machine.nextEpoch());
    }

    /** What the second recovery is planned from: one member is dead, nobody else lost anything. */
    RecoveryProblem recoveryProblem() {
        while (deaths < 2 || recovery == null) {
            runNext();
        }
        return recovery;
    }

    /** What the placement is planned from again once that recovery is over. */
    PlacementProblem placementProblem() {
        recoveryProblem();
        while (running == 0) {
            runNext();
        }
        View view = Objects.requireNonNull(machine.view());
        Placement placement = Objects.requireNonNull(machine.placement());
        var spares = new ArrayList<AgentProfile>();
        var held = new HashMap<AgentKey, Set<Integer>>();
        for (CrewMember member : byHost.values()) {
            if (member.up && member.ready && member.rank < 0) {
                spares.add(member.profile);
            }
            held.put(member.key(), member.copies().keySet());
        }
        return new PlacementProblem(
                spec, layout, view, spares, held, placement, placement.version() + 1);
    }

    // ------------------------------------------------------------------ the clock

    private void after(long nanos, Runnable what) {
        queue.add(new Due(now + nanos, order++, what));
    }

    private void runNext() {
        Due due = queue.poll();
        if (due == null) {
            throw new IllegalStateException(
                    "nothing is due any more; the job is " + machine.phase() + "; " + history());
        }
        now = due.atNanos();
        due.what().run();
        for (JobEvent event = inbox.poll(); event != null; event = inbox.poll()) {
            events.add(event);
            atNanos.add(now);
            take(machine.step(event, now));
            if (machine.phase().over()) {
                throw new IllegalStateException("the job is over: " + history());
            }
        }
    }

    private String history() {
        return String.join("; ", machine.history());
    }

    private void tell(JobEvent event) {
        inbox.add(event);
    }

    private void answer(CrewMember member, long nanos, JobEvent event) {
        after(
                nanos,
                () -> {
                    if (member.up) {
                        tell(event);
                    }
                });
    }

    // ------------------------------------------------------------------ effects

    private void take(Transition transition) {
        bookings.addAll(transition.ledger());
        transition.effects().forEach(this::carryOut);
    }

    private void carryOut(JobEffect effect) {
        switch (effect) {
            case JobEffect.OfferJob offer -> {
                CrewMember member = member(offer.agent());
                after(LOAD, () -> loaded(member));
            }
            case JobEffect.SendFence fence -> after(WIRE, () -> fenced(fence));
            case JobEffect.SendPrepareView prepare -> after(WIRE, () -> prepare(prepare));
            case JobEffect.SendStartView start -> after(WIRE, () -> start(start));
            case JobEffect.SendGrant grant -> granted = Math.max(granted, grant.through());
            case JobEffect.SendPlacement install -> installed(install.placement());
            case JobEffect.PersistView persist ->
                    after(
                            STORE,
                            () ->
                                    tell(
                                            new JobEvent.ViewPersisted(
                                                    persist.view().epoch(), persist.state())));
            case JobEffect.SetTimer timer ->
                    after(
                            timer.delayNanos(),
                            () -> tell(new JobEvent.TimerFired(timer.kind(), timer.epoch())));
            case JobEffect.SendAcknowledge _,
                    JobEffect.SendEndJob _,
                    JobEffect.ReportMaintenance _,
                    JobEffect.Publish _ -> {}
            case JobEffect.SendCollectFinal _,
                    JobEffect.SendHalt _,
                    JobEffect.PersistResult _,
                    JobEffect.PersistPause _ ->
                    throw new IllegalStateException("the job ends: " + history());
        }
    }

    private CrewMember member(AgentKey key) {
        return Objects.requireNonNull(crew.get(key), "an agent that never was");
    }

    // ------------------------------------------------------------------ agents

    private void attach(String id, String rack) {
        var key = new AgentKey(id, String.format(Locale.ROOT, "%032x", ++incarnations));
        var member =
                new CrewMember(
                        new AgentProfile(
                                key,
                                new DataEndpoint(id, 7000),
                                FailureDomain.parse(rack),
                                64 * STATE_BYTES));
        crew.put(key, member);
        byHost.put(id, member);
        tell(new JobEvent.AgentAttached(member.profile, Inventory.EMPTY));
    }

    private void loaded(CrewMember member) {
        if (member.up) {
            member.ready = true;
            tell(new JobEvent.AgentReady(member.key(), layout, LOAD, LOAD / 3));
        }
    }

    private void fenced(JobEffect.SendFence fence) {
        CrewMember member = member(fence.agent());
        if (!member.up || fence.epoch() < member.promised) {
            return;
        }
        running = 0;
        member.promised = fence.epoch();
        Progress tail = null;
        StateName live = member.live();
        if (member.rank >= 0 && live != null && live.step() > member.reported) {
            tail = progress(member, live.step());
        }
        answer(
                member,
                WIRE,
                new JobEvent.InventoryReported(member.key(), member.inventory(STATE_BYTES, tail)));
    }

    private void prepare(JobEffect.SendPrepareView order) {
        CrewMember member = member(order.agent());
        View view = order.view();
        if (!member.up || view.epoch() < member.promised) {
            return;
        }
        member.promised = view.epoch();
        member.view = view;
        member.rank = order.rank();
        RestoreSource source = order.source();
        if (source == null || order.plan() == null) {
            member.restored(null);
            return;
        }
        reportEvery = order.plan().reportEvery();
        long base = view.baseStep();
        StateName state = new StateName(view.epoch(), base, member.shard());
        String action = "init";
        boolean known = true;
        switch (source) {
            case RestoreSource.Init _ -> known = false;
            case RestoreSource.KeepLive(StateName name, Digest digest) -> {
                state = name;
                action = "live";
                known = digest.known();
            }
            case RestoreSource.LoadLocal(StateName name, Digest _) -> {
                state = name;
                action = "local";
            }
            case RestoreSource.Fetch(StateName name, Digest _, AgentProfile _) -> {
                state = name;
                action = "fetched";
            }
            case RestoreSource.PromoteCopy(StateName name, Digest _) -> {
                state = name;
                action = "peer-copy";
            }
        }
        member.restored(state);
        member.reported = base;
        member.floor = Math.min(member.floor, base);
        answer(
                member,
                RESTORE + member.rank * 1_000L,
                new JobEvent.ViewReadyReported(
                        member.key(),
                        view.epoch(),
                        base,
                        known ? CrewMember.digest(member.shard(), base) : Digest.NONE,
                        action,
                        STATE_BYTES,
                        RESTORE));
    }

    private void start(JobEffect.SendStartView start) {
        CrewMember member = member(start.agent());
        if (!member.up || member.promised != start.epoch()) {
            return;
        }
        member.started = start.epoch();
        View view = member.view;
        if (view == null || member.rank < 0 || running == start.epoch()) {
            return;
        }
        List<CrewMember> all = new ArrayList<>();
        for (AgentProfile profile : view.members()) {
            CrewMember each = member(profile.key());
            if (!each.up || each.started != start.epoch()) {
                return;
            }
            all.add(each);
        }
        begin(view, all, start.through());
    }

    // ------------------------------------------------------------------ steps

    private void begin(View view, List<CrewMember> members, long through) {
        running = view.epoch();
        ranks = members;
        granted = through;
        installed(Objects.requireNonNull(machine.placement()));
        after(STEP, () -> makeStep(view.epoch(), view.baseStep() + 1));
        if (scene.hasDeaths()) {
            after(scene.betweenDeathsNanos(), () -> die(view.epoch()));
        }
    }

    private void installed(Placement placement) {
        List<List<CrewMember>> next = new ArrayList<>();
        for (int rank = 0; rank < spec.mesh().ranks(); rank++) {
            next.add(new ArrayList<>());
        }
        for (CopyDuty duty : placement.duties()) {
            next.get(duty.sourceRank()).add(member(duty.holder().key()));
        }
        holders = next;
    }

    private void makeStep(long epoch, long step) {
        if (running != epoch) {
            return;
        }
        if (step > granted) {
            throw new IllegalStateException(
                    "step " + step + " has no credit, granted through " + granted);
        }
        View view = Objects.requireNonNull(machine.view());
        boolean cut = step == view.baseStep() + 1 || step % reportEvery == 0;
        for (CrewMember member : ranks) {
            member.floor = Math.max(member.floor, Math.max(view.baseStep(), step - 1));
            member.made(epoch, step);
            for (CrewMember holder : holders.get(member.rank)) {
                var state = new StateName(epoch, step, member.shard());
                after(COPY, () -> copied(holder, state));
            }
            if (cut) {
                Progress progress = progress(member, step);
                member.reported = step;
                answer(
                        member,
                        WIRE + member.rank * 1_000L,
                        new JobEvent.ProgressReported(member.key(), progress));
            }
        }
        after(STEP, () -> makeStep(epoch, step + 1));
    }

    private Progress progress(CrewMember member, long to) {
        long from = member.reported + 1;
        long steps = to - from + 1;
        var run =
                new StepRun(
                        from,
                        to,
                        steps * STEP,
                        steps * STEP * 6 / 10,
                        steps * STEP / 100,
                        steps * STEP / 50,
                        steps * STEP * (member.rank % 4) / 40,
                        0,
                        SampleCountRule.samples(spec, member.rank, from, to),
                        to * 31 + member.rank,
                        1f / to,
                        CrewMember.digest(member.shard(), to),
                        to,
                        0);
        long epoch = Objects.requireNonNull(member.view).epoch();
        return new Progress(epoch, member.rank, List.of(run), member.floor);
    }

    private void copied(CrewMember holder, StateName state) {
        if (!holder.up || running != state.epoch()) {
            return;
        }
        holder.hold(state);
        if (holder.tellsOf(state.shard(), now, COPY_TOLD)) {
            var held =
                    new HeldState(
                            state, CrewMember.digest(state.shard(), state.step()), STATE_BYTES);
            long version = Objects.requireNonNull(machine.placement()).version();
            answer(holder, WIRE, new JobEvent.CopyHeldReported(holder.key(), held, version));
        }
    }

    // ------------------------------------------------------------------ deaths

    /** A member's host dies with all it held; it comes back as another incarnation. */
    private void die(long epoch) {
        if (running != epoch || machine.phase() != JobPhase.ACTIVE) {
            return;
        }
        CrewMember victim = ranks.get(deaths++ % ranks.size());
        long lastSign = now;
        recovery = null;
        victim.up = false;
        running = 0;
        after(
                DETECTION,
                () -> {
                    tell(new JobEvent.AgentLost(victim.key(), "connection refused", lastSign));
                    recovery = problem();
                });
        after(RESTART, () -> attach(victim.key().id(), victim.profile.domain().toString()));
    }

    private RecoveryProblem problem() {
        var candidates = new ArrayList<Candidate>();
        for (CrewMember member : byHost.values()) {
            if (member.up) {
                candidates.add(
                        new Candidate(
                                member.profile, member.inventory(STATE_BYTES, null), member.ready));
            }
        }
        return new RecoveryProblem(
                spec,
                layout,
                machine.lineage(),
                machine.view(),
                machine.nextEpoch(),
                machine.completedStep(),
                candidates,
                Set.of(),
                false);
    }
}
