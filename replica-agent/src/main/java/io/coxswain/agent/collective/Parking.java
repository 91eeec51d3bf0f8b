package io.coxswain.agent.collective;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.transfer.Connection;
import io.coxswain.agent.transfer.Lane;
import io.coxswain.agent.transfer.PayloadSink;
import io.coxswain.agent.transfer.ProtocolViolation;
import io.coxswain.proto.replica.v1.FrameHeader;
import io.netty.buffer.ByteBuf;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Frames that came too early, up to a number of bytes; connections that bring more are not read
 * until there is room. Confined to the lane's thread.
 */
final class Parking {
    /** Says where a frame's payload goes; null: still too early. */
    interface Acceptor {
        @Nullable PayloadSink accept(AgentKey from, FrameHeader header, int payloadBytes);
    }

    private record Parked(
            Connection connection, FrameHeader header, ByteBuf payload, int crc, long bytes) {}

    /** What a frame costs besides its payload and its header. */
    private static final int FRAME_BYTES = 512;

    /** So much more than on the wire a header takes at most, as objects. */
    private static final int HEADER_GROWTH = 32;

    private final Lane lane;
    private final Acceptor acceptor;
    private final long capacityBytes;
    private final Set<Connection> waiting = new LinkedHashSet<>();
    private List<Parked> frames = new ArrayList<>();
    private long usedBytes;
    private boolean replaying;
    private boolean again;

    Parking(Lane lane, Acceptor acceptor) {
        this.lane = lane;
        this.acceptor = acceptor;
        this.capacityBytes = lane.settings().parkedBytes();
    }

    /** A place for the frame, or null if there is no room: the connection is resumed later. */
    @Nullable PayloadSink park(Connection connection, FrameHeader header, int payloadBytes) {
        long bytes =
                (long) payloadBytes
                        + FRAME_BYTES
                        + (long) HEADER_GROWTH * header.getSerializedSize();
        if (usedBytes + bytes > capacityBytes) {
            waiting.add(connection);
            return null;
        }
        usedBytes += bytes;
        return new Place(connection, header, payloadBytes, bytes);
    }

    /**
     * The connection has ended. What it brought comes again: the peer sends anew what may be
     * lacking.
     */
    void forget(Connection connection) {
        waiting.remove(connection);
        for (Iterator<Parked> parked = frames.iterator(); parked.hasNext(); ) {
            Parked frame = parked.next();
            if (frame.connection.equals(connection)) {
                parked.remove();
                free(frame);
            }
        }
        resumeAll();
    }

    /** Hands over the frames whose time has come. */
    void replay() {
        // What a frame completes may ask for this again.
        again = true;
        if (replaying) {
            return;
        }
        replaying = true;
        try {
            while (again) {
                again = false;
                replayOnce();
            }
        } finally {
            replaying = false;
        }
        resumeAll();
    }

    private void replayOnce() {
        List<Parked> before = frames;
        frames = new ArrayList<>();
        for (Parked frame : before) {
            boolean done = true;
            try {
                PayloadSink sink =
                        acceptor.accept(
                                frame.connection.peer(),
                                frame.header,
                                frame.payload.readableBytes());
                done = sink != null;
                if (sink != null && !PayloadSink.DISCARD.equals(sink)) {
                    pour(frame, sink);
                }
            } catch (ProtocolViolation e) {
                frame.connection.close("protocol error: " + e.getMessage());
            }
            if (done) {
                free(frame);
            } else {
                frames.add(frame);
            }
        }
    }

    private static void pour(Parked frame, PayloadSink sink) {
        ByteBuf payload = frame.payload;
        while (payload.isReadable()) {
            ByteBuffer place = sink.next(payload.readableBytes());
            place.limit(Math.min(place.limit(), place.position() + payload.readableBytes()));
            payload.readBytes(place);
            sink.filled(place);
        }
        sink.end(frame.crc);
    }

    private void free(Parked frame) {
        usedBytes -= frame.bytes;
        frame.payload.release();
    }

    private void resumeAll() {
        if (!waiting.isEmpty()) {
            List<Connection> connections = List.copyOf(waiting);
            waiting.clear();
            connections.forEach(Connection::resume);
        }
    }

    private final class Place implements PayloadSink {
        private final Connection connection;
        private final FrameHeader header;
        private final ByteBuf payload;
        private final int bytes;
        private final long cost;

        Place(Connection connection, FrameHeader header, int bytes, long cost) {
            this.connection = connection;
            this.header = header;
            this.bytes = bytes;
            this.cost = cost;
            this.payload = lane.allocator().directBuffer(bytes, bytes);
        }

        @Override
        public ByteBuffer next(int remaining) {
            return payload.nioBuffer(0, bytes);
        }

        @Override
        public void end(int crc32c) {
            payload.writerIndex(bytes);
            frames.add(new Parked(connection, header, payload, crc32c, cost));
            // Its time may have come while it was arriving.
            replay();
        }

        @Override
        public void cancelled() {
            usedBytes -= cost;
            payload.release();
        }
    }
}
