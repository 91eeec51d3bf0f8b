package io.coxswain.launcher.bench;

import io.coxswain.launcher.EnvironmentException;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Strangers at the ports of a running cluster: as many connections as asked for, each opened again
 * when it is closed. A third says nothing, a third dribbles a byte a second, a third announces more
 * than anybody may send. One thread, whose own processor time is known.
 */
final class Flood implements AutoCloseable {
    private static final long LOOK_MILLIS = 50;
    private static final long DRIBBLE_NANOS = 1_000_000_000L;
    private static final int BIG_BYTES = 64 << 10;

    /** What is behind a port, and how one misbehaves there. */
    enum Kind {
        CONTROL,
        DATA,
        HTTP;

        private static final byte[] PREFACE =
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

        /** Good as far as it goes. */
        byte[] beginning() {
            return switch (this) {
                case CONTROL -> PREFACE;
                case DATA -> new byte[] {0, 0, 0, 40, 0, 0, 0, 0, 10, 20, 30, 40};
                case HTTP ->
                        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
                                .getBytes(StandardCharsets.US_ASCII);
            };
        }

        /** Too large. */
        byte[] oversized() {
            return switch (this) {
                // Settings, then a header frame of 16 MiB less one.
                case CONTROL ->
                        joined(
                                PREFACE,
                                new byte[] {0, 0, 0, 4, 0, 0, 0, 0, 0},
                                new byte[] {-1, -1, -1, 1, 4, 0, 0, 0, 1},
                                new byte[BIG_BYTES]);
                case DATA ->
                        joined(new byte[] {-1, -1, -1, -1, -1, -1, -1, -1}, new byte[BIG_BYTES]);
                case HTTP ->
                        joined(
                                "GET /".getBytes(StandardCharsets.US_ASCII),
                                "a".repeat(BIG_BYTES).getBytes(StandardCharsets.US_ASCII));
            };
        }

        private static byte[] joined(byte[]... parts) {
            int length = Arrays.stream(parts).mapToInt(part -> part.length).sum();
            ByteBuffer all = ByteBuffer.allocate(length);
            for (byte[] part : parts) {
                all.put(part);
            }
            return all.array();
        }
    }

    /** Where, and how many. */
    record Target(Kind kind, String host, int port, int connections) {}

    /** How a connection behaves. */
    private enum Manner {
        SILENT,
        DRIBBLING,
        OVERSIZED
    }

    /** One connection, or the wish for one. Of the thread. */
    private static final class Stranger {
        final Target target;
        final Manner manner;
        @Nullable SelectionKey key;
        int said;
        long nextWordNanos;

        Stranger(Target target, Manner manner) {
            this.target = target;
            this.manner = manner;
        }
    }

    private final int opensPerSecond;

    /** An address of this machine that is not loopback, which is exempt from bounds of one host. */
    private final @Nullable InetAddress from;

    private final Selector selector;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16);
    private final List<Stranger> all = new ArrayList<>();
    private final Deque<Stranger> wanting = new ArrayDeque<>();
    private final AtomicLong opened = new AtomicLong();
    private final AtomicLong closedByPeer = new AtomicLong();
    private final Thread thread;
    private volatile boolean closing;
    private volatile int standing;

    /**
     * Begins.
     *
     * @param opensPerSecond connections that are opened in a second, at most
     */
    Flood(List<Target> targets, int opensPerSecond) throws EnvironmentException {
        this.opensPerSecond = opensPerSecond;
        this.from = foreign();
        try {
            selector = Selector.open();
        } catch (IOException e) {
            throw new EnvironmentException("no selector: " + e.getMessage(), e);
        }
        for (Target target : targets) {
            for (int i = 0; i < target.connections(); i++) {
                all.add(new Stranger(target, Manner.values()[i % Manner.values().length]));
            }
        }
        // In turns, so that no port waits for another's to be full.
        int most = targets.stream().mapToInt(Target::connections).max().orElse(0);
        for (int i = 0; i < most; i++) {
            int at = 0;
            for (Target target : targets) {
                if (i < target.connections()) {
                    wanting.add(all.get(at + i));
                }
                at += target.connections();
            }
        }
        thread = Thread.ofPlatform().name("flood").daemon().start(this::run);
    }

    private static @Nullable InetAddress foreign() {
        try {
            return NetworkInterface.networkInterfaces()
                    .flatMap(NetworkInterface::inetAddresses)
                    .filter(Inet4Address.class::isInstance)
                    .filter(address -> !address.isLoopbackAddress())
                    .findFirst()
                    .orElse(null);
        } catch (SocketException unknown) {
            return null;
        }
    }

    private void run() {
        try {
            long allowed = System.nanoTime();
            while (!closing) {
                long now = System.nanoTime();
                allowed = Math.max(allowed, now - TimeUnit.MILLISECONDS.toNanos(2 * LOOK_MILLIS));
                while (!wanting.isEmpty() && now - allowed >= 0) {
                    allowed += TimeUnit.SECONDS.toNanos(1) / opensPerSecond;
                    open(wanting.removeFirst());
                }
                selector.selectNow();
                for (SelectionKey key : selector.selectedKeys()) {
                    if (key.isValid()) {
                        hear((Stranger) key.attachment(), (SocketChannel) key.channel());
                    }
                }
                selector.selectedKeys().clear();
                dribble(now);
                standing = selector.keys().size();
                TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
            }
        } catch (IOException broken) {
            closing = true;
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
    }

    private void open(Stranger stranger) {
        SocketChannel channel = null;
        try {
            channel = SocketChannel.open();
            channel.configureBlocking(false);
            if (from != null) {
                channel.bind(new InetSocketAddress(from, 0));
            }
            var address = new InetSocketAddress(stranger.target.host(), stranger.target.port());
            boolean connected = channel.connect(address);
            stranger.said = 0;
            stranger.key =
                    channel.register(
                            selector,
                            connected ? SelectionKey.OP_READ : SelectionKey.OP_CONNECT,
                            stranger);
            opened.incrementAndGet();
            if (connected) {
                begin(stranger, channel);
            }
        } catch (IOException refused) {
            again(stranger, channel);
        }
    }

    private void begin(Stranger stranger, SocketChannel channel) throws IOException {
        stranger.nextWordNanos = System.nanoTime() + DRIBBLE_NANOS;
        if (stranger.manner == Manner.OVERSIZED) {
            int unusedSent = channel.write(ByteBuffer.wrap(stranger.target.kind().oversized()));
        }
    }

    private void hear(Stranger stranger, SocketChannel channel) {
        try {
            SelectionKey key = stranger.key;
            if (key != null && key.isConnectable() && channel.finishConnect()) {
                key.interestOps(SelectionKey.OP_READ);
                begin(stranger, channel);
                return;
            }
            int read;
            do {
                read = channel.read(buffer.clear());
            } while (read > 0);
            if (read < 0) {
                closedByPeer.incrementAndGet();
                again(stranger, channel);
            }
        } catch (IOException reset) {
            closedByPeer.incrementAndGet();
            again(stranger, channel);
        }
    }

    private void dribble(long now) {
        for (Stranger stranger : all) {
            SelectionKey key = stranger.key;
            if (stranger.manner != Manner.DRIBBLING
                    || key == null
                    || !key.isValid()
                    || key.interestOps() != SelectionKey.OP_READ
                    || now - stranger.nextWordNanos < 0) {
                continue;
            }
            stranger.nextWordNanos = now + DRIBBLE_NANOS;
            byte[] words = stranger.target.kind().beginning();
            byte next = stranger.said < words.length ? words[stranger.said] : (byte) 'x';
            stranger.said++;
            try {
                int unusedSent =
                        ((SocketChannel) key.channel()).write(ByteBuffer.wrap(new byte[] {next}));
            } catch (IOException reset) {
                closedByPeer.incrementAndGet();
                again(stranger, (SocketChannel) key.channel());
            }
        }
    }

    private void again(Stranger stranger, @Nullable SocketChannel channel) {
        stranger.key = null;
        wanting.addLast(stranger);
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException gone) {
                // It is closed all the same.
            }
        }
    }

    /** Connections that it opened until now. */
    long opened() {
        return opened.get();
    }

    /** Connections that were closed on it. */
    long closedByPeer() {
        return closedByPeer.get();
    }

    /** Connections that stand. */
    int standing() {
        return standing;
    }

    /** Processor time that it took itself. */
    long cpuNanos() {
        return Math.max(0, ManagementFactory.getThreadMXBean().getThreadCpuTime(thread.threadId()));
    }

    /** An attack that ended early would make the figures look better than they are. */
    void check() throws EnvironmentException {
        if (closing || !thread.isAlive()) {
            throw new EnvironmentException("the flood ended by itself");
        }
    }

    @Override
    public void close() {
        closing = true;
        thread.interrupt();
        try {
            thread.join();
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
        try {
            for (SelectionKey key : selector.keys()) {
                key.channel().close();
            }
            selector.close();
        } catch (IOException gone) {
            // It is closed all the same.
        }
    }
}
