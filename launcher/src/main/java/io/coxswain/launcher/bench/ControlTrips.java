package io.coxswain.launcher.bench;

import io.coxswain.coordinator.adapter.grpc.GrpcControlServer;
import io.coxswain.coordinator.app.AgentWord;
import io.coxswain.coordinator.app.CoordinatorCalls;
import io.coxswain.coordinator.app.CoordinatorInput;
import io.coxswain.coordinator.app.Inputs;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.proto.control.v1.AgentIdentity;
import io.coxswain.proto.control.v1.AgentMessage;
import io.coxswain.proto.control.v1.Attach;
import io.coxswain.proto.control.v1.ControlPlaneGrpc;
import io.coxswain.proto.control.v1.CoordinatorMessage;
import io.coxswain.proto.control.v1.Endpoint;
import io.coxswain.proto.control.v1.Heartbeat;
import io.coxswain.security.PeerRule;
import io.coxswain.security.PlaneSecurity;
import io.coxswain.security.Role;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;

/**
 * How long a heartbeat takes to the coordinator's own server and its answer back, over the stream
 * that an agent has. As in a coordinator, what comes waits in a queue for one thread, which
 * answers; it decides nothing here, so that what the wire costs is seen with little beside it.
 */
final class ControlTrips implements AutoCloseable {
    private static final long LIMIT_SECONDS = 60;
    private static final String AGENT = "bench-agent";
    private static final long TERM = 1;

    private final ExecutorService executor =
            Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("bench-control").factory());
    private final Answers answers = new Answers();
    private final PlaneSecurity agent;
    private final GrpcControlServer server;
    private final Stream stream;

    /**
     * Opens server and stream.
     *
     * @param coordinator whose certificates the server has, or none
     * @param agent whose certificate the stream shows, or none: its name is {@code bench-agent}
     */
    ControlTrips(PlaneSecurity coordinator, PlaneSecurity agent)
            throws IOException, EnvironmentException, InterruptedException {
        this.agent = agent;
        server =
                new GrpcControlServer(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        executor,
                        answers,
                        noCalls(),
                        coordinator);
        try {
            server.start();
            answers.server = server;
            stream = new Stream();
            stream.open();
        } catch (IOException | EnvironmentException | InterruptedException | RuntimeException e) {
            server.close();
            answers.close();
            executor.shutdown();
            throw e;
        }
    }

    /** The name that the agent's certificate needs. */
    static String agentName() {
        return AGENT;
    }

    // Each is begun when the one before is over.
    private double[] measure(int trips) throws EnvironmentException, InterruptedException {
        var round = new Round(trips);
        stream.round.set(round);
        stream.beat(round);
        return await(round.done, "a heartbeat was not answered");
    }

    /** The median of so many, in microseconds. */
    double measuredMedian(int trips) throws EnvironmentException, InterruptedException {
        return Samples.of(measure(trips)).median();
    }

    /** Milliseconds from dialling to the leader's welcome, of a connection of its own. */
    double attach() throws IOException, EnvironmentException, InterruptedException {
        long before = System.nanoTime();
        var fresh = new Stream();
        try {
            fresh.open();
            return (System.nanoTime() - before) / 1e6;
        } finally {
            fresh.close();
        }
    }

    private static <T> T await(CompletableFuture<T> done, String complaint)
            throws EnvironmentException, InterruptedException {
        try {
            return done.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new EnvironmentException(complaint + ": " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        stream.close();
        server.close();
        answers.close();
        executor.shutdown();
    }

    /** Measurements under way. */
    private static final class Round {
        final CompletableFuture<double[]> done = new CompletableFuture<>();
        private final double[] micros;
        private int answered;
        private long sent;

        Round(int trips) {
            micros = new double[trips];
        }
    }

    /** One agent's stream. */
    private final class Stream implements StreamObserver<CoordinatorMessage> {
        final AtomicReference<@Nullable Round> round = new AtomicReference<>();
        private final CompletableFuture<Boolean> welcomed = new CompletableFuture<>();
        private final ManagedChannel channel;
        private final StreamObserver<AgentMessage> out;
        private long sequence;

        Stream() throws IOException {
            NettyChannelBuilder builder =
                    NettyChannelBuilder.forAddress(
                            InetAddress.getLoopbackAddress().getHostAddress(), server.port());
            channel =
                    agent.encrypted()
                            ? builder.sslContext(
                                            agent.client(
                                                    PeerRule.roles(Role.COORDINATOR),
                                                    PlaneSecurity.HTTP_2))
                                    .build()
                            : builder.usePlaintext().build();
            out = ControlPlaneGrpc.newStub(channel).attach(this);
        }

        void open() throws EnvironmentException, InterruptedException {
            out.onNext(
                    message()
                            .setAttach(
                                    Attach.newBuilder()
                                            .setProtocolMajor(1)
                                            .setFailureDomain("bench/host")
                                            .setDataEndpoint(
                                                    Endpoint.newBuilder()
                                                            .setHost("127.0.0.1")
                                                            .setPort(1)))
                            .build());
            var unusedWelcome = await(welcomed, "the control port did not welcome an agent");
        }

        void beat(Round of) {
            of.sent = System.nanoTime();
            out.onNext(
                    message()
                            .setHeartbeat(
                                    Heartbeat.newBuilder()
                                            .setSequence(++sequence)
                                            .setOperation("execute")
                                            .setStep(sequence)
                                            .setJobTimeNanos(of.sent))
                            .build());
        }

        private static AgentMessage.Builder message() {
            return AgentMessage.newBuilder()
                    .setTermSeen(TERM)
                    .setAgent(
                            AgentIdentity.newBuilder()
                                    .setAgentId(AGENT)
                                    .setIncarnation("a".repeat(32)));
        }

        @Override
        public void onNext(CoordinatorMessage message) {
            long now = System.nanoTime();
            if (message.hasWelcome()) {
                welcomed.complete(true);
                return;
            }
            Round of = round.get();
            if (of == null || !message.hasHeartbeatReply()) {
                return;
            }
            of.micros[of.answered++] = (now - of.sent) / 1e3;
            if (of.answered < of.micros.length) {
                beat(of);
            } else {
                of.done.complete(of.micros);
            }
        }

        @Override
        public void onError(Throwable error) {
            welcomed.completeExceptionally(error);
            Round of = round.get();
            if (of != null) {
                of.done.completeExceptionally(error);
            }
        }

        @Override
        public void onCompleted() {
            onError(new IOException("the coordinator closed the stream"));
        }

        void close() {
            var unusedChannel = channel.shutdownNow();
        }
    }

    /** Answers at once. */
    private static final class Answers implements Inputs {
        private final BlockingQueue<CoordinatorInput> queue = new LinkedBlockingQueue<>();
        private final Thread loop =
                Thread.ofPlatform().daemon().name("bench-decisions").start(this::run);
        private volatile @Nullable GrpcControlServer server;

        @Override
        public void offer(CoordinatorInput input) {
            queue.add(input);
        }

        @Override
        public void put(CoordinatorInput input) {
            queue.add(input);
        }

        void close() {
            loop.interrupt();
        }

        private void run() {
            try {
                while (true) {
                    CoordinatorInput input = queue.take();
                    GrpcControlServer to = server;
                    if (to != null) {
                        answer(input, to);
                    }
                }
            } catch (InterruptedException closed) {
                Thread.currentThread().interrupt();
            }
        }

        private static void answer(CoordinatorInput input, GrpcControlServer to) {
            if (input instanceof CoordinatorInput.AgentAttached attached) {
                to.welcome(attached.stream(), TERM, 250_000_000L, 10_000_000_000L);
            } else if (input instanceof CoordinatorInput.AgentSaid said
                    && said.word() instanceof AgentWord.Heartbeat beat) {
                to.heartbeatReply(said.stream(), TERM, beat.sequence(), beat.jobTimeNanos());
            }
        }
    }

    // Nobody asks anything.
    private static CoordinatorCalls noCalls() {
        return (CoordinatorCalls)
                Proxy.newProxyInstance(
                        ControlTrips.class.getClassLoader(),
                        new Class<?>[] {CoordinatorCalls.class},
                        (_, method, _) -> {
                            throw new IllegalStateException(
                                    "there is no coordinator behind this port: " + method);
                        });
    }
}
