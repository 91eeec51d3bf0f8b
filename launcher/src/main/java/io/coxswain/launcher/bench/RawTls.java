package io.coxswain.launcher.bench;

import io.coxswain.security.PeerRule;
import io.coxswain.security.PlaneSecurity;
import io.coxswain.security.Role;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslContext;

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

import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLException;

/**
 * The limit of what one TLS connection over the machine's loopback carries: {@link RawLoopback}
 * with the very engine, and so the provider and the suite, that the planes have; two threads, large
 * direct buffers, nothing checked. One transfer at a time.
 */
final class RawTls implements AutoCloseable {
    private static final int RECORD_BYTES = 16 << 10;
    private static final int BATCH_BYTES = 512 << 10;

    // What a record is longer than its contents, and some.
    private static final int ROOM_BYTES = RECORD_BYTES + (2 << 10);

    private final ByteBuffer source;
    private final End out;
    private final End in;
    private final ExecutorService sender =
            Executors.newSingleThreadExecutor(
                    task -> Thread.ofPlatform().daemon().name("raw-tls").unstarted(task));

    /**
     * Connects, and shakes hands.
     *
     * @param sourceBytes memory that is sent from, again and again
     * @param client an agent's certificate
     * @param server another's
     */
    RawTls(int sourceBytes, PlaneSecurity client, PlaneSecurity server)
            throws IOException, InterruptedException {
        source = ByteBuffer.allocateDirect(Math.max(1, sourceBytes));
        while (source.hasRemaining()) {
            source.put((byte) source.position());
        }
        PeerRule agents = PeerRule.roles(Role.AGENT);
        try (ServerSocketChannel listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            SocketChannel dialled = SocketChannel.open(listener.getLocalAddress());
            out = new End(dialled, engine(client.client(agents, null)));
            in = new End(listener.accept(), engine(server.server(agents, null)));
        }
        Future<?> other =
                sender.submit(() -> {
                    try {
                        out.shakeHands();
                    } catch (IOException | RuntimeException failed) {
                        out.channel.close();
                        throw failed;
                    }
                    return null;
                });
        try {
            in.shakeHands();
        } catch (IOException ended) {
            finish(other);
            throw ended;
        }
        finish(other);
    }

    private static SSLEngine engine(SslContext context) {
        return context.newEngine(ByteBufAllocator.DEFAULT);
    }

    /** Protocol and suite that were agreed. */
    String suite() {
        return out.engine.getSession().getProtocol()
                + " "
                + out.engine.getSession().getCipherSuite();
    }

    /**
     * Moves that many bytes; returns the nanoseconds until the last one is decrypted at the caller.
     */
    long transfer(long bytes) throws IOException, InterruptedException {
        long before = System.nanoTime();
        Future<?> sending =
                sender.submit(() -> {
                    send(bytes);
                    return null;
                });
        in.receive(bytes);
        long nanos = System.nanoTime() - before;
        finish(sending);
        return nanos;
    }

    /** Bytes per nanosecond, which is GB per second. */
    double gigabytesPerSecond(long bytes) throws IOException, InterruptedException {
        return (double) bytes / transfer(bytes);
    }

    private static void finish(Future<?> other) throws IOException, InterruptedException {
        try {
            other.get();
        } catch (ExecutionException e) {
            throw new IOException("the other end of the raw TLS connection failed", e.getCause());
        }
    }

    private void send(long bytes) throws IOException {
        long left = bytes;
        int at = 0;
        while (left > 0) {
            int length = (int) Math.min(Math.min(BATCH_BYTES, source.capacity() - at), left);
            out.send(source.slice(at, length));
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

    /** One end; one thread at a time. */
    private static final class End {
        private final SocketChannel channel;
        private final SSLEngine engine;
        private final ByteBuffer sealed =
                ByteBuffer.allocateDirect(BATCH_BYTES + BATCH_BYTES / 8 + ROOM_BYTES);
        private final ByteBuffer arrived = ByteBuffer.allocateDirect(BATCH_BYTES);
        private final ByteBuffer plain = ByteBuffer.allocateDirect(BATCH_BYTES);

        End(SocketChannel channel, SSLEngine engine) throws IOException {
            this.channel = channel;
            this.engine = engine;
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            arrived.limit(0);
        }

        void shakeHands() throws IOException {
            ByteBuffer nothing = ByteBuffer.allocateDirect(0);
            engine.beginHandshake();
            while (true) {
                switch (engine.getHandshakeStatus()) {
                    case NEED_WRAP -> {
                        wrap(nothing);
                        flush();
                    }
                    case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
                        if (unwrap() == 0 && engineWants()) {
                            fill();
                        }
                    }
                    case NEED_TASK -> {
                        for (Runnable task = engine.getDelegatedTask();
                                task != null;
                                task = engine.getDelegatedTask()) {
                            task.run();
                        }
                        if (engineWants()) {
                            // What it has taken already goes on.
                            var unusedResult = engine.unwrap(nothing, plain);
                        }
                    }
                    case NOT_HANDSHAKING, FINISHED -> {
                        // The last flight may wait in the engine.
                        while (engine.wrap(nothing, sealed).bytesProduced() > 0) {
                            flush();
                        }
                        return;
                    }
                }
            }
        }

        private boolean engineWants() {
            return switch (engine.getHandshakeStatus()) {
                case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> true;
                case NEED_WRAP, NEED_TASK, NOT_HANDSHAKING, FINISHED -> false;
            };
        }

        private void wrap(ByteBuffer from) throws SSLException {
            SSLEngineResult result = engine.wrap(from, sealed);
            if (result.getStatus() != SSLEngineResult.Status.OK) {
                throw new SSLException("raw TLS: sealing ended with " + result.getStatus());
            }
        }

        private void flush() throws IOException {
            sealed.flip();
            while (sealed.hasRemaining()) {
                channel.write(sealed);
            }
            sealed.clear();
        }

        void send(ByteBuffer from) throws IOException {
            while (from.hasRemaining()) {
                wrap(from);
                if (sealed.remaining() < ROOM_BYTES) {
                    flush();
                }
            }
            flush();
        }

        /** Opens what has arrived as far as it goes; how many bytes came out. */
        private int unwrap() throws SSLException {
            int opened = 0;
            while (arrived.hasRemaining()) {
                if (plain.remaining() < ROOM_BYTES) {
                    plain.clear();
                }
                SSLEngineResult result = engine.unwrap(arrived, plain);
                opened += result.bytesProduced();
                switch (result.getStatus()) {
                    case BUFFER_UNDERFLOW -> {
                        return opened;
                    }
                    case OK -> {
                        if (result.bytesConsumed() == 0 && result.bytesProduced() == 0) {
                            return opened;
                        }
                    }
                    case BUFFER_OVERFLOW, CLOSED ->
                            throw new SSLException(
                                    "raw TLS: opening ended with " + result.getStatus());
                }
            }
            return opened;
        }

        private void fill() throws IOException {
            arrived.compact();
            int read = channel.read(arrived);
            arrived.flip();
            if (read < 0) {
                throw new EOFException("the raw TLS connection ended");
            }
        }

        void receive(long bytes) throws IOException {
            long left = bytes;
            while (left > 0) {
                int opened = unwrap();
                left -= opened;
                if (opened == 0) {
                    fill();
                }
            }
        }

        void close() throws IOException {
            engine.closeOutbound();
            channel.close();
        }
    }
}
