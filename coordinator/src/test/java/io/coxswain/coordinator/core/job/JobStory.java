package io.coxswain.coordinator.core.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.coordinator.core.ledger.GoodputLedger;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.Digest;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.coordinator.core.model.SnapshotInterval;
import io.coxswain.coordinator.core.model.StateLayout;
import io.coxswain.coordinator.core.model.StateName;
import io.coxswain.coordinator.core.model.View;

import org.jspecify.annotations.Nullable;

import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * Drives a job's machine against simulated agents and a store, in virtual time, and checks
 * invariants after every event.
 */
final class JobStory {
    static final long MILLI = 1_000_000L;
    static final Comparator<StateName> BY_STEP =
            Comparator.comparingLong(StateName::step)
                    .thenComparingLong(StateName::epoch)
                    .thenComparingInt(StateName::shard);

    /** A state at an agent. */
    record Instance(AgentKey agent, StateName name) {}

    private record Timer(long due, int order, JobEvent.TimerFired event) {}

    private static final AgentKey STORE = new AgentKey("~store", "0");

    final JobSpec spec;
    final StateLayout layout;
    JobMachine machine;
    GoodputLedger ledger = new GoodputLedger();
    final TreeMap<AgentKey, SimAgent> agents = new TreeMap<>();
    final List<CoordinatorEvent> published = new ArrayList<>();
    final List<JobEffect> effects = new ArrayList<>();
    final Set<Instance> corrupt = new HashSet<>();

    /** What came from each source and was not taken yet; each in order. */
    final TreeMap<AgentKey, ArrayDeque<JobEvent>> inbox = new TreeMap<>();

    /** Effects that nobody answers, kept for later. */
    Predicate<JobEffect> hold = effect -> false;

    final List<JobEffect> held = new ArrayList<>();
    boolean copiesLag;

    /** What the store holds of a pause. */
    FoundJob.Pause paused = FoundJob.Pause.NEVER;

    /** The longest copy, as members report it. */
    long copyNanos;

    long now;

    private final PriorityQueue<Timer> timers =
            new PriorityQueue<>(
                    Comparator.comparingLong(Timer::due).thenComparingInt(Timer::order));
    private final Set<Long> durablePreparing = new HashSet<>();
    private final Set<Long> durableActive = new HashSet<>();
    final long opened;
    private @Nullable SimAgent why;
    private int timerOrder;
    private int incarnations;
    private long highestRecorded;
    private long lastCompleted;

    JobStory(int replicas, int shards, int copies, long steps) {
        this(replicas, shards, copies, steps, JobLimits.defaults());
    }

    JobStory(int replicas, int shards, int copies, long steps, JobLimits limits) {
        this(replicas, shards, copies, steps, limits, 1);
    }

    JobStory(int replicas, int shards, int copies, long steps, JobLimits limits, int every) {
        spec =
                new JobSpec(
                        "job-1",
                        "digits",
                        new Mesh(replicas, shards),
                        steps,
                        7,
                        "digits",
                        32,
                        8,
                        copies,
                        every,
                        1,
                        60_000 * MILLI,
                        "runtime",
                        "agent",
                        "reference",
                        "{}");
        var begin = new ArrayList<Long>();
        for (int s = 0; s <= shards; s++) {
            begin.add(s * 100L);
        }
        layout =
                new StateLayout(
                        shards * 100L,
                        begin,
                        Collections.nCopies(shards, 1_000L),
                        Collections.nCopies(shards, 4_000L),
                        "fp",
                        true);
        now = 1_000 * MILLI;
        opened = now;
        machine = JobMachine.submitted(spec, 1, limits, now);
        take(machine.opening());
    }

    /** Another leader: what the former one had under way is gone. */
    void ledBy(JobMachine next) {
        timers.clear();
        held.clear();
        hold = effect -> false;
        inbox.clear();
        machine = next;
        ledger = new GoodputLedger();
        lastCompleted = 0;
        take(next.opening());
    }

    // ---------------------------------------------------------------- the state's content

    static long content(int shard, long step) {
        long value = 1_000_003L * (shard + 1);
        for (long n = 1; n <= step; n++) {
            value = next(value, shard, n);
        }
        return value;
    }

    static long next(long content, int shard, long step) {
        long mixed = (content ^ (step * 0x9E3779B97F4A7C15L)) * 0xBF58476D1CE4E5B9L + shard;
        return mixed ^ (mixed >>> 29);
    }

    static Digest digest(long content) {
        return new Digest(String.format("%064x", content & Long.MAX_VALUE));
    }

    // ---------------------------------------------------------------- plumbing

    void from(AgentKey source, JobEvent event) {
        inbox.computeIfAbsent(source, key -> new ArrayDeque<>()).add(event);
    }

    @Nullable SimAgent find(AgentKey key) {
        return agents.get(key);
    }

    /** One event into the machine; the effects are carried out. */
    void tell(JobEvent event) {
        now += MILLI / 10;
        if (event instanceof JobEvent.ViewPersisted durable) {
            (durable.state() == JobEffect.ViewState.PREPARING ? durablePreparing : durableActive)
                    .add(durable.epoch());
        }
        take(machine.step(event, now));
    }

    private void take(Transition transition) {
        boolean rolledBack = false;
        transition.ledger().forEach(ledger::apply);
        for (JobEffect effect : transition.effects()) {
            effects.add(effect);
            rolledBack |=
                    effect instanceof JobEffect.Publish publish
                            && publish.event() instanceof CoordinatorEvent.RolledBack;
            checkOrder(effect);
            if (hold.test(effect)) {
                held.add(effect);
            } else {
                carryOut(effect);
            }
        }
        if (!rolledBack && machine.completedStep() < lastCompleted) {
            throw new AssertionError(
                    "I4: the completed step went back unseen from "
                            + lastCompleted
                            + " to "
                            + machine.completedStep());
        }
        lastCompleted = machine.completedStep();
        LedgerCheck.tiles(ledger, now);
    }

    private void checkOrder(JobEffect effect) {
        switch (effect) {
            case JobEffect.PersistView persist -> {
                if (persist.state() == JobEffect.ViewState.PREPARING) {
                    assertThat(persist.view().epoch())
                            .as("I1: epochs only grow")
                            .isGreaterThan(highestRecorded);
                    highestRecorded = persist.view().epoch();
                }
            }
            case JobEffect.SendPrepareView prepare ->
                    assertThat(durablePreparing)
                            .as("told before durable")
                            .contains(prepare.view().epoch());
            case JobEffect.SendStartView start ->
                    assertThat(durableActive).as("started before durable").contains(start.epoch());
            case JobEffect.SendFence fence ->
                    assertThat(fence.epoch())
                            .as("I1: a fence never goes back")
                            .isGreaterThanOrEqualTo(highestRecorded);
            case JobEffect.OfferJob _,
                    JobEffect.SendGrant _,
                    JobEffect.SendHalt _,
                    JobEffect.ReportMaintenance _,
                    JobEffect.SendPlacement _,
                    JobEffect.SendCollectFinal _,
                    JobEffect.SendEndJob _,
                    JobEffect.SendAcknowledge _,
                    JobEffect.SetTimer _,
                    JobEffect.PersistResult _,
                    JobEffect.PersistPause _,
                    JobEffect.Publish _ -> {}
        }
    }

    void carryOut(JobEffect effect) {
        switch (effect) {
            case JobEffect.PersistView persist -> {
                from(STORE, new JobEvent.ViewPersisted(persist.view().epoch(), persist.state()));
            }
            case JobEffect.PersistResult persist -> from(STORE, new JobEvent.ResultPersisted());
            case JobEffect.PersistPause pause -> {
                paused = new FoundJob.Pause(pause.paused(), pause.reason(), pause.untilNanos());
                from(STORE, new JobEvent.PausePersisted(pause.serial()));
            }
            case JobEffect.SetTimer timer ->
                    timers.add(
                            new Timer(
                                    now + timer.delayNanos(),
                                    timerOrder++,
                                    new JobEvent.TimerFired(timer.kind(), timer.epoch())));
            case JobEffect.Publish publish -> published.add(publish.event());
            case JobEffect.OfferJob message -> to(message.agent(), effect);
            case JobEffect.SendFence message -> to(message.agent(), effect);
            case JobEffect.SendPrepareView message -> to(message.agent(), effect);
            case JobEffect.SendStartView message -> to(message.agent(), effect);
            case JobEffect.SendGrant message -> to(message.agent(), effect);
            case JobEffect.SendHalt message -> to(message.agent(), effect);
            case JobEffect.ReportMaintenance _ -> {}
            case JobEffect.SendPlacement message -> to(message.agent(), effect);
            case JobEffect.SendCollectFinal message -> to(message.agent(), effect);
            case JobEffect.SendEndJob message -> to(message.agent(), effect);
            case JobEffect.SendAcknowledge message -> to(message.agent(), effect);
        }
    }

    private void to(AgentKey agent, JobEffect effect) {
        SimAgent found = agents.get(agent);
        if (found != null) {
            found.hear(effect);
        }
    }

    /** Everything that was said arrives; no timer fires. */
    JobStory settle() {
        while (true) {
            boolean any = false;
            for (AgentKey source : List.copyOf(inbox.keySet())) {
                any |= deliverFrom(source);
            }
            if (!any) {
                return this;
            }
        }
    }

    /** Everything that one source said arrives. */
    void settleOnly(AgentKey source) {
        while (inbox.containsKey(source)) {
            deliverFrom(source);
        }
    }

    /** The next event of that source, if there is one. */
    boolean deliverFrom(AgentKey source) {
        ArrayDeque<JobEvent> queue = inbox.get(source);
        JobEvent event = queue == null ? null : queue.poll();
        if (event == null) {
            inbox.remove(source);
            return false;
        }
        tell(event);
        return true;
    }

    /** What was held is carried out after all, and nothing is held any more. */
    JobStory release() {
        hold = effect -> false;
        var late = List.copyOf(held);
        held.clear();
        late.forEach(this::carryOut);
        return settle();
    }

    /** Time passes; timers fire when due. */
    JobStory pass(long nanos) {
        long until = now + nanos;
        while (true) {
            Timer next = timers.peek();
            if (next == null || next.due() > until) {
                break;
            }
            timers.remove();
            now = Math.max(now, next.due());
            tell(next.event());
            settle();
        }
        now = Math.max(now, until);
        return this;
    }

    // ---------------------------------------------------------------- what happens

    /** Agents come, with workers that are ready at once. */
    JobStory attach(String... ids) {
        for (String id : ids) {
            comes(id, true);
        }
        return settle();
    }

    /** An agent comes as a new incarnation. */
    SimAgent comes(String id, boolean workerReady) {
        var agent = new SimAgent(this, id, ++incarnations);
        agent.worker = workerReady;
        agents.put(agent.key, agent);
        from(agent.key, new JobEvent.AgentAttached(agent.profile, Inventory.EMPTY));
        return agent;
    }

    /** An agent comes again as a new process that adopted the arena of its former self. */
    SimAgent comesBackWithArena(SimAgent former) {
        SimAgent agent = comes(former.key.id(), true);
        inbox.remove(agent.key);
        agent.snapshots.putAll(former.snapshots);
        agent.copies.putAll(former.copies);
        from(agent.key, new JobEvent.AgentAttached(agent.profile, agent.inventory()));
        return agent;
    }

    SimAgent agent(String id) {
        SimAgent newest = null;
        for (SimAgent agent : agents.values()) {
            if (agent.key.id().equals(id)) {
                newest = agent;
            }
        }
        if (newest == null) {
            throw new AssertionError("no agent " + id);
        }
        return newest;
    }

    /** The agent of that rank in the active view. */
    SimAgent atRank(int rank) {
        View view = machine.view();
        if (view == null) {
            throw new AssertionError("no view");
        }
        return agent(view.members().get(rank).key().id());
    }

    /** The host dies with all it held; liveness notices 20 ms later. */
    JobStory kill(String... ids) {
        for (String id : ids) {
            dies(agent(id));
        }
        return settle();
    }

    void dies(SimAgent agent) {
        long lastWord = now;
        agent.up = false;
        inbox.remove(agent.key);
        now += 20 * MILLI;
        from(STORE, new JobEvent.AgentLost(agent.key, "connection refused", lastWord));
    }

    /** The worker dies; the agent starts another, which is ready after {@link #workerBack}. */
    JobStory killWorker(String id) {
        workerDies(agent(id));
        return settle();
    }

    void workerDies(SimAgent agent) {
        agent.worker = false;
        from(
                agent.key,
                new JobEvent.WorkerLostReported(
                        agent.key, agent.preparedEpoch(), "killed by signal 9", false));
    }

    JobStory workerBack(String id) {
        SimAgent agent = agent(id);
        agent.worker = true;
        agent.live = null;
        agent.sayReady();
        return settle();
    }

    /** All ranks make steps, as far as credits and the living allow. */
    JobStory steps(int count) {
        for (int i = 0; i < count; i++) {
            stepOnce(Set.of());
            settle();
        }
        return this;
    }

    /**
     * One step of the active view; ranks in {@code without} die before they apply it. True if it
     * was made.
     */
    boolean stepOnce(Set<Integer> without) {
        var members = members();
        if (members.isEmpty()) {
            return false;
        }
        long step = members.getFirst().step() + 1;
        if (step < 1 || step > spec.steps()) {
            return false;
        }
        for (SimAgent member : members) {
            why = member;
            if (!member.up
                    || !member.worker
                    || member.live == null
                    || member.mayMake() < step
                    || member.step() != step - 1) {
                return false;
            }
        }
        now += 5 * MILLI;
        members.removeIf(member -> without.contains(member.rank));
        members.forEach(member -> member.apply(step));
        if (!copiesLag) {
            members.forEach(SimAgent::replicate);
        }
        long floor = members.stream().mapToLong(SimAgent::acknowledged).min().orElse(0);
        for (SimAgent member : members) {
            if (without.isEmpty()) {
                member.floor(floor);
            }
            View view = member.view;
            boolean first = view != null && step == view.baseStep() + 1;
            if (first || step % member.reportEvery == 0 || step == spec.steps()) {
                from(member.key, new JobEvent.ProgressReported(member.key, member.progress(step)));
                member.reportedTo = step;
                member.lastReportNanos = now;
            }
            member.tellWhole();
            member.stands();
        }
        return true;
    }

    /**
     * The members of the newest view that was started at all of them; empty if there is none such
     * or it was fenced.
     */
    List<SimAgent> members() {
        View view = machine.view();
        var members = new ArrayList<SimAgent>();
        if (view == null) {
            return members;
        }
        for (var profile : view.members()) {
            SimAgent member = agents.get(profile.key());
            if (member == null
                    || member.startedEpoch != view.epoch()
                    || member.promised != view.epoch()) {
                return new ArrayList<>();
            }
            members.add(member);
        }
        return members;
    }

    /** Steps until no incident is open. */
    void finishRecovery() {
        for (int i = 0; i < 200 && machine.incidents().stream().anyMatch(x -> !x.closed()); i++) {
            if (!settle().stepOnce(Set.of())) {
                pass(50 * MILLI);
            }
        }
        settle();
    }

    /** Runs to the end, passing time where nothing else helps. */
    JobStory finish() {
        for (int i = 0; i < 3_000 && !machine.phase().over(); i++) {
            settle();
            if (!stepOnce(Set.of())) {
                pass(50 * MILLI);
            }
        }
        return settle();
    }

    // ---------------------------------------------------------------- what is true

    /** The snapshot interval of the newest grant. */
    SnapshotInterval lastInterval() {
        return effects.stream()
                .filter(JobEffect.SendGrant.class::isInstance)
                .map(effect -> ((JobEffect.SendGrant) effect).interval())
                .reduce(SnapshotInterval.PLANNED, (first, second) -> second);
    }

    JobStory isIn(JobPhase phase) {
        assertThat(machine.phase())
                .as(() -> String.join("\n", machine.history()) + "\nlast " + why)
                .isEqualTo(phase);
        return this;
    }

    Incident onlyIncident() {
        assertThat(machine.incidents()).hasSize(1);
        return machine.incidents().getFirst();
    }

    <T extends CoordinatorEvent> List<T> published(Class<T> type) {
        return published.stream().filter(type::isInstance).map(type::cast).toList();
    }

    /**
     * Completed, with the state that an undisturbed run would have, and an account without holes.
     */
    JobStory isCompletedAsUndisturbed() {
        isIn(JobPhase.COMPLETED);
        JobResult result = machine.result();
        if (result == null) {
            throw new AssertionError("no result");
        }
        var undisturbed = new StringBuilder();
        for (int s = 0; s < spec.mesh().shards(); s++) {
            undisturbed.append(digest(content(s, spec.steps())).hex());
        }
        assertThat(result.finalDigest())
                .as("I5")
                .isEqualTo(FinalDigestRuleTest.tree("77", undisturbed.toString()));
        return accountIsExact();
    }

    JobStory accountIsExact() {
        long first = ledger.cursorNanos(0);
        for (int slot = 0; slot < ledger.slots(); slot++) {
            assertThat(ledger.cursorNanos(slot)).isEqualTo(first);
        }
        assertThat(ledger.totalSlotNanos()).as("I13").isEqualTo((first - opened) * ledger.slots());
        assertThat(booked(Category.OTHER)).isZero();
        return this;
    }

    long booked(Category category) {
        return ledger.totals().getOrDefault(category, BigInteger.ZERO).longValueExact();
    }
}
