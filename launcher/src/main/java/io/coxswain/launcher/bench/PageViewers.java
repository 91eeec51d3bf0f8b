package io.coxswain.launcher.bench;

import io.coxswain.launcher.EnvironmentException;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Open pages, as the server sees them, and a scrape of the metrics each second. */
final class PageViewers implements AutoCloseable {
    private final HttpClient client = HttpClient.newHttpClient();
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicLong bytes = new AtomicLong();
    private volatile boolean closing;
    private volatile String trouble = "";

    private PageViewers() {}

    static PageViewers open(URI page, int viewers) {
        var open = new PageViewers();
        for (int i = 0; i < viewers; i++) {
            open.start(() -> open.follow(page.resolve("/api/v1/events")));
        }
        open.start(() -> open.scrape(page.resolve("/metrics")));
        return open;
    }

    private void start(Viewer viewer) {
        threads.add(
                Thread.ofVirtual()
                        .name("page-viewer")
                        .start(() -> {
                            try {
                                viewer.run();
                            } catch (IOException gone) {
                                complain(gone);
                            } catch (InterruptedException closed) {
                                Thread.currentThread().interrupt();
                            }
                        }));
    }

    private void complain(IOException gone) {
        if (!closing) {
            trouble = String.valueOf(gone.getMessage());
        }
    }

    private void follow(URI events) throws IOException, InterruptedException {
        HttpResponse<InputStream> response =
                client.send(
                        HttpRequest.newBuilder(events).build(),
                        HttpResponse.BodyHandlers.ofInputStream());
        require(events, response.statusCode());
        try (InputStream in = response.body()) {
            byte[] buffer = new byte[65_536];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                bytes.addAndGet(read);
            }
        }
        throw new IOException("the stream ended");
    }

    private void scrape(URI metrics) throws IOException, InterruptedException {
        while (!closing) {
            HttpResponse<byte[]> response =
                    client.send(
                            HttpRequest.newBuilder(metrics).build(),
                            HttpResponse.BodyHandlers.ofByteArray());
            require(metrics, response.statusCode());
            TimeUnit.SECONDS.sleep(1);
        }
    }

    private static void require(URI address, int status) throws IOException {
        if (status != 200) {
            throw new IOException(address + " answers with status " + status);
        }
    }

    /** What all viewers were sent so far. */
    long bytes() {
        return bytes.get();
    }

    /** Whoever lost its stream would make the figures look better than they are. */
    void check() throws EnvironmentException {
        if (!trouble.isEmpty()) {
            throw new EnvironmentException("a viewer of the page lost it: " + trouble);
        }
    }

    @Override
    public void close() {
        closing = true;
        client.shutdownNow();
        threads.forEach(Thread::interrupt);
        try {
            for (Thread thread : threads) {
                thread.join();
            }
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }

    private interface Viewer {
        void run() throws IOException, InterruptedException;
    }
}
