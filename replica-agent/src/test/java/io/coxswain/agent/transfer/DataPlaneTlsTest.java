package io.coxswain.agent.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.Peer;
import io.coxswain.proto.replica.v1.CopyEnd;
import io.coxswain.proto.replica.v1.FrameHeader;
import io.coxswain.proto.replica.v1.Hello;
import io.coxswain.proto.replica.v1.Purpose;
import io.coxswain.security.ConnectionGate;
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
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;

/** The data plane over mutual TLS. */
class DataPlaneTlsTest {
    private static final AgentKey ONE = new AgentKey("one", "11");
    private static final AgentKey TWO = new AgentKey("two", "22");

    @TempDir private Path folder = Path.of("");

    private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    private final List<NettyDataPlane> planes = new ArrayList<>();
    private final List<PlaneSecurity> opened = new ArrayList<>();
    private final List<Path> folders = new ArrayList<>();

    @BeforeEach
    void authority() throws IOException {
        CertificateAuthority.create(folder, "test", Duration.ofDays(2), InstantSource.system());
    }

    @AfterEach
    void close() {
        planes.forEach(NettyDataPlane::close);
        opened.forEach(PlaneSecurity::close);
    }

    private PlaneSecurity security(Role role, String name) throws IOException {
        Path into = Files.createTempDirectory(folder, name);
        folders.add(into);
        CertificateAuthority.open(folder, InstantSource.system())
                .issue(new Identity(role, name), List.of(), Duration.ofDays(1), into);
        PlaneSecurity made = PlaneSecurity.open(name, WireSecurity.tls(TlsFiles.in(into)));
        opened.add(made);
        return made;
    }

    private NettyDataPlane plane(AgentKey key, PlaneSecurity security) throws IOException {
        return plane(key, security, ConnectionGate.Limits.DEFAULT);
    }

    private NettyDataPlane plane(AgentKey key, PlaneSecurity security, ConnectionGate.Limits limits)
            throws IOException {
        var made = new NettyDataPlane(key, DataPlaneSettings.loopback(), security, limits);
        planes.add(made);
        made.collectives().serve(new Recording(key.id()));
        made.copies().serve(new Recording(key.id()));
        made.start();
        return made;
    }

    // A machine that is very busy needs several attempts, which are told too.
    private String await(String part) throws InterruptedException {
        while (true) {
            String event = events.poll(60, TimeUnit.SECONDS);
            if (event == null) {
                throw new AssertionError("no event with '" + part + "'");
            }
            if (event.contains(part)) {
                return event;
            }
        }
    }

    @Test
    void framesArriveWholeInBothLanes() throws Exception {
        NettyDataPlane one = plane(ONE, security(Role.AGENT, "one"));
        NettyDataPlane two = plane(TWO, security(Role.AGENT, "two"));

        for (Lane lane : List.of(two.copies(), two.collectives())) {
            Link link = lane.link(new Peer(ONE, one.endpoint()), new Recording("link"));
            lane.execute(link::connect);
            assertThat(await("link up")).isEqualTo("link up");
            byte[] bytes = new byte[5_000_001];
            new Random(7).nextBytes(bytes);
            var crc = new CRC32C();
            crc.update(bytes);
            lane.execute(() -> {
                Connection connection = link.connection();
                if (connection == null) {
                    throw new AssertionError("not connected");
                }
                ByteBuf whole = Unpooled.directBuffer().writeBytes(bytes);
                connection.write(
                        FrameHeader.newBuilder().setCopyEnd(CopyEnd.getDefaultInstance()).build(),
                        List.of(whole.readRetainedSlice(1_000), whole),
                        () -> {});
                connection.flush();
            });
            assertThat(await("one got")).isEqualTo("one got 5000001 " + (int) crc.getValue());
        }
    }

    @Test
    void aCertificateIsGoodForItsAgentOnly() throws Exception {
        NettyDataPlane one = plane(ONE, security(Role.AGENT, "one"));
        NettyDataPlane impostor = plane(TWO, security(Role.AGENT, "three"));

        Link link = impostor.copies().link(new Peer(ONE, one.endpoint()), new Recording("link"));
        impostor.copies().execute(link::connect);
        assertThat(await("agent two greets with the certificate of agent three"))
                .startsWith("link unreachable");
    }

    @Test
    void whoIsDialledMustBeTheOneThatIsMeant() throws Exception {
        NettyDataPlane impostor = plane(ONE, security(Role.AGENT, "three"));
        NettyDataPlane two = plane(TWO, security(Role.AGENT, "two"));

        Link link = two.copies().link(new Peer(ONE, impostor.endpoint()), new Recording("link"));
        two.copies().execute(link::connect);
        assertThat(await("there is agent three")).startsWith("link unreachable");
    }

    @Test
    void operatorsAreNotLetIn() throws Exception {
        NettyDataPlane one = plane(ONE, security(Role.AGENT, "one"));
        PlaneSecurity operator = security(Role.OPERATOR, "ann");

        assertThatThrownBy(
                        () -> {
                            try (var socket =
                                            new Socket(
                                                    InetAddress.getLoopbackAddress(),
                                                    one.endpoint().port());
                                    var tls = operator.secure(socket, PeerRule.roles(Role.AGENT))) {
                                // In TLS 1.3 the client learns of the refusal with its first read.
                                tls.getOutputStream().write(1);
                                if (tls.getInputStream().read() < 0) {
                                    throw new IOException("closed");
                                }
                            }
                        })
                .isInstanceOf(IOException.class);
    }

    @Test
    void aCoordinatorMayAskWhoIsThereAndNoMore() throws Exception {
        NettyDataPlane one = plane(ONE, security(Role.AGENT, "one"));
        PlaneSecurity coordinator = security(Role.COORDINATOR, "c1");

        FrameHeader reply = null;
        for (int attempt = 0; attempt < 20 && reply == null; attempt++) {
            reply = asked(one, coordinator);
        }
        assertThat(reply).isNotNull();
        assertThat(reply.getHelloReply().getAccepted()).isTrue();
        assertThat(events).isEmpty();
    }

    // Null: a machine that is very busy was too slow for the door.
    private static @Nullable FrameHeader asked(NettyDataPlane one, PlaneSecurity coordinator) {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), one.endpoint().port());
                var tls = coordinator.secure(socket, PeerRule.roles(Role.AGENT))) {
            ByteBuf frame =
                    Wire.encode(
                            UnpooledByteBufAllocator.DEFAULT,
                            FrameHeader.newBuilder()
                                    .setSender(Wire.identity(new AgentKey("coordinator", "0")))
                                    .setHello(
                                            Hello.newBuilder()
                                                    .setProtocolMajor(Wire.MAJOR)
                                                    .setReceiver(Wire.identity(ONE))
                                                    .setPurpose(Purpose.PURPOSE_COPY))
                                    .build(),
                            0);
            byte[] bytes = new byte[frame.readableBytes()];
            frame.readBytes(bytes).release();
            tls.getOutputStream().write(bytes);
            var in = new DataInputStream(tls.getInputStream());
            int length = in.readInt();
            assertThat(in.readInt()).isZero();
            FrameHeader reply = FrameHeader.parseFrom(in.readNBytes(length));
            // Then it is shown out.
            assertThat(in.read()).isEqualTo(-1);
            return reply;
        } catch (IOException slow) {
            return null;
        }
    }

    @Test
    void whoIsTakenBackIsCutOffAndNotLetInAgain() throws Exception {
        PlaneSecurity careful = security(Role.AGENT, "one");
        NettyDataPlane one = plane(ONE, careful);
        NettyDataPlane two = plane(TWO, security(Role.AGENT, "two"));
        Link link = two.copies().link(new Peer(ONE, one.endpoint()), new Recording("link"));
        two.copies().execute(link::connect);
        await("link up");

        Revocations.add(
                folders.getFirst().resolve(TlsFiles.REVOKED),
                PemFiles.certificates(folders.getLast().resolve(TlsFiles.CERTIFICATE)).getFirst());
        careful.refresh();

        await("link down");
        await("link unreachable");
        assertThat(careful.refusals().of(Refusal.REVOKED)).isPositive();
        assertThat(two.collectives().self()).isEqualTo(TWO);
    }

    @Test
    void aFloodOfStrangersKeepsNobodyOut() throws Exception {
        PlaneSecurity flooded = security(Role.AGENT, "one");
        NettyDataPlane one = plane(ONE, flooded);
        NettyDataPlane two = plane(TWO, security(Role.AGENT, "two"));
        Link link = two.copies().link(new Peer(ONE, one.endpoint()), new Recording("link"));
        two.copies().execute(link::connect);
        await("link up");
        var flood = new ArrayList<Socket>();
        try {
            for (int i = 0; i < 300; i++) {
                var socket = new Socket(InetAddress.getLoopbackAddress(), one.endpoint().port());
                socket.setSoTimeout(60_000);
                flood.add(socket);
            }
            for (int i = 0; i < 300 - 256; i++) {
                assertThat(isClosed(flood.get(i))).as("connection %d", i).isTrue();
            }
            assertThat(flooded.refusals().of(Refusal.CROWD)).isGreaterThanOrEqualTo(300 - 256);
            assertThat(one.incoming()).isLessThanOrEqualTo(257);
            Link second =
                    two.collectives().link(new Peer(ONE, one.endpoint()), new Recording("second"));
            two.collectives().execute(second::connect);
            await("second up");
            assertThat(events).noneMatch(event -> event.equals("link down"));
        } finally {
            for (Socket socket : flood) {
                socket.close();
            }
        }
    }

    @Test
    void anAddressHasItsShareOfConnectionsAndOthersHaveTheirs() throws Exception {
        PlaneSecurity bounded = security(Role.AGENT, "one");
        // As if they came over the network: loopback is not exempt.
        NettyDataPlane one = plane(ONE, bounded, new ConnectionGate.Limits(100, 3, 100, false));
        NettyDataPlane two = plane(TWO, security(Role.AGENT, "two"));
        var flood = new ArrayList<Socket>();
        try {
            for (int i = 0; i < 10; i++) {
                var socket =
                        new Socket(
                                InetAddress.getLoopbackAddress(),
                                one.endpoint().port(),
                                InetAddress.getByName("127.0.0.2"),
                                0);
                socket.setSoTimeout(60_000);
                flood.add(socket);
            }
            for (int i = 3; i < 10; i++) {
                assertThat(isClosed(flood.get(i))).as("connection %d", i).isTrue();
            }
            assertThat(bounded.refusals().of(Refusal.HOST_CROWD)).isEqualTo(7);
            Link link = two.copies().link(new Peer(ONE, one.endpoint()), new Recording("link"));
            two.copies().execute(link::connect);
            await("link up");
            assertThat(one.incoming()).isLessThanOrEqualTo(4);
        } finally {
            for (Socket socket : flood) {
                socket.close();
            }
        }
    }

    private static boolean isClosed(Socket socket) {
        try {
            return socket.getInputStream().read() < 0;
        } catch (IOException reset) {
            return true;
        }
    }

    @Test
    void thePortIsNotOpenedToOthersInTheClear() {
        var open =
                new NettyDataPlane(
                        ONE,
                        new DataPlaneSettings("0.0.0.0", 0, "host", 0, 0, 0, 1 << 20, 1_000_000));
        planes.add(open);
        assertThatThrownBy(open::start)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("the data plane would listen on 0.0.0.0");
    }

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
                    events.add("%s got %d %d".formatted(name, payloadBytes, crc32c));
                }

                @Override
                public void cancelled() {}
            };
        }

        @Override
        public void closed(Connection connection, String reason) {}

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
}
