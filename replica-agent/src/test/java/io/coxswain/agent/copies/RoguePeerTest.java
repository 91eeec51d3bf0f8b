package io.coxswain.agent.copies;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.agent.transfer.DataPlaneSettings;
import io.coxswain.agent.transfer.NettyDataPlane;
import io.coxswain.bridge.arena.ArenaFile;
import io.coxswain.bridge.arena.Slot;
import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.proto.control.v1.AgentIdentity;
import io.coxswain.proto.replica.v1.CopyBegin;
import io.coxswain.proto.replica.v1.FrameHeader;
import io.coxswain.proto.replica.v1.Hello;
import io.coxswain.proto.replica.v1.Purpose;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** What a member may not make an agent do: keep what it asks for without bound, or lose slots. */
class RoguePeerTest {
    private static final AgentKey SELF = new AgentKey("holder", "a".repeat(32));
    private static final AgentKey MEMBER = new AgentKey("rogue", "b".repeat(32));
    private static final int MILLIS = 30_000;
    private static final int SHARD = 1;

    @TempDir private Path folder = Path.of("");

    private final Shelf shelf = new Shelf();
    private NettyDataPlane plane;
    private NettyCopyPlane copies;
    private ArenaFile arena;

    @BeforeEach
    void open() throws IOException {
        arena = ArenaFile.create(folder.resolve("arena"), ArenaFile.Shape.slotsOnly(2, 4_096, 4));
        plane = new NettyDataPlane(SELF, DataPlaneSettings.loopback());
        copies =
                new NettyCopyPlane(
                        plane,
                        shelf,
                        shelf,
                        shelf,
                        () -> false,
                        (peer, state) -> peer.equals(MEMBER) && state.shard() == SHARD);
        plane.start();
    }

    @AfterEach
    void close() {
        copies.close();
        plane.close();
        arena.close();
    }

    private static StateName state(long step, int shard) {
        return new StateName("j", 1, step, shard);
    }

    private static SlotTable.Meta meta(StateName of) {
        return SlotTable.Meta.layOut(
                of.jobId(),
                of.epoch(),
                of.step(),
                of.shard(),
                List.of(SlotTable.Box.range("params", "f32", 100, 0, 50, 200)));
    }

    private static CopyBegin.Builder begin(StateName state, long transfer) {
        SlotTable.Meta meta = meta(state);
        return CopyBegin.newBuilder()
                .setTransferId(transfer)
                .setDataBytes(meta.dataBytes())
                .setChunkBytes(meta.chunkBytes())
                .setSlotTable(ByteString.copyFrom(meta.encode()))
                .setPlacementVersion(1)
                .setViewEpoch(1);
    }

    /** A connection for copies, greeted. */
    private final class Line implements AutoCloseable {
        private final Socket socket;
        private final DataInputStream in;
        private final DataOutputStream out;

        Line() throws IOException {
            socket = new Socket(InetAddress.getLoopbackAddress(), plane.endpoint().port());
            socket.setSoTimeout(MILLIS);
            in = new DataInputStream(socket.getInputStream());
            out = new DataOutputStream(socket.getOutputStream());
            send(
                    FrameHeader.newBuilder()
                            .setSender(identity(MEMBER))
                            .setHello(
                                    Hello.newBuilder()
                                            .setProtocolMajor(1)
                                            .setReceiver(identity(SELF))
                                            .setPurpose(Purpose.PURPOSE_COPY))
                            .build(),
                    0);
            FrameHeader answer = next();
            assertThat(answer).isNotNull();
            assertThat(answer.getHelloReply().getAccepted()).isTrue();
        }

        private static AgentIdentity.Builder identity(AgentKey key) {
            return AgentIdentity.newBuilder()
                    .setAgentId(key.id())
                    .setIncarnation(key.incarnation());
        }

        // Only the length of the payload: it never comes.
        void send(FrameHeader header, int payloadBytes) throws IOException {
            byte[] bytes = header.toByteArray();
            out.writeInt(bytes.length);
            out.writeInt(payloadBytes);
            out.write(bytes);
            out.flush();
        }

        void pad(int bytes) throws IOException {
            out.write(new byte[bytes]);
            out.flush();
        }

        @Nullable FrameHeader next() throws IOException {
            try {
                int length = in.readInt();
                int payload = in.readInt();
                FrameHeader header = FrameHeader.parseFrom(in.readNBytes(length));
                in.skipNBytes(payload);
                return header;
            } catch (EOFException | SocketException over) {
                return null;
            }
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    @Test
    void aTransferThatBeginsTwiceEndsTheConnectionAndNoSlotIsLost() throws Exception {
        try (var line = new Line()) {
            line.send(CopyFrames.begin(state(1, SHARD), begin(state(1, SHARD), 7)), 0);
            line.send(CopyFrames.begin(state(2, SHARD), begin(state(2, SHARD), 7)), 0);
            assertThat(line.next()).isNull();
        }
        assertThat(shelf.given.take()).isEqualTo(state(1, SHARD));
        assertThat(shelf.back.take()).isEqualTo(state(1, SHARD));
        assertThat(shelf.given).isEmpty();
    }

    @Test
    void aTableThatFitsNowhereIsNotRead() throws Exception {
        try (var line = new Line()) {
            int length = arena.slot(0).tableCapacity() + 1;
            CopyBegin.Builder begin = begin(state(1, SHARD), 7).clearSlotTable();
            line.send(CopyFrames.begin(state(1, SHARD), begin), length);
            FrameHeader refused = line.next();
            assertThat(refused).isNotNull();
            assertThat(refused.getCopyVerdict().getReason())
                    .startsWith(CopyFrames.REFUSED)
                    .contains(length + " bytes")
                    .contains("room for " + arena.slot(0).tableCapacity());
            // What comes all the same is skipped, and what fits is taken.
            line.pad(length);
            line.send(CopyFrames.begin(state(2, SHARD), begin(state(2, SHARD), 8)), 0);
            assertThat(shelf.given.take()).isEqualTo(state(2, SHARD));
        }
    }

    @Test
    void aMemberBringsAndGetsItsOwnShardOnly() throws Exception {
        try (var line = new Line()) {
            line.send(CopyFrames.begin(state(1, 0), begin(state(1, 0), 7)), 0);
            FrameHeader refused = line.next();
            assertThat(refused).isNotNull();
            assertThat(refused.getCopyVerdict().getReason())
                    .isEqualTo(CopyFrames.REFUSED + NettyCopyPlane.NO_MEMBER);
            var fetch =
                    new FetchRequest(
                            state(1, 0),
                            Digest.NONE,
                            new io.coxswain.agent.core.model.Peer(SELF, plane.endpoint()),
                            arena.slot(0));
            line.send(CopyFrames.fetch(fetch, 8), 0);
            FrameHeader denied = line.next();
            assertThat(denied).isNotNull();
            assertThat(denied.getFetchRefused().getReason()).isEqualTo(NettyCopyPlane.NO_MEMBER);
        }
        assertThat(shelf.given).isEmpty();
        assertThat(shelf.looked).isEmpty();
    }

    @Test
    void whoAsksAndDoesNotReadIsCutOff() throws Exception {
        try (var line = new Line()) {
            FrameHeader wrong = CopyFrames.begin(state(1, 0), begin(state(1, 0), 7));
            boolean cut = false;
            // Far more answers than sockets hold, and than are kept.
            for (int i = 0; i < 5_000_000 && !cut; i++) {
                try {
                    line.send(wrong, 0);
                } catch (SocketException gone) {
                    cut = true;
                }
            }
            assertThat(cut).isTrue();
        }
        // The next one is served.
        try (var line = new Line()) {
            line.send(CopyFrames.begin(state(2, SHARD), begin(state(2, SHARD), 8)), 0);
            assertThat(shelf.given.take()).isEqualTo(state(2, SHARD));
        }
    }

    /** Notes what is asked of it; has two slots. */
    private final class Shelf
            implements CopyPlane.Listener, CopyPlane.Intake, CopyPlane.SlotLookup {
        final BlockingQueue<StateName> given = new LinkedBlockingQueue<>();
        final BlockingQueue<StateName> back = new LinkedBlockingQueue<>();
        final List<StateName> looked = new ArrayList<>();
        private int next;

        @Override
        public void pushed(PushRequest request, boolean verified, String reason) {}

        @Override
        public void fetched(FetchRequest request, boolean ok, String reason, long bytes) {}

        @Override
        public @Nullable Slot committed(StateName state) {
            looked.add(state);
            return null;
        }

        @Override
        public int mostTableBytes(StateName state) {
            return arena.slot(0).tableCapacity();
        }

        @Override
        public Slot slotFor(
                StateName state,
                io.coxswain.agent.core.model.CopyTerms terms,
                SlotTable.Meta table) {
            given.add(state);
            return arena.slot(next++ % 2);
        }

        @Override
        public boolean received(StateName state, Slot slot, Digest digest, long version) {
            return true;
        }

        @Override
        public void damaged(StateName state, Slot slot, String reason) {
            back.add(state);
        }
    }
}
