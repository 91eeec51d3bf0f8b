package io.coxswain.coordinator.adapter.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.app.CoordinatorCalls;
import io.coxswain.coordinator.app.CoordinatorInput;
import io.coxswain.coordinator.app.Inputs;
import io.coxswain.proto.admin.v1.AdminGrpc;
import io.coxswain.proto.admin.v1.CancelRequest;
import io.coxswain.proto.admin.v1.StatusRequest;
import io.coxswain.proto.control.v1.AgentIdentity;
import io.coxswain.proto.control.v1.AgentMessage;
import io.coxswain.proto.control.v1.Attach;
import io.coxswain.proto.control.v1.ControlPlaneGrpc;
import io.coxswain.proto.control.v1.CoordinatorMessage;
import io.coxswain.security.Identity;
import io.coxswain.security.PeerRule;
import io.coxswain.security.PemFiles;
import io.coxswain.security.PlaneSecurity;
import io.coxswain.security.Refusal;
import io.coxswain.security.Revocations;
import io.coxswain.security.Role;
import io.coxswain.security.TlsFiles;
import io.coxswain.security.WireSecurity;
import io.coxswain.security.authority.CertificateAuthority;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** The control and admin planes over mutual TLS: who may do what. */
class GrpcTlsTest {
    @TempDir private Path folder = Path.of("");

    private final BlockingQueue<CoordinatorInput> heard = new LinkedBlockingQueue<>();
    private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    private final List<ManagedChannel> channels = new ArrayList<>();
    private final List<PlaneSecurity> opened = new ArrayList<>();
    private final Map<String, Path> folders = new HashMap<>();

    @SuppressWarnings("NullAway.Init") // before each test
    private GrpcControlServer server;

    private final Inputs inputs =
            new Inputs() {
                @Override
                public void offer(CoordinatorInput input) {
                    heard.add(input);
                }

                @Override
                public void put(CoordinatorInput input) {
                    heard.add(input);
                }
            };

    // Answers what is asked for with little.
    private static CoordinatorCalls calls() {
        return (CoordinatorCalls)
                Proxy.newProxyInstance(
                        GrpcTlsTest.class.getClassLoader(),
                        new Class<?>[] {CoordinatorCalls.class},
                        (_, method, _) ->
                                switch (method.getName()) {
                                    case "status" ->
                                            CompletableFuture.completedFuture(
                                                    new CoordinatorStatus(
                                                            "c1", 4, true, List.of(), List.of()));
                                    case "instance" -> "i";
                                    case "leaderElsewhere" -> "";
                                    case "nextSequence" -> 1L;
                                    default ->
                                            CompletableFuture.failedFuture(
                                                    new IllegalStateException("called"));
                                });
    }

    @BeforeEach
    void open() throws IOException {
        CertificateAuthority.create(folder, "test", Duration.ofDays(2), InstantSource.system());
        server =
                new GrpcControlServer(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        executor,
                        inputs,
                        calls(),
                        security(Role.COORDINATOR, "c1"));
        server.start();
    }

    @AfterEach
    void close() {
        channels.forEach(ManagedChannel::shutdownNow);
        server.close();
        opened.forEach(PlaneSecurity::close);
        executor.shutdown();
    }

    private PlaneSecurity security(Role role, String name) throws IOException {
        Path into = Files.createTempDirectory(folder, name);
        folders.put(name, into);
        CertificateAuthority.open(folder, InstantSource.system())
                .issue(new Identity(role, name), List.of(), Duration.ofDays(1), into);
        PlaneSecurity made = PlaneSecurity.open(name, WireSecurity.tls(TlsFiles.in(into)));
        opened.add(made);
        return made;
    }

    private ManagedChannel channel(Role role, String name) throws IOException {
        return kept(
                NettyChannelBuilder.forAddress("127.0.0.1", server.port())
                        .sslContext(
                                security(role, name)
                                        .client(
                                                PeerRule.roles(Role.COORDINATOR),
                                                PlaneSecurity.HTTP_2))
                        .build());
    }

    private ManagedChannel kept(ManagedChannel channel) {
        channels.add(channel);
        return channel;
    }

    private static Status status(ManagedChannel channel) {
        try {
            var _ =
                    AdminGrpc.newBlockingStub(channel)
                            .withDeadlineAfter(50, TimeUnit.SECONDS)
                            .status(StatusRequest.getDefaultInstance());
            return Status.OK;
        } catch (StatusRuntimeException refused) {
            return refused.getStatus();
        }
    }

    private static Status cancel(ManagedChannel channel) {
        try {
            var _ =
                    AdminGrpc.newBlockingStub(channel)
                            .withDeadlineAfter(50, TimeUnit.SECONDS)
                            .cancel(CancelRequest.newBuilder().setJobId("j").build());
            return Status.OK;
        } catch (StatusRuntimeException refused) {
            return refused.getStatus();
        }
    }

    @Test
    void operatorsActViewersReadAgentsDoNeither() throws IOException {
        ManagedChannel operator = channel(Role.OPERATOR, "ann");
        ManagedChannel viewer = channel(Role.VIEWER, "wall");
        ManagedChannel agent = channel(Role.AGENT, "a1");

        assertThat(status(operator).isOk()).isTrue();
        assertThat(cancel(operator).getDescription()).contains("called");
        assertThat(status(viewer).isOk()).isTrue();
        assertThat(cancel(viewer).getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
        assertThat(cancel(viewer).getDescription())
                .isEqualTo(
                        "viewer wall may not call coxswain.admin.v1.Admin/Cancel; it takes a"
                                + " certificate of operator");
        assertThat(status(agent).getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
        assertThat(server.refusedCalls()).isEqualTo(3);
    }

    @Test
    void whoHasNoCertificateIsNotHeard() {
        ManagedChannel plain =
                kept(
                        NettyChannelBuilder.forAddress("127.0.0.1", server.port())
                                .usePlaintext()
                                .build());

        assertThat(status(plain).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(heard).isEmpty();
    }

    private Status attach(ManagedChannel channel, String id) throws Exception {
        var end = new CompletableFuture<Status>();
        StreamObserver<AgentMessage> out =
                ControlPlaneGrpc.newStub(channel)
                        .attach(
                                new StreamObserver<CoordinatorMessage>() {
                                    @Override
                                    public void onNext(CoordinatorMessage message) {}

                                    @Override
                                    public void onError(Throwable error) {
                                        end.complete(Status.fromThrowable(error));
                                    }

                                    @Override
                                    public void onCompleted() {
                                        end.complete(Status.OK);
                                    }
                                });
        out.onNext(
                AgentMessage.newBuilder()
                        .setAgent(
                                AgentIdentity.newBuilder()
                                        .setAgentId(id)
                                        .setIncarnation("a".repeat(32)))
                        .setAttach(Attach.newBuilder().setProtocolMajor(99))
                        .build());
        return end.get(50, TimeUnit.SECONDS);
    }

    @Test
    void anAgentSpeaksForItselfOnly() throws Exception {
        ManagedChannel agent = channel(Role.AGENT, "a1");

        Status other = attach(agent, "a2");
        assertThat(other.getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
        assertThat(other.getDescription())
                .contains("agent a2/")
                .contains("with the certificate of agent a1");
        assertThat(heard).isEmpty();
        // As itself it gets as far as the version of its protocol.
        assertThat(attach(agent, "a1").isOk()).isTrue();
        assertThat(attach(channel(Role.OPERATOR, "ann"), "a1").getCode())
                .isEqualTo(Status.Code.PERMISSION_DENIED);
    }

    @Test
    void whoIsTakenBackIsCutOffAndNotLetInAgain() throws Exception {
        ManagedChannel stolen = channel(Role.OPERATOR, "stolen");
        ManagedChannel other = channel(Role.OPERATOR, "ann");
        CompletableFuture<Status> end = watch(stolen);
        CompletableFuture<Status> others = watch(other);

        Revocations.add(
                file("c1").resolve(TlsFiles.REVOKED),
                PemFiles.certificates(file("stolen").resolve(TlsFiles.CERTIFICATE)).getFirst());
        opened.getFirst().refresh();

        assertThat(end.get(50, TimeUnit.SECONDS).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(status(stolen).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(status(other).isOk()).isTrue();
        assertThat(others).isNotDone();
        // The one that stood, and those that came after.
        assertThat(opened.getFirst().refusals().of(Refusal.REVOKED)).isGreaterThanOrEqualTo(2);
    }

    private Path file(String name) {
        return Objects.requireNonNull(folders.get(name));
    }

    // A call that does not end by itself; it has been answered once.
    private static CompletableFuture<Status> watch(ManagedChannel channel) throws Exception {
        var first = new CompletableFuture<Boolean>();
        var end = new CompletableFuture<Status>();
        HealthGrpc.newStub(channel)
                .watch(
                        HealthCheckRequest.getDefaultInstance(),
                        new StreamObserver<HealthCheckResponse>() {
                            @Override
                            public void onNext(HealthCheckResponse answer) {
                                first.complete(true);
                            }

                            @Override
                            public void onError(Throwable error) {
                                first.complete(false);
                                end.complete(Status.fromThrowable(error));
                            }

                            @Override
                            public void onCompleted() {
                                end.complete(Status.OK);
                            }
                        });
        first.get(50, TimeUnit.SECONDS);
        return end;
    }

    @Test
    void thePortIsNotOpenedToOthersInTheClear() {
        try (var open =
                new GrpcControlServer(
                        new InetSocketAddress("0.0.0.0", 0), executor, inputs, calls())) {
            assertThatThrownBy(open::start)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("the control port would listen on 0.0.0.0");
        }
    }
}
