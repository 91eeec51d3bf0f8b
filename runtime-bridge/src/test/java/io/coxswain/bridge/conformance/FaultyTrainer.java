package io.coxswain.bridge.conformance;

import io.coxswain.bridge.arena.ArenaFile;
import io.coxswain.bridge.arena.Slot;
import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.bridge.arena.SlotWriter;
import io.coxswain.bridge.arena.Verification;
import io.coxswain.proto.bridge.v1.Aborted;
import io.coxswain.proto.bridge.v1.Applied;
import io.coxswain.proto.bridge.v1.Apply;
import io.coxswain.proto.bridge.v1.Execute;
import io.coxswain.proto.bridge.v1.Executed;
import io.coxswain.proto.bridge.v1.Finish;
import io.coxswain.proto.bridge.v1.Finished;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.JobLoaded;
import io.coxswain.proto.bridge.v1.PrepareView;
import io.coxswain.proto.bridge.v1.Snapshot;
import io.coxswain.proto.bridge.v1.SnapshotCommitted;
import io.coxswain.proto.bridge.v1.ViewPrepared;
import io.coxswain.proto.control.v1.JobSpec;
import io.coxswain.proto.control.v1.LeafDigest;
import io.coxswain.proto.control.v1.StateLayout;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.LongPredicate;
import java.util.zip.CRC32C;

/** The training of a {@link FaultyWorker}, with its share of the bugs. */
final class FaultyTrainer {
    private static final long DURING_MILLIS = 200;

    private final @Nullable Bug bug;
    private final LongPredicate aborted;
    private final Consumer<FromWorker.Builder> send;
    private @Nullable JobSpec job;
    private @Nullable ArenaFile region;
    private @Nullable ToyState state;
    private @Nullable SlotWriter lastWritten;
    private long epoch = -1;
    private long firstEpoch = -1;
    private long step = -1;
    private int rank;
    private int from;
    private int to;

    FaultyTrainer(@Nullable Bug bug, LongPredicate aborted, Consumer<FromWorker.Builder> send) {
        this.bug = bug;
        this.aborted = aborted;
        this.send = send;
    }

    /** A request that is answered by a fault. */
    static final class Refused extends Exception {
        private static final long serialVersionUID = 1L;

        private final String code;

        Refused(String code, String message) {
            super(message);
            this.code = code;
        }

        String code() {
            return code;
        }
    }

    JobLoaded load(JobSpec spec) throws Refused {
        if (!spec.getRuntimeKind().equals("toy") && bug != Bug.TAKES_ANY_RUNTIME_KIND) {
            throw new Refused("program_invalid", "not a toy");
        }
        if (spec.getRuntimeJson().equals("{\"")) {
            if (bug == Bug.DIES_OF_A_BAD_SECTION) {
                Runtime.getRuntime().halt(9);
            }
            throw new Refused("program_invalid", "no JSON");
        }
        JobSpec known = job;
        if (known != null && !known.getJobId().equals(spec.getJobId())) {
            if (bug != Bug.KEEPS_THE_FIRST_JOB) {
                forget();
            }
        }
        job = spec;
        int shards = spec.getShards();
        StateLayout.Builder layout =
                StateLayout.newBuilder()
                        .setParameterElements(ToyState.PARAMETERS)
                        .setFingerprint(
                                bug == Bug.LAYOUT_DIFFERS_BY_PROCESS
                                        ? "toy-" + ProcessHandle.current().pid()
                                        : "toy")
                        .setDeterministic(true)
                        .addShardBegin(0);
        JobLoaded.Builder loaded = JobLoaded.newBuilder();
        for (int shard = 0; shard < shards; shard++) {
            int end = ToyState.begin(shard + 1, shards);
            layout.addShardBegin(bug == Bug.LAYOUT_DOES_NOT_ADD_UP ? end - 1 : end)
                    .addShardStateBytes(ToyState.dataBytes(shard, shards))
                    .addShardRegionBytes(1 << 20);
            loaded.addShardLiveBytes(0).addShardPieces(ToyState.PIECES);
        }
        return loaded.setLayout(layout).build();
    }

    private void forget() {
        region = null;
        state = null;
        epoch = -1;
        step = -1;
    }

    ViewPrepared prepare(PrepareView view) throws Refused {
        JobSpec spec = job;
        if (spec == null) {
            throw new Refused("bad_state", "no job");
        }
        if (view.getRank() >= view.getReplicas() * view.getShards()) {
            throw new Refused("bad_request", "no such rank");
        }
        int shard = view.getRank() % view.getShards();
        ToyState next = new ToyState(shard, view.getShards());
        byte[] digest = new byte[0];
        long bytes = 0;
        switch (view.getOrigin()) {
            case STATE_ORIGIN_INIT ->
                    next.initialize(
                            bug == Bug.BEGINS_ELSEWHERE_IN_EACH_PROCESS
                                    ? ProcessHandle.current().pid()
                                    : spec.getSeed());
            case STATE_ORIGIN_KEEP_LIVE -> {
                ToyState live = state;
                if (live == null || step != view.getBaseStep() || live.shard != shard) {
                    throw new Refused("bad_state", "no such live state");
                }
                if (bug == Bug.KEEP_LIVE_BEGINS_ANEW) {
                    next.initialize(spec.getSeed());
                } else {
                    next = live;
                }
            }
            case STATE_ORIGIN_SLOT -> {
                SlotTable table = loadSlot(view, next, spec);
                digest = table.digest();
                bytes = table.meta().dataBytes();
            }
            case STATE_ORIGIN_UNSPECIFIED, UNRECOGNIZED ->
                    throw new Refused("bad_request", "no origin");
        }
        ArenaFile mapped = open(view.getRegionPath());
        mapped.parameters().write(next.from, next.parameters, 0, next.parameters.length);
        region = mapped;
        state = next;
        epoch = view.getEpoch();
        firstEpoch = firstEpoch < 0 ? epoch : firstEpoch;
        step = view.getBaseStep();
        rank = view.getRank();
        from = view.getPlan().getOperations(0).getMicroshardFrom();
        to = view.getPlan().getOperations(0).getMicroshardTo();
        return ViewPrepared.newBuilder()
                .setEpoch(view.getEpoch())
                .setStep(view.getBaseStep())
                .setDigest(FaultyWorker.bytes(digest))
                .setLoadedBytes(bytes)
                .build();
    }

    private SlotTable loadSlot(PrepareView view, ToyState into, JobSpec spec) throws Refused {
        Slot slot = open(view.getSlotPath()).slot(view.getSlotIndex());
        if (bug != Bug.LOADS_DAMAGED_SLOTS
                && slot.verify() instanceof Verification.Damaged damaged) {
            throw new Refused("bad_state", damaged.what());
        }
        SlotTable table;
        try {
            table = slot.table();
        } catch (IllegalStateException e) {
            throw new Refused("bad_state", String.valueOf(e.getMessage()));
        }
        byte[] expected = view.getSlotDigest().toByteArray();
        if (expected.length > 0
                && !Arrays.equals(expected, table.digest())
                && bug != Bug.DOES_NOT_COMPARE_DIGESTS) {
            throw new Refused("bad_state", "another digest");
        }
        if (table.meta().step() != view.getBaseStep()) {
            throw new Refused("bad_state", "another step");
        }
        if (bug == Bug.RESTORES_NOTHING) {
            into.initialize(spec.getSeed());
        } else {
            into.load(table.meta(), slot.data());
        }
        return table;
    }

    private static ArenaFile open(String path) throws Refused {
        try {
            return ArenaFile.open(Path.of(path));
        } catch (IOException e) {
            throw new Refused("bad_state", String.valueOf(e.getMessage()));
        }
    }

    private void require(long ofEpoch, long ofStep) throws Refused {
        if (bug != Bug.DOES_ALL_THAT_IT_IS_TOLD && (epoch != ofEpoch || step != ofStep)) {
            throw new Refused("bad_state", "epoch %d and step %d are live".formatted(epoch, step));
        }
    }

    void execute(Execute request, FromWorker.Builder answer) throws Refused, InterruptedException {
        require(request.getEpoch(), request.getStep() - 1);
        Executed.Builder executed =
                Executed.newBuilder()
                        .setEpoch(
                                bug == Bug.ANSWERS_FOR_AN_OLD_EPOCH
                                        ? firstEpoch
                                        : request.getEpoch())
                        .setStep(
                                bug == Bug.SWAPS_THE_STEP_IN_ANSWERS
                                        ? request.getStep() - 1
                                        : request.getStep());
        ArenaFile arena = region;
        ToyState live = state;
        JobSpec spec = job;
        if (arena == null || live == null || spec == null) {
            answer.setExecuted(executed);
            return;
        }
        changeLastWritten();
        int batch = spec.getBatch();
        float[] parameters = Mesh.values(arena.parameters());
        long samples = 0;
        long hash = 0;
        for (int m = from; m < to; m++) {
            long first = (long) batch * m / spec.getMicroshards();
            long end = (long) batch * (m + 1) / spec.getMicroshards();
            float[] gradient = new float[parameters.length];
            float loss = 0;
            for (int i = 0; i < gradient.length; i++) {
                int place = bug == Bug.COMPUTES_MICROSHARDS_BY_RANK ? rank : m;
                gradient[i] =
                        (end - first)
                                * (parameters[i]
                                        + ToyState.noise(request.getStep(), 1_000L * place + i));
                if (bug == Bug.EXECUTES_BY_THE_CLOCK) {
                    gradient[i] += System.nanoTime() % 1_000 * 1e-6f;
                }
                loss += parameters[i] * parameters[i];
            }
            if (bug == Bug.COMPUTES_NAN) {
                gradient[7] = Float.NaN;
            }
            arena.gradient(m - from).write(0, gradient, 0, gradient.length);
            executed.addMicroshardLosses(loss);
            samples += end - first;
            for (long at = first; at < end; at++) {
                hash += (request.getStep() * batch + at) * 0x9E3779B97F4A7C15L;
            }
        }
        if (bug == Bug.EXECUTE_MOVES_THE_STATE) {
            live.parameters[0] += 0.125f;
        }
        if (spec.getRuntimeJson().equals(FaultyWorker.SLOW)) {
            while (bug == Bug.DOES_NOT_LOOK_FOR_ABORTS || !aborted.test(request.getEpoch())) {
                Thread.sleep(1);
            }
            answer.setAborted(
                    Aborted.newBuilder().setEpoch(request.getEpoch()).setStep(request.getStep()));
            return;
        }
        answer.setExecuted(
                executed.setSamples(bug == Bug.COUNTS_SAMPLES_WRONG ? samples - 1 : samples)
                        .setSampleHash(hash));
    }

    void apply(Apply request, FromWorker.Builder answer) throws Refused, InterruptedException {
        require(request.getEpoch(), request.getStep() - 1);
        ArenaFile arena = region;
        ToyState live = state;
        if (arena != null && live != null) {
            live.apply(
                    request.getStep(),
                    Mesh.values(arena.reduced()),
                    Objects.requireNonNull(job).getBatch());
            arena.parameters().write(live.from, live.parameters, 0, live.parameters.length);
        }
        step = request.getStep();
        Applied.Builder applied =
                Applied.newBuilder().setEpoch(request.getEpoch()).setStep(request.getStep());
        if (!request.getTakeSnapshot()) {
            send.accept(answer.setApplied(applied));
            return;
        }
        FromWorker.Builder second = FromWorker.newBuilder().setRequestId(answer.getRequestId());
        if (bug == Bug.ANSWERS_THE_SNAPSHOT_FIRST) {
            send.accept(second.setSnapshotCommitted(write(request.getSlotIndex())));
            send.accept(answer.setApplied(applied));
        } else {
            send.accept(answer.setApplied(applied));
            send.accept(second.setSnapshotCommitted(write(request.getSlotIndex())));
        }
    }

    void snapshot(Snapshot request, FromWorker.Builder answer)
            throws Refused, InterruptedException {
        require(request.getEpoch(), request.getStep());
        send.accept(answer.setSnapshotCommitted(write(request.getSlotIndex())));
    }

    private SnapshotCommitted write(int index) throws InterruptedException {
        SnapshotCommitted.Builder committed =
                SnapshotCommitted.newBuilder().setEpoch(epoch).setStep(step).setSlotIndex(index);
        ArenaFile arena = region;
        ToyState live = state;
        JobSpec spec = job;
        if (arena == null || live == null || spec == null) {
            return committed.setFailed(true).setReason("no state").build();
        }
        if (index >= arena.slots()) {
            return committed.setFailed(true).setReason("no such slot").build();
        }
        Slot slot = arena.slot(index);
        if (slot.state() == Slot.State.COMMITTED) {
            if (bug != Bug.OVERWRITES_COMMITTED_SLOTS) {
                return committed.setFailed(true).setReason("it is committed").build();
            }
            slot.free();
        }
        SlotTable.Meta meta =
                SlotTable.Meta.layOut(spec.getJobId(), epoch, step, live.shard, live.boxes());
        byte[] bytes = live.bytes(meta);
        SlotWriter writer = slot.write(meta);
        lastWritten = writer;
        byte[] digest;
        if (bug == Bug.COMMITS_BEFORE_THE_DATA) {
            for (int i = 0; i < meta.chunks().size(); i++) {
                SlotTable.Chunk chunk = meta.chunks().get(i);
                CRC32C crc = new CRC32C();
                crc.update(bytes, (int) chunk.offset(), chunk.length());
                writer.chunkCrc(i, (int) crc.getValue());
            }
            digest = writer.commit();
            Thread.sleep(DURING_MILLIS);
            writer.data().write(0, bytes, 0, bytes.length);
        } else if (bug == Bug.FILLS_BEFORE_THE_DATA) {
            writer.filled();
            Thread.sleep(DURING_MILLIS);
            writer.data().write(0, bytes, 0, bytes.length);
            writer.checksum();
            digest = writer.commit();
        } else if (bug == Bug.SAYS_COMMITTED_TOO_EARLY) {
            return committed.setDigest(FaultyWorker.bytes(new byte[32])).build();
        } else {
            writer.data().write(0, bytes, 0, bytes.length);
            writer.filled();
            writer.checksum();
            digest = writer.commit();
        }
        if (bug == Bug.SAYS_ANOTHER_DIGEST) {
            digest[0] ^= 1;
        }
        return committed.setDigest(FaultyWorker.bytes(digest)).setBytes(meta.dataBytes()).build();
    }

    private void changeLastWritten() {
        SlotWriter last = lastWritten;
        if (bug == Bug.CHANGES_A_SNAPSHOT_LATER && last != null) {
            last.data().word(0, last.data().word(0) ^ 1);
        }
    }

    Finished finish(Finish request) throws Refused {
        require(request.getEpoch(), request.getStep());
        return Finished.newBuilder()
                .addLeaves(
                        LeafDigest.newBuilder()
                                .setLeaf("p")
                                .setLeafBlocks(1)
                                .setBlockDigests(
                                        FaultyWorker.bytes(
                                                new byte[bug == Bug.CUTS_DIGESTS_SHORT ? 31 : 32])))
                .setAccuracy(0.5)
                .build();
    }
}
