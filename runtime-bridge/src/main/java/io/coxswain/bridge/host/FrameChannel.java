package io.coxswain.bridge.host;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;

import org.jspecify.annotations.Nullable;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Messages over a connected, blocking stream socket: u32 length, big-endian, then the message.
 *
 * <p>One thread may receive while others send; sends are atomic. Buffers are kept and reused, so a
 * small message costs one system call and no garbage beside the message itself.
 */
public final class FrameChannel implements Closeable {
    /** The longest message that is taken or sent. */
    public static final int MAX_MESSAGE_BYTES = 4 << 20;

    private static final int BUFFER_BYTES = 64 << 10;

    private final SocketChannel channel;
    private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER_BYTES).limit(0);
    private final ByteBuffer out = ByteBuffer.allocateDirect(BUFFER_BYTES);
    private final ReentrantLock sending = new ReentrantLock();
    private byte[] received = new byte[4096];
    private byte[] sent = new byte[4096];

    /** Takes over a connected socket in blocking mode. */
    public FrameChannel(SocketChannel channel) {
        this.channel = channel;
    }

    /**
     * Sends a message, blocking while the socket's buffer is full.
     *
     * @throws IllegalArgumentException if it is longer than {@link #MAX_MESSAGE_BYTES}; nothing is
     *     sent then
     */
    public void send(MessageLite message) throws IOException {
        sending.lock();
        try {
            int length = message.getSerializedSize();
            if (length > MAX_MESSAGE_BYTES) {
                throw new IllegalArgumentException(
                        "a message of %d bytes; the bridge takes %d"
                                .formatted(length, MAX_MESSAGE_BYTES));
            }
            int frame = Integer.BYTES + length;
            if (sent.length < frame) {
                sent = new byte[Math.max(frame, 2 * sent.length)];
            }
            ByteBuffer.wrap(sent).putInt(length);
            CodedOutputStream coded = CodedOutputStream.newInstance(sent, Integer.BYTES, length);
            message.writeTo(coded);
            coded.checkNoSpaceLeft();
            for (int at = 0; at < frame; ) {
                int now = Math.min(frame - at, BUFFER_BYTES);
                out.clear().put(sent, at, now).flip();
                while (out.hasRemaining()) {
                    channel.write(out);
                }
                at += now;
            }
        } finally {
            sending.unlock();
        }
    }

    /**
     * Waits for a message.
     *
     * @return the message, or null if the other side has closed the connection after a whole
     *     message
     * @throws ProtocolException if a frame is too long
     * @throws com.google.protobuf.InvalidProtocolBufferException if it is no such message
     * @throws EOFException if the connection ends inside a frame
     */
    public <M extends MessageLite> @Nullable M receive(Parser<M> parser) throws IOException {
        int length = receiveFrame();
        return length < 0 ? null : parser.parseFrom(received, 0, length);
    }

    /**
     * Waits for a message whose type only its content tells.
     *
     * @return its bytes, or null if the other side has closed the connection after a whole message
     * @throws ProtocolException if a frame is too long
     * @throws EOFException if the connection ends inside a frame
     */
    public byte @Nullable [] receiveBytes() throws IOException {
        int length = receiveFrame();
        return length < 0 ? null : Arrays.copyOf(received, length);
    }

    /** Returns the frame's length, its bytes being in {@link #received}; -1 at the end. */
    private int receiveFrame() throws IOException {
        if (!fill(Integer.BYTES)) {
            return -1;
        }
        int length = in.getInt();
        if (length < 0 || length > MAX_MESSAGE_BYTES) {
            throw new ProtocolException(
                    "a frame announces %d bytes; the bridge takes %d"
                            .formatted(Integer.toUnsignedLong(length), MAX_MESSAGE_BYTES));
        }
        if (received.length < length) {
            received = new byte[Math.max(length, 2 * received.length)];
        }
        for (int have = 0; have < length; ) {
            if (!in.hasRemaining() && !fill(1)) {
                throw cutOff();
            }
            int now = Math.min(in.remaining(), length - have);
            in.get(received, have, now);
            have += now;
        }
        return length;
    }

    /** Sends nothing more: the other side sees the end, and can be heard until its own. */
    public void endSending() throws IOException {
        channel.shutdownOutput();
    }

    /** Closes the socket; a thread in {@link #receive} or {@link #send} gets an exception. */
    @Override
    public void close() throws IOException {
        channel.close();
    }

    private boolean fill(int bytes) throws IOException {
        while (in.remaining() < bytes) {
            in.compact();
            int got = channel.read(in);
            in.flip();
            if (got < 0) {
                if (in.hasRemaining()) {
                    throw cutOff();
                }
                return false;
            }
        }
        return true;
    }

    private static EOFException cutOff() {
        return new EOFException("the connection ended inside a frame");
    }
}
