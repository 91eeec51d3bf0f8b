package io.coxswain.agent.worker;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Arrays;

/**
 * Frames of the bridge: u32 length (big endian), then the message; length ≤ 4 MiB. One reader
 * thread; writers are serialised. Buffers are reused, so a quiet connection allocates nothing but
 * its messages.
 */
final class BridgeFrames implements AutoCloseable {
    static final int MAX_FRAME_BYTES = 4 << 20;

    private final SocketChannel channel;
    private ByteBuffer in = ByteBuffer.allocate(16 << 10).limit(0);
    private byte[] out = new byte[4 << 10];

    BridgeFrames(SocketChannel channel) {
        this.channel = channel;
    }

    /**
     * Blocks for the next message. Throws {@link EOFException} when the other side is gone, {@link
     * IOException} for a frame that breaks the protocol.
     */
    <T> T read(Parser<T> parser) throws IOException {
        int length = nextLength();
        T message =
                parser.parseFrom(
                        CodedInputStream.newInstance(
                                in.array(), in.arrayOffset() + in.position(), length));
        in.position(in.position() + length);
        return message;
    }

    /** The next message's bytes as they are. */
    byte[] readRaw() throws IOException {
        byte[] message = new byte[nextLength()];
        in.get(message);
        return message;
    }

    private int nextLength() throws IOException {
        fill(4);
        int length = in.getInt();
        if (length < 0 || length > MAX_FRAME_BYTES) {
            throw new IOException(
                    "the worker sent a frame of "
                            + Integer.toUnsignedString(length)
                            + " bytes; the bridge allows "
                            + MAX_FRAME_BYTES);
        }
        fill(length);
        return length;
    }

    private void fill(int bytes) throws IOException {
        if (in.remaining() >= bytes) {
            return;
        }
        if (in.capacity() < bytes) {
            in = ByteBuffer.allocate(Math.max(bytes, in.capacity() * 2)).put(in).flip();
        }
        in.compact();
        try {
            while (in.position() < bytes) {
                if (channel.read(in) < 0) {
                    throw new EOFException("the worker closed its end of the bridge");
                }
            }
        } finally {
            in.flip();
        }
    }

    /** Writes one message; blocks only if the worker has not read for long. */
    synchronized void write(MessageLite message) throws IOException {
        int size = message.getSerializedSize();
        if (size > MAX_FRAME_BYTES) {
            throw new IOException(
                    "a bridge message of " + size + " bytes exceeds " + MAX_FRAME_BYTES);
        }
        if (out.length < size + 4) {
            out = Arrays.copyOf(out, size + 4);
        }
        ByteBuffer frame = ByteBuffer.wrap(out, 0, size + 4);
        frame.putInt(0, size);
        CodedOutputStream coded = CodedOutputStream.newInstance(out, 4, size);
        message.writeTo(coded);
        coded.flush();
        while (frame.hasRemaining()) {
            channel.write(frame);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
