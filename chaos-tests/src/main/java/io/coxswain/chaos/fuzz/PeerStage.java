package io.coxswain.chaos.fuzz;

import io.coxswain.agent.AgentObserver;
import io.coxswain.agent.adapter.DataSide;
import io.coxswain.agent.app.AgentLoop;
import io.coxswain.agent.app.AgentPorts;
import io.coxswain.agent.app.ControlPort;
import io.coxswain.agent.app.EffectRunner;
import io.coxswain.agent.app.WorkerPort;
import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.AgentLimits;
import io.coxswain.agent.core.AgentMachine;
import io.coxswain.agent.core.AgentReport;
import io.coxswain.agent.core.WorkerRequest;
import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.CopyDuty;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.Endpoint;
import io.coxswain.agent.core.model.JobSpec;
import io.coxswain.agent.core.model.KeyValueReply;
import io.coxswain.agent.core.model.Peer;
import io.coxswain.agent.core.model.Placement;
import io.coxswain.agent.core.model.PrepareOrder;
import io.coxswain.agent.core.model.Restore;
import io.coxswain.agent.core.model.SlotRef;
import io.coxswain.agent.core.model.StateLayout;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.agent.core.model.StepPlan;
import io.coxswain.agent.core.model.View;
import io.coxswain.agent.transfer.Connection;
import io.coxswain.agent.transfer.DataPlaneSettings;
import io.coxswain.agent.transfer.FrameHandler;
import io.coxswain.agent.transfer.NettyDataPlane;
import io.coxswain.agent.transfer.PayloadSink;
import io.coxswain.bridge.arena.Slot;
import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.bridge.arena.SlotWriter;
import io.coxswain.bridge.arena.Verification;
import io.coxswain.proto.replica.v1.FrameHeader;
import io.coxswain.security.PlaneSecurity;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;

/**
 * An agent as its peers meet it: machine, loop, arena and data plane are those of production; its
 * leader and its worker are played. It is rank 0 of a mesh of 1×2 and holds the copies of rank 1,
 * which is whoever talks to it.
 */
final class PeerStage implements AutoCloseable {
    static final AgentKey SELF = new AgentKey("a", "a".repeat(32));
    static final AgentKey OTHER = new AgentKey("b", "b".repeat(32));
    static final String JOB = "job-1";
    static final long EPOCH = 1;

    /** Parameters of each shard. */
    static final int ELEMENTS = 50;

    static final int STATE_BYTES = 1_000;

    /** What the other's shard is called. */
    static final int SHARD = 1;

    private static final long TERM = 7;
    private static final long MILLI = 1_000_000L;
    private static final long EVER = 3_600_000 * MILLI;
    private static final long BUDGET_BYTES = 64L << 20;
    private static final long PARKED_BYTES = 1 << 20;
    private static final long STALL_NANOS = 3_000 * MILLI;
    private static final long MOST_WAIT_MILLIS = 20_000;
    private static final int SNAPSHOT_EVERY = 8;

    // A worker that is played gives no sign of life.
    private static final AgentLimits PATIENT =
            new AgentLimits(
                    EVER,
                    EVER,
                    EVER,
                    50 * MILLI,
                    1_000 * MILLI,
                    30 * MILLI,
                    20 * MILLI,
                    0,
                    200 * MILLI,
                    3);
    private static final StateLayout LAYOUT =
            new StateLayout(
                    2L * ELEMENTS,
                    List.of(0L, (long) ELEMENTS, 2L * ELEMENTS),
                    List.of((long) STATE_BYTES, (long) STATE_BYTES),
                    List.of(2_000L, 2_000L),
                    "print",
                    true);

    private final DataSide side;
    private final NettyDataPlane other;
    private final AgentLoop loop;
    private final AtomicReference<@Nullable Throwable> broken = new AtomicReference<>();
    private final Map<StateName, Set<Digest>> verified = new ConcurrentHashMap<>();
    private final Object progress = new Object();
    // Guarded by progress.
    private long step;
    // The loop's thread.
    private String region = "";
    private @Nullable SlotRef own;
    private byte[] ownDigest = new byte[0];

    PeerStage(Path folder) throws IOException {
        var settings =
                new DataPlaneSettings(
                        "127.0.0.1", 0, "127.0.0.1", 0, 0, 0, PARKED_BYTES, STALL_NANOS);
        other = new NettyDataPlane(OTHER, settings);
        other.collectives().serve(new Deaf());
        other.start();
        var later = new AtomicReference<@Nullable AgentLoop>();
        side =
                DataSide.open(
                        SELF,
                        folder,
                        BUDGET_BYTES,
                        settings,
                        PlaneSecurity.loopback("the data plane"),
                        (peer, state) -> peer.equals(OTHER) && state.shard() == SHARD,
                        event -> {
                            look(event);
                            AgentLoop there = later.get();
                            if (there != null) {
                                there.post(event);
                            }
                        });
        var machine = new AgentMachine(SELF, PATIENT);
        loop =
                new AgentLoop(
                        SELF.id(),
                        new EffectRunner(
                                machine,
                                new AgentPorts(
                                        new Leader(), new Worker(), side.data(), side.arena()),
                                AgentObserver.NONE),
                        System::nanoTime,
                        this::broke);
        later.set(loop);
        loop.start();
        loop.post(new AgentEvent.StreamOpened());
        loop.post(new AgentEvent.Welcomed(TERM, EVER, EVER));
        loop.post(new AgentEvent.JobOffered(TERM, job()));
    }

    Endpoint endpoint() {
        return side.endpoint();
    }

    /** The step that is being made; 0: the view's parameters are being gathered. */
    long step() {
        synchronized (progress) {
            return step;
        }
    }

    /** A state of the agent's own that it may have now, and that is not the other's to get. */
    StateName own() {
        return new StateName(JOB, EPOCH, step() / SNAPSHOT_EVERY * SNAPSHOT_EVERY, 0);
    }

    /** Waits until it has gone beyond that step; false: it does not. */
    boolean goesBeyond(long before) throws InterruptedException {
        long until = System.nanoTime() + MOST_WAIT_MILLIS * MILLI;
        synchronized (progress) {
            while (step <= before && broken.get() == null) {
                long left = (until - System.nanoTime()) / MILLI;
                if (left <= 0) {
                    return false;
                }
                progress.wait(left);
            }
        }
        return true;
    }

    /** The digests of the copies of that state that have come whole. */
    Set<Digest> verified(StateName state) {
        return verified.getOrDefault(state, Set.of());
    }

    /** What must be true whatever a peer said. */
    void check() {
        Throwable bug = broken.get();
        if (bug != null) {
            throw new IllegalStateException("the agent stopped", bug);
        }
        if (!loop.runs()) {
            throw new IllegalStateException("the agent's loop has ended");
        }
    }

    private void broke(Throwable bug) {
        broken.compareAndSet(null, bug);
        synchronized (progress) {
            progress.notifyAll();
        }
    }

    // On the data plane's thread, before anybody can write the slot anew.
    private void look(AgentEvent event) {
        if (event instanceof AgentEvent.CopyReceived received) {
            Slot slot = side.slot(received.slot());
            StateName state = received.state();
            boolean intact =
                    slot != null
                            && slot.verify() instanceof Verification.Intact found
                            && Digest.of(found.digest()).equals(received.digest());
            if (!intact || !state.jobId().equals(JOB) || state.shard() != SHARD) {
                broke(new IllegalStateException("not what it says, or not to be held: " + event));
            }
            verified.computeIfAbsent(state, _ -> ConcurrentHashMap.newKeySet())
                    .add(received.digest());
        }
    }

    private static JobSpec job() {
        return new JobSpec(
                JOB,
                "digits",
                1,
                2,
                Long.MAX_VALUE / 2,
                1,
                "data",
                64,
                4,
                1,
                SNAPSHOT_EVERY,
                0,
                EVER,
                "runtime",
                "agent",
                "reference",
                "{}");
    }

    private static StepPlan plan() {
        return new StepPlan(
                EPOCH,
                List.of(
                        new StepPlan.Operation(1, StepPlan.Kind.EXECUTE, List.of(), false, 1, 0, 2),
                        new StepPlan.Operation(2, StepPlan.Kind.REDUCE, List.of(1), false, 1, 0, 0),
                        new StepPlan.Operation(3, StepPlan.Kind.APPLY, List.of(2), false, 1, 0, 0),
                        new StepPlan.Operation(
                                4, StepPlan.Kind.SNAPSHOT, List.of(3), false, SNAPSHOT_EVERY, 0, 0),
                        new StepPlan.Operation(5, StepPlan.Kind.GATHER, List.of(3), false, 1, 0, 0),
                        new StepPlan.Operation(
                                6, StepPlan.Kind.DIGEST, List.of(4), true, SNAPSHOT_EVERY, 0, 0),
                        new StepPlan.Operation(
                                7,
                                StepPlan.Kind.REPLICATE,
                                List.of(6),
                                true,
                                SNAPSHOT_EVERY,
                                0,
                                0)),
                10);
    }

    /** The table of a state of that shard. */
    static SlotTable.Meta table(long step, int shard) {
        return SlotTable.Meta.layOut(
                JOB,
                EPOCH,
                step,
                shard,
                List.of(
                        SlotTable.Box.range(
                                "params",
                                "f32",
                                2L * ELEMENTS,
                                (long) shard * ELEMENTS,
                                ELEMENTS,
                                ELEMENTS * 4L),
                        SlotTable.Box.range(
                                "adam/m",
                                "f32",
                                2L * ELEMENTS,
                                (long) shard * ELEMENTS,
                                ELEMENTS,
                                ELEMENTS * 4L)));
    }

    @Override
    public void close() {
        loop.close();
        side.close();
        other.close();
    }

    /** Orders a view as soon as the agent can be of one, and lets it make steps for ever. */
    private final class Leader implements ControlPort {
        @Override
        public void report(AgentReport report, long termSeen) {
            if (report instanceof AgentReport.JobReady) {
                var self = new Peer(SELF, side.endpoint());
                var peer = new Peer(OTHER, other.endpoint());
                loop.post(
                        new AgentEvent.ViewOrdered(
                                TERM,
                                new PrepareOrder(
                                        new View(JOB, EPOCH, 0, 0, 1, 2, List.of(self, peer)),
                                        0,
                                        new Restore(
                                                Restore.Action.INIT,
                                                new StateName(JOB, 0, 0, 0),
                                                Digest.NONE,
                                                null),
                                        plan(),
                                        new Placement(
                                                JOB,
                                                EPOCH,
                                                1,
                                                List.of(new CopyDuty(SHARD, 1, self)),
                                                0),
                                        List.of(),
                                        0)));
            } else if (report instanceof AgentReport.ViewReady) {
                loop.post(new AgentEvent.ViewStarted(TERM, JOB, EPOCH, Long.MAX_VALUE / 4));
            } else if (report instanceof AgentReport.CopyHeld held
                    && !verified(held.copy().state()).contains(held.copy().digest())) {
                broke(new IllegalStateException("acknowledged and never verified: " + held));
            } else if (report instanceof AgentReport.WorkerLost
                    || report instanceof AgentReport.ViewFailed
                    || report instanceof AgentReport.JobUnfit) {
                broke(new IllegalStateException("a peer took the worker away: " + report));
            }
        }

        @Override
        public void leave(String reason) {
            broke(new IllegalStateException("a peer made it leave its leader: " + reason));
        }
    }

    /** Does at once what it is asked for. */
    private final class Worker implements WorkerPort {
        @Override
        public void start(int generation, JobSpec job) {
            loop.post(new AgentEvent.WorkerConnected(generation));
        }

        @Override
        public void stop(int generation) {}

        @Override
        public void kill(int generation, String reason, boolean hung) {
            broke(new IllegalStateException("a peer had the worker killed: " + reason));
        }

        @Override
        public void replace(int generation, String reason) {
            broke(new IllegalStateException("a peer had the worker replaced: " + reason));
        }

        @Override
        public void abort(int generation, long belowEpoch) {}

        @Override
        public void answer(int generation, long requestId, KeyValueReply reply) {}

        @Override
        public void ask(int generation, WorkerRequest request) {
            switch (request) {
                case WorkerRequest.LoadJob _ ->
                        loop.post(new AgentEvent.JobLoaded(generation, LAYOUT, 0, 4, 1, 2));
                case WorkerRequest.Prepare prepare -> {
                    region = prepare.region();
                    loop.post(
                            new AgentEvent.ViewPrepared(
                                    generation, EPOCH, prepare.baseStep(), Digest.NONE, 0));
                }
                case WorkerRequest.Execute(long _, long of) -> {
                    ownIntact();
                    synchronized (progress) {
                        step = of;
                        progress.notifyAll();
                    }
                    loop.post(
                            new AgentEvent.Executed(
                                    generation,
                                    EPOCH,
                                    of,
                                    new float[] {1, 2},
                                    32,
                                    99,
                                    5 * MILLI,
                                    MILLI));
                }
                case WorkerRequest.Apply(long _, long of, int slot) -> {
                    loop.post(new AgentEvent.Applied(generation, EPOCH, of, MILLI, MILLI));
                    snapshot(generation, of, slot);
                }
                case WorkerRequest.Snapshot(long _, long of, int slot) ->
                        snapshot(generation, of, slot);
                case WorkerRequest.Finish _ ->
                        broke(new IllegalStateException("a peer ended the job"));
            }
        }

        // The own state is nobody's to touch.
        private void ownIntact() {
            SlotRef ref = own;
            Slot slot = ref == null ? null : side.slot(ref);
            if (slot != null
                    && slot.state() == Slot.State.COMMITTED
                    && !(slot.verify() instanceof Verification.Intact found
                            && Arrays.equals(found.digest(), ownDigest))) {
                broke(new IllegalStateException("a peer changed the agent's own state"));
            }
        }

        private void snapshot(int generation, long of, int index) {
            if (index < 0) {
                return;
            }
            var ref = new SlotRef(region, index);
            Slot slot = side.slot(ref);
            if (slot == null) {
                return;
            }
            if (slot.state() != Slot.State.EMPTY) {
                slot.free();
            }
            SlotWriter writer = slot.write(table(of, 0));
            writer.checksum();
            byte[] digest = writer.commit();
            own = ref;
            ownDigest = digest;
            // As if it were to be given to somebody in a recovery.
            side.arena().unshare(new StateName(JOB, EPOCH, of - SNAPSHOT_EVERY, 0));
            side.arena().share(new StateName(JOB, EPOCH, of, 0), ref);
            loop.post(
                    new AgentEvent.SnapshotCommitted(
                            generation, EPOCH, of, index, Digest.of(digest), STATE_BYTES));
        }
    }

    /** Takes what the agent contributes and makes nothing of it. */
    private static final class Deaf implements FrameHandler {
        @Override
        public void opened(Connection connection) {}

        @Override
        public PayloadSink begin(Connection connection, FrameHeader header, int payloadBytes) {
            return PayloadSink.DISCARD;
        }

        @Override
        public void closed(Connection connection, String reason) {}
    }
}
