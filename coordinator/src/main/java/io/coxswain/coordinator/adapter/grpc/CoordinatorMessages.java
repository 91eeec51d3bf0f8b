package io.coxswain.coordinator.adapter.grpc;

import io.coxswain.coordinator.core.job.JobEffect;
import io.coxswain.coordinator.core.keyvalue.KeyValueResult;
import io.coxswain.coordinator.core.model.GrantedFloor;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.RestoreSource;
import io.coxswain.coordinator.core.model.SnapshotInterval;
import io.coxswain.coordinator.core.model.StepPlan;
import io.coxswain.coordinator.core.version.ProtocolVersion;
import io.coxswain.proto.control.v1.AcknowledgeProgress;
import io.coxswain.proto.control.v1.CollectFinal;
import io.coxswain.proto.control.v1.CoordinatorMessage;
import io.coxswain.proto.control.v1.EndJob;
import io.coxswain.proto.control.v1.Fence;
import io.coxswain.proto.control.v1.GrantSteps;
import io.coxswain.proto.control.v1.HeartbeatReply;
import io.coxswain.proto.control.v1.InstallPlacement;
import io.coxswain.proto.control.v1.KeyValueAnswered;
import io.coxswain.proto.control.v1.OfferJob;
import io.coxswain.proto.control.v1.OperationKind;
import io.coxswain.proto.control.v1.PlanOperation;
import io.coxswain.proto.control.v1.PrepareView;
import io.coxswain.proto.control.v1.Rejected;
import io.coxswain.proto.control.v1.Restore;
import io.coxswain.proto.control.v1.RestoreAction;
import io.coxswain.proto.control.v1.StartView;
import io.coxswain.proto.control.v1.Welcome;

import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;

/** Writes what the core asks for as messages to agents. Stateless. */
final class CoordinatorMessages {
    /** Of this software; empty: it is not packaged. */
    static final String RELEASE =
            Objects.requireNonNullElse(
                    CoordinatorMessages.class.getPackage().getImplementationVersion(), "");

    private CoordinatorMessages() {}

    static CoordinatorMessage welcome(long term, long heartbeatNanos, long leaseNanos) {
        return message(term)
                .setWelcome(
                        Welcome.newBuilder()
                                .setProtocolMajor(ProtocolVersion.CONTROL.major())
                                .setProtocolMinor(ProtocolVersion.CONTROL.minor())
                                .setRelease(RELEASE)
                                .setHeartbeatNanos(heartbeatNanos)
                                .setLeaseNanos(leaseNanos))
                .build();
    }

    static CoordinatorMessage rejected(long term, String reason, boolean retry) {
        return message(term)
                .setRejected(
                        Rejected.newBuilder()
                                .setReason(reason)
                                .setRetry(retry)
                                .setProtocolMajor(ProtocolVersion.CONTROL.major())
                                .setProtocolMinor(ProtocolVersion.CONTROL.minor()))
                .build();
    }

    static CoordinatorMessage heartbeatReply(long term, long sequence, long jobTimeNanos) {
        return message(term)
                .setHeartbeatReply(
                        HeartbeatReply.newBuilder()
                                .setSequence(sequence)
                                .setJobTimeNanos(jobTimeNanos))
                .build();
    }

    static CoordinatorMessage offerJob(long term, JobSpec job) {
        return message(term)
                .setOfferJob(OfferJob.newBuilder().setJob(ModelCodec.encode(job)))
                .build();
    }

    static CoordinatorMessage fence(long term, String jobId, JobEffect.SendFence fence) {
        return message(term)
                .setFence(Fence.newBuilder().setJobId(jobId).setEpoch(fence.epoch()))
                .build();
    }

    static CoordinatorMessage prepareView(
            long term, String jobId, JobEffect.SendPrepareView prepare) {
        var body =
                PrepareView.newBuilder()
                        .setView(ModelCodec.encode(jobId, prepare.view()))
                        .setHasRank(prepare.rank() >= 0)
                        .setFloor(prepare.floor())
                        .setPlacement(
                                ModelCodec.encode(
                                        jobId, prepare.placement(), prepare.view().baseStep()));
        if (prepare.rank() >= 0) {
            body.setRank(prepare.rank());
        }
        if (prepare.source() != null) {
            body.setRestore(restore(jobId, prepare.source()));
        }
        if (prepare.plan() != null) {
            body.setPlan(plan(prepare.plan()));
        }
        for (JobEffect.Donation donation : prepare.donations()) {
            body.addDonations(
                    Restore.newBuilder()
                            .setAction(RestoreAction.RESTORE_ACTION_FETCH)
                            .setState(ModelCodec.state(jobId, donation.state()))
                            .setDigest(ModelCodec.digest(donation.digest())));
        }
        return message(term).setPrepareView(body).build();
    }

    static CoordinatorMessage startView(long term, String jobId, JobEffect.SendStartView start) {
        StartView.Builder body =
                StartView.newBuilder()
                        .setJobId(jobId)
                        .setEpoch(start.epoch())
                        .setThrough(start.through())
                        .setHold(start.hold())
                        .addAllFloors(floors(start.floors()));
        interval(start.interval(), body::setInterval);
        return message(term).setStartView(body).build();
    }

    static CoordinatorMessage grant(long term, String jobId, JobEffect.SendGrant grant) {
        GrantSteps.Builder body =
                GrantSteps.newBuilder()
                        .setJobId(jobId)
                        .setEpoch(grant.epoch())
                        .setThrough(grant.through())
                        .setHold(grant.hold())
                        .addAllFloors(floors(grant.floors()));
        interval(grant.interval(), body::setInterval);
        return message(term).setGrantSteps(body).build();
    }

    private static void interval(
            SnapshotInterval interval,
            Consumer<io.coxswain.proto.control.v1.SnapshotInterval> setter) {
        if (interval.isChange()) {
            setter.accept(
                    io.coxswain.proto.control.v1.SnapshotInterval.newBuilder()
                            .setAfter(interval.after())
                            .setEvery(interval.every())
                            .build());
        }
    }

    private static List<io.coxswain.proto.control.v1.GrantedFloor> floors(
            List<GrantedFloor> granted) {
        return granted.stream()
                .map(one ->
                        io.coxswain.proto.control.v1.GrantedFloor.newBuilder()
                                .setThrough(one.through())
                                .setFloor(one.floor())
                                .build())
                .toList();
    }

    static CoordinatorMessage placement(
            long term, String jobId, JobEffect.SendPlacement placement) {
        return message(term)
                .setInstallPlacement(
                        InstallPlacement.newBuilder()
                                .setPlacement(
                                        ModelCodec.encode(
                                                jobId,
                                                placement.placement(),
                                                placement.effectiveStep())))
                .build();
    }

    static CoordinatorMessage collectFinal(
            long term, String jobId, JobEffect.SendCollectFinal collect) {
        return message(term)
                .setCollectFinal(
                        CollectFinal.newBuilder()
                                .setJobId(jobId)
                                .setEpoch(collect.epoch())
                                .setStep(collect.step())
                                .addAllLineage(ModelCodec.segments(collect.lineage())))
                .build();
    }

    static CoordinatorMessage endJob(long term, String jobId, String reason) {
        return message(term)
                .setEndJob(EndJob.newBuilder().setJobId(jobId).setReason(reason))
                .build();
    }

    static CoordinatorMessage acknowledge(
            long term, String jobId, JobEffect.SendAcknowledge acknowledge) {
        return message(term)
                .setAcknowledgeProgress(
                        AcknowledgeProgress.newBuilder()
                                .setJobId(jobId)
                                .setEpoch(acknowledge.epoch())
                                .setStep(acknowledge.step()))
                .build();
    }

    static CoordinatorMessage keyValue(long term, String jobId, long id, KeyValueResult result) {
        return message(term)
                .setKeyValueAnswered(
                        KeyValueAnswered.newBuilder()
                                .setJobId(jobId)
                                .setId(id)
                                .setResult(KeyValueCodec.result(result)))
                .build();
    }

    private static CoordinatorMessage.Builder message(long term) {
        return CoordinatorMessage.newBuilder().setTerm(term);
    }

    private static Restore restore(String jobId, RestoreSource source) {
        var restore = Restore.newBuilder();
        return switch (source) {
            case RestoreSource.Init() ->
                    restore.setAction(RestoreAction.RESTORE_ACTION_INIT).build();
            case RestoreSource.KeepLive(var state, var digest) ->
                    restore.setAction(RestoreAction.RESTORE_ACTION_KEEP_LIVE)
                            .setState(ModelCodec.state(jobId, state))
                            .setDigest(ModelCodec.digest(digest))
                            .build();
            case RestoreSource.LoadLocal(var state, var digest) ->
                    restore.setAction(RestoreAction.RESTORE_ACTION_LOAD_LOCAL)
                            .setState(ModelCodec.state(jobId, state))
                            .setDigest(ModelCodec.digest(digest))
                            .build();
            case RestoreSource.Fetch(var state, var digest, var donor) ->
                    restore.setAction(RestoreAction.RESTORE_ACTION_FETCH)
                            .setState(ModelCodec.state(jobId, state))
                            .setDigest(ModelCodec.digest(digest))
                            .setDonor(ModelCodec.identity(donor.key()))
                            .setDonorEndpoint(ModelCodec.endpoint(donor.dataEndpoint()))
                            .build();
            case RestoreSource.PromoteCopy(var state, var digest) ->
                    restore.setAction(RestoreAction.RESTORE_ACTION_PROMOTE_COPY)
                            .setState(ModelCodec.state(jobId, state))
                            .setDigest(ModelCodec.digest(digest))
                            .build();
        };
    }

    private static io.coxswain.proto.control.v1.StepPlan plan(StepPlan plan) {
        var message =
                io.coxswain.proto.control.v1.StepPlan.newBuilder()
                        .setEpoch(plan.epoch())
                        .setReportEvery(plan.reportEvery());
        for (StepPlan.Operation operation : plan.operations()) {
            message.addOperations(
                    PlanOperation.newBuilder()
                            .setId(operation.id())
                            .setKind(kind(operation.kind()))
                            .addAllDependsOn(operation.dependsOn())
                            .setBackground(operation.background())
                            .setEvery(operation.every())
                            .setMicroshardFrom(operation.microshardFrom())
                            .setMicroshardTo(operation.microshardTo()));
        }
        return message.build();
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
}
