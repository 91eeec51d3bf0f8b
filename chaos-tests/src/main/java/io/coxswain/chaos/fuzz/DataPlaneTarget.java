package io.coxswain.chaos.fuzz;

import io.coxswain.agent.collective.Collective;
import io.coxswain.agent.collective.TreeCollective;
import io.coxswain.agent.copies.CopyPlane;
import io.coxswain.agent.copies.FetchRequest;
import io.coxswain.agent.copies.NettyCopyPlane;
import io.coxswain.agent.copies.PushRequest;
import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.CopyTerms;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.agent.transfer.DataPlaneSettings;
import io.coxswain.agent.transfer.NettyDataPlane;
import io.coxswain.bridge.arena.Slot;
import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.proto.control.v1.AgentIdentity;
import io.coxswain.proto.replica.v1.FrameHeader;
import io.coxswain.proto.replica.v1.Hello;
import io.coxswain.proto.replica.v1.Purpose;

import org.jspecify.annotations.Nullable;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;

/**
 * A data plane with its users, fed by connections. It may close a connection; it must close each in
 * the end, and greet whoever comes next.
 */
final class DataPlaneTarget implements FuzzTarget {
    private static final int ANSWER_MILLIS = 20_000;

    /** What was recorded greets this one. */
    static final AgentKey SELF = new AgentKey("a0", "0".repeat(32));

    private final NettyDataPlane plane;
    private final TreeCollective collective;
    private final NettyCopyPlane copies;

    DataPlaneTarget() throws IOException {
        plane = new NettyDataPlane(SELF, DataPlaneSettings.loopback());
        collective = new TreeCollective(plane, new Quiet());
        copies = new NettyCopyPlane(plane, new Quiet(), _ -> null, new Quiet(), () -> false);
        plane.start();
    }

    @Override
    public String name() {
        return "data-plane";
    }

    @Override
    public int weight() {
        return 2;
    }

    // What was recorded, a greeting before it that is meant for this plane.
    @Override
    public List<byte[]> seeds() {
        var seeds = new ArrayList<byte[]>();
        for (byte[] frames : Corpus.of("data-frames")) {
            for (Purpose purpose : List.of(Purpose.PURPOSE_COPY, Purpose.PURPOSE_COLLECTIVE)) {
                var bytes = new ByteArrayOutputStream();
                bytes.writeBytes(hello(purpose));
                bytes.writeBytes(frames);
                seeds.add(bytes.toByteArray());
            }
        }
        return seeds;
    }

    private static byte[] hello(Purpose purpose) {
        byte[] header =
                FrameHeader.newBuilder()
                        .setSender(
                                AgentIdentity.newBuilder()
                                        .setAgentId("a1")
                                        .setIncarnation("1".repeat(32)))
                        .setHello(
                                Hello.newBuilder()
                                        .setProtocolMajor(1)
                                        .setReceiver(
                                                AgentIdentity.newBuilder()
                                                        .setAgentId(SELF.id())
                                                        .setIncarnation(SELF.incarnation()))
                                        .setPurpose(purpose))
                        .build()
                        .toByteArray();
        var bytes = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(bytes)) {
            out.writeInt(header.length);
            out.writeInt(0);
            out.write(header);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return bytes.toByteArray();
    }

    @Override
    public void feed(byte[] input) throws Exception {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), plane.endpoint().port())) {
            socket.setSoTimeout(ANSWER_MILLIS);
            try {
                socket.getOutputStream().write(input);
                socket.shutdownOutput();
                long unusedSkipped = socket.getInputStream().skip(Long.MAX_VALUE);
            } catch (SocketException closed) {
                // It had seen enough.
                return;
            }
        }
        greet();
    }

    // It lives: it answers a proper greeting.
    private void greet() throws IOException {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), plane.endpoint().port())) {
            socket.setSoTimeout(ANSWER_MILLIS);
            socket.getOutputStream().write(hello(Purpose.PURPOSE_COPY));
            var in = new DataInputStream(socket.getInputStream());
            int length = in.readInt();
            int payload = in.readInt();
            FrameHeader answer = FrameHeader.parseFrom(in.readNBytes(length));
            if (payload != 0 || !answer.getHelloReply().getAccepted()) {
                throw new IllegalStateException("it refuses a proper greeting: " + answer);
            }
        }
    }

    @Override
    public boolean isRefusal(Throwable thrown) {
        return false;
    }

    @Override
    public void close() {
        copies.close();
        collective.close();
        plane.close();
    }

    /** Nobody wants anything. */
    private static final class Quiet
            implements Collective.Listener, CopyPlane.Listener, CopyPlane.Intake {
        @Override
        public void reduced(long epoch, long step, double loss, long floor, long[] nanos) {}

        @Override
        public void gathered(long epoch, long step) {}

        @Override
        public void peerUnreachable(long epoch, int rank, String detail) {}

        @Override
        public void pushed(PushRequest request, boolean verified, String reason) {}

        @Override
        public void fetched(FetchRequest request, boolean ok, String reason, long bytes) {}

        @Override
        public @Nullable Slot slotFor(StateName state, CopyTerms terms, SlotTable.Meta table) {
            return null;
        }

        @Override
        public boolean received(StateName state, Slot slot, Digest digest, long version) {
            return false;
        }

        @Override
        public void damaged(StateName state, Slot slot, String reason) {}
    }
}
