package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.CopyDuty;
import io.coxswain.coordinator.core.model.DataEndpoint;
import io.coxswain.coordinator.core.model.Digest;
import io.coxswain.coordinator.core.model.FailureDomain;
import io.coxswain.coordinator.core.model.FinalShard;
import io.coxswain.coordinator.core.model.HeldState;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.Placement;
import io.coxswain.coordinator.core.model.Progress;
import io.coxswain.coordinator.core.model.RestoreSource;
import io.coxswain.coordinator.core.model.SnapshotInterval;
import io.coxswain.coordinator.core.model.StateName;
import io.coxswain.coordinator.core.model.StepRun;
import io.coxswain.coordinator.core.model.View;
import io.coxswain.coordinator.core.view.SampleCountRule;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * An agent with its worker, as far as the job's machine can tell. Its state's content is a function
 * of shard and step, so that a wrong restore shows.
 */
final class SimAgent {
    final AgentProfile profile;
    final AgentKey key;
    private final JobStory story;

    boolean up = true;
    boolean worker;
    boolean workerComesBack = true;
    boolean silent;

    /** Why it takes up no view; empty if it does. */
    String refuses = "";

    /** What it fetches goes bad in its own memory, after it came whole. */
    boolean spoils;

    long promised;
    long startedEpoch;
    int rank = -1;
    @Nullable View view;
    @Nullable Placement placement;
    long granted;

    /** No step after this one, whatever is granted. */
    long heldThrough = Long.MAX_VALUE;

    int reportEvery = 1;
    int snapshotEvery;
    SnapshotInterval interval = SnapshotInterval.PLANNED;

    @Nullable StateName live;
    long content;
    final TreeMap<StateName, Long> snapshots = new TreeMap<>(JobStory.BY_STEP);
    final TreeMap<StateName, Long> copies = new TreeMap<>(JobStory.BY_STEP);
    long floor;
    JobEffect.@Nullable SendHalt halted;
    long reportedTo;
    long lastReportNanos;
    long lastStepNanos;

    /** Told, and durable with the leader. */
    long acknowledgedTo;

    long acknowledgedNanos;

    SimAgent(JobStory story, String id, int incarnation) {
        this.story = story;
        key = new AgentKey(id, String.format("%032x", incarnation));
        profile =
                new AgentProfile(
                        key,
                        new DataEndpoint(id, 7000),
                        FailureDomain.parse("pod/" + id),
                        1L << 40);
    }

    @Override
    public String toString() {
        String state = up ? silent ? "silent" : worker ? "up" : "without worker" : "dead";
        return String.format(
                "%n%s %s, promised %d, started %d, rank %d, live %s, granted %d",
                key, state, promised, startedEpoch, rank, live, granted);
    }

    long step() {
        StateName name = live;
        return name == null ? -1 : name.step();
    }

    /** The newest view it was told to prepare. */
    long preparedEpoch() {
        View in = view;
        return in == null ? 0 : in.epoch();
    }

    int shard() {
        View in = view;
        return in == null || rank < 0 ? -1 : in.mesh().shardOf(rank);
    }

    Inventory inventory() {
        StateName name = live;
        HeldState held =
                name == null || !worker ? null : new HeldState(name, digestOf(name), 1_000);
        Progress tail =
                name != null && rank >= 0 && name.step() > reportedTo
                        ? progress(name.step())
                        : null;
        return new Inventory(promised, worker, held, held(snapshots), held(copies), tail, floor);
    }

    private Digest digestOf(StateName name) {
        return snapshots.containsKey(name) ? JobStory.digest(content) : Digest.NONE;
    }

    private static List<HeldState> held(Map<StateName, Long> states) {
        var list = new ArrayList<HeldState>();
        states.forEach(
                (name, content) -> list.add(new HeldState(name, JobStory.digest(content), 1_000)));
        return list;
    }

    Progress progress(long to) {
        long from = reportedTo + 1;
        long elapsed = story.now - lastReportNanos;
        StateName newest = snapshots.isEmpty() ? null : snapshots.lastKey();
        Digest digest = newest == null ? Digest.NONE : JobStory.digest(stored(snapshots, newest));
        var run =
                new StepRun(
                        from,
                        to,
                        elapsed,
                        elapsed / 2,
                        0,
                        elapsed / 10,
                        elapsed / 20,
                        0,
                        SampleCountRule.samples(story.spec, rank, from, to),
                        0,
                        1f / to,
                        digest,
                        newest == null ? 0 : newest.step(),
                        0);
        return new Progress(startedEpoch, rank, List.of(run), floor, List.of(), story.copyNanos);
    }

    private static long stored(Map<StateName, Long> states, StateName name) {
        Long value = states.get(name);
        if (value == null) {
            throw new AssertionError("no " + name);
        }
        return value;
    }

    /** It was told to stop, and may stand now: tells of all that it made, and holds its state. */
    void stands() {
        StateName name = live;
        if (halted != null && name != null && step() > reportedTo) {
            say(new JobEvent.ProgressReported(key, progress(step())));
            reportedTo = step();
            lastReportNanos = story.now;
        }
        if (halted != null && name != null && halted.hold() && step() >= granted) {
            snapshots.put(name, content);
            say(halted(halted, true));
            halted = null;
        }
    }

    private JobEvent.StepsHaltedReported halted(JobEffect.SendHalt halt, boolean held) {
        return new JobEvent.StepsHaltedReported(key, halt.epoch(), halt.number(), granted, held);
    }

    /** One message from the coordinator. */
    void hear(JobEffect effect) {
        if (!up || silent) {
            return;
        }
        switch (effect) {
            case JobEffect.OfferJob offer -> {
                if (worker) {
                    sayReady();
                }
            }
            case JobEffect.SendFence fence -> {
                if (fence.epoch() <= preparedEpoch()) {
                    throw new AssertionError(
                            "I1: "
                                    + key
                                    + " took up "
                                    + preparedEpoch()
                                    + " and is fenced at "
                                    + fence.epoch());
                }
                if (fence.epoch() >= promised) {
                    promised = fence.epoch();
                    var inventory = inventory();
                    if (inventory.tail() != null) {
                        reportedTo = step();
                    }
                    say(new JobEvent.InventoryReported(key, inventory));
                }
            }
            case JobEffect.SendPrepareView prepare -> prepare(prepare);
            case JobEffect.SendStartView start -> start(start);
            case JobEffect.SendGrant grant -> {
                if (grant.epoch() == startedEpoch) {
                    granted = Math.max(granted, grant.through());
                    halted = null;
                    interval(grant.interval());
                    hold(grant.hold(), grant.through());
                }
            }
            case JobEffect.SendHalt halt -> {
                if (halt.epoch() == startedEpoch && live != null) {
                    granted = Math.max(step(), halt.after());
                    halted = halt;
                    say(halted(halt, false));
                    stands();
                }
            }
            case JobEffect.SendPlacement install -> {
                if (install.placement().epoch() == startedEpoch) {
                    placement = install.placement();
                }
            }
            case JobEffect.SendCollectFinal collect -> {
                if (collect.epoch() == startedEpoch && collect.step() == step() && worker) {
                    say(new JobEvent.FinalStateReported(key, finalShard(collect)));
                }
            }
            case JobEffect.SendEndJob end -> {
                startedEpoch = 0;
                live = null;
                snapshots.clear();
                copies.clear();
                rank = -1;
            }
            case JobEffect.SendAcknowledge acknowledge -> {
                if (acknowledge.epoch() == startedEpoch) {
                    acknowledgedTo = Math.max(acknowledgedTo, acknowledge.step());
                }
            }
            case JobEffect.ReportMaintenance report -> throw new AssertionError(report);
            case JobEffect.PersistView persist -> throw new AssertionError(persist);
            case JobEffect.PersistResult persist -> throw new AssertionError(persist);
            case JobEffect.PersistPause persist -> throw new AssertionError(persist);
            case JobEffect.SetTimer timer -> throw new AssertionError(timer);
            case JobEffect.Publish publish -> throw new AssertionError(publish);
        }
    }

    void sayReady() {
        say(new JobEvent.AgentReady(key, story.layout, 5_000_000, 2_000_000));
    }

    private void say(JobEvent event) {
        story.from(key, event);
    }

    private void prepare(JobEffect.SendPrepareView message) {
        if (message.view().epoch() < promised) {
            return;
        }
        promised = message.view().epoch();
        startedEpoch = 0;
        view = message.view();
        placement = message.placement();
        if (message.rank() < 0) {
            rank = -1;
            live = null;
            return;
        }
        rank = message.rank();
        RestoreSource source = message.source();
        if (!worker || source == null) {
            say(failed("the worker is not there", false, null, null));
            return;
        }
        if (!refuses.isEmpty()) {
            say(failed(refuses, false, null, null));
            return;
        }
        if (message.plan() != null) {
            reportEvery = message.plan().reportEvery();
            snapshotEvery = CadenceTest.every(message.plan());
        }
        String action = Preparing.sourceName(source);
        switch (source) {
            case RestoreSource.Init init ->
                    restored(
                            new StateName(message.view().epoch(), 0, shard()),
                            JobStory.content(shard(), 0),
                            action);
            case RestoreSource.KeepLive keep -> {
                if (keep.state().equals(live)) {
                    restored(keep.state(), content, action);
                } else {
                    say(failed("no such live state", true, keep.state(), null));
                }
            }
            case RestoreSource.LoadLocal local ->
                    load(local.state(), local.digest(), snapshots.get(local.state()), action, null);
            case RestoreSource.PromoteCopy copy ->
                    load(copy.state(), copy.digest(), copies.get(copy.state()), action, null);
            case RestoreSource.Fetch fetch -> {
                SimAgent donor = story.find(fetch.donor().key());
                if (donor == null || !donor.up) {
                    say(failed("donor unreachable", false, null, null));
                } else {
                    load(
                            fetch.state(),
                            fetch.digest(),
                            donor.stored(fetch.state()),
                            action,
                            donor.key);
                }
            }
        }
    }

    private @Nullable Long stored(StateName name) {
        if (name.equals(live) && worker) {
            return content;
        }
        return snapshots.containsKey(name) ? snapshots.get(name) : copies.get(name);
    }

    private void load(
            StateName name,
            Digest expected,
            @Nullable Long found,
            String action,
            @Nullable AgentKey source) {
        if (spoils && source != null) {
            say(failed("chunk 4 has another CRC", true, name, null));
        } else if (found == null
                || story.corrupt.contains(
                        new JobStory.Instance(source == null ? key : source, name))
                || !JobStory.digest(found).agreesWith(expected)) {
            say(failed("missing or damaged: " + name, true, name, source));
        } else {
            restored(name, found, action);
        }
    }

    private JobEvent.ViewFailedReported failed(
            String reason, boolean bad, @Nullable StateName state, @Nullable AgentKey source) {
        return new JobEvent.ViewFailedReported(key, promised, reason, bad, state, source);
    }

    private void restored(StateName name, long value, String action) {
        live = name;
        content = value;
        Digest digest =
                action.equals("init") || action.equals("live")
                        ? Digest.NONE
                        : JobStory.digest(value);
        say(
                new JobEvent.ViewReadyReported(
                        key, promised, name.step(), digest, action, 1_000, 1_000_000));
    }

    private void interval(SnapshotInterval told) {
        if (told.after() > interval.after()) {
            snapshotEvery = interval.isChange() ? interval.every() : snapshotEvery;
            interval = told;
        }
    }

    private void start(JobEffect.SendStartView start) {
        if (start.epoch() != promised) {
            return;
        }
        if (startedEpoch == start.epoch()) {
            granted = Math.max(granted, start.through());
            interval(start.interval());
            hold(start.hold(), start.through());
            return;
        }
        startedEpoch = start.epoch();
        heldThrough = Long.MAX_VALUE;
        granted = start.through();
        interval = SnapshotInterval.PLANNED;
        interval(start.interval());
        View in = view;
        if (in == null) {
            throw new AssertionError("started without a view");
        }
        long base = in.baseStep();
        snapshots
                .keySet()
                .removeIf(name -> name.step() > base || (rank >= 0 && name.shard() != shard()));
        copies.keySet().removeIf(name -> name.step() > base);
        reportedTo = base;
        acknowledgedTo = base;
        lastReportNanos = story.now;
        lastStepNanos = story.now;
        acknowledgedNanos = story.now;
        floor = Math.min(floor, base);
        StateName name = live;
        if (rank >= 0 && name != null) {
            snapshots.put(name, content);
        }
        hold(start.hold(), start.through());
    }

    private void hold(boolean holds, long through) {
        if (rank < 0) {
            return;
        }
        if (!holds) {
            if (heldThrough != Long.MAX_VALUE && reportedTo == step()) {
                lastReportNanos = story.now;
            }
            heldThrough = Long.MAX_VALUE;
            return;
        }
        heldThrough = Math.max(step(), through);
        tellWhole();
        say(new JobEvent.StepsHeld(key, startedEpoch, heldThrough));
    }

    /** Where it stands, nothing is kept for later. */
    void tellWhole() {
        if (step() >= heldThrough && step() > reportedTo) {
            say(new JobEvent.ProgressReported(key, progress(step())));
            reportedTo = step();
            lastReportNanos = story.now;
        }
    }

    /** Steps up to this may be made. */
    long mayMake() {
        return Math.min(granted, heldThrough);
    }

    /** Applies step {@code n}. */
    void apply(long n) {
        live = new StateName(startedEpoch, n, shard());
        lastStepNanos = story.now;
        content = JobStory.next(content, shard(), n);
        long newer = snapshots.keySet().stream().filter(name -> name.step() > floor).count();
        if (newer < 2) {
            snapshots.put(new StateName(startedEpoch, n, shard()), content);
        }
    }

    /** The newest own snapshot that all holders of this rank have. */
    long acknowledged() {
        long best = -1;
        for (StateName name : snapshots.keySet()) {
            boolean all = true;
            Placement in = placement;
            for (CopyDuty duty : in == null ? List.<CopyDuty>of() : in.duties()) {
                if (duty.sourceRank() == rank) {
                    SimAgent holder = story.find(duty.holder().key());
                    all &= holder != null && holder.up && holder.copies.containsKey(name);
                }
            }
            if (all) {
                best = Math.max(best, name.step());
            }
        }
        return best;
    }

    /** Streams its snapshots to its holders. */
    void replicate() {
        Placement in = placement;
        if (in == null) {
            return;
        }
        for (CopyDuty duty : in.duties()) {
            SimAgent holder = story.find(duty.holder().key());
            if (duty.sourceRank() != rank
                    || holder == null
                    || !holder.up
                    || holder.promised > startedEpoch) {
                continue;
            }
            for (var entry : snapshots.entrySet()) {
                if (holder.copies.put(entry.getKey(), entry.getValue()) == null) {
                    story.from(
                            holder.key,
                            new JobEvent.CopyHeldReported(
                                    holder.key,
                                    new HeldState(
                                            entry.getKey(),
                                            JobStory.digest(entry.getValue()),
                                            1_000),
                                    in.version()));
                }
            }
        }
    }

    void floor(long agreed) {
        floor = Math.max(floor, agreed);
        snapshots.keySet().removeIf(name -> name.step() < floor);
    }

    private FinalShard finalShard(JobEffect.SendCollectFinal collect) {
        int shards = story.spec.mesh().shards();
        var part =
                new FinalShard.LeafPart(
                        "w", 0, shards, shard(), JobStory.digest(content).hex(), "77");
        return new FinalShard(
                collect.epoch(),
                collect.step(),
                rank,
                List.of(part),
                rank == 0,
                0.5,
                0.97,
                story.spec.steps() * story.spec.batch(),
                List.of(128L));
    }
}
