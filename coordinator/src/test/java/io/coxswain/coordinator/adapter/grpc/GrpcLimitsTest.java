package io.coxswain.coordinator.adapter.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.app.CoordinatorCalls;
import io.coxswain.coordinator.app.CoordinatorInput;
import io.coxswain.coordinator.app.Inputs;
import io.coxswain.proto.admin.v1.AdminGrpc;
import io.coxswain.proto.admin.v1.StatusRequest;
import io.coxswain.security.ConnectionGate;
import io.coxswain.security.Identity;
import io.coxswain.security.PeerRule;
import io.coxswain.security.PlaneSecurity;
import io.coxswain.security.Refusal;
import io.coxswain.security.Role;
import io.coxswain.security.TlsFiles;
import io.coxswain.security.WireSecurity;
import io.coxswain.security.authority.CertificateAuthority;
import io.grpc.Attributes;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * The control port's bounds: what is beyond them is closed, and those within keep what they have.
 */
class GrpcLimitsTest {
    private static final int MOST = 12;
    private static final int STRANGERS = 4;
    private static final int CALLS = 3;
    private static final int OF_ONE_HOST = 4;
    private static final int LIMIT_MILLIS = 50_000;

    @TempDir private Path folder = Path.of("");

    private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    private final List<ManagedChannel> channels = new ArrayList<>();
    private final List<Socket> sockets = new ArrayList<>();
    private final List<PlaneSecurity> opened = new ArrayList<>();

    @SuppressWarnings("NullAway.Init") // before each test
    private GrpcControlServer server;

    /** Nobody listens. */
    private static final class Deaf implements Inputs {
        @Override
        public void offer(CoordinatorInput input) {}

        @Override
        public void put(CoordinatorInput input) {}
    }

    @BeforeEach
    void open() throws IOException {
        CertificateAuthority.create(folder, "test", Duration.ofDays(2), InstantSource.system());
        serve(new ControlLimits(new ConnectionGate.Limits(MOST, MOST, STRANGERS), CALLS, CALLS));
    }

    private void serve(ControlLimits limits) throws IOException {
        var calls =
                (CoordinatorCalls)
                        Proxy.newProxyInstance(
                                GrpcLimitsTest.class.getClassLoader(),
                                new Class<?>[] {CoordinatorCalls.class},
                                (_, method, _) -> {
                                    throw new IllegalStateException(method.getName());
                                });
        server =
                new GrpcControlServer(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        executor,
                        new Deaf(),
                        calls,
                        security(Role.COORDINATOR, "c1"),
                        limits);
        server.start();
        server.health(true, true);
    }

    @AfterEach
    void close() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
        channels.forEach(ManagedChannel::shutdownNow);
        server.close();
        opened.forEach(PlaneSecurity::close);
        executor.shutdown();
    }

    private PlaneSecurity security(Role role, String name) throws IOException {
        Path into = Files.createTempDirectory(folder, name);
        CertificateAuthority.open(folder, InstantSource.system())
                .issue(new Identity(role, name), List.of(), Duration.ofDays(1), into);
        PlaneSecurity made = PlaneSecurity.open(name, WireSecurity.tls(TlsFiles.in(into)));
        opened.add(made);
        return made;
    }

    private ManagedChannel channel(PlaneSecurity security) throws IOException {
        return channel(security, "127.0.0.1");
    }

    // Every address of 127/8 is this machine's.
    private ManagedChannel channel(PlaneSecurity security, String from) throws IOException {
        ManagedChannel made =
                NettyChannelBuilder.forAddress("127.0.0.1", server.port())
                        .localSocketPicker(
                                new NettyChannelBuilder.LocalSocketPicker() {
                                    @Override
                                    public SocketAddress createSocketAddress(
                                            SocketAddress remote, Attributes attributes) {
                                        return new InetSocketAddress(from, 0);
                                    }
                                })
                        .sslContext(
                                security.client(
                                        PeerRule.roles(Role.COORDINATOR), PlaneSecurity.HTTP_2))
                        .build();
        channels.add(made);
        return made;
    }

    private long refused(Refusal reason) {
        return opened.getFirst().refusals().of(reason);
    }

    private static Status check(ManagedChannel channel, Metadata headers, String service) {
        try {
            var _ =
                    HealthGrpc.newBlockingStub(channel)
                            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
                            .withDeadlineAfter(LIMIT_MILLIS, TimeUnit.MILLISECONDS)
                            .check(HealthCheckRequest.newBuilder().setService(service).build());
            return Status.OK;
        } catch (StatusRuntimeException refused) {
            return refused.getStatus();
        }
    }

    private static Status check(ManagedChannel channel) {
        return check(channel, new Metadata(), "");
    }

    private static CompletableFuture<Status> watch(ManagedChannel channel) throws Exception {
        var answered = new CompletableFuture<Boolean>();
        var end = new CompletableFuture<Status>();
        HealthGrpc.newStub(channel)
                .watch(
                        HealthCheckRequest.getDefaultInstance(),
                        new StreamObserver<HealthCheckResponse>() {
                            @Override
                            public void onNext(HealthCheckResponse answer) {
                                answered.complete(true);
                            }

                            @Override
                            public void onError(Throwable error) {
                                end.complete(Status.fromThrowable(error));
                                answered.complete(false);
                            }

                            @Override
                            public void onCompleted() {
                                end.complete(Status.OK);
                            }
                        });
        answered.get(LIMIT_MILLIS, TimeUnit.MILLISECONDS);
        return end;
    }

    private Socket stranger() throws IOException {
        return stranger("127.0.0.1");
    }

    private Socket stranger(String from) throws IOException {
        var socket =
                new Socket(
                        InetAddress.getLoopbackAddress(),
                        server.port(),
                        InetAddress.getByName(from),
                        0);
        socket.setSoTimeout(LIMIT_MILLIS);
        sockets.add(socket);
        return socket;
    }

    private static boolean isClosed(Socket socket) {
        try {
            return socket.getInputStream().read() < 0;
        } catch (IOException reset) {
            return true;
        }
    }

    @Test
    void silentConnectionsPushEachOtherOutAndNobodyElse() throws Exception {
        ManagedChannel agent = channel(security(Role.AGENT, "a1"));
        CompletableFuture<Status> stream = watch(agent);
        for (int i = 0; i < 40; i++) {
            stranger();
        }
        for (int i = 0; i < 40 - STRANGERS; i++) {
            assertThat(isClosed(sockets.get(i))).as("connection %d", i).isTrue();
        }
        assertThat(refused(Refusal.CROWD)).isEqualTo(40 - STRANGERS);
        assertThat(server.load().strangers()).isEqualTo(STRANGERS);
        // Who has a certificate still gets in, and who is in stays.
        assertThat(check(channel(security(Role.OPERATOR, "ann"))).isOk()).isTrue();
        assertThat(check(agent).isOk()).isTrue();
        assertThat(stream).isNotDone();
        assertThat(server.load().connections()).isLessThanOrEqualTo(MOST);
    }

    @Test
    void thereAreNoMoreConnectionsThanThereMayBe() throws Exception {
        PlaneSecurity operator = security(Role.OPERATOR, "ann");
        for (int i = 0; i < MOST; i++) {
            assertThat(check(channel(operator)).isOk()).as("connection %d", i).isTrue();
        }
        assertThat(check(channel(operator)).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(refused(Refusal.CROWD)).isPositive();
        assertThat(server.load().connections()).isEqualTo(MOST);
        for (ManagedChannel one : channels.subList(0, MOST)) {
            assertThat(check(one).isOk()).isTrue();
        }
    }

    @Test
    void thereAreNoMoreCallsThanThereMayBe() throws Exception {
        ManagedChannel agent = channel(security(Role.AGENT, "a1"));
        var streams = new ArrayList<CompletableFuture<Status>>();
        for (int i = 0; i < CALLS; i++) {
            streams.add(watch(agent));
        }
        Status beyond = check(channel(security(Role.OPERATOR, "ann")));
        assertThat(beyond.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        assertThat(beyond.getDescription()).contains("too many calls are under way: at most 3");
        assertThat(refused(Refusal.CALLS)).isOne();
        assertThat(streams).noneMatch(CompletableFuture::isDone);
        assertThat(server.load().calls()).isEqualTo(CALLS);
    }

    // As if they came over the network: loopback is not exempt.
    private void serveWithBoundsOfHosts() throws IOException {
        server.close();
        opened.forEach(PlaneSecurity::close);
        opened.clear();
        serve(
                new ControlLimits(
                        new ConnectionGate.Limits(MOST, OF_ONE_HOST, MOST, false), CALLS, 1));
    }

    @Test
    void anAddressHasItsShareOfConnectionsAndOthersHaveTheirs() throws Exception {
        serveWithBoundsOfHosts();
        ManagedChannel member = channel(security(Role.AGENT, "a1"), "127.0.0.3");
        CompletableFuture<Status> stream = watch(member);
        for (int i = 0; i < 20; i++) {
            stranger("127.0.0.2");
        }
        for (int i = OF_ONE_HOST; i < 20; i++) {
            assertThat(isClosed(sockets.get(i))).as("connection %d", i).isTrue();
        }
        assertThat(refused(Refusal.HOST_CROWD)).isEqualTo(20 - OF_ONE_HOST);
        // With a certificate as well: the address is full.
        PlaneSecurity operator = security(Role.OPERATOR, "ann");
        assertThat(check(channel(operator, "127.0.0.2")).getCode())
                .isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(refused(Refusal.HOST_CROWD)).isGreaterThan(20 - OF_ONE_HOST);
        // From elsewhere it is let in, as is who comes when one of them has gone.
        assertThat(check(channel(operator, "127.0.0.4")).isOk()).isTrue();
        assertThat(stream).isNotDone();
        assertThat(server.load().connections()).isEqualTo(OF_ONE_HOST + 2);
    }

    @Test
    void anAddressHasItsShareOfCallsToo() throws Exception {
        serveWithBoundsOfHosts();
        ManagedChannel agent = channel(security(Role.AGENT, "a1"), "127.0.0.2");
        CompletableFuture<Status> stream = watch(agent);
        // An admin's call counts as an agent's does.
        ManagedChannel operator = channel(security(Role.OPERATOR, "ann"), "127.0.0.2");
        Status beyond = status(operator);
        assertThat(beyond.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        assertThat(beyond.getDescription()).contains("1 of one host");
        assertThat(refused(Refusal.CALLS)).isOne();
        assertThat(check(channel(security(Role.OPERATOR, "bob"), "127.0.0.3")).isOk()).isTrue();
        assertThat(stream).isNotDone();
    }

    private static Status status(ManagedChannel channel) {
        try {
            var _ =
                    AdminGrpc.newBlockingStub(channel)
                            .withDeadlineAfter(LIMIT_MILLIS, TimeUnit.MILLISECONDS)
                            .status(StatusRequest.getDefaultInstance());
            return Status.OK;
        } catch (StatusRuntimeException refused) {
            return refused.getStatus();
        }
    }

    @Test
    void whatIsTooLargeEndsItsCallOnly() throws Exception {
        ManagedChannel agent = channel(security(Role.AGENT, "a1"));
        CompletableFuture<Status> stream = watch(agent);

        Status message = check(agent, new Metadata(), "x".repeat(17 << 20));
        assertThat(message.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        var headers = new Metadata();
        headers.put(
                Metadata.Key.of("x-large", Metadata.ASCII_STRING_MARSHALLER), "y".repeat(9_000));
        assertThat(check(agent, headers, "").isOk()).isFalse();

        assertThat(check(agent).isOk()).isTrue();
        assertThat(stream).isNotDone();
    }
}
