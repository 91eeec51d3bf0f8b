package io.coxswain.launcher.bench;

import io.coxswain.launcher.EnvironmentException;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Open pages, as the server sees them, and a scrape of the metrics each second. One thread reads
 * all that comes, twenty times a second, and forgets it, so that what they cost themselves is small
 * and known.
 */
final class PageViewers implements AutoCloseable {
    private static final long LOOK_MILLIS = 50;
    private static final long SCRAPE_NANOS = 1_000_000_000;
    private static final byte[] GOOD = "HTTP/1.1 200".getBytes(StandardCharsets.US_ASCII);

    private final URI page;
    private final Selector selector;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16);
    private final Thread thread;
    private final AtomicLong bytes = new AtomicLong();
    private final boolean scrapes;
    private volatile boolean closing;
    private volatile String trouble = "";

    /** A connection and what is known of it. Of the thread. */
    private static final class Client {
        final boolean follows;
        int seen;

        Client(boolean follows) {
            this.follows = follows;
        }
    }

    private PageViewers(URI page, int viewers, boolean scrapes) throws IOException {
        this.page = page;
        this.scrapes = scrapes;
        selector = Selector.open();
        try {
            for (int i = 0; i < viewers; i++) {
                ask("/api/v1/events", true);
            }
        } catch (IOException e) {
            end();
            throw e;
        }
        thread = Thread.ofPlatform().name("page-viewers").daemon().unstarted(this::look);
    }

    /**
     * Opens them.
     *
     * @param viewers 0: none
     */
    static PageViewers open(URI page, int viewers, boolean scrapes) throws EnvironmentException {
        try {
            var open = new PageViewers(page, viewers, scrapes);
            open.thread.start();
            return open;
        } catch (IOException e) {
            throw new EnvironmentException("the page cannot be opened: " + e.getMessage(), e);
        }
    }

    /** As many scrapes as a run has behind it after some minutes, one after the other. */
    static void warm(URI page, int scrapes) throws EnvironmentException {
        try (var viewers = new PageViewers(page, 0, false)) {
            for (int i = 0; i < scrapes; i++) {
                viewers.ask("/metrics", false);
                while (!viewers.selector.keys().isEmpty()) {
                    viewers.selector.select();
                    viewers.readSelected();
                    // Lets go of what was closed, without which the next select would wait for
                    // ever.
                    viewers.selector.selectNow();
                }
            }
        } catch (IOException e) {
            throw new EnvironmentException("the metrics cannot be read: " + e.getMessage(), e);
        }
    }

    private void ask(String path, boolean follows) throws IOException {
        SocketChannel channel =
                SocketChannel.open(new InetSocketAddress(page.getHost(), page.getPort()));
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        String request =
                "GET "
                        + path
                        + " HTTP/1.1\r\nHost: "
                        + page.getAuthority()
                        + "\r\n"
                        + (follows ? "" : "Connection: close\r\n")
                        + "\r\n";
        channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII)));
        channel.configureBlocking(false);
        channel.register(selector, SelectionKey.OP_READ, new Client(follows));
    }

    private void look() {
        try {
            long nextScrape = System.nanoTime();
            while (!closing) {
                if (scrapes && System.nanoTime() - nextScrape >= 0) {
                    ask("/metrics", false);
                    nextScrape += SCRAPE_NANOS;
                }
                selector.selectNow();
                readSelected();
                TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
            }
        } catch (IOException gone) {
            trouble = String.valueOf(gone.getMessage());
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
    }

    private void readSelected() throws IOException {
        for (SelectionKey key : selector.selectedKeys()) {
            read((SocketChannel) key.channel(), (Client) key.attachment());
        }
        selector.selectedKeys().clear();
    }

    private void read(SocketChannel channel, Client client) throws IOException {
        int read;
        do {
            read = channel.read(buffer.clear());
            if (read > 0) {
                requireGood(client, read);
                client.seen += read;
                if (client.follows) {
                    bytes.addAndGet(read);
                }
            }
        } while (read > 0);
        if (read < 0) {
            channel.close();
            if (client.follows) {
                throw new IOException("the stream ended");
            }
        }
    }

    private void requireGood(Client client, int read) throws IOException {
        for (int at = client.seen; at < Math.min(GOOD.length, client.seen + read); at++) {
            if (buffer.get(at - client.seen) != GOOD[at]) {
                throw new IOException("the server does not answer with status 200");
            }
        }
    }

    /** What all viewers were sent so far. */
    long bytes() {
        return bytes.get();
    }

    /** Processor time that they took themselves. */
    long cpuNanos() {
        return Math.max(0, ManagementFactory.getThreadMXBean().getThreadCpuTime(thread.threadId()));
    }

    /** Whoever lost its stream would make the figures look better than they are. */
    void check() throws EnvironmentException {
        if (!trouble.isEmpty()) {
            throw new EnvironmentException("a viewer of the page lost it: " + trouble);
        }
    }

    private void end() {
        try {
            for (SelectionKey key : selector.keys()) {
                key.channel().close();
            }
            selector.close();
        } catch (IOException failed) {
            trouble = String.valueOf(failed.getMessage());
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
        end();
    }
}
