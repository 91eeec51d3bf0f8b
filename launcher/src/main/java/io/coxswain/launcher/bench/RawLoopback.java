package io.coxswain.launcher.bench;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * The limit of what the machine's loopback carries: one connection, blocking channels, direct
 * memory, nothing checked. One transfer at a time.
 */
final class RawLoopback implements AutoCloseable {
    private static final int PIECE_BYTES = 1 << 20;

    private final ByteBuffer source;
    private final ByteBuffer sink = ByteBuffer.allocateDirect(PIECE_BYTES);
    private final SocketChannel out;
    private final SocketChannel in;
    private final ExecutorService sender =
            Executors.newSingleThreadExecutor(
                    task -> Thread.ofPlatform().daemon().name("raw-loopback").unstarted(task));

    /**
     * @param sourceBytes memory that is sent from, again and again: as large as what it is compared
     *     with reads
     */
    RawLoopback(int sourceBytes) throws IOException {
        source = ByteBuffer.allocateDirect(Math.max(1, sourceBytes));
        // Memory that was never written to is one page of zeros.
        while (source.hasRemaining()) {
            source.put((byte) source.position());
        }
        try (ServerSocketChannel server = ServerSocketChannel.open()) {
            server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            out = SocketChannel.open(server.getLocalAddress());
            in = server.accept();
        }
        out.setOption(StandardSocketOptions.TCP_NODELAY, true);
    }

    /**
     * Moves that many bytes, from the caller's call to the last byte's arrival at the caller;
     * returns the nanoseconds.
     */
    long transfer(long bytes) throws IOException, InterruptedException {
        long before = System.nanoTime();
        Future<?> sending =
                sender.submit(() -> {
                    send(bytes);
                    return null;
                });
        long left = bytes;
        while (left > 0) {
            sink.clear().limit((int) Math.min(PIECE_BYTES, left));
            int read = in.read(sink);
            if (read < 0) {
                throw new EOFException("the raw loopback connection ended");
            }
            left -= read;
        }
        long nanos = System.nanoTime() - before;
        try {
            sending.get();
        } catch (ExecutionException e) {
            throw new IOException("sending over the raw loopback connection failed", e.getCause());
        }
        return nanos;
    }

    /** Bytes per nanosecond, which is GB per second. */
    double gigabytesPerSecond(long bytes) throws IOException, InterruptedException {
        return (double) bytes / transfer(bytes);
    }

    private void send(long bytes) throws IOException {
        long left = bytes;
        int at = 0;
        while (left > 0) {
            int length = (int) Math.min(Math.min(PIECE_BYTES, source.capacity() - at), left);
            ByteBuffer piece = source.slice(at, length);
            while (piece.hasRemaining()) {
                out.write(piece);
            }
            at = (at + length) % source.capacity();
            left -= length;
        }
    }

    @Override
    public void close() throws IOException {
        sender.shutdown();
        out.close();
        in.close();
    }
}
