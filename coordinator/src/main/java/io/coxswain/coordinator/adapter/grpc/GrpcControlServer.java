package io.coxswain.coordinator.adapter.grpc;

import io.coxswain.coordinator.app.AgentQuestion;
import io.coxswain.coordinator.app.AgentsPort;
import io.coxswain.coordinator.app.CoordinatorCalls;
import io.coxswain.coordinator.app.Inputs;
import io.coxswain.coordinator.core.job.JobEffect;
import io.coxswain.coordinator.core.keyvalue.KeyValueResult;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.proto.control.v1.AgentMessage;
import io.coxswain.proto.control.v1.ControlPlaneGrpc;
import io.coxswain.proto.control.v1.CoordinatorMessage;
import io.coxswain.security.PeerRule;
import io.coxswain.security.PlaneSecurity;
import io.coxswain.security.Role;
import io.grpc.Server;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The control and admin planes' server, and the way to the agents. Thread-safe; what it is asked to
 * send neither blocks nor throws.
 */
public final class GrpcControlServer implements AgentsPort, AutoCloseable {
    // Control messages are small; the largest is a final state's block digests.
    private static final int MAX_INBOUND_BYTES = 16 << 20;
    private static final long CLOSE_MILLIS = 2_000;

    // What connects and then says nothing, or dribbles, is cut off.
    private static final long HANDSHAKE_SECONDS = 10;
    private static final int MAX_CALLS_PER_CONNECTION = 256;
    private static final int MAX_HEADER_BYTES = 8 << 10;

    // Who opens calls only to take them back makes work for nothing.
    private static final int MAX_RESETS = 200;
    private static final int RESET_WINDOW_SECONDS = 10;
    private static final long IDLE_MINUTES = 5;

    private static final PeerRule ANYBODY =
            PeerRule.roles(Role.COORDINATOR, Role.AGENT, Role.OPERATOR, Role.VIEWER);

    private final Inputs inputs;
    private final GrpcAgentDialer dialer;
    private final Map<Long, AgentStream> streams = new ConcurrentHashMap<>();
    private final AtomicLong nextStream = new AtomicLong(1);
    private final HealthStatusManager health = new HealthStatusManager();
    private final RoleInterceptor roles = new RoleInterceptor();
    private final VersionDesk versions = new VersionDesk();
    private final ControlTransport transport;
    private final CallLimits callLimits;
    private final PlaneSecurity security;
    private final NettyServerBuilder builder;
    private final InetSocketAddress bind;
    private volatile @Nullable Server server;

    /**
     * Makes the server; {@link #start} opens it.
     *
     * @param bind port 0: a free one
     * @param executor where gRPC's calls run; calls may block for a while
     */
    public GrpcControlServer(
            InetSocketAddress bind, Executor executor, Inputs inputs, CoordinatorCalls calls) {
        this(bind, executor, inputs, calls, PlaneSecurity.loopback("the control plane"));
    }

    /**
     * The same with TLS, if {@code security} has certificates; then callers have the rights of
     * their roles, and an agent speaks for itself only.
     */
    public GrpcControlServer(
            InetSocketAddress bind,
            Executor executor,
            Inputs inputs,
            CoordinatorCalls calls,
            PlaneSecurity security) {
        this(bind, executor, inputs, calls, security, ControlLimits.DEFAULT);
    }

    /** The same with other bounds. */
    GrpcControlServer(
            InetSocketAddress bind,
            Executor executor,
            Inputs inputs,
            CoordinatorCalls calls,
            PlaneSecurity security,
            ControlLimits limits) {
        this.inputs = inputs;
        this.bind = bind;
        this.security = security;
        this.dialer = new GrpcAgentDialer(inputs, security);
        this.transport = new ControlTransport(limits.connections(), security);
        this.callLimits = new CallLimits(limits, transport.gate(), security.refusals());
        // Agents ping to keep middleboxes awake; gRPC's default of one ping per five minutes would
        // cut them off with too_many_pings. Death is told by heartbeats, not by pings.
        this.builder =
                transport
                        .under(NettyServerBuilder.forAddress(bind))
                        .executor(executor)
                        .permitKeepAliveTime(5, TimeUnit.SECONDS)
                        .permitKeepAliveWithoutCalls(true)
                        .handshakeTimeout(HANDSHAKE_SECONDS, TimeUnit.SECONDS)
                        .maxConcurrentCallsPerConnection(MAX_CALLS_PER_CONNECTION)
                        .maxInboundMessageSize(MAX_INBOUND_BYTES)
                        .maxInboundMetadataSize(MAX_HEADER_BYTES)
                        .maxRstFramesPerWindow(MAX_RESETS, RESET_WINDOW_SECONDS)
                        .maxConnectionIdle(IDLE_MINUTES, TimeUnit.MINUTES)
                        .addService(new Control())
                        .addService(new GrpcAdminService(calls))
                        .intercept(new LeaderRedirect(calls::leaderElsewhere))
                        .addService(health.getHealthService());
    }

    /**
     * Opens the port.
     *
     * @throws IOException if it cannot be bound; the message says what to do
     */
    public void start() throws IOException {
        try {
            security.admitListening("the control port", bind.getHostString());
            if (security.encrypted()) {
                builder.sslContext(security.server(ANYBODY, PlaneSecurity.HTTP_2)).intercept(roles);
            }
            // The last one is asked first.
            builder.intercept(callLimits);
        } catch (IOException refused) {
            dialer.close();
            transport.close();
            throw refused;
        }
        try {
            server = builder.build().start();
        } catch (IOException failed) {
            dialer.close();
            transport.close();
            throw new IOException(
                    "cannot open the control port "
                            + bind.getHostString()
                            + ":"
                            + bind.getPort()
                            + (causedByBind(failed)
                                    ? ": it is in use or not an address of this host"
                                    : "")
                            + " ("
                            + rootMessage(failed)
                            + "); stop the process that holds it or choose another bind address or"
                            + " port (0 takes a free port)",
                    failed);
        }
    }

    /**
     * What gRPC's health service says: of the whole server, that it could be elected; of the
     * control plane, that it leads.
     */
    public void health(boolean ready, boolean leads) {
        health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, status(ready));
        health.setStatus(ControlPlaneGrpc.SERVICE_NAME, status(leads));
    }

    private static ServingStatus status(boolean serves) {
        return serves ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
    }

    /** The port in use, also where 0 was asked; after {@link #start}. */
    public int port() {
        Server open = server;
        if (open == null) {
            throw new IllegalStateException("the control port is not open");
        }
        return open.getPort();
    }

    /** Calls that were refused for want of a certificate with the right. */
    public long refusedCalls() {
        return roles.refused();
    }

    /** Agents of another major version that were refused, attempts counted. */
    public long refusedVersions() {
        return versions.refused();
    }

    /** Messages of agents of a kind that this version does not know. */
    public long unknownWords() {
        return versions.unknown();
    }

    /** Connections that are open, and calls that are under way on them. */
    Load load() {
        return new Load(
                transport.gate().open(), transport.gate().strangers(), callLimits.underWay());
    }

    /** See {@link #load}. */
    record Load(int connections, int strangers, int calls) {}

    @Override
    public void welcome(long stream, long term, long heartbeatNanos, long leaseNanos) {
        send(stream, CoordinatorMessages.welcome(term, heartbeatNanos, leaseNanos));
    }

    @Override
    public void reject(long stream, long term, String reason, boolean retry) {
        AgentStream target = streams.get(stream);
        if (target != null) {
            target.sendAndClose(CoordinatorMessages.rejected(term, reason, retry));
        }
    }

    @Override
    public void heartbeatReply(long stream, long term, long sequence, long jobTimeNanos) {
        send(stream, CoordinatorMessages.heartbeatReply(term, sequence, jobTimeNanos));
    }

    @Override
    public void offerJob(long stream, long term, JobSpec job) {
        send(stream, CoordinatorMessages.offerJob(term, job));
    }

    @Override
    public void fence(long stream, long term, String jobId, JobEffect.SendFence fence) {
        send(stream, CoordinatorMessages.fence(term, jobId, fence));
    }

    @Override
    public void prepareView(
            long stream, long term, String jobId, JobEffect.SendPrepareView prepare) {
        send(stream, CoordinatorMessages.prepareView(term, jobId, prepare));
    }

    @Override
    public void startView(long stream, long term, String jobId, JobEffect.SendStartView start) {
        send(stream, CoordinatorMessages.startView(term, jobId, start));
    }

    @Override
    public void grant(long stream, long term, String jobId, JobEffect.SendGrant grant) {
        send(stream, CoordinatorMessages.grant(term, jobId, grant));
    }

    @Override
    public void placement(long stream, long term, String jobId, JobEffect.SendPlacement placement) {
        send(stream, CoordinatorMessages.placement(term, jobId, placement));
    }

    @Override
    public void collectFinal(
            long stream, long term, String jobId, JobEffect.SendCollectFinal collect) {
        send(stream, CoordinatorMessages.collectFinal(term, jobId, collect));
    }

    @Override
    public void endJob(long stream, long term, String jobId, String reason) {
        send(stream, CoordinatorMessages.endJob(term, jobId, reason));
    }

    @Override
    public void acknowledge(
            long stream, long term, String jobId, JobEffect.SendAcknowledge acknowledge) {
        send(stream, CoordinatorMessages.acknowledge(term, jobId, acknowledge));
    }

    @Override
    public void halt(long stream, long term, String jobId, JobEffect.SendHalt halt) {
        send(stream, MaintenanceCodec.halt(term, jobId, halt));
    }

    @Override
    public void mayEnd(long stream, long term) {
        send(stream, MaintenanceCodec.mayEnd(term));
    }

    @Override
    public void keyValue(long stream, long term, String jobId, long id, KeyValueResult result) {
        send(stream, CoordinatorMessages.keyValue(term, jobId, id, result));
    }

    @Override
    public void ask(long stream, long term, long number, AgentQuestion question) {
        send(stream, ProgramCodec.ask(term, number, question));
    }

    @Override
    public void close(long stream, String reason) {
        AgentStream target = streams.get(stream);
        if (target != null) {
            target.close(reason);
        }
    }

    @Override
    public void dial(AgentProfile agent, long dial) {
        dialer.dial(agent, dial);
    }

    /** Stops: calls under way get a moment to end. */
    @Override
    public void close() {
        dialer.close();
        health.enterTerminalState();
        Server open = server;
        if (open == null) {
            transport.close();
            return;
        }
        open.shutdown();
        for (AgentStream stream : streams.values()) {
            stream.close("the coordinator stops");
        }
        try {
            if (!open.awaitTermination(CLOSE_MILLIS, TimeUnit.MILLISECONDS)) {
                open.shutdownNow();
                open.awaitTermination(CLOSE_MILLIS, TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException stopped) {
            open.shutdownNow();
            Thread.currentThread().interrupt();
        } finally {
            transport.close();
        }
    }

    private void send(long stream, CoordinatorMessage message) {
        AgentStream target = streams.get(stream);
        if (target != null) {
            target.send(message);
        }
    }

    private static boolean causedByBind(Throwable error) {
        for (@Nullable Throwable at = error; at != null; at = at.getCause()) {
            if (at instanceof BindException) {
                return true;
            }
        }
        return false;
    }

    private static String rootMessage(Throwable error) {
        Throwable at = error;
        while (at.getCause() != null) {
            at = at.getCause();
        }
        return String.valueOf(at.getMessage());
    }

    private final class Control extends ControlPlaneGrpc.ControlPlaneImplBase {
        @Override
        public StreamObserver<AgentMessage> attach(StreamObserver<CoordinatorMessage> out) {
            long id = nextStream.getAndIncrement();
            var stream =
                    new AgentStream(
                            id,
                            RoleInterceptor.CALLER.get(),
                            inputs,
                            versions,
                            (ServerCallStreamObserver<CoordinatorMessage>) out,
                            () -> streams.remove(id));
            streams.put(id, stream);
            return stream;
        }
    }
}
