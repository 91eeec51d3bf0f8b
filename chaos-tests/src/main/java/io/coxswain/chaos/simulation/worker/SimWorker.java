package io.coxswain.chaos.simulation.worker;

import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.WorkerRequest;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.FinalParts;
import io.coxswain.agent.core.model.HeldState;
import io.coxswain.agent.core.model.JobSpec;
import io.coxswain.agent.core.model.LineageSegment;
import io.coxswain.agent.core.model.SlotRef;
import io.coxswain.agent.core.model.StateLayout;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.agent.core.model.StepPlan;
import io.coxswain.chaos.simulation.invariant.Facts;
import io.coxswain.chaos.simulation.invariant.JobHistory;
import io.coxswain.chaos.simulation.kernel.Kernel;
import io.coxswain.chaos.simulation.kernel.Randomness;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * A worker process: does what it is asked in order, each request taking its time, and computes
 * {@link Truth}'s chain from what it really has: its own state and the parameters that were
 * gathered.
 */
public final class SimWorker {
    private static final long PONG_NANOS = 500_000_000L;
    private static final int LEAVES_DIGEST_HEX = 64;
    private static final long JOIN_NANOS = 5_000_000_000L;

    /** The runtime section of a job whose workers reduce and live on when a view ends. */
    public static final String REFORMS = "{\"reforms\": true}";

    /** How long things take. */
    public record Speed(
            long startNanos,
            long loadNanos,
            long executeNanos,
            long applyNanos,
            long commitNanos) {}

    private final Kernel kernel;
    private final Randomness random;
    private final Speed speed;
    private final Arena arena;
    private final JobHistory history;
    private final Truth truth;
    private final Facts facts;
    private final String agent;
    private final int generation;
    private final JobSpec job;
    private final WorkerGroups groups;
    private final int host;
    private final Consumer<AgentEvent> events;
    private final ArrayDeque<WorkerRequest> queue = new ArrayDeque<>();
    private Kernel.@Nullable Ticket current;
    private @Nullable WorkerRequest underWay;
    private long abortBelow;
    private boolean alive = true;
    private boolean hangs;
    private double slowness = 1;

    private long epoch;
    private int rank;
    private int shard;
    private int microshardFrom;
    private int microshardTo;
    private String region = "";
    private long step = -1;
    private long state;

    /** The step that waits for the other ranks' workers. */
    private WorkerRequest.@Nullable Execute meeting;

    private long executeNanos;
    private boolean inBrokenGroup;

    /** It made a step in its view: it has met the others. */
    private boolean joined;

    public SimWorker(
            Kernel kernel,
            Randomness random,
            Speed speed,
            Arena arena,
            JobHistory history,
            Facts facts,
            String agent,
            int generation,
            JobSpec job,
            WorkerGroups groups,
            int host,
            Consumer<AgentEvent> events) {
        this.kernel = kernel;
        this.random = random;
        this.speed = speed;
        this.arena = arena;
        this.history = history;
        this.truth = history.truth();
        this.facts = facts;
        this.agent = agent;
        this.generation = generation;
        this.job = job;
        this.groups = groups;
        this.host = host;
        this.events = events;
        kernel.after(
                around(speed.startNanos()),
                "worker-start",
                () -> {
                    tell(new AgentEvent.WorkerConnected(generation));
                    pong();
                });
    }

    public int generation() {
        return generation;
    }

    public boolean isAlive() {
        return alive;
    }

    /** It told that its group broke, and made no step since. */
    public boolean isInBrokenGroup() {
        return inBrokenGroup;
    }

    private boolean reforms() {
        return job.runtimeJson().equals(REFORMS);
    }

    /** From now on everything takes so many times as long. */
    public void slowness(double factor) {
        slowness = factor;
    }

    private long around(long nanos) {
        return (long) (nanos * (0.9 + 0.2 * random.unit()));
    }

    private void tell(AgentEvent event) {
        if (alive && !hangs) {
            events.accept(event);
        }
    }

    private void pong() {
        if (alive && !hangs) {
            events.accept(new AgentEvent.WorkerPonged(generation));
            kernel.after(PONG_NANOS, "pong", this::pong);
        }
    }

    /** The next request in the pipe. */
    public void ask(WorkerRequest request) {
        if (alive) {
            queue.add(request);
            startNext();
        }
    }

    /** On the side channel: what is older is not begun, and an execute under way ends. */
    public void abort(long belowEpoch) {
        abortBelow = Math.max(abortBelow, belowEpoch);
        if (job.runtimeReduces() && !reforms()) {
            // It does not look while it waits for the others: the agent kills it.
            return;
        }
        if (underWay instanceof WorkerRequest.Execute execute
                && execute.epoch() < abortBelow
                && (current != null || meeting != null)
                && !hangs) {
            if (current != null) {
                current.cancel();
            }
            if (meeting != null) {
                meeting = null;
                groups.giveUp(job.jobId(), execute.epoch(), rank);
            }
            current =
                    kernel.after(
                            around(500_000),
                            "abort",
                            () -> finish(new AgentEvent.RequestAborted(generation, execute)));
        }
    }

    /** Ends at once; only a death that is told is heard of. */
    public void die(@Nullable String cause) {
        if (!alive) {
            return;
        }
        alive = false;
        if (epoch > 0) {
            groups.left(job.jobId(), epoch);
        }
        queue.clear();
        if (current != null) {
            current.cancel();
        }
        if (cause != null) {
            kernel.after(
                    around(2_000_000),
                    "worker-exit",
                    () -> events.accept(new AgentEvent.WorkerExited(generation, cause)));
        }
    }

    /** SIGSTOP: no answer and no sign of life any more. */
    public void hang() {
        hangs = true;
        if (current != null) {
            current.cancel();
        }
    }

    private void startNext() {
        if (underWay != null || queue.isEmpty() || !alive || hangs) {
            return;
        }
        WorkerRequest request = queue.removeFirst();
        underWay = request;
        long epochOf = epochOf(request);
        if (epochOf < abortBelow) {
            current =
                    kernel.after(
                            20_000,
                            "aborted",
                            () -> finish(new AgentEvent.RequestAborted(generation, request)));
            return;
        }
        long nanos =
                switch (request) {
                    case WorkerRequest.LoadJob _ -> around(speed.loadNanos());
                    case WorkerRequest.Prepare prepare ->
                            prepare.origin() == WorkerRequest.Origin.SLOT
                                    ? around(speed.commitNanos())
                                    : around(100_000);
                    case WorkerRequest.Execute _ ->
                            (long) (around(speed.executeNanos()) * slowness);
                    case WorkerRequest.Apply _ -> around(speed.applyNanos());
                    case WorkerRequest.Snapshot _ -> around(speed.applyNanos() / 2);
                    case WorkerRequest.Finish _ -> around(5_000_000);
                };
        current =
                job.runtimeReduces() && request instanceof WorkerRequest.Execute execute
                        ? kernel.after(nanos, "work", () -> meet(execute, nanos))
                        : kernel.after(nanos, "work", () -> finish(done(request, nanos)));
    }

    private static long epochOf(WorkerRequest request) {
        return switch (request) {
            case WorkerRequest.LoadJob _ -> Long.MAX_VALUE;
            case WorkerRequest.Prepare prepare -> prepare.epoch();
            case WorkerRequest.Execute execute -> execute.epoch();
            case WorkerRequest.Apply apply -> apply.epoch();
            case WorkerRequest.Snapshot snapshot -> snapshot.epoch();
            case WorkerRequest.Finish _ -> Long.MAX_VALUE;
        };
    }

    private void finish(AgentEvent answer) {
        if (!alive || hangs) {
            return;
        }
        WorkerRequest request = underWay;
        underWay = null;
        current = null;
        tell(answer);
        // What a snapshot copied is checksummed and committed beside the next request.
        if (answer instanceof AgentEvent.Applied
                && request instanceof WorkerRequest.Apply apply
                && apply.snapshotSlot() >= 0) {
            snapshot(apply.epoch(), apply.step(), apply.snapshotSlot());
        }
        startNext();
    }

    private AgentEvent done(WorkerRequest request, long nanos) {
        return switch (request) {
            case WorkerRequest.LoadJob _ ->
                    new AgentEvent.JobLoaded(
                            generation, layout(job), 8, 1, nanos, nanos / 2, reforms());
            case WorkerRequest.Prepare prepare -> prepare(prepare);
            case WorkerRequest.Execute execute -> execute(execute, nanos);
            case WorkerRequest.Apply apply -> apply(apply, nanos);
            case WorkerRequest.Snapshot snapshot -> {
                int slot = snapshot.slot();
                require(snapshot.step() == step, "snapshot of another step", snapshot);
                yield snapshot(snapshot.epoch(), snapshot.step(), slot);
            }
            case WorkerRequest.Finish finish -> new AgentEvent.Finished(generation, parts(finish));
        };
    }

    /** The layout that every worker of the job tells. */
    public static StateLayout layout(JobSpec job) {
        var bounds = new ArrayList<Long>();
        var bytes = new ArrayList<Long>();
        for (int s = 0; s <= job.shards(); s++) {
            bounds.add(16L * s);
        }
        for (int s = 0; s < job.shards(); s++) {
            bytes.add(4096L);
        }
        return new StateLayout(16L * job.shards(), bounds, bytes, bytes, "simulated", true);
    }

    private void require(boolean holds, String what, WorkerRequest request) {
        if (!holds) {
            facts.broken("I7", agent + ": " + what + ": " + request + " at step " + step);
        }
    }

    private AgentEvent prepare(WorkerRequest.Prepare prepare) {
        epoch = prepare.epoch();
        joined = false;
        groups.forget(job.jobId(), epoch);
        rank = prepare.rank();
        shard = prepare.rank() % prepare.shards();
        region = prepare.region();
        for (StepPlan.Operation operation : prepare.plan().operations()) {
            if (operation.kind() == StepPlan.Kind.EXECUTE) {
                microshardFrom = operation.microshardFrom();
                microshardTo = operation.microshardTo();
            }
        }
        Digest loaded = Digest.NONE;
        switch (prepare.origin()) {
            case INIT -> {
                step = 0;
                state = truth.initial(shard);
            }
            case KEEP_LIVE -> require(step == prepare.baseStep(), "keeps another step", prepare);
            case SLOT -> {
                SlotRef source = prepare.source();
                Arena.Cell cell = source == null ? null : arena.cell(source);
                if (cell == null
                        || !cell.isIntact()
                        || (prepare.digest().known()
                                && !cell.digestHex().equals(prepare.digest().hex()))) {
                    return new AgentEvent.WorkerFaulted(
                            generation, prepare, "bad_state", "slot " + source + " is not it");
                }
                facts.loaded(agent, cell, prepare.digest().hex());
                state = cell.content();
                step = prepare.baseStep();
                loaded = new Digest(cell.digestHex());
            }
        }
        Arena.File file = arena.file(region);
        if (file == null) {
            facts.broken("I12", agent + " prepares in region " + region + ", which is gone");
            return new AgentEvent.WorkerFaulted(generation, prepare, "gone", "no region");
        }
        file.parameters(prepare.shards());
        file.parameters()[shard] = state;
        facts.restored(history, agent, epoch, rank, shard, step, state);
        return new AgentEvent.ViewPrepared(
                generation, epoch, prepare.baseStep(), loaded, loaded.known() ? 4096 : 0);
    }

    private AgentEvent execute(WorkerRequest.Execute execute, long nanos) {
        require(
                execute.epoch() == epoch && execute.step() == step + 1,
                "executes out of order",
                execute);
        Arena.File file = arena.file(region);
        long sum = 0;
        long samples = 0;
        float[] losses = new float[microshardTo - microshardFrom];
        if (file != null) {
            for (int m = microshardFrom; m < microshardTo; m++) {
                sum += truth.gradient(file.parameters(), execute.step(), m);
                samples += truth.samples(m);
                losses[m - microshardFrom] = 1;
            }
            file.reduced(sum);
        }
        facts.executed(history, agent, epoch, rank, execute.step(), microshardFrom, microshardTo);
        return new AgentEvent.Executed(
                generation, epoch, execute.step(), losses, samples, sum, nanos, 0);
    }

    /** Its part is there: the step ends when all ranks' parts are. */
    private void meet(WorkerRequest.Execute execute, long nanos) {
        if (!alive || hangs) {
            return;
        }
        current = null;
        require(
                execute.epoch() == epoch && execute.step() == step + 1,
                "executes out of order",
                execute);
        int from = microshardFrom;
        int to = microshardTo;
        var part =
                new WorkerGroups.Part(
                        job.shards(),
                        shard,
                        state,
                        states -> truth.gradients(states, execute.step(), from, to));
        facts.executed(history, agent, epoch, rank, execute.step(), microshardFrom, microshardTo);
        meeting = execute;
        executeNanos = nanos;
        if (!joined) {
            kernel.after(
                    JOIN_NANOS,
                    "join",
                    () -> {
                        if (execute.equals(meeting)) {
                            groupBroke(execute, "not all ranks came in time");
                        }
                    });
        }
        groups.arrive(
                job.jobId(), epoch, rank, job.ranks(), new Meeting(execute), execute.step(), part);
    }

    private void groupBroke(WorkerRequest.Execute execute, String words) {
        meeting = null;
        inBrokenGroup = true;
        groups.giveUp(job.jobId(), execute.epoch(), rank);
        finish(new AgentEvent.WorkerFaulted(generation, execute, "group_broken", words));
    }

    /** What the group tells this worker of a step. */
    private final class Meeting implements WorkerGroups.Member {
        private final WorkerRequest.Execute execute;

        Meeting(WorkerRequest.Execute execute) {
            this.execute = execute;
        }

        @Override
        public int host() {
            return host;
        }

        @Override
        public boolean canAnswer() {
            return alive && !hangs;
        }

        @Override
        public void reduced(long ofStep, long sum) {
            if (!execute.equals(meeting) || !canAnswer()) {
                return;
            }
            meeting = null;
            joined = true;
            inBrokenGroup = false;
            state = truth.updated(state, sum, epoch, shard);
            step = execute.step();
            facts.reducedByWorkers(history, epoch, rank, step);
            facts.applied(history, agent, epoch, rank, shard, step, state);
            long samples = truth.samples(microshardFrom, microshardTo);
            finish(
                    new AgentEvent.Executed(
                            generation,
                            epoch,
                            step,
                            new float[0],
                            samples,
                            sum,
                            executeNanos,
                            0,
                            1,
                            0,
                            0));
        }

        @Override
        public void broken(String words) {
            if (execute.equals(meeting) && canAnswer()) {
                groupBroke(execute, words);
            }
        }
    }

    private AgentEvent apply(WorkerRequest.Apply apply, long nanos) {
        require(apply.epoch() == epoch && apply.step() == step + 1, "applies out of order", apply);
        Arena.File file = arena.file(region);
        state = truth.updated(state, file == null ? 0 : file.reduced(), epoch, shard);
        step = apply.step();
        if (file != null) {
            file.parameters()[shard] = state;
        }
        facts.applied(history, agent, epoch, rank, shard, step, state);
        if (apply.snapshotSlot() >= 0) {
            Arena.Cell cell = cell(apply.snapshotSlot());
            if (cell != null) {
                cell.begin(new StateName(job.jobId(), epoch, step, shard));
                cell.fill(state);
            }
        }
        return new AgentEvent.Applied(generation, epoch, step, nanos, 0);
    }

    private Arena.@Nullable Cell cell(int slot) {
        Arena.Cell cell = arena.cell(new SlotRef(region, slot));
        if (cell == null || cell.isCommitted()) {
            facts.broken(
                    "I3",
                    agent
                            + " writes step "
                            + step
                            + " over "
                            + (cell == null ? "nothing" : cell.name())
                            + " in slot "
                            + slot
                            + " of "
                            + region);
        }
        return cell;
    }

    private AgentEvent snapshot(long ofEpoch, long ofStep, int slot) {
        Arena.Cell cell = arena.cell(new SlotRef(region, slot));
        if (cell != null && cell.stage() != Arena.Stage.FILLED) {
            cell = cell(slot);
            if (cell != null) {
                cell.begin(new StateName(job.jobId(), ofEpoch, ofStep, shard));
                cell.fill(state);
            }
        }
        Arena.Cell written = cell;
        StateName name = written == null ? null : written.name();
        kernel.after(
                around(speed.commitNanos()),
                "commit",
                () -> {
                    if (alive
                            && !hangs
                            && written != null
                            && name != null
                            && name.equals(written.name())) {
                        if (written.stage() == Arena.Stage.FILLED) {
                            written.commit();
                            facts.committed(agent, written);
                        }
                        tell(
                                new AgentEvent.SnapshotCommitted(
                                        generation,
                                        ofEpoch,
                                        ofStep,
                                        slot,
                                        new Digest(written.digestHex()),
                                        4096));
                    }
                });
        return new AgentEvent.WorkerPonged(generation);
    }

    private FinalParts parts(WorkerRequest.Finish finish) {
        long samples = 0;
        for (LineageSegment segment : finish.lineage()) {
            samples += (segment.lastStep() - segment.firstStep() + 1) * job.batch();
        }
        String hash = Arena.hex(state);
        String digest = hash.repeat(LEAVES_DIGEST_HEX / hash.length());
        return new FinalParts(
                List.of(new FinalParts.Leaf("w", 0, job.shards(), shard, digest, "00")),
                1,
                1,
                samples,
                List.of(samples));
    }

    /** What a dead worker's region holds; what was filled is completed in its place. */
    public static List<AgentEvent.InspectedSlot> inspect(
            Arena arena, String name, Facts facts, String agent) {
        var committed = new ArrayList<AgentEvent.InspectedSlot>();
        Arena.File file = arena.file(name);
        if (file == null) {
            return committed;
        }
        for (int i = 0; i < file.cells().size(); i++) {
            Arena.Cell cell = file.cells().get(i);
            StateName state = cell.name();
            if (cell.stage() == Arena.Stage.FILLED && state != null) {
                cell.commit();
                facts.committed(agent, cell);
            }
            if (cell.isIntact() && state != null) {
                committed.add(
                        new AgentEvent.InspectedSlot(
                                i, new HeldState(state, new Digest(cell.digestHex()), 4096)));
            }
        }
        return committed;
    }
}
