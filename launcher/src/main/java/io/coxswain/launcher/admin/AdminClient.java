package io.coxswain.launcher.admin;

import io.coxswain.coordinator.adapter.grpc.LeaderRedirect;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.proto.admin.v1.AdminGrpc;
import io.coxswain.proto.admin.v1.CancelRequest;
import io.coxswain.proto.admin.v1.CancelResponse;
import io.coxswain.proto.admin.v1.Event;
import io.coxswain.proto.admin.v1.EventsRequest;
import io.coxswain.proto.admin.v1.ExplainRequest;
import io.coxswain.proto.admin.v1.ExplainResponse;
import io.coxswain.proto.admin.v1.HandOverRequest;
import io.coxswain.proto.admin.v1.HandOverResponse;
import io.coxswain.proto.admin.v1.IncidentsRequest;
import io.coxswain.proto.admin.v1.IncidentsResponse;
import io.coxswain.proto.admin.v1.LookRequest;
import io.coxswain.proto.admin.v1.LookResponse;
import io.coxswain.proto.admin.v1.MaintenanceResponse;
import io.coxswain.proto.admin.v1.PauseRequest;
import io.coxswain.proto.admin.v1.PauseResponse;
import io.coxswain.proto.admin.v1.ResumeRequest;
import io.coxswain.proto.admin.v1.ResumeResponse;
import io.coxswain.proto.admin.v1.StatusRequest;
import io.coxswain.proto.admin.v1.StatusResponse;
import io.coxswain.proto.admin.v1.SubmitRequest;
import io.coxswain.proto.admin.v1.SubmitResponse;
import io.coxswain.security.PeerRule;
import io.coxswain.security.PlaneSecurity;
import io.coxswain.security.Role;
import io.coxswain.security.WireSecurity;
import io.coxswain.security.ZooKeeperAccess;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;

/** A connection to the leading coordinator. Calls block; for one thread. */
public final class AdminClient implements AutoCloseable {
    private static final long CALL_SECONDS = 10;
    private static final long CLOSE_SECONDS = 2;
    private static final long LOOK_SECONDS = 20;
    private static final long FOLLOW_SECONDS = 3;
    private static final long PAUSE_SECONDS = 30;
    private static final long PING_SECONDS = 10;

    /** The state of 1,024 agents, or a thousand incidents, fit. */
    private static final int MAX_ANSWER_BYTES = 64 << 20;

    /** Coordinators that send one on to another, before it is given up. */
    private static final int MOST_REDIRECTS = 4;

    private final PlaneSecurity security;
    private String target;
    private ManagedChannel channel;
    private int redirects;

    /**
     * Where the coordinator is.
     *
     * @param coordinator {@code host:port}; null: the leader that ZooKeeper names
     * @param security how what is said is protected
     * @param access credentials and options in ZooKeeper
     */
    public record Address(
            @Nullable String coordinator,
            String zookeeper,
            String chroot,
            WireSecurity security,
            ZooKeeperAccess access) {
        /** The same on this machine, in the clear. */
        public Address(@Nullable String coordinator, String zookeeper, String chroot) {
            this(coordinator, zookeeper, chroot, WireSecurity.loopbackOnly(), ZooKeeperAccess.OPEN);
        }
    }

    private AdminClient(String target, ManagedChannel channel, PlaneSecurity security) {
        this.target = target;
        this.channel = channel;
        this.security = security;
    }

    /** Finds the coordinator; the connection is made with the first call. */
    public static AdminClient connect(Address address) throws EnvironmentException {
        String named = address.coordinator();
        String target = named != null ? named : LeaderLookup.find(address);
        PlaneSecurity security;
        try {
            security = PlaneSecurity.open("this command", address.security());
        } catch (IOException e) {
            throw EnvironmentException.lasting(String.valueOf(e.getMessage()), e);
        }
        try {
            return new AdminClient(target, channel(target, security), security);
        } catch (IllegalArgumentException e) {
            security.close();
            throw new EnvironmentException(
                    "'" + target + "' is no coordinator's address; expected HOST:PORT", e);
        } catch (IOException e) {
            security.close();
            throw EnvironmentException.lasting(String.valueOf(e.getMessage()), e);
        }
    }

    private static ManagedChannel channel(String target, PlaneSecurity security)
            throws IOException {
        NettyChannelBuilder builder =
                NettyChannelBuilder.forTarget(target)
                        .maxInboundMessageSize(MAX_ANSWER_BYTES)
                        // A coordinator's machine that is gone says nothing.
                        .keepAliveTime(PING_SECONDS, TimeUnit.SECONDS)
                        .keepAliveTimeout(PING_SECONDS, TimeUnit.SECONDS);
        if (security.encrypted()) {
            return builder.sslContext(
                            security.client(PeerRule.roles(Role.COORDINATOR), PlaneSecurity.HTTP_2))
                    .build();
        }
        int port = target.lastIndexOf(':');
        security.admitDialling("the coordinator", port < 0 ? target : target.substring(0, port));
        return builder.usePlaintext().build();
    }

    /** Submits a job. */
    public SubmitResponse submit(JobSpec job, boolean queue) throws EnvironmentException {
        return call(stub ->
                stub.submit(
                        SubmitRequest.newBuilder().setJob(encode(job)).setQueue(queue).build()));
    }

    /** What the leader knows; of one job, or of all if it is empty. */
    public StatusResponse status(String jobId) throws EnvironmentException {
        return status(StatusRequest.newBuilder().setJobId(jobId).build());
    }

    // A standby answers for itself, and names the leader.
    private StatusResponse status(StatusRequest request) throws EnvironmentException {
        StatusResponse answer = call(stub -> stub.status(request));
        while (answer.getTerm() == 0 && !answer.getLeader().isEmpty()) {
            String formerTarget = target;
            ManagedChannel former = channel;
            if (!open(answer.getLeader())) {
                return answer;
            }
            try {
                answer = call(FOLLOW_SECONDS, stub -> stub.status(request));
            } catch (EnvironmentException unreachable) {
                // The lead may be changing; what the standby said is said.
                channel.shutdownNow();
                channel = former;
                target = formerTarget;
                return answer;
            }
            former.shutdownNow();
        }
        return answer;
    }

    /** What that very coordinator says, whoever leads. */
    public StatusResponse ownStatus() throws EnvironmentException {
        return call(stub -> stub.status(StatusRequest.getDefaultInstance()));
    }

    // False: nobody can be asked there, or too many have sent here and there.
    private boolean open(String leader) {
        if (leader.equals(target) || ++redirects > MOST_REDIRECTS) {
            return false;
        }
        try {
            channel = channel(leader, security);
        } catch (IOException | IllegalArgumentException unusable) {
            return false;
        }
        target = leader;
        return true;
    }

    /** Stops a job's steps. Answered when they have stopped, which may take some seconds. */
    PauseResponse pause(PauseRequest request) throws EnvironmentException {
        return call(PAUSE_SECONDS, stub -> stub.pause(request));
    }

    /** Lets them go on. */
    ResumeResponse resume(String jobId) throws EnvironmentException {
        return call(stub -> stub.resume(ResumeRequest.newBuilder().setJobId(jobId).build()));
    }

    /** Where the coordinator is that is asked now. */
    String target() {
        return target;
    }

    /** From now on the coordinator there is asked. */
    private void follow(String leader) throws EnvironmentException {
        ManagedChannel former = channel;
        String formerTarget = target;
        if (!open(leader)) {
            throw new EnvironmentException(
                    "the coordinator at "
                            + formerTarget
                            + " sends to the one at "
                            + leader
                            + ", which is no other one, or is one too many. Ask again in a moment:"
                            + " the lead may be changing");
        }
        former.shutdownNow();
    }

    /** Has the leader give the lead up. */
    HandOverResponse handOver() throws EnvironmentException {
        return call(stub -> stub.handOver(HandOverRequest.getDefaultInstance()));
    }

    /** Says something of an agent. */
    MaintenanceResponse maintain(Function<AdminGrpc.AdminBlockingStub, MaintenanceResponse> word)
            throws EnvironmentException {
        return call(word);
    }

    /** Whether the one that answers leads. */
    boolean leads() throws EnvironmentException {
        return status("").getTerm() > 0;
    }

    /** Has an agent show something; an agent may take its time. Any thread. */
    public LookResponse look(LookRequest request) throws EnvironmentException {
        return call(LOOK_SECONDS, stub -> stub.look(request));
    }

    /** What is known of an incident; 0: the newest, of the running job if none is named. */
    public ExplainResponse explain(String jobId, int incident) throws EnvironmentException {
        return call(stub ->
                stub.explain(
                        ExplainRequest.newBuilder().setJobId(jobId).setIncident(incident).build()));
    }

    /** The same with the coordinator's newest picture. */
    public StatusResponse picture(String jobId) throws EnvironmentException {
        return status(StatusRequest.newBuilder().setJobId(jobId).setPicture(true).build());
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

    /**
     * Hands on the events that are kept, of all jobs, up to a sequence number that has been given
     * already; at most some seconds.
     */
    public void eventsUntil(long lastSequence, Consumer<Event> to) throws EnvironmentException {
        events(
                AdminGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS),
                0,
                event -> {
                    to.accept(event);
                    return event.getSequence() < lastSequence;
                });
    }

    /**
     * Hands events of all jobs on until {@code more} says no, or the coordinator ends the stream.
     */
    void eventsWhile(long fromSequence, Predicate<Event> more) throws EnvironmentException {
        events(AdminGrpc.newBlockingStub(channel), fromSequence, more);
    }

    private void events(AdminGrpc.AdminBlockingStub stub, long fromSequence, Predicate<Event> more)
            throws EnvironmentException {
        var call = Context.current().withCancellation();
        Context former = call.attach();
        try {
            Iterator<Event> events =
                    stub.events(EventsRequest.newBuilder().setFromSequence(fromSequence).build());
            while (events.hasNext()) {
                if (!more.test(events.next())) {
                    return;
                }
            }
        } catch (StatusRuntimeException e) {
            throw unanswered(e);
        } finally {
            call.detach(former);
            call.cancel(null);
        }
    }

    /**
     * What interrupted a job; of the one that runs or ended last if {@code jobId} is empty.
     *
     * @param incident 0: all
     */
    IncidentsResponse incidents(String jobId, int incident) throws EnvironmentException {
        return call(stub ->
                stub.incidents(
                        IncidentsRequest.newBuilder()
                                .setJobId(jobId)
                                .setIncident(incident)
                                .build()));
    }

    private <T> T call(Function<AdminGrpc.AdminBlockingStub, T> request)
            throws EnvironmentException {
        return call(CALL_SECONDS, request);
    }

    private <T> T call(long seconds, Function<AdminGrpc.AdminBlockingStub, T> request)
            throws EnvironmentException {
        while (true) {
            try {
                return request.apply(
                        AdminGrpc.newBlockingStub(channel)
                                .withDeadlineAfter(seconds, TimeUnit.SECONDS)
                                .withMaxInboundMessageSize(MAX_ANSWER_BYTES));
            } catch (StatusRuntimeException e) {
                Metadata trailers = e.getTrailers();
                String leader = trailers == null ? null : trailers.get(LeaderRedirect.LEADER);
                if (leader == null) {
                    throw unanswered(e);
                }
                follow(leader);
            }
        }
    }

    // For people.
    EnvironmentException unanswered(StatusRuntimeException e) {
        Status.Code code = e.getStatus().getCode();
        String detail = e.getStatus().getDescription();
        if (code == Status.Code.NOT_FOUND) {
            return new EnvironmentException(detail + "; see coxswain jobs", e);
        }
        if (code == Status.Code.PERMISSION_DENIED || code == Status.Code.UNAUTHENTICATED) {
            return EnvironmentException.lasting(
                    "the coordinator at " + target + " refused: " + detail, e);
        }
        if (code == Status.Code.UNIMPLEMENTED) {
            return EnvironmentException.lasting(
                    "the coordinator at "
                            + target
                            + " does not know what is asked of it: it is of an older version than"
                            + " this command and is to be upgraded (docs/upgrade.md)",
                    e);
        }
        if (code == Status.Code.DEADLINE_EXCEEDED) {
            return new EnvironmentException(
                    "the coordinator at "
                            + target
                            + " did not answer in time: it is busy or out of reach, or it waits for"
                            + " ZooKeeper, without which it can record nothing (coxswain status"
                            + " tells). What was asked may be done yet.",
                    e);
        }
        EnvironmentException untrusted = TlsTexts.untrusted(target, e);
        if (untrusted != null) {
            return untrusted;
        }
        // What follows the first line is netty's, for its authors.
        String first = detail == null ? "" : detail.lines().findFirst().orElse("");
        return new EnvironmentException(
                "the coordinator at "
                        + target
                        + " did not answer: "
                        + code
                        + (first.isEmpty() ? "" : ", " + first)
                        + ". Is it running and reachable from here?"
                        + (security.encrypted() ? "" : " If it uses TLS, give --tls DIR."),
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
        security.close();
        channel.shutdownNow();
        try {
            var _ = channel.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
