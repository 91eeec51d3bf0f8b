package io.coxswain.agent.transfer;

import com.google.protobuf.InvalidProtocolBufferException;

import io.coxswain.proto.replica.v1.FrameHeader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.DefaultMaxMessagesRecvByteBufAllocator;
import io.netty.util.ReferenceCountUtil;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * Cuts the bytes of a connection into frames. A payload is never gathered: its bytes go to the
 * buffer that the sink gives, most of them straight from the socket, and the CRC-32C is computed on
 * the way. Confined to the lane's thread.
 */
final class FrameDecoder {
    /** What a frame's receiver does with it. */
    interface Target {
        /** As {@link FrameHandler#begin}. */
        @Nullable PayloadSink begin(FrameHeader header, int payloadBytes);
    }

    /**
     * Read at a frame's beginning: small, so that the payload behind it is read to its place
     * without another copy.
     */
    private static final int HEAD_READ_BYTES = 4 << 10;

    private static final int DISCARD_READ_BYTES = 256 << 10;
    private static final int DIRECT_READ_BYTES = 1 << 20;
    private static final int CRC_PIECE_BYTES = 64 << 10;

    private final Target target;
    private final CRC32C crc = new CRC32C();
    private final ArrayDeque<ByteBuf> waiting = new ArrayDeque<>();

    private byte[] head = new byte[512];
    private int headFilled;
    private int headWanted = Wire.PREFIX_BYTES;

    private @Nullable FrameHeader heldHeader;
    private int payloadBytes;
    private int payloadLeft;
    private @Nullable PayloadSink sink;
    private @Nullable ByteBuffer place;
    private ByteBuffer summed = ByteBuffer.allocate(0);
    private @Nullable ByteBuf direct;
    private boolean closed;

    FrameDecoder(Target target) {
        this.target = target;
    }

    /** True while the target has not said where the payload goes. */
    boolean held() {
        return heldHeader != null;
    }

    /** Takes what was read. */
    @SuppressWarnings("ReferenceEquality") // the very buffer that was given out, not an equal one
    void read(ByteBuf in) {
        if (closed) {
            in.release();
            return;
        }
        if (in == direct) {
            direct = null;
            int count = in.readableBytes();
            in.release();
            ByteBuffer into = place;
            if (into == null) {
                throw new IllegalStateException("bytes were read for a payload that has ended");
            }
            into.position(into.position() + count);
            payloadLeft -= count;
            sum(into);
            settle();
            return;
        }
        waiting.addLast(in);
        drain();
    }

    /** Asks the target again where the held payload goes. */
    void resume() {
        FrameHeader header = heldHeader;
        if (header != null && !closed) {
            heldHeader = null;
            begin(header);
            drain();
        }
    }

    /** Drops everything; the sink is told. */
    void close() {
        closed = true;
        waiting.forEach(ReferenceCountUtil::release);
        waiting.clear();
        direct = null;
        place = null;
        heldHeader = null;
        PayloadSink open = sink;
        sink = null;
        if (open != null) {
            open.cancelled();
        }
    }

    /** How a channel gets its read buffers: of a payload's own memory where there is some. */
    DefaultMaxMessagesRecvByteBufAllocator readBuffers() {
        return new ReadBuffers();
    }

    private void drain() {
        while (!closed && !held()) {
            ByteBuf in = waiting.peekFirst();
            if (in == null) {
                return;
            }
            if (in.isReadable()) {
                parse(in);
            } else {
                waiting.removeFirst();
                in.release();
            }
        }
    }

    private void parse(ByteBuf in) {
        if (sink == null) {
            parseHead(in);
        } else if (PayloadSink.DISCARD.equals(sink)) {
            int count = Math.min(payloadLeft, in.readableBytes());
            in.skipBytes(count);
            payloadLeft -= count;
            settle();
        } else {
            ByteBuffer into = place;
            if (into == null) {
                throw new IllegalStateException("a payload without a place");
            }
            int count = Math.min(into.remaining(), in.readableBytes());
            int limit = into.limit();
            into.limit(into.position() + count);
            in.readBytes(into);
            into.limit(limit);
            payloadLeft -= count;
            sum(into);
            settle();
        }
    }

    private void parseHead(ByteBuf in) {
        int count = Math.min(headWanted - headFilled, in.readableBytes());
        in.readBytes(head, headFilled, count);
        headFilled += count;
        if (headFilled < headWanted) {
            return;
        }
        if (headWanted == Wire.PREFIX_BYTES) {
            ByteBuffer lengths = ByteBuffer.wrap(head, 0, Wire.PREFIX_BYTES);
            int headerBytes = lengths.getInt();
            payloadBytes = lengths.getInt();
            // Read as unsigned, a length beyond 2 GiB is negative here and refused as well.
            if (headerBytes < 1
                    || headerBytes > Wire.MAX_HEADER_BYTES
                    || payloadBytes < 0
                    || payloadBytes > Wire.MAX_PAYLOAD_BYTES) {
                throw new ProtocolViolation(
                        "a frame names a header of %d bytes (1 to %d) and a payload of %d bytes (0 to %d)"
                                .formatted(
                                        Integer.toUnsignedLong(headerBytes),
                                        Wire.MAX_HEADER_BYTES,
                                        Integer.toUnsignedLong(payloadBytes),
                                        Wire.MAX_PAYLOAD_BYTES));
            }
            headWanted = Wire.PREFIX_BYTES + headerBytes;
            if (head.length < headWanted) {
                head = Arrays.copyOf(head, headWanted);
            }
            return;
        }
        FrameHeader header;
        try {
            header =
                    FrameHeader.parser()
                            .parseFrom(head, Wire.PREFIX_BYTES, headWanted - Wire.PREFIX_BYTES);
        } catch (InvalidProtocolBufferException e) {
            throw new ProtocolViolation("a frame's header is malformed: " + e.getMessage());
        }
        headFilled = 0;
        headWanted = Wire.PREFIX_BYTES;
        begin(header);
    }

    private void begin(FrameHeader header) {
        PayloadSink opened = target.begin(header, payloadBytes);
        if (closed) {
            if (opened != null) {
                opened.cancelled();
            }
            return;
        }
        if (opened == null) {
            heldHeader = header;
            return;
        }
        sink = opened;
        payloadLeft = payloadBytes;
        crc.reset();
        settle();
    }

    /**
     * Goes on after some bytes of payload: a full buffer is handed back, a new one asked for, the
     * end told.
     */
    private void settle() {
        PayloadSink current = sink;
        if (current == null) {
            return;
        }
        ByteBuffer full = place;
        if (full != null && (!full.hasRemaining() || payloadLeft == 0)) {
            place = null;
            current.filled(full);
        }
        if (closed) {
            return;
        }
        if (payloadLeft == 0) {
            sink = null;
            current.end((int) crc.getValue());
        } else if (place == null && !PayloadSink.DISCARD.equals(current)) {
            ByteBuffer next = current.next(payloadLeft);
            if (!next.hasRemaining()) {
                throw new IllegalStateException("a sink gave a buffer without room");
            }
            if (next.remaining() > payloadLeft) {
                next.limit(next.position() + payloadLeft);
            }
            place = next;
            summed = next.duplicate();
        }
    }

    private void sum(ByteBuffer into) {
        int upTo = into.position();
        if (upTo - summed.position() >= CRC_PIECE_BYTES
                || !into.hasRemaining()
                || payloadLeft == 0) {
            summed.limit(upTo);
            crc.update(summed);
            summed.limit(summed.capacity());
        }
    }

    private ByteBuf readBuffer(ByteBufAllocator allocator) {
        ByteBuffer into = place;
        if (into != null && into.isDirect() && waiting.isEmpty()) {
            ByteBuffer slice =
                    into.slice(into.position(), Math.min(into.remaining(), DIRECT_READ_BYTES));
            ByteBuf wrapped = Unpooled.wrappedBuffer(slice).writerIndex(0);
            direct = wrapped;
            return wrapped;
        }
        return allocator.directBuffer(
                PayloadSink.DISCARD.equals(sink) ? DISCARD_READ_BYTES : HEAD_READ_BYTES);
    }

    private final class ReadBuffers extends DefaultMaxMessagesRecvByteBufAllocator {
        @Override
        @SuppressWarnings("deprecation") // the handle's type is, there is no other
        public Handle newHandle() {
            return new MaxMessageHandle() {
                @Override
                public int guess() {
                    return HEAD_READ_BYTES;
                }

                @Override
                public ByteBuf allocate(ByteBufAllocator allocator) {
                    return readBuffer(allocator);
                }
            };
        }
    }
}
