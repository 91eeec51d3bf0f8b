package io.coxswain.bridge.host;

import com.google.protobuf.ByteString;

import io.coxswain.bridge.arena.ArenaException;
import io.coxswain.bridge.arena.ArenaFile;
import io.coxswain.bridge.arena.Slot;
import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.bridge.arena.SlotWriter;
import io.coxswain.bridge.arena.Verification;
import io.coxswain.bridge.spi.Assignment;
import io.coxswain.bridge.spi.Capture;
import io.coxswain.bridge.spi.ExecuteOutcome;
import io.coxswain.bridge.spi.RuntimeFault;
import io.coxswain.bridge.spi.RuntimeFault.Code;
import io.coxswain.bridge.spi.RuntimeLayout;
import io.coxswain.bridge.spi.StateOrigin;
import io.coxswain.bridge.spi.TrainingJob;
import io.coxswain.bridge.spi.TrainingRuntime;
import io.coxswain.proto.bridge.v1.Applied;
import io.coxswain.proto.bridge.v1.Apply;
import io.coxswain.proto.bridge.v1.Execute;
import io.coxswain.proto.bridge.v1.Executed;
import io.coxswain.proto.bridge.v1.Finish;
import io.coxswain.proto.bridge.v1.Finished;
import io.coxswain.proto.bridge.v1.JobLoaded;
import io.coxswain.proto.bridge.v1.PrepareView;
import io.coxswain.proto.bridge.v1.ViewPrepared;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * One job in a worker: the runtime with its program, the region, and the account of which state is
 * live. Confined to the host's main thread.
 */
final class JobSession implements AutoCloseable {
    private static final long NO_STEP = -1;

    private final TrainingJob job;
    private final TrainingRuntime runtime;
    private final AbortGate gate;
    private final SnapshotCommitter committer;
    private final KeyValueClient keyValues;
    private final Consumer<Activity> activity;
    private final RuntimeLayout layout;
    private final long loadNanos;
    private long compileNanos;
    private boolean warm;
    private @Nullable View view;
    private long liveStep = NO_STEP;

    /** A taken rank. */
    private record View(Assignment assignment, SlotTable.Meta pieces) {
        ArenaFile region() {
            return assignment.region();
        }
    }

    /** A snapshot whose copy is done and whose completion is not. */
    record Begun(SlotWriter writer, Capture capture) {}

    /** A made step. */
    record AppliedStep(Applied answer, @Nullable Begun begun, @Nullable String snapshotFault) {}

    JobSession(
            TrainingJob job,
            TrainingRuntime runtime,
            AbortGate gate,
            SnapshotCommitter committer,
            KeyValueClient keyValues,
            Consumer<Activity> activity)
            throws RuntimeFault {
        this.job = job;
        this.runtime = runtime;
        this.gate = gate;
        this.committer = committer;
        this.keyValues = keyValues;
        this.activity = activity;
        long start = System.nanoTime();
        activity.accept(new Activity("load", 0));
        this.layout = load(runtime, job);
        this.loadNanos = System.nanoTime() - start;
    }

    private static RuntimeLayout load(TrainingRuntime runtime, TrainingJob job)
            throws RuntimeFault {
        try {
            return runtime.load(job);
        } catch (RuntimeFault | RuntimeException e) {
            // It may hold devices, or memory outside the heap.
            runtime.close();
            throw e;
        }
    }

    TrainingJob job() {
        return job;
    }

    JobLoaded loaded(boolean warmUp) throws RuntimeFault {
        if (warmUp && !warm) {
            activity.accept(new Activity("warm_up", 0));
            long start = System.nanoTime();
            // Aborts concern views; a warm-up ends early only when the agent is gone.
            runtime.warmUp(gate.agentGone());
            warm = true;
            compileNanos = System.nanoTime() - start;
        }
        return Translation.jobLoaded(layout, loadNanos, compileNanos);
    }

    ViewPrepared prepareView(PrepareView request) throws RuntimeFault {
        activity.accept(new Activity("restore", request.getBaseStep()));
        int shards = request.getShards();
        if (shards != layout.shards().size()
                || request.getRank() / shards >= request.getReplicas()) {
            throw new RuntimeFault(
                    Code.BAD_REQUEST,
                    "rank %d of a %d×%d mesh; the job was loaded for %d shards"
                            .formatted(
                                    request.getRank(),
                                    request.getReplicas(),
                                    shards,
                                    layout.shards().size()));
        }
        drain();
        int[] microshards = Translation.microshards(request, job);
        View old = view;
        Path path = Path.of(request.getRegionPath());
        boolean same = old != null && old.region().path().equals(path);
        ArenaFile region = same && old != null ? old.region() : open(path, Code.INTERNAL);
        boolean taken = false;
        try {
            Assignment assignment =
                    new Assignment(
                            request.getEpoch(),
                            request.getRank(),
                            request.getRank() % shards,
                            request.getBaseStep(),
                            microshards[0],
                            microshards[1],
                            region,
                            keyValues.of(request.getEpoch()));
            requireFits(assignment);
            ViewPrepared.Builder answer =
                    ViewPrepared.newBuilder()
                            .setEpoch(request.getEpoch())
                            .setStep(request.getBaseStep());
            establish(request, assignment, old, answer);
            SlotTable.Meta pieces =
                    SlotTable.Meta.layOut(
                            job.jobId(),
                            assignment.epoch(),
                            assignment.baseStep(),
                            assignment.shard(),
                            runtime.pieces());
            view = new View(assignment, pieces);
            liveStep = request.getBaseStep();
            taken = true;
            return answer.build();
        } finally {
            if (!taken && !same) {
                region.close();
            }
            if (taken && !same) {
                if (old != null) {
                    old.region().close();
                }
                committer.submit(region::prefault);
            }
        }
    }

    /** The answer, or nothing if the work was aborted. */
    Optional<Executed> execute(Execute request) throws RuntimeFault {
        View current = require(request.getEpoch(), request.getStep() - 1);
        activity.accept(new Activity("execute", request.getStep()));
        long start = System.nanoTime();
        ExecuteOutcome outcome =
                runtime.execute(request.getStep(), gate.signal(request.getEpoch()));
        long nanos = System.nanoTime() - start;
        return switch (outcome) {
            case ExecuteOutcome.Aborted _ -> Optional.empty();
            case ExecuteOutcome.Executed done ->
                    Optional.of(
                            Executed.newBuilder()
                                    .setEpoch(current.assignment().epoch())
                                    .setStep(request.getStep())
                                    .addAllMicroshardLosses(done.microshardLosses())
                                    .setSamples(done.samples())
                                    .setSampleHash(done.sampleHash())
                                    .setExecuteNanos(nanos)
                                    .setDataWaitNanos(done.dataWaitNanos())
                                    .build());
        };
    }

    AppliedStep apply(Apply request) throws RuntimeFault {
        require(request.getEpoch(), request.getStep() - 1);
        activity.accept(new Activity("apply", request.getStep()));
        long start = System.nanoTime();
        liveStep = NO_STEP;
        runtime.apply(request.getStep());
        liveStep = request.getStep();
        long applied = System.nanoTime();
        Begun begun = null;
        String fault = null;
        if (request.getTakeSnapshot()) {
            activity.accept(new Activity("snapshot", request.getStep()));
            try {
                begun = capture(request.getSlotIndex());
            } catch (RuntimeFault e) {
                // The step is made all the same; only its snapshot is missing.
                fault = String.valueOf(e.getMessage());
            }
        }
        Applied answer =
                Applied.newBuilder()
                        .setEpoch(request.getEpoch())
                        .setStep(request.getStep())
                        .setApplyNanos(applied - start)
                        .setSnapshotStallNanos(begun == null ? 0 : System.nanoTime() - applied)
                        .build();
        return new AppliedStep(answer, begun, fault);
    }

    Begun snapshot(long epoch, long step, int slot) throws RuntimeFault {
        require(epoch, step);
        activity.accept(new Activity("snapshot", step));
        return capture(slot);
    }

    Finished finish(Finish request) throws RuntimeFault {
        require(request.getEpoch(), request.getStep());
        activity.accept(new Activity("finish", request.getStep()));
        return Translation.finished(
                runtime.finish(request.getEvaluate(), Translation.lineage(request)));
    }

    /** Forgets the live state: something went wrong while it may have been changing. */
    void distrustLive() {
        liveStep = NO_STEP;
    }

    @Override
    public void close() {
        runtime.close();
        View current = view;
        if (current != null) {
            current.region().close();
        }
    }

    private Begun capture(int slot) throws RuntimeFault {
        View current = requireView();
        if (slot < 0 || slot >= current.region().slots()) {
            throw new RuntimeFault(
                    Code.BAD_REQUEST,
                    "slot %d of a region with %d slots".formatted(slot, current.region().slots()));
        }
        SlotWriter writer;
        try {
            SlotTable.Meta meta = current.pieces().at(current.assignment().epoch(), liveStep);
            writer = current.region().slot(slot).write(meta);
        } catch (IllegalStateException | IllegalArgumentException e) {
            throw new RuntimeFault(Code.BAD_STATE, String.valueOf(e.getMessage()), e);
        }
        Capture capture = runtime.capture(writer.meta(), writer.data());
        if (capture.isComplete()) {
            writer.filled();
        }
        return new Begun(writer, capture);
    }

    private void establish(
            PrepareView request,
            Assignment assignment,
            @Nullable View old,
            ViewPrepared.Builder answer)
            throws RuntimeFault {
        switch (request.getOrigin()) {
            case STATE_ORIGIN_INIT -> take(assignment, new StateOrigin.Initial());
            case STATE_ORIGIN_KEEP_LIVE -> {
                if (old == null
                        || liveStep != assignment.baseStep()
                        || old.assignment().shard() != assignment.shard()) {
                    throw new RuntimeFault(
                            Code.BAD_STATE,
                            "no live state of step %d of shard %d to keep; the worker has %s"
                                    .formatted(assignment.baseStep(), assignment.shard(), live()));
                }
                take(assignment, new StateOrigin.Live());
            }
            case STATE_ORIGIN_SLOT -> loadSlot(request, assignment, old, answer);
            case STATE_ORIGIN_UNSPECIFIED, UNRECOGNIZED ->
                    throw new RuntimeFault(
                            Code.BAD_REQUEST,
                            "the view names no origin of the state (or one that this version does"
                                    + " not know)");
        }
    }

    private void take(Assignment assignment, StateOrigin origin) throws RuntimeFault {
        liveStep = NO_STEP;
        runtime.take(assignment, origin);
    }

    private void loadSlot(
            PrepareView request,
            Assignment assignment,
            @Nullable View old,
            ViewPrepared.Builder answer)
            throws RuntimeFault {
        Path path = Path.of(request.getSlotPath());
        ArenaFile file = null;
        if (assignment.region().path().equals(path)) {
            file = assignment.region();
        } else if (old != null && old.region().path().equals(path)) {
            file = old.region();
        }
        if (file != null) {
            loadSlot(request, assignment, file, answer);
        } else {
            try (ArenaFile opened = open(path, Code.BAD_STATE)) {
                loadSlot(request, assignment, opened, answer);
            }
        }
    }

    private void loadSlot(
            PrepareView request, Assignment assignment, ArenaFile file, ViewPrepared.Builder answer)
            throws RuntimeFault {
        int index = request.getSlotIndex();
        if (index < 0 || index >= file.slots()) {
            throw new RuntimeFault(
                    Code.BAD_REQUEST,
                    "slot %d of %s, which has %d slots"
                            .formatted(index, file.path(), file.slots()));
        }
        Slot slot = file.slot(index);
        byte[] digest =
                switch (slot.verify()) {
                    case Verification.Intact intact -> intact.digest();
                    case Verification.Damaged damaged ->
                            throw new RuntimeFault(
                                    Code.BAD_STATE,
                                    "%s: %s".formatted(file.path(), damaged.what()));
                };
        byte[] expected = request.getSlotDigest().toByteArray();
        if (expected.length > 0 && !Arrays.equals(digest, expected)) {
            throw new RuntimeFault(
                    Code.BAD_STATE,
                    "slot %d of %s has digest %s, expected %s"
                            .formatted(
                                    index,
                                    file.path(),
                                    HexFormat.of().formatHex(digest),
                                    HexFormat.of().formatHex(expected)));
        }
        SlotTable.Meta meta = slot.table().meta();
        if (!meta.jobId().equals(job.jobId())
                || meta.step() != assignment.baseStep()
                || meta.shard() != assignment.shard()) {
            throw new RuntimeFault(
                    Code.BAD_STATE,
                    "slot %d of %s holds step %d of shard %d of job %s, expected step %d of shard %d of job %s"
                            .formatted(
                                    index,
                                    file.path(),
                                    meta.step(),
                                    meta.shard(),
                                    meta.jobId(),
                                    assignment.baseStep(),
                                    assignment.shard(),
                                    job.jobId()));
        }
        take(assignment, new StateOrigin.Stored(meta, slot.data()));
        answer.setDigest(ByteString.copyFrom(digest)).setLoadedBytes(meta.dataBytes());
    }

    private void requireFits(Assignment assignment) throws RuntimeFault {
        ArenaFile.Shape shape = assignment.region().shape();
        RuntimeLayout.Shard shard = layout.shards().get(assignment.shard());
        boolean fits =
                shape.parameterElements() == layout.parameterElements()
                        && shape.gradientBuffers() >= assignment.microshards()
                        && shape.reducedElements() >= shard.end() - shard.begin()
                        && shape.liveBytes() >= shard.liveBytes()
                        && shape.slotDataBytes() >= shard.stateBytes()
                        && shape.maxPieces() >= shard.pieces();
        if (!fits) {
            throw new RuntimeFault(
                    Code.BAD_REQUEST,
                    "region %s is made for %s; shard %d with %d microshards of %d parameters needs %s"
                            .formatted(
                                    assignment.region().path(),
                                    shape,
                                    assignment.shard(),
                                    assignment.microshards(),
                                    layout.parameterElements(),
                                    shard));
        }
    }

    private View require(long epoch, long step) throws RuntimeFault {
        View current = requireView();
        if (current.assignment().epoch() != epoch || liveStep != step) {
            throw new RuntimeFault(
                    Code.BAD_STATE,
                    "the request is for epoch %d with live step %d; the worker is in epoch %d and has %s"
                            .formatted(epoch, step, current.assignment().epoch(), live()));
        }
        return current;
    }

    private View requireView() throws RuntimeFault {
        View current = view;
        if (current == null) {
            throw new RuntimeFault(Code.BAD_STATE, "no view has been prepared in this worker");
        }
        return current;
    }

    private String live() {
        View current = view;
        return current == null || liveStep == NO_STEP
                ? "no live state"
                : "live step %d of shard %d".formatted(liveStep, current.assignment().shard());
    }

    private void drain() throws RuntimeFault {
        try {
            committer.drain();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RuntimeFault(Code.INTERNAL, "interrupted while snapshots were completed", e);
        }
    }

    /**
     * Maps a file.
     *
     * @param broken what it means if there is no such file, or not all of it: {@code BAD_STATE}
     *     says that the state is bad, and nobody will look at it again. A file that cannot be
     *     mapped says nothing of what is in it
     */
    private static ArenaFile open(Path path, Code broken) throws RuntimeFault {
        try {
            return ArenaFile.open(path);
        } catch (ArenaException e) {
            throw new RuntimeFault(broken, String.valueOf(e.getMessage()), e);
        } catch (NoSuchFileException e) {
            throw new RuntimeFault(broken, "there is no arena " + path, e);
        } catch (IOException e) {
            throw new RuntimeFault(
                    e.getCause() instanceof OutOfMemoryError ? Code.OUT_OF_MEMORY : Code.INTERNAL,
                    "cannot map arena %s: %s".formatted(path, e),
                    e);
        }
    }
}
