package io.coxswain.bridge.host;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;

import io.coxswain.bridge.arena.ArenaFile;
import io.coxswain.bridge.reference.ReferenceRuntimeFactory;
import io.coxswain.bridge.spi.RuntimeFactory;
import io.coxswain.proto.bridge.v1.Apply;
import io.coxswain.proto.bridge.v1.Execute;
import io.coxswain.proto.bridge.v1.Executed;
import io.coxswain.proto.bridge.v1.Finish;
import io.coxswain.proto.bridge.v1.Finished;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.JobLoaded;
import io.coxswain.proto.bridge.v1.LoadJob;
import io.coxswain.proto.bridge.v1.PrepareView;
import io.coxswain.proto.bridge.v1.StateOrigin;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.bridge.v1.ViewPrepared;
import io.coxswain.proto.control.v1.JobSpec;
import io.coxswain.proto.control.v1.LeafDigest;
import io.coxswain.proto.control.v1.LineageSegment;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Workers in this JVM, and the test in the place of their agents and of the collectives between
 * them.
 */
final class TestMesh implements AutoCloseable {
    static final String RUNTIME =
            """
            {"kind": "reference", "model": {"kind": "mlp", "layers": [64, 24, 10]},
             "optimizer": {"kind": "adam", "learningRate": 0.01}, "ballast": 200003}\
            """;

    private final JobSpec job;
    private final RuntimeFactory factory;
    private final JobLoaded loaded;
    private final Path folder;
    private final List<BridgeTestClient.InProcess> workers = new ArrayList<>();
    private final List<ArenaFile> regions = new ArrayList<>();

    /** Starts the workers and loads the job; no view yet. */
    TestMesh(Path folder, JobSpec job) throws IOException {
        this(folder, job, new ReferenceRuntimeFactory());
    }

    /** Starts workers with runtimes of another kind. */
    TestMesh(Path folder, JobSpec job, RuntimeFactory factory) throws IOException {
        this.folder = folder;
        this.job = job;
        this.factory = factory;
        for (int rank = 0; rank < job.getReplicas() * job.getShards(); rank++) {
            workers.add(worker(rank));
        }
        JobLoaded first = JobLoaded.getDefaultInstance();
        for (BridgeTestClient.InProcess worker : workers) {
            first = load(worker.agent, job);
        }
        this.loaded = first;
    }

    private BridgeTestClient.InProcess worker(int rank) throws IOException {
        return new BridgeTestClient.InProcess(folder.resolve("s" + rank), factory);
    }

    static JobSpec job(int replicas, int shards) {
        Path fromModule = Path.of("..", "examples", "digits", "digits.bin");
        Path data =
                Files.exists(fromModule) ? fromModule : Path.of("examples", "digits", "digits.bin");
        return JobSpec.newBuilder()
                .setJobId("job-1")
                .setReplicas(replicas)
                .setShards(shards)
                .setSteps(30)
                .setSeed(7)
                .setData(data.toAbsolutePath().toString())
                .setBatch(50)
                .setMicroshards(6)
                .setRuntimeKind("reference")
                .setRuntimeJson(RUNTIME)
                .build();
    }

    static JobLoaded load(BridgeTestClient agent, JobSpec job) throws IOException {
        FromWorker answer =
                agent.call(ToWorker.newBuilder().setLoadJob(LoadJob.newBuilder().setJob(job)));
        assertThat(answer.hasJobLoaded()).as("%s", answer).isTrue();
        return answer.getJobLoaded();
    }

    /** The shape of a rank's region, as an agent makes it from the layout. */
    static ArenaFile.Shape shape(JobSpec job, JobLoaded loaded, int rank) {
        int ranks = job.getReplicas() * job.getShards();
        int shard = rank % job.getShards();
        var layout = loaded.getLayout();
        return new ArenaFile.Shape(
                layout.getParameterElements(),
                Math.ceilDiv(job.getMicroshards(), ranks),
                layout.getShardBegin(shard + 1) - layout.getShardBegin(shard),
                loaded.getShardLiveBytes(shard),
                3,
                layout.getShardStateBytes(shard),
                loaded.getShardPieces(shard));
    }

    int ranks() {
        return workers.size();
    }

    BridgeTestClient agent(int rank) {
        return workers.get(rank).agent;
    }

    ArenaFile region(int rank) {
        return regions.get(rank);
    }

    /** Gives every rank a region of its own and the initial state, and gathers. */
    void init(long epoch) throws IOException {
        for (int rank = 0; rank < ranks(); rank++) {
            regions.add(ArenaFile.create(folder.resolve("r" + rank), shape(job, loaded, rank)));
            prepare(epoch, rank, 0, StateOrigin.STATE_ORIGIN_INIT);
        }
        gather();
    }

    ViewPrepared prepare(long epoch, int rank, long baseStep, StateOrigin origin)
            throws IOException {
        FromWorker answer =
                agent(rank)
                        .call(
                                ToWorker.newBuilder()
                                        .setPrepareView(view(epoch, rank, baseStep, origin)));
        assertThat(answer.hasViewPrepared()).as("%s", answer).isTrue();
        return answer.getViewPrepared();
    }

    PrepareView.Builder view(long epoch, int rank, long baseStep, StateOrigin origin) {
        return PrepareView.newBuilder()
                .setEpoch(epoch)
                .setRank(rank)
                .setReplicas(job.getReplicas())
                .setShards(job.getShards())
                .setBaseStep(baseStep)
                .setRegionPath(region(rank).path().toString())
                .setOrigin(origin);
    }

    /**
     * Replaces a rank's worker by a new process' worth of it, with a new region and the state from
     * the old one's slot.
     */
    ViewPrepared restart(long epoch, int rank, long step, int slot, ByteString digest)
            throws IOException {
        workers.get(rank).close();
        workers.set(rank, worker(rank));
        load(agent(rank), job);
        ArenaFile old = regions.get(rank);
        regions.set(
                rank,
                ArenaFile.create(
                        folder.resolve("r%d-%d".formatted(rank, epoch)), shape(job, loaded, rank)));
        FromWorker answer =
                agent(rank)
                        .call(
                                ToWorker.newBuilder()
                                        .setPrepareView(
                                                view(
                                                                epoch,
                                                                rank,
                                                                step,
                                                                StateOrigin.STATE_ORIGIN_SLOT)
                                                        .setSlotPath(old.path().toString())
                                                        .setSlotIndex(slot)
                                                        .setSlotDigest(digest)));
        old.close();
        assertThat(answer.hasViewPrepared()).as("%s", answer).isTrue();
        return answer.getViewPrepared();
    }

    /** Makes a step at every rank. */
    double step(long epoch, long step, boolean snapshot, int slot) throws IOException {
        List<Float> losses = new ArrayList<>();
        for (int rank = 0; rank < ranks(); rank++) {
            FromWorker answer =
                    agent(rank)
                            .call(
                                    ToWorker.newBuilder()
                                            .setExecute(
                                                    Execute.newBuilder()
                                                            .setEpoch(epoch)
                                                            .setStep(step)));
            assertThat(answer.hasExecuted()).as("%s", answer).isTrue();
            Executed executed = answer.getExecuted();
            losses.addAll(executed.getMicroshardLossesList());
        }
        assertThat(losses).hasSize(job.getMicroshards());
        reduce();
        for (int rank = 0; rank < ranks(); rank++) {
            FromWorker answer =
                    agent(rank)
                            .call(
                                    ToWorker.newBuilder()
                                            .setApply(
                                                    Apply.newBuilder()
                                                            .setEpoch(epoch)
                                                            .setStep(step)
                                                            .setTakeSnapshot(snapshot)
                                                            .setSlotIndex(slot)));
            assertThat(answer.hasApplied()).as("%s", answer).isTrue();
        }
        gather();
        return losses.stream().mapToDouble(Float::doubleValue).sum() / job.getBatch();
    }

    /** The reduce-scatter: the microshards' gradients in the fixed binary tree. */
    void reduce() {
        int elements = Math.toIntExact(loaded.getLayout().getParameterElements());
        float[] sum = node(32, 0, elements);
        for (int rank = 0; rank < ranks(); rank++) {
            int shard = rank % job.getShards();
            int from = (int) loaded.getLayout().getShardBegin(shard);
            int to = (int) loaded.getLayout().getShardBegin(shard + 1);
            region(rank).reduced().write(0, sum, from, to - from);
        }
    }

    private float[] node(int level, int index, int elements) {
        if (level == 0) {
            float[] gradient = new float[elements];
            int rank = 0;
            while ((rank + 1) * job.getMicroshards() / ranks() <= index) {
                rank++;
            }
            region(rank)
                    .gradient(index - rank * job.getMicroshards() / ranks())
                    .read(0, gradient, 0, elements);
            return gradient;
        }
        float[] left = node(level - 1, 2 * index, elements);
        if ((2L * index + 1) << (level - 1) >= job.getMicroshards()) {
            return left;
        }
        float[] right = node(level - 1, 2 * index + 1, elements);
        for (int i = 0; i < elements; i++) {
            left[i] += right[i];
        }
        return left;
    }

    /** The all-gather: each shard's parameters from the first rank that has it. */
    void gather() {
        for (int shard = 0; shard < job.getShards(); shard++) {
            int from = (int) loaded.getLayout().getShardBegin(shard);
            int count = (int) loaded.getLayout().getShardBegin(shard + 1) - from;
            float[] values = new float[count];
            region(shard).parameters().read(from, values, 0, count);
            for (int rank = 0; rank < ranks(); rank++) {
                region(rank).parameters().write(from, values, 0, count);
            }
        }
    }

    Finished finish(int rank, long epoch, long step) throws IOException {
        FromWorker answer =
                agent(rank)
                        .call(
                                ToWorker.newBuilder()
                                        .setFinish(
                                                Finish.newBuilder()
                                                        .setEpoch(epoch)
                                                        .setStep(step)
                                                        .setEvaluate(rank == 0)
                                                        .addLineage(
                                                                LineageSegment.newBuilder()
                                                                        .setEpoch(1)
                                                                        .setFirstStep(1)
                                                                        .setLastStep(step))));
        assertThat(answer.hasFinished()).as("%s", answer).isTrue();
        return answer.getFinished();
    }

    /**
     * The digest of the state of all shards, combined from the ranks' answers as the coordinator
     * does.
     */
    String finalDigest(long epoch, long step) throws IOException {
        Map<Integer, Map<Long, LeafDigest>> leaves = new TreeMap<>();
        for (int rank = 0; rank < job.getShards(); rank++) {
            for (LeafDigest leaf : finish(rank, epoch, step).getLeavesList()) {
                leaves.computeIfAbsent(leaf.getLeafIndex(), _ -> new TreeMap<>())
                        .put(leaf.getFirstBlock(), leaf);
            }
        }
        MessageDigest state = sha256();
        state.update("coxswain-state-1\0".getBytes(StandardCharsets.US_ASCII));
        state.update(
                ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(leaves.size()).flip());
        for (Map<Long, LeafDigest> parts : leaves.values()) {
            MessageDigest leafDigest = sha256();
            long next = 0;
            for (LeafDigest part : parts.values()) {
                assertThat(part.getFirstBlock()).isEqualTo(next);
                if (next == 0) {
                    leafDigest.update(part.getLeafHeader().toByteArray());
                }
                leafDigest.update(part.getBlockDigests().toByteArray());
                next += part.getBlockDigests().size() / 32;
                assertThat(next).isLessThanOrEqualTo(part.getLeafBlocks());
            }
            assertThat(next).isEqualTo(parts.values().iterator().next().getLeafBlocks());
            state.update(leafDigest.digest());
        }
        return java.util.HexFormat.of().formatHex(state.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() throws IOException {
        for (BridgeTestClient.InProcess worker : workers) {
            worker.close();
        }
        regions.forEach(ArenaFile::close);
    }
}
