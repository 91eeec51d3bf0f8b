package io.coxswain.coordinator.adapter.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.UnknownFieldSet;

import io.coxswain.coordinator.adapter.zookeeper.InputQueue;
import io.coxswain.coordinator.app.AgentWord;
import io.coxswain.coordinator.app.CoordinatorCalls;
import io.coxswain.coordinator.app.CoordinatorInput;
import io.coxswain.proto.control.v1.AgentIdentity;
import io.coxswain.proto.control.v1.AgentMessage;
import io.coxswain.proto.control.v1.Attach;
import io.coxswain.proto.control.v1.ControlPlaneGrpc;
import io.coxswain.proto.control.v1.CoordinatorMessage;
import io.coxswain.proto.control.v1.Endpoint;
import io.coxswain.proto.control.v1.Heartbeat;
import io.coxswain.proto.control.v1.Rejected;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Agents of other versions at the control plane. */
class GrpcVersionsTest {
    private static final AgentIdentity AGENT =
            AgentIdentity.newBuilder().setAgentId("agent-1").setIncarnation("a".repeat(32)).build();

    private final InputQueue inputs = new InputQueue();
    private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    private final LinkedBlockingQueue<CoordinatorMessage> heard = new LinkedBlockingQueue<>();
    private final GrpcControlServer server =
            new GrpcControlServer(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                    executor,
                    inputs,
                    (CoordinatorCalls)
                            Proxy.newProxyInstance(
                                    GrpcVersionsTest.class.getClassLoader(),
                                    new Class<?>[] {CoordinatorCalls.class},
                                    (_, method, _) -> {
                                        throw new IllegalStateException(method.getName());
                                    }));
    private ManagedChannel channel;

    @BeforeEach
    void open() throws IOException {
        server.start();
        channel = NettyChannelBuilder.forAddress("127.0.0.1", server.port()).usePlaintext().build();
    }

    @AfterEach
    void close() {
        channel.shutdownNow();
        server.close();
        executor.shutdown();
    }

    private StreamObserver<AgentMessage> stream() {
        return ControlPlaneGrpc.newStub(channel)
                .attach(
                        new StreamObserver<>() {
                            @Override
                            public void onNext(CoordinatorMessage message) {
                                heard.add(message);
                            }

                            @Override
                            public void onError(Throwable error) {
                                // The channel is shut down.
                            }

                            @Override
                            public void onCompleted() {
                                // As after a rejection.
                            }
                        });
    }

    private static AgentMessage attach(int major, int dataMajor) {
        return AgentMessage.newBuilder()
                .setAgent(AGENT)
                .setAttach(
                        Attach.newBuilder()
                                .setProtocolMajor(major)
                                .setDataMajor(dataMajor)
                                .setDataEndpoint(Endpoint.newBuilder().setHost("h").setPort(7000))
                                .setFailureDomain("rack7/h31"))
                .build();
    }

    private Rejected rejection(int major, int dataMajor) throws InterruptedException {
        stream().onNext(attach(major, dataMajor));
        CoordinatorMessage message = heard.poll(30, TimeUnit.SECONDS);
        assertThat(message).isNotNull();
        return message.getRejected();
    }

    @Test
    void anAgentOfAnotherMajorVersionLearnsWhoIsOlder() throws Exception {
        Rejected rejected = rejection(2, 0);
        assertThat(rejected.getReason())
                .isEqualTo(
                        "this coordinator speaks control protocol 1.0, agent agent-1 speaks 2.0:"
                                + " this coordinator is the older one and is to be upgraded"
                                + " (docs/upgrade.md)");
        assertThat(rejected.getRetry()).isFalse();
        assertThat(rejected.getProtocolMajor()).isEqualTo(1);
        assertThat(rejection(1, 7).getReason())
                .contains("data-plane protocol 1.0")
                .contains("this coordinator is the older one");
        assertThat(rejection(0, 0).getReason())
                .contains("agent agent-1 is the older one and is to be upgraded");
        assertThat(server.refusedVersions()).isEqualTo(3);
    }

    @Test
    void whatIsUnknownIsDroppedCountedAndASignOfLife() throws Exception {
        StreamObserver<AgentMessage> agent = stream();
        agent.onNext(attach(1, 1));
        inputs.await(CoordinatorInput.AgentAttached.class);
        agent.onNext(
                AgentMessage.newBuilder()
                        .setAgent(AGENT)
                        .setTermSeen(4)
                        .setUnknownFields(
                                UnknownFieldSet.newBuilder()
                                        .addField(
                                                900,
                                                UnknownFieldSet.Field.newBuilder()
                                                        .addVarint(1)
                                                        .build())
                                        .build())
                        .build());
        var said = inputs.await(CoordinatorInput.AgentSaid.class);
        assertThat(said.word()).isEqualTo(new AgentWord.Unknown(900));
        assertThat(said.termSeen()).isEqualTo(4);
        assertThat(server.unknownWords()).isOne();
        agent.onNext(
                AgentMessage.newBuilder()
                        .setAgent(AGENT)
                        .setHeartbeat(Heartbeat.newBuilder().setSequence(9))
                        .build());
        assertThat(inputs.await(CoordinatorInput.AgentSaid.class).word())
                .isInstanceOf(AgentWord.Heartbeat.class);
    }
}
