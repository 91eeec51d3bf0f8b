package io.coxswain.bridge.conformance;

import com.google.protobuf.ByteString;

import io.coxswain.bridge.arena.ArenaFile;
import io.coxswain.bridge.arena.FloatRegion;
import io.coxswain.proto.bridge.v1.Apply;
import io.coxswain.proto.bridge.v1.Execute;
import io.coxswain.proto.bridge.v1.Executed;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.JobLoaded;
import io.coxswain.proto.bridge.v1.LoadJob;
import io.coxswain.proto.bridge.v1.PrepareView;
import io.coxswain.proto.bridge.v1.Snapshot;
import io.coxswain.proto.bridge.v1.SnapshotCommitted;
import io.coxswain.proto.bridge.v1.StateOrigin;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.bridge.v1.ViewPrepared;
import io.coxswain.proto.control.v1.JobSpec;
import io.coxswain.proto.control.v1.OperationKind;
import io.coxswain.proto.control.v1.PlanOperation;
import io.coxswain.proto.control.v1.StepPlan;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Workers that train one job, a rank each, and the kit in the place of their agents and of the
 * collectives between them.
 */
final class Mesh {
    /** Slots of a region, as an agent has them. */
    static final int SLOTS = 3;

    /** The slot that {@link #digest} uses and frees. */
    static final int SCRATCH = 2;

    static final int NO_SNAPSHOT = -1;

    private final Trial trial;
    private final JobSpec job;
    private final List<KitWorker> workers = new ArrayList<>();
    private final List<ArenaFile> regions = new ArrayList<>();
    private final List<JobLoaded> each = new ArrayList<>();
    private final boolean whole;
    private JobLoaded loaded = JobLoaded.getDefaultInstance();
    private long epoch;
    private long step;

    /**
     * A step that was made.
     *
     * @param executed each rank's
     * @param snapshots each rank's request whose snapshot is due, if one was asked for
     */
    record Made(List<Executed> executed, List<Long> snapshots) {}

    /**
     * @param processes of each rank; where there are several, they are counted as ranks here
     */
    Mesh(Trial trial, JobSpec job, int processes) throws IOException, Broken, InterruptedException {
        this.trial = trial;
        this.job = job;
        whole = Conformance.isWhole(job);
        var keyValues = new KitKeyValues();
        int count = job.getReplicas() * job.getShards() * processes;
        for (int number = 0; number < count; number++) {
            KitWorker worker =
                    processes == 1 ? trial.worker() : trial.worker(number % processes, processes);
            worker.shares(keyValues);
            workers.add(worker);
        }
    }

    /** The workers make steps whole, and reduce among themselves. */
    boolean isWhole() {
        return whole;
    }

    int ranks() {
        return workers.size();
    }

    KitWorker worker() {
        return workers.getFirst();
    }

    KitWorker worker(int rank) {
        return workers.get(rank);
    }

    ArenaFile region(int rank) {
        return regions.get(rank);
    }

    JobLoaded loaded() {
        return loaded;
    }

    /** What each process said of the job. */
    List<JobLoaded> each() {
        return each;
    }

    long epoch() {
        return epoch;
    }

    long liveStep() {
        return step;
    }

    long parameterElements() {
        return loaded.getLayout().getParameterElements();
    }

    void load() throws Broken, InterruptedException {
        for (KitWorker worker : workers) {
            JobLoaded answer = load(worker, job, true);
            Layouts.requireSane(answer, job);
            if (worker != worker() && ranks() == job.getReplicas() * job.getShards()) {
                Layouts.requireEqual(loaded, answer, "in another process");
            }
            loaded = answer;
            each.add(answer);
        }
        for (int rank = 0; rank < ranks(); rank++) {
            regions.add(createRegion(rank));
        }
    }

    static JobLoaded load(KitWorker worker, JobSpec job, boolean warmUp)
            throws Broken, InterruptedException {
        FromWorker answer = worker.call(loadJob(job, warmUp));
        Broken.unless(
                answer.hasJobLoaded(),
                "job_loaded for job %s of runtime %s"
                        .formatted(job.getJobId(), job.getRuntimeKind()),
                Texts.of(answer));
        return answer.getJobLoaded();
    }

    static ToWorker.Builder loadJob(JobSpec job, boolean warmUp) {
        return ToWorker.newBuilder().setLoadJob(LoadJob.newBuilder().setJob(job).setWarmUp(warmUp));
    }

    /** A new region for a rank. */
    ArenaFile createRegion(int rank) throws Broken {
        try {
            return ArenaFile.create(trial.newArena(), Layouts.region(loaded, job, rank));
        } catch (IOException e) {
            throw new IllegalStateException(String.valueOf(e.getMessage()), e);
        }
    }

    /** Gives a rank another region; the former one is the caller's. */
    ArenaFile replaceRegion(int rank, ArenaFile region) {
        return regions.set(rank, region);
    }

    void init(long newEpoch) throws Broken, InterruptedException {
        for (int rank = 0; rank < ranks(); rank++) {
            ViewPrepared prepared =
                    prepare(rank, view(rank, newEpoch, 0, StateOrigin.STATE_ORIGIN_INIT));
            Broken.unless(
                    prepared.getDigest().isEmpty(),
                    "an empty digest for an initial state",
                    Texts.of(prepared.getDigest().toByteArray()));
        }
        begun(newEpoch, 0);
    }

    /** All ranks have taken that view. */
    void begun(long newEpoch, long baseStep) {
        epoch = newEpoch;
        step = baseStep;
        gather();
    }

    ViewPrepared prepare(int rank, PrepareView.Builder view) throws Broken, InterruptedException {
        FromWorker answer = worker(rank).call(ToWorker.newBuilder().setPrepareView(view));
        Broken.unless(
                answer.hasViewPrepared(),
                "view_prepared for epoch %d with %s of step %d"
                        .formatted(view.getEpoch(), view.getOrigin(), view.getBaseStep()),
                Texts.of(answer));
        return answer.getViewPrepared();
    }

    PrepareView.Builder view(int rank, long newEpoch, long baseStep, StateOrigin origin) {
        return PrepareView.newBuilder()
                .setPlan(
                        StepPlan.newBuilder()
                                .setEpoch(newEpoch)
                                .setReportEvery(1)
                                .addOperations(
                                        PlanOperation.newBuilder()
                                                .setId(1)
                                                .setKind(OperationKind.OPERATION_KIND_EXECUTE)
                                                .setMicroshardFrom(microshard(rank))
                                                .setMicroshardTo(microshard(rank + 1))))
                .setEpoch(newEpoch)
                .setRank(rank)
                .setReplicas(job.getReplicas())
                .setShards(job.getShards())
                .setBaseStep(baseStep)
                .setRegionPath(region(rank).path().toString())
                .setHost("127.0.0.1")
                .setOrigin(origin);
    }

    PrepareView.Builder fromSlot(
            int rank, long newEpoch, long baseStep, Path file, int slot, byte[] digest) {
        return view(rank, newEpoch, baseStep, StateOrigin.STATE_ORIGIN_SLOT)
                .setSlotPath(file.toString())
                .setSlotIndex(slot)
                .setSlotDigest(ByteString.copyFrom(digest));
    }

    /** The first microshard of a rank. */
    int microshard(int rank) {
        return (int) ((long) rank * job.getMicroshards() / ranks());
    }

    static ToWorker.Builder execute(long epoch, long step) {
        return ToWorker.newBuilder().setExecute(Execute.newBuilder().setEpoch(epoch).setStep(step));
    }

    static ToWorker.Builder apply(long epoch, long step, int slot) {
        Apply.Builder apply = Apply.newBuilder().setEpoch(epoch).setStep(step);
        if (slot != NO_SNAPSHOT) {
            apply.setTakeSnapshot(true).setSlotIndex(slot);
        }
        return ToWorker.newBuilder().setApply(apply);
    }

    static ToWorker.Builder snapshot(long epoch, long step, int slot) {
        return ToWorker.newBuilder()
                .setSnapshot(
                        Snapshot.newBuilder().setEpoch(epoch).setStep(step).setSlotIndex(slot));
    }

    /** Computes the gradients of the next step. */
    Executed execute(int rank) throws Broken, InterruptedException {
        FromWorker answer = worker(rank).call(execute(epoch, step + 1));
        Broken.unless(answer.hasExecuted(), "executed for step " + (step + 1), Texts.of(answer));
        return answer.getExecuted();
    }

    /** The answer of a rank, which may have to meet others first. */
    FromWorker answer(int rank, long request) throws Broken, InterruptedException {
        return worker(rank).answer(request, trial.limits().load());
    }

    /** Makes the next step; snapshots, if any, are on their way when this returns. */
    Made step(int slot) throws Broken, InterruptedException {
        if (whole) {
            return wholeStep(slot);
        }
        List<Executed> executed = new ArrayList<>();
        for (int rank = 0; rank < ranks(); rank++) {
            executed.add(execute(rank));
        }
        reduce();
        List<Long> snapshots = new ArrayList<>();
        for (int rank = 0; rank < ranks(); rank++) {
            long request = worker(rank).send(apply(epoch, step + 1, slot));
            FromWorker answer = worker(rank).answer(request, trial.limits().answer());
            Broken.unless(answer.hasApplied(), "applied for step " + (step + 1), Texts.of(answer));
            snapshots.add(request);
        }
        step++;
        gather();
        return new Made(executed, slot == NO_SNAPSHOT ? List.of() : snapshots);
    }

    private Made wholeStep(int slot) throws Broken, InterruptedException {
        List<Long> requests = new ArrayList<>();
        for (KitWorker worker : workers) {
            requests.add(worker.send(execute(epoch, step + 1)));
        }
        List<Executed> executed = new ArrayList<>();
        for (int rank = 0; rank < ranks(); rank++) {
            // The first step of an epoch has the rendezvous in it.
            FromWorker answer = worker(rank).answer(requests.get(rank), trial.limits().load());
            Broken.unless(
                    answer.hasExecuted(),
                    "executed for step %d by rank %d".formatted(step + 1, rank),
                    Texts.of(answer));
            executed.add(answer.getExecuted());
        }
        step++;
        List<Long> snapshots = new ArrayList<>();
        if (slot != NO_SNAPSHOT) {
            for (KitWorker worker : workers) {
                snapshots.add(worker.send(snapshot(epoch, step, slot)));
            }
        }
        return new Made(executed, snapshots);
    }

    /** Makes the next step with a snapshot into a slot, and waits until it is committed. */
    SnapshotCommitted stepInto(int slot) throws Broken, InterruptedException {
        Made made = step(slot);
        return committed(worker().snapshot(made.snapshots().getFirst()), 0, slot);
    }

    /** Takes a snapshot of a rank's live state and waits until it is committed. */
    SnapshotCommitted snapshot(int rank, int slot) throws Broken, InterruptedException {
        return committed(worker(rank).call(snapshot(epoch, step, slot)), rank, slot);
    }

    private SnapshotCommitted committed(FromWorker answer, int rank, int slot) throws Broken {
        Broken.unless(
                answer.hasSnapshotCommitted() && !answer.getSnapshotCommitted().getFailed(),
                "snapshot_committed for step %d in slot %d".formatted(step, slot),
                Texts.of(answer));
        SnapshotCommitted committed = answer.getSnapshotCommitted();
        Slots.requireIntact(region(rank).slot(slot), name(rank, step), committed);
        return committed;
    }

    /** The name of a rank's state at a step of this view. */
    Slots.Name name(int rank, long ofStep) {
        return new Slots.Name(job.getJobId(), epoch, ofStep, rank % job.getShards());
    }

    /** The digest of a rank's live state, by way of a snapshot. */
    byte[] digest(int rank) throws Broken, InterruptedException {
        byte[] digest = snapshot(rank, SCRATCH).getDigest().toByteArray();
        region(rank).slot(SCRATCH).free();
        return digest;
    }

    /** The sum over all microshards, in a fixed binary tree, to each shard's owners. */
    void reduce() {
        int elements = Math.toIntExact(parameterElements());
        if (elements == 0) {
            return;
        }
        int levels = 32 - Integer.numberOfLeadingZeros(job.getMicroshards());
        float[] sum = node(levels, 0, elements);
        for (int rank = 0; rank < ranks(); rank++) {
            int shard = rank % job.getShards();
            int from = Math.toIntExact(loaded.getLayout().getShardBegin(shard));
            int to = Math.toIntExact(loaded.getLayout().getShardBegin(shard + 1));
            region(rank).reduced().write(0, sum, from, to - from);
        }
    }

    private float[] node(int level, int index, int elements) {
        if (level == 0) {
            float[] gradient = new float[elements];
            int rank = 0;
            while (microshard(rank + 1) <= index) {
                rank++;
            }
            region(rank).gradient(index - microshard(rank)).read(0, gradient, 0, elements);
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

    /** Each shard's parameters, from the first rank that has it, to all ranks. */
    void gather() {
        if (parameterElements() == 0) {
            return;
        }
        for (int shard = 0; shard < job.getShards(); shard++) {
            long from = loaded.getLayout().getShardBegin(shard);
            float[] values =
                    new float[Math.toIntExact(loaded.getLayout().getShardBegin(shard + 1) - from)];
            region(shard).parameters().read(from, values, 0, values.length);
            for (int rank = 0; rank < ranks(); rank++) {
                region(rank).parameters().write(from, values, 0, values.length);
            }
        }
    }

    /** The values of a buffer of floats. */
    static float[] values(FloatRegion region) {
        float[] values = new float[Math.toIntExact(region.elements())];
        region.read(0, values, 0, values.length);
        return values;
    }

    void close() {
        regions.forEach(ArenaFile::close);
    }
}
