package io.coxswain.agent.adapter;

import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.WorkerRequest;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.FinalParts;
import io.coxswain.agent.core.model.SlotRef;
import io.coxswain.bridge.host.LoadedPieces;
import io.coxswain.proto.bridge.v1.Apply;
import io.coxswain.proto.bridge.v1.Execute;
import io.coxswain.proto.bridge.v1.Executed;
import io.coxswain.proto.bridge.v1.Finish;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.LoadJob;
import io.coxswain.proto.bridge.v1.PrepareView;
import io.coxswain.proto.bridge.v1.Snapshot;
import io.coxswain.proto.bridge.v1.StateOrigin;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.control.v1.LineageSegment;

import org.jspecify.annotations.Nullable;

import java.nio.file.Path;
import java.util.function.Function;

/** The bridge's messages and the machine's words, one into the other. Stateless. */
final class BridgeCodec {
    private BridgeCodec() {}

    /** {@code paths} says where a file of the arena lies. */
    static ToWorker request(long requestId, WorkerRequest request, Function<String, Path> paths) {
        ToWorker.Builder message = ToWorker.newBuilder().setRequestId(requestId);
        switch (request) {
            case WorkerRequest.LoadJob load ->
                    message.setLoadJob(
                            LoadJob.newBuilder()
                                    .setJob(ControlCodec.spec(load.job()))
                                    .setWarmUp(true));
            case WorkerRequest.Prepare prepare -> message.setPrepareView(prepare(prepare, paths));
            case WorkerRequest.Execute execute ->
                    message.setExecute(
                            Execute.newBuilder().setEpoch(execute.epoch()).setStep(execute.step()));
            case WorkerRequest.Apply apply -> {
                Apply.Builder body =
                        Apply.newBuilder().setEpoch(apply.epoch()).setStep(apply.step());
                if (apply.snapshotSlot() >= 0) {
                    body.setTakeSnapshot(true).setSlotIndex(apply.snapshotSlot());
                }
                message.setApply(body);
            }
            case WorkerRequest.Snapshot snapshot ->
                    message.setSnapshot(
                            Snapshot.newBuilder()
                                    .setEpoch(snapshot.epoch())
                                    .setStep(snapshot.step())
                                    .setSlotIndex(snapshot.slot()));
            case WorkerRequest.Finish finish -> {
                Finish.Builder body =
                        Finish.newBuilder()
                                .setEpoch(finish.epoch())
                                .setStep(finish.step())
                                .setEvaluate(finish.evaluate());
                for (var segment : finish.lineage()) {
                    body.addLineage(
                            LineageSegment.newBuilder()
                                    .setEpoch(segment.epoch())
                                    .setFirstStep(segment.firstStep())
                                    .setLastStep(segment.lastStep()));
                }
                message.setFinish(body);
            }
        }
        return message.build();
    }

    private static PrepareView prepare(
            WorkerRequest.Prepare prepare, Function<String, Path> paths) {
        PrepareView.Builder body =
                PrepareView.newBuilder()
                        .setPlan(ControlCodec.plan(prepare.plan()))
                        .setEpoch(prepare.epoch())
                        .setRank(prepare.rank())
                        .setReplicas(prepare.replicas())
                        .setShards(prepare.shards())
                        .setBaseStep(prepare.baseStep())
                        .setHost(prepare.host())
                        .setMasterHost(prepare.masterHost())
                        .setRegionPath(paths.apply(prepare.region()).toString())
                        .setOrigin(
                                switch (prepare.origin()) {
                                    case INIT -> StateOrigin.STATE_ORIGIN_INIT;
                                    case KEEP_LIVE -> StateOrigin.STATE_ORIGIN_KEEP_LIVE;
                                    case SLOT -> StateOrigin.STATE_ORIGIN_SLOT;
                                });
        SlotRef source = prepare.source();
        if (source != null) {
            body.setSlotPath(paths.apply(source.file()).toString())
                    .setSlotIndex(source.index())
                    .setSlotDigest(ControlCodec.bytes(prepare.digest()));
        }
        return body.build();
    }

    /**
     * {@code request} is what the message answers, null if it is unsolicited. Null for what the
     * machine need not hear.
     */
    static @Nullable AgentEvent event(
            int generation, FromWorker message, @Nullable WorkerRequest request) {
        return switch (message.getBodyCase()) {
            case JOB_LOADED -> {
                var loaded = message.getJobLoaded();
                String wrong = LoadedPieces.problem(loaded);
                if (wrong != null && request != null) {
                    yield new AgentEvent.WorkerFaulted(
                            generation, request, "program_invalid", wrong);
                }
                yield new AgentEvent.JobLoaded(
                        generation,
                        ControlCodec.layout(loaded.getLayout()),
                        loaded.getShardLiveBytesList().stream()
                                .mapToLong(Long::longValue)
                                .max()
                                .orElse(0),
                        loaded.getShardPiecesList().stream()
                                .mapToInt(Integer::intValue)
                                .max()
                                .orElse(1),
                        loaded.getLoadNanos(),
                        loaded.getCompileNanos(),
                        loaded.getReforms());
            }
            case VIEW_PREPARED -> {
                var prepared = message.getViewPrepared();
                yield new AgentEvent.ViewPrepared(
                        generation,
                        prepared.getEpoch(),
                        prepared.getStep(),
                        Digest.of(prepared.getDigest().toByteArray()),
                        prepared.getLoadedBytes());
            }
            case EXECUTED -> executed(generation, message.getExecuted());
            case ABORTED ->
                    request == null ? null : new AgentEvent.RequestAborted(generation, request);
            case APPLIED -> {
                var applied = message.getApplied();
                yield new AgentEvent.Applied(
                        generation,
                        applied.getEpoch(),
                        applied.getStep(),
                        applied.getApplyNanos(),
                        applied.getSnapshotStallNanos());
            }
            case SNAPSHOT_COMMITTED -> {
                var done = message.getSnapshotCommitted();
                yield done.getFailed()
                        ? new AgentEvent.SnapshotFailed(
                                generation,
                                done.getEpoch(),
                                done.getStep(),
                                done.getSlotIndex(),
                                done.getReason())
                        : new AgentEvent.SnapshotCommitted(
                                generation,
                                done.getEpoch(),
                                done.getStep(),
                                done.getSlotIndex(),
                                Digest.of(done.getDigest().toByteArray()),
                                done.getBytes());
            }
            case FINISHED -> {
                var finished = message.getFinished();
                yield new AgentEvent.Finished(
                        generation,
                        new FinalParts(
                                finished.getLeavesList().stream().map(ControlCodec::leaf).toList(),
                                finished.getHeldOutLoss(),
                                finished.getAccuracy(),
                                finished.getSamplesSeen(),
                                finished.getSamplesDistinctPerPassList()));
            }
            case FAULT ->
                    request == null
                            ? null
                            : new AgentEvent.WorkerFaulted(
                                    generation,
                                    request,
                                    message.getFault().getCode(),
                                    message.getFault().getMessage());
            case HELLO, METRICS, OUTPUT, EXPORT_TOLD, BODY_NOT_SET -> null;
        };
    }

    private static AgentEvent executed(int generation, Executed executed) {
        float[] losses = new float[executed.getMicroshardLossesCount()];
        for (int i = 0; i < losses.length; i++) {
            losses[i] = executed.getMicroshardLosses(i);
        }
        return new AgentEvent.Executed(
                generation,
                executed.getEpoch(),
                executed.getStep(),
                losses,
                executed.getSamples(),
                executed.getSampleHash(),
                executed.getExecuteNanos(),
                executed.getDataWaitNanos(),
                executed.getLoss(),
                executed.getSnapshotStallNanos(),
                executed.getOwnNanos());
    }
}
