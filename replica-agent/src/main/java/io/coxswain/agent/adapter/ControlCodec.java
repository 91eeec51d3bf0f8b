package io.coxswain.agent.adapter;

import com.google.protobuf.ByteString;

import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.AgentReport;
import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.CopyDuty;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.Endpoint;
import io.coxswain.agent.core.model.FinalParts;
import io.coxswain.agent.core.model.HeldState;
import io.coxswain.agent.core.model.Inventory;
import io.coxswain.agent.core.model.JobSpec;
import io.coxswain.agent.core.model.KeyValueReply;
import io.coxswain.agent.core.model.LineageSegment;
import io.coxswain.agent.core.model.Peer;
import io.coxswain.agent.core.model.Placement;
import io.coxswain.agent.core.model.PrepareOrder;
import io.coxswain.agent.core.model.Progress;
import io.coxswain.agent.core.model.Restore;
import io.coxswain.agent.core.model.StateLayout;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.agent.core.model.StepPlan;
import io.coxswain.agent.core.model.StepRun;
import io.coxswain.agent.core.model.View;
import io.coxswain.proto.control.v1.AgentIdentity;
import io.coxswain.proto.control.v1.AgentMessage;
import io.coxswain.proto.control.v1.CoordinatorMessage;
import io.coxswain.proto.control.v1.LeafDigest;
import io.coxswain.proto.control.v1.OperationKind;
import io.coxswain.proto.control.v1.PrepareView;
import io.coxswain.proto.control.v1.RestoreAction;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * The control protocol and the machine's words, one into the other. Stateless; an {@link
 * IllegalArgumentException} means a message that breaks the protocol.
 */
public final class ControlCodec {
    private ControlCodec() {}

    // ---------------------------------------------------------------- coordinator → agent

    /** Null for a message that this version does not know: a newer leader may send some. */
    public static @Nullable AgentEvent event(CoordinatorMessage message) {
        long term = message.getTerm();
        return switch (message.getBodyCase()) {
            case WELCOME ->
                    new AgentEvent.Welcomed(
                            term,
                            message.getWelcome().getHeartbeatNanos(),
                            message.getWelcome().getLeaseNanos());
            case REJECTED -> new AgentEvent.AttachRejected(term, message.getRejected().getReason());
            case HEARTBEAT_REPLY ->
                    new AgentEvent.HeartbeatAnswered(
                            term,
                            message.getHeartbeatReply().getSequence(),
                            message.getHeartbeatReply().getJobTimeNanos());
            case OFFER_JOB -> new AgentEvent.JobOffered(term, spec(message.getOfferJob().getJob()));
            case FENCE ->
                    new AgentEvent.Fenced(
                            term, message.getFence().getJobId(), message.getFence().getEpoch());
            case PREPARE_VIEW -> new AgentEvent.ViewOrdered(term, order(message.getPrepareView()));
            case START_VIEW -> GrantCodec.started(term, message.getStartView());
            case GRANT_STEPS -> GrantCodec.granted(term, message.getGrantSteps());
            case INSTALL_PLACEMENT ->
                    new AgentEvent.PlacementInstalled(
                            term, placement(message.getInstallPlacement().getPlacement()));
            case COLLECT_FINAL -> {
                var collect = message.getCollectFinal();
                yield new AgentEvent.FinalRequested(
                        term,
                        collect.getJobId(),
                        collect.getEpoch(),
                        collect.getStep(),
                        collect.getLineageList().stream()
                                .map(segment ->
                                        new LineageSegment(
                                                segment.getEpoch(),
                                                segment.getFirstStep(),
                                                segment.getLastStep()))
                                .toList());
            }
            case END_JOB ->
                    new AgentEvent.JobEnded(
                            term, message.getEndJob().getJobId(), message.getEndJob().getReason());
            case ACKNOWLEDGE_PROGRESS -> {
                var acknowledged = message.getAcknowledgeProgress();
                yield new AgentEvent.ProgressAcknowledged(
                        term,
                        acknowledged.getJobId(),
                        acknowledged.getEpoch(),
                        acknowledged.getStep());
            }
            case KEY_VALUE_ANSWERED -> {
                var answered = message.getKeyValueAnswered();
                yield new AgentEvent.KeyValueAnswered(
                        term,
                        answered.getJobId(),
                        answered.getId(),
                        KeyValueReply.of(answered.getResult().toByteArray()));
            }
            case HALT_STEPS, MAY_END -> DrainCodec.event(term, message);
            case ASK, BODY_NOT_SET -> null;
        };
    }

    static JobSpec spec(io.coxswain.proto.control.v1.JobSpec spec) {
        return new JobSpec(
                spec.getJobId(),
                spec.getName(),
                spec.getReplicas(),
                spec.getShards(),
                spec.getSteps(),
                spec.getSeed(),
                spec.getData(),
                spec.getBatch(),
                spec.getMicroshards(),
                spec.getProtectCopies(),
                spec.getProtectEvery(),
                spec.getProtectLevel(),
                spec.getReturnWaitNanos(),
                spec.getCollectivesWithin(),
                spec.getCollectivesAcross(),
                spec.getRuntimeKind(),
                spec.getRuntimeJson());
    }

    static io.coxswain.proto.control.v1.JobSpec spec(JobSpec spec) {
        return io.coxswain.proto.control.v1.JobSpec.newBuilder()
                .setJobId(spec.jobId())
                .setName(spec.name())
                .setReplicas(spec.replicas())
                .setShards(spec.shards())
                .setSteps(spec.steps())
                .setSeed(spec.seed())
                .setData(spec.data())
                .setBatch(spec.batch())
                .setMicroshards(spec.microshards())
                .setProtectCopies(spec.protectCopies())
                .setProtectEvery(spec.protectEvery())
                .setProtectLevel(spec.protectLevel())
                .setReturnWaitNanos(spec.returnWaitNanos())
                .setCollectivesWithin(spec.collectivesWithin())
                .setCollectivesAcross(spec.collectivesAcross())
                .setRuntimeKind(spec.runtimeKind())
                .setRuntimeJson(spec.runtimeJson())
                .build();
    }

    private static PrepareOrder order(PrepareView order) {
        VersionWords.refuse(order);
        return new PrepareOrder(
                view(order.getView()),
                order.getHasRank() ? order.getRank() : -1,
                order.getHasRank() && order.hasRestore() ? restore(order.getRestore()) : null,
                order.getHasRank() && order.hasPlan() ? plan(order.getPlan()) : null,
                placement(order.getPlacement()),
                order.getDonationsList().stream()
                        .map(it -> restore(VersionWords.donation(it)))
                        .toList(),
                order.getFloor());
    }

    private static View view(io.coxswain.proto.control.v1.View view) {
        List<Peer> members = new ArrayList<>();
        for (int rank = 0; rank < view.getMembersCount(); rank++) {
            var member = view.getMembers(rank);
            if (member.getRank() != rank) {
                throw new IllegalArgumentException(
                        "view "
                                + view.getEpoch()
                                + ": member "
                                + rank
                                + " has rank "
                                + member.getRank()
                                + "; members come in order of rank");
            }
            members.add(new Peer(key(member.getAgent()), endpoint(member.getDataEndpoint())));
        }
        return new View(
                view.getJobId(),
                view.getEpoch(),
                view.getParentEpoch(),
                view.getBaseStep(),
                view.getReplicas(),
                view.getShards(),
                members);
    }

    private static Placement placement(io.coxswain.proto.control.v1.Placement placement) {
        return new Placement(
                placement.getJobId(),
                placement.getEpoch(),
                placement.getVersion(),
                placement.getDutiesList().stream()
                        .map(duty ->
                                new CopyDuty(
                                        duty.getShard(),
                                        duty.getSourceRank(),
                                        new Peer(
                                                key(duty.getHolder()),
                                                endpoint(duty.getDataEndpoint()))))
                        .toList(),
                placement.getEffectiveStep());
    }

    private static Restore restore(io.coxswain.proto.control.v1.Restore restore) {
        Restore.Action action =
                switch (restore.getAction()) {
                    case RESTORE_ACTION_INIT -> Restore.Action.INIT;
                    case RESTORE_ACTION_KEEP_LIVE -> Restore.Action.KEEP_LIVE;
                    case RESTORE_ACTION_LOAD_LOCAL -> Restore.Action.LOAD_LOCAL;
                    case RESTORE_ACTION_FETCH, RESTORE_ACTION_UNSPECIFIED -> Restore.Action.FETCH;
                    case RESTORE_ACTION_PROMOTE_COPY -> Restore.Action.PROMOTE_COPY;
                    case UNRECOGNIZED ->
                            throw new IllegalArgumentException(
                                    "unknown way to restore: " + restore.getActionValue());
                };
        Peer donor =
                restore.hasDonor()
                        ? new Peer(key(restore.getDonor()), endpoint(restore.getDonorEndpoint()))
                        : null;
        return new Restore(
                action,
                state(restore.getState()),
                Digest.of(restore.getDigest().toByteArray()),
                donor);
    }

    private static StepPlan plan(io.coxswain.proto.control.v1.StepPlan plan) {
        return new StepPlan(
                plan.getEpoch(),
                plan.getOperationsList().stream()
                        .map(operation ->
                                new StepPlan.Operation(
                                        operation.getId(),
                                        kind(operation.getKind()),
                                        operation.getDependsOnList(),
                                        operation.getBackground(),
                                        operation.getEvery(),
                                        operation.getMicroshardFrom(),
                                        operation.getMicroshardTo()))
                        .toList(),
                plan.getReportEvery());
    }

    static io.coxswain.proto.control.v1.StepPlan plan(StepPlan plan) {
        var builder =
                io.coxswain.proto.control.v1.StepPlan.newBuilder()
                        .setEpoch(plan.epoch())
                        .setReportEvery(plan.reportEvery());
        for (StepPlan.Operation operation : plan.operations()) {
            builder.addOperationsBuilder()
                    .setId(operation.id())
                    .setKind(kind(operation.kind()))
                    .addAllDependsOn(operation.dependsOn())
                    .setBackground(operation.background())
                    .setEvery(operation.every())
                    .setMicroshardFrom(operation.microshardFrom())
                    .setMicroshardTo(operation.microshardTo());
        }
        return builder.build();
    }

    private static StepPlan.Kind kind(OperationKind kind) {
        return switch (kind) {
            case OPERATION_KIND_EXECUTE -> StepPlan.Kind.EXECUTE;
            case OPERATION_KIND_REDUCE -> StepPlan.Kind.REDUCE;
            case OPERATION_KIND_APPLY -> StepPlan.Kind.APPLY;
            case OPERATION_KIND_GATHER -> StepPlan.Kind.GATHER;
            case OPERATION_KIND_SNAPSHOT -> StepPlan.Kind.SNAPSHOT;
            case OPERATION_KIND_REPLICATE -> StepPlan.Kind.REPLICATE;
            case OPERATION_KIND_DIGEST -> StepPlan.Kind.DIGEST;
            case OPERATION_KIND_UNSPECIFIED, UNRECOGNIZED ->
                    throw new IllegalArgumentException("unknown operation in a step plan: " + kind);
        };
    }

    private static OperationKind kind(StepPlan.Kind kind) {
        return switch (kind) {
            case EXECUTE -> OperationKind.OPERATION_KIND_EXECUTE;
            case REDUCE -> OperationKind.OPERATION_KIND_REDUCE;
            case APPLY -> OperationKind.OPERATION_KIND_APPLY;
            case GATHER -> OperationKind.OPERATION_KIND_GATHER;
            case SNAPSHOT -> OperationKind.OPERATION_KIND_SNAPSHOT;
            case REPLICATE -> OperationKind.OPERATION_KIND_REPLICATE;
            case DIGEST -> OperationKind.OPERATION_KIND_DIGEST;
        };
    }

    static AgentKey key(AgentIdentity identity) {
        return new AgentKey(identity.getAgentId(), identity.getIncarnation());
    }

    static AgentIdentity identity(AgentKey key) {
        return AgentIdentity.newBuilder()
                .setAgentId(key.id())
                .setIncarnation(key.incarnation())
                .build();
    }

    static Endpoint endpoint(io.coxswain.proto.control.v1.Endpoint endpoint) {
        return new Endpoint(endpoint.getHost(), endpoint.getPort());
    }

    static io.coxswain.proto.control.v1.Endpoint endpoint(Endpoint endpoint) {
        return io.coxswain.proto.control.v1.Endpoint.newBuilder()
                .setHost(endpoint.host())
                .setPort(endpoint.port())
                .build();
    }

    private static StateName state(io.coxswain.proto.control.v1.StateName state) {
        return new StateName(state.getJobId(), state.getEpoch(), state.getStep(), state.getShard());
    }

    private static io.coxswain.proto.control.v1.StateName state(StateName state) {
        return io.coxswain.proto.control.v1.StateName.newBuilder()
                .setJobId(state.jobId())
                .setEpoch(state.epoch())
                .setStep(state.step())
                .setShard(state.shard())
                .build();
    }

    static StateLayout layout(io.coxswain.proto.control.v1.StateLayout layout) {
        return new StateLayout(
                layout.getParameterElements(),
                layout.getShardBeginList(),
                layout.getShardStateBytesList(),
                layout.getShardRegionBytesList(),
                layout.getFingerprint(),
                layout.getDeterministic());
    }

    private static io.coxswain.proto.control.v1.StateLayout layout(StateLayout layout) {
        return io.coxswain.proto.control.v1.StateLayout.newBuilder()
                .setParameterElements(layout.parameterElements())
                .addAllShardBegin(layout.shardBegin())
                .addAllShardStateBytes(layout.shardStateBytes())
                .addAllShardRegionBytes(layout.shardRegionBytes())
                .setFingerprint(layout.fingerprint())
                .setDeterministic(layout.deterministic())
                .build();
    }

    // ---------------------------------------------------------------- agent → coordinator

    static AgentMessage message(AgentReport report, AgentProfile profile, long termSeen) {
        var message =
                AgentMessage.newBuilder().setTermSeen(termSeen).setAgent(identity(profile.key()));
        switch (report) {
            case AgentReport.Attach attach -> {
                var builder = message.getAttachBuilder();
                if (attach.standing() != null) {
                    builder.setStanding(StandingCodec.message(attach.standing()));
                }
                VersionWords.introduce(builder)
                        .setDataEndpoint(endpoint(profile.dataEndpoint()))
                        .setFailureDomain(profile.failureDomain())
                        .setArenaBudgetBytes(profile.arenaBudgetBytes())
                        .setDevices(profile.devices())
                        .putAllLabels(profile.labels())
                        .setPromisedEpoch(attach.inventory().promisedEpoch())
                        .setJobId(attach.inventory().jobId())
                        .setInventory(inventory(attach.inventory()))
                        .setJobTimeNanos(attach.jobTimeNanos())
                        .setHost(profile.host())
                        .setPid(profile.pid())
                        .setWorkerLogs(profile.workerLogs());
            }
            case AgentReport.Heartbeat beat ->
                    message.getHeartbeatBuilder()
                            .setSequence(beat.sequence())
                            .setAnsweredSequence(beat.answered())
                            .setJobTimeNanos(beat.jobTimeNanos())
                            .setOperation(beat.operation())
                            .setStep(beat.step())
                            .addAllWaitingForRanks(beat.waitingForRanks())
                            .setOperationNanos(beat.operationNanos())
                            .setEntered(beat.entered())
                            .setWaitsFor(beat.waitsFor())
                            .setPart(beat.part());
            case AgentReport.JobReady ready ->
                    message.getJobReadyBuilder()
                            .setJobId(ready.jobId())
                            .setLayout(layout(ready.layout()))
                            .setLoadNanos(ready.loadNanos())
                            .setCompileNanos(ready.compileNanos())
                            .setStartNanos(ready.startNanos())
                            .setPromisedEpoch(ready.promisedEpoch());
            case AgentReport.JobUnfit unfit ->
                    message.getJobUnfitBuilder().setJobId(unfit.jobId()).setReason(unfit.reason());
            case AgentReport.Holdings holdings ->
                    message.setInventory(inventory(holdings.inventory()));
            case AgentReport.ViewReady ready ->
                    message.getViewReadyBuilder()
                            .setJobId(ready.jobId())
                            .setEpoch(ready.epoch())
                            .setStep(ready.step())
                            .setDigest(bytes(ready.digest()))
                            .setAction(action(ready.action()))
                            .setRestoredBytes(ready.restoredBytes())
                            .setRestoreNanos(ready.restoreNanos());
            case AgentReport.ViewFailed failed -> {
                var builder =
                        message.getViewFailedBuilder()
                                .setJobId(failed.jobId())
                                .setEpoch(failed.epoch())
                                .setReason(failed.reason())
                                .setBadState(failed.badState());
                StateName state = failed.state();
                AgentKey source = failed.source();
                if (state != null) {
                    builder.setState(state(state));
                }
                if (source != null) {
                    builder.setSource(identity(source));
                }
            }
            case AgentReport.StepsDone done -> message.setProgress(progress(done.progress()));
            case AgentReport.WorkerLost lost ->
                    message.getWorkerLostBuilder()
                            .setJobId(lost.jobId())
                            .setEpoch(lost.epoch())
                            .setCause(lost.cause())
                            .setHung(lost.hung());
            case AgentReport.CopyHeld held ->
                    message.getCopyHeldBuilder()
                            .setCopy(held(held.copy()))
                            .setPlacementVersion(held.placementVersion());
            case AgentReport.CopiesRefused refused ->
                    message.getCopiesRefusedBuilder()
                            .setJobId(refused.jobId())
                            .setPlacementVersion(refused.placementVersion())
                            .setShard(refused.shard())
                            .setReason(refused.reason());
            case AgentReport.StepsHeld held -> message.setStepsHeld(GrantCodec.message(held));
            case AgentReport.FinalState state -> finalState(state, message);
            case AgentReport.PeerUnreachable peer ->
                    message.getPeerUnreachableBuilder()
                            .setJobId(peer.jobId())
                            .setEpoch(peer.epoch())
                            .setPeer(identity(peer.peer()))
                            .setDetail(peer.detail());
            case AgentReport.StepsHalted halted -> DrainCodec.put(halted, message);
            case AgentReport.Notice notice -> DrainCodec.put(notice, message);
            case AgentReport.KeyValueAsked asked -> KeyValueMessages.put(asked, message);
            case AgentReport.KeyValueForgotten forgotten ->
                    message.getKeyValueForgottenBuilder()
                            .setJobId(forgotten.jobId())
                            .setId(forgotten.id())
                            .setSettledBelow(forgotten.settledBelow());
        }
        return message.build();
    }

    private static void finalState(AgentReport.FinalState state, AgentMessage.Builder message) {
        FinalParts parts = state.parts();
        var builder =
                message.getFinalStateBuilder()
                        .setJobId(state.jobId())
                        .setEpoch(state.epoch())
                        .setStep(state.step())
                        .setRank(state.rank())
                        .setHasEvaluation(state.evaluated())
                        .setHeldOutLoss(parts.heldOutLoss())
                        .setAccuracy(parts.accuracy())
                        .setSamplesSeen(parts.samplesSeen())
                        .addAllSamplesDistinctPerPass(parts.samplesDistinctPerPass());
        for (FinalParts.Leaf leaf : parts.leaves()) {
            builder.addLeaves(
                    LeafDigest.newBuilder()
                            .setLeaf(leaf.leaf())
                            .setLeafIndex(leaf.leafIndex())
                            .setLeafBlocks(leaf.leafBlocks())
                            .setFirstBlock(leaf.firstBlock())
                            .setBlockDigests(ByteString.fromHex(leaf.blockDigestsHex()))
                            .setLeafHeader(ByteString.fromHex(leaf.headerHex())));
        }
    }

    static FinalParts.Leaf leaf(LeafDigest leaf) {
        HexFormat hex = HexFormat.of();
        return new FinalParts.Leaf(
                leaf.getLeaf(),
                leaf.getLeafIndex(),
                leaf.getLeafBlocks(),
                leaf.getFirstBlock(),
                hex.formatHex(leaf.getBlockDigests().toByteArray()),
                hex.formatHex(leaf.getLeafHeader().toByteArray()));
    }

    static ByteString bytes(Digest digest) {
        return ByteString.fromHex(digest.hex());
    }

    private static RestoreAction action(Restore.Action action) {
        return switch (action) {
            case INIT -> RestoreAction.RESTORE_ACTION_INIT;
            case KEEP_LIVE -> RestoreAction.RESTORE_ACTION_KEEP_LIVE;
            case LOAD_LOCAL -> RestoreAction.RESTORE_ACTION_LOAD_LOCAL;
            case FETCH -> RestoreAction.RESTORE_ACTION_FETCH;
            case PROMOTE_COPY -> RestoreAction.RESTORE_ACTION_PROMOTE_COPY;
        };
    }

    private static io.coxswain.proto.control.v1.HeldState held(HeldState held) {
        return io.coxswain.proto.control.v1.HeldState.newBuilder()
                .setState(state(held.state()))
                .setDigest(bytes(held.digest()))
                .setBytes(held.bytes())
                .build();
    }

    private static io.coxswain.proto.control.v1.Inventory inventory(Inventory inventory) {
        var builder =
                io.coxswain.proto.control.v1.Inventory.newBuilder()
                        .setJobId(inventory.jobId())
                        .setPromisedEpoch(inventory.promisedEpoch())
                        .setWorkerAlive(inventory.workerAlive())
                        .setFloor(inventory.floor());
        StateName live = inventory.live();
        if (live != null) {
            builder.setHasLive(true)
                    .setLive(state(live))
                    .setLiveDigest(bytes(inventory.liveDigest()));
        }
        for (HeldState snapshot : inventory.snapshots()) {
            builder.addSnapshots(held(snapshot));
        }
        for (HeldState copy : inventory.copies()) {
            builder.addCopies(held(copy));
        }
        Progress tail = inventory.tail();
        if (tail != null) {
            builder.setTail(progress(tail));
        }
        return builder.build();
    }

    private static io.coxswain.proto.control.v1.Progress progress(Progress progress) {
        var builder =
                io.coxswain.proto.control.v1.Progress.newBuilder()
                        .setJobId(progress.jobId())
                        .setEpoch(progress.epoch())
                        .setRank(progress.rank())
                        .setFloor(progress.floor())
                        .addAllAcknowledged(progress.acknowledged())
                        .setCopyNanos(progress.copyNanos());
        for (StepRun run : progress.runs()) {
            builder.addRunsBuilder()
                    .setFirst(run.first())
                    .setLast(run.last())
                    .setElapsedNanos(run.elapsedNanos())
                    .setExecuteNanos(run.executeNanos())
                    .setDataWaitNanos(run.dataWaitNanos())
                    .setSnapshotStallNanos(run.snapshotStallNanos())
                    .setStragglerWaitNanos(run.stragglerWaitNanos())
                    .setCreditWaitNanos(run.creditWaitNanos())
                    .setSamples(run.samples())
                    .setSampleHash(run.sampleHash())
                    .setLoss(run.loss())
                    .setDigest(bytes(run.digest()))
                    .setDigestStep(run.digestStep())
                    .setSkippedSnapshots(run.skippedSnapshots());
        }
        return builder.build();
    }
}
