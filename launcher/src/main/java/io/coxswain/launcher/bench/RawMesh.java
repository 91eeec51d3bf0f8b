package io.coxswain.launcher.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Raw loopback connections between every two of several places, all used at once. */
final class RawMesh implements AutoCloseable {
    private final List<RawLoopback> links = new ArrayList<>();
    private final ExecutorService receivers =
            Executors.newCachedThreadPool(
                    task -> Thread.ofPlatform().daemon().name("raw-mesh").unstarted(task));

    /**
     * @param connections one way each
     * @param bytes of one transfer at most
     */
    RawMesh(int connections, int bytes) throws IOException {
        for (int i = 0; i < connections; i++) {
            links.add(new RawLoopback(bytes));
        }
    }

    /**
     * Moves that many bytes over each of the first connections at once; returns when the last has
     * arrived.
     */
    void exchange(int connections, long bytes) throws IOException, InterruptedException {
        var transfers = new ArrayList<Callable<Long>>();
        for (RawLoopback link : links.subList(0, connections)) {
            transfers.add(() -> link.transfer(bytes));
        }
        for (Future<Long> transfer : receivers.invokeAll(transfers)) {
            try {
                var _ = transfer.get();
            } catch (ExecutionException e) {
                throw new IOException("a raw loopback transfer failed", e.getCause());
            }
        }
    }

    @Override
    public void close() throws IOException {
        receivers.shutdown();
        for (RawLoopback link : links) {
            link.close();
        }
    }
}
