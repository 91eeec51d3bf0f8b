package io.coxswain.coordinator.adapter.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.coxswain.coordinator.adapter.zookeeper.InputQueue;
import io.coxswain.proto.admin.v1.AdminGrpc;
import io.coxswain.proto.admin.v1.CancelRequest;
import io.coxswain.proto.admin.v1.StatusRequest;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Whoever asks a coordinator that does not lead is told where the leader is. */
class LeaderRedirectTest {
    private static final String LEADER = "10.0.0.9:7400";

    private final FakeCalls calls = new FakeCalls();
    private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    private GrpcControlServer server;
    private ManagedChannel channel;

    @BeforeEach
    void open() throws IOException {
        var loopback = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        server = new GrpcControlServer(loopback, executor, new InputQueue(), calls);
        server.start();
        channel =
                NettyChannelBuilder.forAddress(
                                new InetSocketAddress(
                                        InetAddress.getLoopbackAddress(), server.port()))
                        .usePlaintext()
                        .build();
    }

    @AfterEach
    void close() {
        channel.shutdownNow();
        server.close();
        calls.events.close();
        executor.shutdown();
    }

    private <Q, A> StatusRuntimeException failure(MethodDescriptor<Q, A> method) {
        Q empty = method.parseRequest(new ByteArrayInputStream(new byte[0]));
        return Objects.requireNonNull(
                catchThrowableOfType(
                        StatusRuntimeException.class,
                        () ->
                                ClientCalls.blockingUnaryCall(
                                        channel, method, CallOptions.DEFAULT, empty)));
    }

    @Test
    void everyCallThatOnlyALeaderCanAnswerNamesIt() {
        calls.elsewhere = LEADER;
        Set<String> own =
                Set.of(
                        AdminGrpc.getStatusMethod().getFullMethodName(),
                        AdminGrpc.getEventsMethod().getFullMethodName());
        var redirected =
                AdminGrpc.getServiceDescriptor().getMethods().stream()
                        .filter(method -> !own.contains(method.getFullMethodName()))
                        .toList();
        assertThat(redirected).hasSizeGreaterThan(10);
        for (MethodDescriptor<?, ?> method : redirected) {
            StatusRuntimeException failure = failure(method);
            assertThat(failure.getStatus().getCode())
                    .as(method.getFullMethodName())
                    .isEqualTo(Status.Code.FAILED_PRECONDITION);
            assertThat(failure.getStatus().getDescription()).contains(LEADER);
            assertThat(Objects.requireNonNull(failure.getTrailers()).get(LeaderRedirect.LEADER))
                    .isEqualTo(LEADER);
        }
    }

    @Test
    void eachAnswersForItself() {
        calls.elsewhere = LEADER;
        var status = AdminGrpc.newBlockingStub(channel).status(StatusRequest.getDefaultInstance());
        assertThat(status.getCoordinatorId()).isEqualTo("c1");
    }

    @Test
    void whereNobodyElseIsKnownToLeadTheCallGoesThrough() {
        var answer =
                AdminGrpc.newBlockingStub(channel)
                        .cancel(CancelRequest.newBuilder().setJobId("j").build());
        assertThat(answer.getReason()).isEqualTo("there is no job j");
    }
}
