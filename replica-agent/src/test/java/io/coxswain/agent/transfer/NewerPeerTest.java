package io.coxswain.agent.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.UnknownFieldSet;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.proto.replica.v1.CopyEnd;
import io.coxswain.proto.replica.v1.FrameHeader;
import io.coxswain.proto.replica.v1.Hello;
import io.coxswain.proto.replica.v1.HelloReply;
import io.coxswain.proto.replica.v1.Purpose;
import io.coxswain.proto.replica.v1.Refusal;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** The data plane with a peer of another version. */
class NewerPeerTest {
    private static final AgentKey SELF = new AgentKey("one", "11");
    private static final AgentKey PEER = new AgentKey("two", "22");
    private static final FrameHeader END =
            FrameHeader.newBuilder().setCopyEnd(CopyEnd.getDefaultInstance()).build();
    private static final FrameHeader UNKNOWN =
            FrameHeader.newBuilder().setUnknownFields(unknown()).build();

    private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    private final NettyDataPlane plane = new NettyDataPlane(SELF, DataPlaneSettings.loopback());

    private static UnknownFieldSet unknown() {
        return UnknownFieldSet.newBuilder()
                .addField(900, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
                .build();
    }

    @BeforeEach
    void start() throws IOException {
        FrameHandler handler =
                new FrameHandler() {
                    @Override
                    public void opened(Connection connection) {}

                    @Override
                    public @Nullable PayloadSink begin(
                            Connection connection, FrameHeader header, int payloadBytes) {
                        if (header.getBodyCase() == FrameHeader.BodyCase.BODY_NOT_SET) {
                            throw new ProtocolViolation("a frame without a body");
                        }
                        events.add("got " + header.getBodyCase());
                        return PayloadSink.DISCARD;
                    }

                    @Override
                    public void closed(Connection connection, String reason) {
                        events.add("closed: " + reason);
                    }
                };
        plane.collectives().serve(handler);
        plane.copies().serve(handler);
        plane.start();
    }

    @AfterEach
    void close() {
        plane.close();
    }

    private String event() throws InterruptedException {
        String event = events.poll(10, TimeUnit.SECONDS);
        if (event == null) {
            throw new AssertionError("nothing happened");
        }
        return event;
    }

    private Socket connect() throws IOException {
        var socket = new Socket(InetAddress.getLoopbackAddress(), plane.endpoint().port());
        socket.setSoTimeout(10_000);
        return socket;
    }

    private static Hello.Builder hello() {
        return Hello.newBuilder()
                .setProtocolMajor(Wire.MAJOR)
                .setProtocolMinor(Wire.MINOR)
                .setPurpose(Purpose.PURPOSE_COPY)
                .setReceiver(Wire.identity(SELF));
    }

    private static void write(Socket socket, FrameHeader header, int payloadBytes)
            throws IOException {
        ByteBuf encoded = Wire.encode(UnpooledByteBufAllocator.DEFAULT, header, payloadBytes);
        byte[] bytes = new byte[encoded.readableBytes() + payloadBytes];
        encoded.readBytes(bytes, 0, encoded.readableBytes());
        encoded.release();
        socket.getOutputStream().write(bytes);
    }

    private static HelloReply greet(Socket socket, Hello.Builder hello) throws IOException {
        write(
                socket,
                FrameHeader.newBuilder()
                        .setSender(Wire.identity(PEER))
                        .setHello(hello.setUnknownFields(unknown()))
                        .setUnknownFields(unknown())
                        .build(),
                0);
        var in = new DataInputStream(socket.getInputStream());
        byte[] header = new byte[in.readInt()];
        assertThat(in.readInt()).isZero();
        in.readFully(header);
        return FrameHeader.parseFrom(header).getHelloReply();
    }

    @Test
    void whatANewerPeerSendsAndNobodyKnowsIsDroppedWithItsPayload() throws Exception {
        try (Socket socket = connect()) {
            HelloReply reply = greet(socket, hello().setProtocolMinor(Wire.MINOR + 1));
            assertThat(reply.getAccepted()).isTrue();
            assertThat(reply.getProtocolMajor()).isEqualTo(Wire.MAJOR);
            assertThat(reply.getProtocolMinor()).isEqualTo(Wire.MINOR);
            write(socket, UNKNOWN, 5_000);
            write(socket, END.toBuilder().setUnknownFields(unknown()).build(), 0);
            assertThat(event()).isEqualTo("got COPY_END");
            assertThat(plane.unknownFrames()).isOne();
        }
    }

    /** From a peer of this version it can only be damage: what was meant is to be sent again. */
    @Test
    void theSameFromAPeerOfThisVersionEndsTheConnection() throws Exception {
        try (Socket socket = connect()) {
            assertThat(greet(socket, hello()).getAccepted()).isTrue();
            write(socket, UNKNOWN, 5_000);
            assertThat(event()).startsWith("closed: protocol error");
            assertThat(plane.unknownFrames()).isZero();
        }
    }

    @Test
    void anotherMajorVersionIsRefusedWithWhoIsOlder() throws Exception {
        try (Socket socket = connect()) {
            HelloReply reply = greet(socket, hello().setProtocolMajor(Wire.MAJOR + 1));
            assertThat(reply.getAccepted()).isFalse();
            assertThat(reply.getRefusal()).isEqualTo(Refusal.REFUSAL_OTHER_VERSION);
            assertThat(reply.getReason())
                    .isEqualTo(
                            "agent one speaks data-plane protocol 1.0, agent two speaks 2.0:"
                                    + " agent one is the older one and is to be upgraded"
                                    + " (docs/upgrade.md)");
        }
        // Who is meant comes first: a coordinator asks by that whether an incarnation lives.
        try (Socket socket = connect()) {
            HelloReply reply =
                    greet(
                            socket,
                            hello().setProtocolMajor(Wire.MAJOR + 1)
                                    .setReceiver(Wire.identity(PEER)));
            assertThat(reply.getRefusal()).isEqualTo(Refusal.REFUSAL_OTHER_AGENT);
        }
    }

    @Test
    void anUnknownPurposeIsRefusedAsSuch() throws Exception {
        try (Socket socket = connect()) {
            HelloReply reply = greet(socket, hello().setPurposeValue(9));
            assertThat(reply.getRefusal()).isEqualTo(Refusal.REFUSAL_NOT_SERVED);
            assertThat(reply.getReason()).isEqualTo("unknown purpose");
        }
    }
}
