package io.coxswain.coordinator.adapter.grpc;

import com.google.protobuf.InvalidProtocolBufferException;

import io.coxswain.coordinator.app.CoordinatorInput;
import io.coxswain.coordinator.app.Inputs;
import io.coxswain.coordinator.core.liveness.DialResult;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.version.ProtocolVersion;
import io.coxswain.proto.control.v1.AgentIdentity;
import io.coxswain.proto.replica.v1.FrameHeader;
import io.coxswain.proto.replica.v1.Hello;
import io.coxswain.proto.replica.v1.HelloReply;
import io.coxswain.proto.replica.v1.Purpose;
import io.coxswain.security.Identity;
import io.coxswain.security.PeerRule;
import io.coxswain.security.PlaneSecurity;
import io.coxswain.security.Role;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;

import javax.net.ssl.SSLSocket;

/**
 * Asks an agent's data endpoint who it is, with the greeting of the data plane. Every question runs
 * on a virtual thread of its own and is answered within about two seconds.
 */
final class GrpcAgentDialer implements AutoCloseable {
    static final int TIMEOUT_MILLIS = 1_000;
    private static final int MAX_HEADER_BYTES = 64 << 10;

    /** What came back. */
    record Answer(DialResult result, String detail) {}

    private final Inputs inputs;
    private final PlaneSecurity security;
    private final ExecutorService threads =
            Executors.newThreadPerTaskExecutor(
                    Thread.ofVirtual().name("coxswain-dial-", 0).factory());

    GrpcAgentDialer(Inputs inputs, PlaneSecurity security) {
        this.inputs = inputs;
        this.security = security;
    }

    void dial(AgentProfile agent, long dial) {
        try {
            threads.execute(() -> {
                Answer answer = ask(agent, security);
                inputs.offer(
                        new CoordinatorInput.DialAnswered(
                                agent.key(), dial, answer.result(), answer.detail()));
            });
        } catch (RejectedExecutionException closed) {
            inputs.offer(
                    new CoordinatorInput.DialAnswered(
                            agent.key(), dial, DialResult.TIMEOUT, "the coordinator stops"));
        }
    }

    static Answer ask(AgentProfile agent, PlaneSecurity security) {
        String host = agent.dataEndpoint().host();
        int port = agent.dataEndpoint().port();
        String at = host + ":" + port;
        try (var plain = new Socket()) {
            security.admitDialling("agent " + agent.key().id(), host);
            plain.setSoTimeout(TIMEOUT_MILLIS);
            plain.setTcpNoDelay(true);
            plain.connect(new InetSocketAddress(InetAddress.getByName(host), port), TIMEOUT_MILLIS);
            if (!security.encrypted()) {
                return greet(agent, at, plain);
            }
            try (SSLSocket socket = security.secure(plain, PeerRule.roles(Role.AGENT))) {
                Identity there = PlaneSecurity.peer(socket.getSession());
                return there.name().equals(agent.key().id())
                        ? greet(agent, at, socket)
                        : new Answer(DialResult.OTHER_INCARNATION, at + " is " + there);
            }
        } catch (ConnectException refused) {
            return connectFailure(at, refused);
        } catch (InvalidProtocolBufferException garbled) {
            return new Answer(DialResult.TIMEOUT, at + " does not speak the data plane");
        } catch (SocketException reset) {
            // The kernel resets what a dying process had accepted; a process that lives answers.
            boolean gone = String.valueOf(reset.getMessage()).contains("reset");
            return new Answer(
                    gone ? DialResult.REFUSED : DialResult.TIMEOUT, at + ": " + reset.getMessage());
        } catch (IOException failed) {
            return new Answer(DialResult.TIMEOUT, at + ": " + failed);
        }
    }

    private static Answer greet(AgentProfile agent, String at, Socket socket) throws IOException {
        var out = new DataOutputStream(socket.getOutputStream());
        byte[] hello = hello(agent).toByteArray();
        byte[] frame = new byte[8 + hello.length];
        putInt(frame, 0, hello.length);
        System.arraycopy(hello, 0, frame, 8, hello.length);
        out.write(frame);
        out.flush();
        var in = new DataInputStream(socket.getInputStream());
        int headerBytes = in.readInt();
        int payloadBytes = in.readInt();
        if (headerBytes < 0 || headerBytes > MAX_HEADER_BYTES || payloadBytes != 0) {
            return new Answer(DialResult.TIMEOUT, at + " does not speak the data plane");
        }
        FrameHeader reply = FrameHeader.parseFrom(in.readNBytes(headerBytes));
        if (!reply.hasHelloReply()) {
            return new Answer(DialResult.TIMEOUT, at + " did not answer the greeting");
        }
        return answer(at, reply.getHelloReply());
    }

    // An agent looks first whether it is meant: refused for another reason, it is the one.
    static Answer answer(String at, HelloReply reply) {
        if (reply.getAccepted()) {
            return new Answer(DialResult.SAME_INCARNATION, at + " answers");
        }
        return switch (reply.getRefusal()) {
            case REFUSAL_OTHER_AGENT, REFUSAL_UNSPECIFIED ->
                    new Answer(
                            DialResult.OTHER_INCARNATION, at + " is another: " + reply.getReason());
            case REFUSAL_OTHER_VERSION, REFUSAL_NOT_SERVED, REFUSAL_IMPOSTOR ->
                    new Answer(DialResult.SAME_INCARNATION, at + " answers: " + reply.getReason());
            case UNRECOGNIZED ->
                    new Answer(
                            DialResult.TIMEOUT,
                            at + " answers what this version does not know: " + reply.getReason());
        };
    }

    // Java tells a refused connection from other failures to connect only by the text.
    private static Answer connectFailure(String at, ConnectException failed) {
        boolean refused = String.valueOf(failed.getMessage()).contains("refused");
        return refused
                ? new Answer(DialResult.REFUSED, at + " refuses connections: the process is gone")
                : new Answer(DialResult.TIMEOUT, at + ": " + failed.getMessage());
    }

    private static FrameHeader hello(AgentProfile agent) {
        return FrameHeader.newBuilder()
                .setSender(
                        AgentIdentity.newBuilder()
                                .setAgentId("coordinator")
                                .setIncarnation("0".repeat(32)))
                .setHello(
                        Hello.newBuilder()
                                .setProtocolMajor(ProtocolVersion.DATA.major())
                                .setProtocolMinor(ProtocolVersion.DATA.minor())
                                .setReceiver(ModelCodec.identity(agent.key()))
                                .setPurpose(Purpose.PURPOSE_COLLECTIVE))
                .build();
    }

    private static void putInt(byte[] to, int at, int value) {
        to[at] = (byte) (value >>> 24);
        to[at + 1] = (byte) (value >>> 16);
        to[at + 2] = (byte) (value >>> 8);
        to[at + 3] = (byte) value;
    }

    /** Gives up the questions under way; their answers no longer matter. */
    @Override
    public void close() {
        threads.shutdownNow();
    }
}
