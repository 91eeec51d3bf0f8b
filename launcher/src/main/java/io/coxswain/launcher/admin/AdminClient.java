package io.coxswain.launcher.admin;

import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.proto.admin.v1.AdminGrpc;
import io.coxswain.proto.admin.v1.CancelRequest;
import io.coxswain.proto.admin.v1.CancelResponse;
import io.coxswain.proto.admin.v1.Event;
import io.coxswain.proto.admin.v1.EventsRequest;
import io.coxswain.proto.admin.v1.StatusRequest;
import io.coxswain.proto.admin.v1.StatusResponse;
import io.coxswain.proto.admin.v1.SubmitRequest;
import io.coxswain.proto.admin.v1.SubmitResponse;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.StatusRuntimeException;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;

/** A connection to the leading coordinator. Calls block; for one thread. */
public final class AdminClient implements AutoCloseable {
    private static final long CALL_SECONDS = 10;
    private static final long CLOSE_SECONDS = 2;

    private final String target;
    private final ManagedChannel channel;

    /**
     * Where the coordinator is.
     *
     * @param coordinator {@code host:port}; null: the leader that ZooKeeper names
     */
    public record Address(@Nullable String coordinator, String zookeeper, String chroot) {}

    private AdminClient(String target, ManagedChannel channel) {
        this.target = target;
        this.channel = channel;
    }

    /** Finds the coordinator; the connection is made with the first call. */
    public static AdminClient connect(Address address) throws EnvironmentException {
        String named = address.coordinator();
        String target =
                named != null ? named : LeaderLookup.find(address.zookeeper(), address.chroot());
        try {
            return new AdminClient(
                    target, ManagedChannelBuilder.forTarget(target).usePlaintext().build());
        } catch (IllegalArgumentException e) {
            throw new EnvironmentException(
                    "'" + target + "' is no coordinator's address; expected HOST:PORT", e);
        }
    }

    /** Submits a job. */
    public SubmitResponse submit(JobSpec job, boolean queue) throws EnvironmentException {
        return call(stub ->
                stub.submit(
                        SubmitRequest.newBuilder().setJob(encode(job)).setQueue(queue).build()));
    }

    /** What the coordinator knows; of one job, or of all if it is empty. */
    public StatusResponse status(String jobId) throws EnvironmentException {
        return call(stub -> stub.status(StatusRequest.newBuilder().setJobId(jobId).build()));
    }

    /** The same with the coordinator's newest picture. */
    public StatusResponse picture(String jobId) throws EnvironmentException {
        return call(stub ->
                stub.status(
                        StatusRequest.newBuilder().setJobId(jobId).setPicture(true).build()));
    }

    /** Ends a job. */
    public CancelResponse cancel(String jobId) throws EnvironmentException {
        return call(stub -> stub.cancel(CancelRequest.newBuilder().setJobId(jobId).build()));
    }

    /** Hands events on as they come, until the coordinator ends the stream or this process ends. */
    public void events(long fromSequence, String jobId, Consumer<Event> to)
            throws EnvironmentException {
        try {
            AdminGrpc.newBlockingStub(channel)
                    .events(
                            EventsRequest.newBuilder()
                                    .setFromSequence(fromSequence)
                                    .setJobId(jobId)
                                    .build())
                    .forEachRemaining(to);
        } catch (StatusRuntimeException e) {
            throw unanswered(e);
        }
    }

    private <T> T call(Function<AdminGrpc.AdminBlockingStub, T> request)
            throws EnvironmentException {
        try {
            return request.apply(
                    AdminGrpc.newBlockingStub(channel)
                            .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS));
        } catch (StatusRuntimeException e) {
            throw unanswered(e);
        }
    }

    private EnvironmentException unanswered(StatusRuntimeException e) {
        String detail = e.getStatus().getDescription();
        return new EnvironmentException(
                "the coordinator at "
                        + target
                        + " did not answer: "
                        + e.getStatus().getCode()
                        + (detail == null ? "" : ", " + detail)
                        + ". Is it running and reachable from here?",
                e);
    }

    static io.coxswain.proto.control.v1.JobSpec encode(JobSpec job) {
        return io.coxswain.proto.control.v1.JobSpec.newBuilder()
                .setJobId(job.jobId())
                .setName(job.name())
                .setReplicas(job.mesh().replicas())
                .setShards(job.mesh().shards())
                .setSteps(job.steps())
                .setSeed(job.seed())
                .setData(job.data())
                .setBatch(job.batch())
                .setMicroshards(job.microshards())
                .setProtectCopies(job.protectCopies())
                .setProtectEvery(job.protectEvery())
                .setProtectLevel(job.protectLevel())
                .setReturnWaitNanos(job.returnWaitNanos())
                .setCollectivesWithin(job.collectivesWithin())
                .setCollectivesAcross(job.collectivesAcross())
                .setRuntimeKind(job.runtimeKind())
                .setRuntimeJson(job.runtimeJson())
                .putAllLabels(job.labels())
                .build();
    }

    @Override
    public void close() {
        channel.shutdownNow();
        try {
            var _ = channel.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
