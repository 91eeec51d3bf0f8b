package io.coxswain.agent.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.Endpoint;
import io.coxswain.agent.core.model.Peer;
import io.coxswain.proto.replica.v1.CopyEnd;
import io.coxswain.proto.replica.v1.FrameHeader;
import io.coxswain.proto.replica.v1.Hello;
import io.coxswain.proto.replica.v1.HelloReply;
import io.coxswain.proto.replica.v1.Purpose;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

class NettyDataPlaneTest {
    private static final AgentKey SELF = new AgentKey("one", "11");
    private static final AgentKey OTHER = new AgentKey("two", "22");

    private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    private final NettyDataPlane plane = new NettyDataPlane(SELF, DataPlaneSettings.loopback());
    private final NettyDataPlane other = new NettyDataPlane(OTHER, DataPlaneSettings.loopback());

    /** Writes down what happens. */
    private final class Recording implements FrameHandler, Link.Listener {
        private final String name;

        Recording(String name) {
            this.name = name;
        }

        @Override
        public void opened(Connection connection) {
            events.add(name + " opened " + connection);
        }

        @Override
        public @Nullable PayloadSink begin(
                Connection connection, FrameHeader header, int payloadBytes) {
            ByteBuffer place = ByteBuffer.allocateDirect(Math.max(1, payloadBytes));
            return new PayloadSink() {
                @Override
                public ByteBuffer next(int remaining) {
                    return place;
                }

                @Override
                public void end(int crc32c) {
                    events.add("%s got %s %d".formatted(name, header.getBodyCase(), payloadBytes));
                }

                @Override
                public void cancelled() {
                    events.add(name + " cancelled");
                }
            };
        }

        @Override
        public void closed(Connection connection, String reason) {
            events.add(name + " closed " + connection);
        }

        @Override
        public void up(Connection connection) {
            events.add(name + " up");
        }

        @Override
        public void down(String reason) {
            events.add(name + " down");
        }

        @Override
        public void unreachable(String detail, int attempt) {
            events.add("%s unreachable %d %s".formatted(name, attempt, detail));
        }
    }

    @BeforeEach
    void start() throws IOException {
        for (NettyDataPlane each : List.of(plane, other)) {
            String name = each.self().id();
            each.collectives().serve(new Recording(name));
            each.copies().serve(new Recording(name));
            each.start();
        }
    }

    @AfterEach
    void close() {
        plane.close();
        other.close();
    }

    private String event() throws InterruptedException {
        String event = events.poll(10, TimeUnit.SECONDS);
        if (event == null) {
            throw new AssertionError("nothing happened");
        }
        return event;
    }

    private Link dial(Lane lane, Peer peer) {
        Link link = lane.link(peer, new Recording("link"));
        lane.execute(link::connect);
        return link;
    }

    private static void send(Lane lane, Link link, int payloadBytes) {
        lane.execute(() -> {
            Connection connection = link.connection();
            if (connection == null) {
                throw new AssertionError("not connected");
            }
            connection.write(
                    FrameHeader.newBuilder().setCopyEnd(CopyEnd.getDefaultInstance()).build(),
                    List.of(Unpooled.directBuffer().writeZero(payloadBytes)),
                    () -> {});
            connection.flush();
        });
    }

    @Test
    void bothLanesCarryFrames() throws Exception {
        Link copies = dial(other.copies(), new Peer(SELF, plane.endpoint()));
        assertThat(List.of(event(), event(), event()))
                .containsExactlyInAnyOrder(
                        "one opened copy connection from two/22",
                        "two opened copy connection to one/11",
                        "link up");
        send(other.copies(), copies, 3_000_000);
        assertThat(event()).isEqualTo("one got COPY_END 3000000");
        Link collective = dial(other.collectives(), new Peer(SELF, plane.endpoint()));
        assertThat(List.of(event(), event(), event()))
                .contains("one opened collective connection from two/22");
        send(other.collectives(), collective, 0);
        assertThat(event()).isEqualTo("one got COPY_END 0");
    }

    @Test
    void aCutLinkComesBack() throws Exception {
        Link link = dial(other.copies(), new Peer(SELF, plane.endpoint()));
        for (int i = 0; i < 3; i++) {
            event();
        }
        plane.copies().execute(() -> plane.copies().connections().forEach(c -> c.close("cut")));
        assertThat(List.of(event(), event(), event(), event(), event(), event()))
                .contains(
                        "one closed copy connection from two/22",
                        "link down",
                        "link up",
                        "one opened copy connection from two/22");
        send(other.copies(), link, 10);
        assertThat(event()).isEqualTo("one got COPY_END 10");
    }

    @Test
    void aClosedPortIsReportedAtEachAttempt() throws Exception {
        Endpoint closed = plane.endpoint();
        plane.close();
        dial(other.copies(), new Peer(SELF, closed));
        assertThat(event()).startsWith("link unreachable 1 cannot reach one/11 at 127.0.0.1:");
        assertThat(event()).startsWith("link unreachable 2");
    }

    @Test
    void anotherIncarnationIsRefused() throws Exception {
        dial(other.copies(), new Peer(new AgentKey("one", "10"), plane.endpoint()));
        assertThat(event())
                .startsWith("link unreachable 1")
                .contains("refused: this is one/11, not one/10");
    }

    @Test
    void aThousandSilentConnectionsKeepNobodyOut() throws Exception {
        var silent = new ArrayList<Socket>();
        try {
            for (int i = 0; i < 1_000; i++) {
                silent.add(new Socket(InetAddress.getLoopbackAddress(), plane.endpoint().port()));
            }
            Link link = dial(other.copies(), new Peer(SELF, plane.endpoint()));
            String event = event();
            while (!event.equals("link up")) {
                event = event();
            }
            send(other.copies(), link, 10);
            while (!event.equals("one got COPY_END 10")) {
                event = event();
            }
        } finally {
            for (Socket each : silent) {
                each.close();
            }
        }
    }

    @Test
    void aPortInUseIsAClearError() {
        NettyDataPlane third =
                new NettyDataPlane(
                        new AgentKey("three", "33"),
                        new DataPlaneSettings(
                                "127.0.0.1", plane.endpoint().port(), "127.0.0.1", 0, 0, 0, 0, 1));
        try {
            assertThatThrownBy(third::start)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("cannot listen on 127.0.0.1:" + plane.endpoint().port())
                    .hasMessageContaining("choose another port");
        } finally {
            third.close();
        }
    }

    @Test
    void whoOnlyAsksForTheIdentityIsAnswered() throws Exception {
        assertThat(ask(SELF).getAccepted()).isTrue();
        HelloReply other = ask(new AgentKey("one", "12"));
        assertThat(other.getAccepted()).isFalse();
        assertThat(other.getReason()).contains("this is one/11");
    }

    /** What a coordinator does to learn whether an incarnation lives. */
    private HelloReply ask(AgentKey whom) throws IOException {
        try (Socket socket =
                new Socket(InetAddress.getLoopbackAddress(), plane.endpoint().port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(hello(whom, Purpose.PURPOSE_UNSPECIFIED));
            DataInputStream in = new DataInputStream(socket.getInputStream());
            byte[] header = new byte[in.readInt()];
            assertThat(in.readInt()).isZero();
            in.readFully(header);
            assertThat(in.read()).isEqualTo(-1);
            return FrameHeader.parseFrom(header).getHelloReply();
        }
    }

    private static byte[] hello(AgentKey whom, Purpose purpose) {
        FrameHeader header =
                FrameHeader.newBuilder()
                        .setEpoch(77)
                        .setSender(Wire.identity(OTHER))
                        .setHello(
                                Hello.newBuilder()
                                        .setProtocolMajor(1)
                                        .setPurpose(purpose)
                                        .setReceiver(Wire.identity(whom)))
                        .build();
        ByteBuf encoded = Wire.encode(UnpooledByteBufAllocator.DEFAULT, header, 0);
        byte[] bytes = new byte[encoded.readableBytes()];
        encoded.readBytes(bytes);
        encoded.release();
        return bytes;
    }

    @Test
    void noiseOnTheWireClosesTheConnectionAndNothingElse() throws Exception {
        for (int seed = 0; seed < 60; seed++) {
            Random random = new Random(seed);
            byte[] noise = new byte[2000];
            random.nextBytes(noise);
            // Small lengths, so that it is the header that is wrong, not only the lengths.
            noise[0] = 0;
            noise[1] = 0;
            noise[2] = 0;
            noise[4] = 0;
            try (Socket socket =
                    new Socket(InetAddress.getLoopbackAddress(), plane.endpoint().port())) {
                socket.setSoTimeout(10_000);
                if (random.nextBoolean()) {
                    socket.getOutputStream().write(hello(SELF, Purpose.PURPOSE_COPY));
                }
                AtomicBoolean ended = new AtomicBoolean();
                try {
                    socket.getOutputStream().write(noise);
                    socket.shutdownOutput();
                    while (socket.getInputStream().read() >= 0) {
                        // The answer to the greeting, if there was one.
                    }
                    ended.set(true);
                } catch (java.net.SocketTimeoutException e) {
                    throw new AssertionError("seed " + seed + " left the connection open", e);
                } catch (IOException e) {
                    // A reset is an end as well.
                    ended.set(true);
                }
                assertThat(ended).isTrue();
            }
        }
        assertThat(ask(SELF).getAccepted()).isTrue();
    }
}
