package io.coxswain.coordinator.adapter.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.liveness.DialResult;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.DataEndpoint;
import io.coxswain.coordinator.core.model.FailureDomain;
import io.coxswain.proto.replica.v1.FrameHeader;
import io.coxswain.proto.replica.v1.HelloReply;
import io.coxswain.proto.replica.v1.Refusal;
import io.coxswain.security.PlaneSecurity;

import org.junit.jupiter.api.Test;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

class GrpcAgentDialerTest {
    private static AgentProfile agentAt(int port) {
        return new AgentProfile(
                new AgentKey("agent-1", "a".repeat(32)),
                new DataEndpoint("127.0.0.1", port),
                FailureDomain.parse("h"),
                0);
    }

    private static GrpcAgentDialer.Answer ask(AgentProfile agent) {
        return GrpcAgentDialer.ask(agent, PlaneSecurity.loopback("the coordinator"));
    }

    private static ServerSocket listener() throws IOException {
        return new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    }

    // An agent's data plane that answers one greeting; completes with the greeting.
    private static CompletableFuture<FrameHeader> answer(ServerSocket at, FrameHeader reply) {
        var greeting = new CompletableFuture<FrameHeader>();
        Thread.ofVirtual()
                .start(() -> {
                    try (var peer = at.accept()) {
                        var in = new DataInputStream(peer.getInputStream());
                        int header = in.readInt();
                        assertThat(in.readInt()).isZero();
                        greeting.complete(FrameHeader.parseFrom(in.readNBytes(header)));
                        var out = new DataOutputStream(peer.getOutputStream());
                        out.writeInt(reply.getSerializedSize());
                        out.writeInt(0);
                        out.write(reply.toByteArray());
                        out.flush();
                    } catch (IOException failed) {
                        greeting.completeExceptionally(failed);
                    }
                });
        return greeting;
    }

    private static FrameHeader reply(boolean accepted) {
        return FrameHeader.newBuilder()
                .setHelloReply(HelloReply.newBuilder().setAccepted(accepted).setReason("not me"))
                .build();
    }

    @Test
    void theExpectedIncarnationAccepts() throws Exception {
        try (ServerSocket at = listener()) {
            var greeting = answer(at, reply(true));

            assertThat(ask(agentAt(at.getLocalPort())).result())
                    .isEqualTo(DialResult.SAME_INCARNATION);

            var hello = greeting.join().getHello();
            assertThat(hello.getReceiver().getIncarnation()).isEqualTo("a".repeat(32));
            assertThat(greeting.join().getJobId()).isEmpty();
        }
    }

    @Test
    void anotherIncarnationRefusesTheGreeting() throws Exception {
        try (ServerSocket at = listener()) {
            var _ = answer(at, reply(false));

            var answer = ask(agentAt(at.getLocalPort()));

            assertThat(answer.result()).isEqualTo(DialResult.OTHER_INCARNATION);
            assertThat(answer.detail()).contains("not me");
        }
    }

    @Test
    void nobodyListens() throws Exception {
        int port;
        try (ServerSocket at = listener()) {
            port = at.getLocalPort();
        }

        assertThat(ask(agentAt(port)).result()).isEqualTo(DialResult.REFUSED);
    }

    @Test
    void whoAcceptsAndStaysSilentProvesNothing() throws Exception {
        try (ServerSocket at = listener()) {
            assertThat(ask(agentAt(at.getLocalPort())).result()).isEqualTo(DialResult.TIMEOUT);
        }
    }

    @Test
    void whoSpeaksSomethingElseProvesNothing() throws Exception {
        try (ServerSocket at = listener()) {
            var _ = answer(at, FrameHeader.getDefaultInstance());

            assertThat(ask(agentAt(at.getLocalPort())).result()).isEqualTo(DialResult.TIMEOUT);
        }
    }

    /**
     * An agent that refuses for another reason than being another one is the one that was meant.
     */
    @Test
    void whyAGreetingIsRefusedDecides() {
        var verdicts =
                Map.of(
                        Refusal.REFUSAL_UNSPECIFIED, DialResult.OTHER_INCARNATION,
                        Refusal.REFUSAL_OTHER_AGENT, DialResult.OTHER_INCARNATION,
                        Refusal.REFUSAL_OTHER_VERSION, DialResult.SAME_INCARNATION,
                        Refusal.REFUSAL_NOT_SERVED, DialResult.SAME_INCARNATION,
                        Refusal.REFUSAL_IMPOSTOR, DialResult.SAME_INCARNATION);
        for (Refusal refusal : Refusal.values()) {
            if (refusal != Refusal.UNRECOGNIZED) {
                var reply = HelloReply.newBuilder().setRefusal(refusal).build();
                assertThat(GrpcAgentDialer.answer("h:1", reply).result())
                        .as("%s", refusal)
                        .isEqualTo(verdicts.get(refusal));
            }
        }
        var newer = HelloReply.newBuilder().setRefusalValue(99).build();
        assertThat(GrpcAgentDialer.answer("h:1", newer).result()).isEqualTo(DialResult.TIMEOUT);
    }
}
