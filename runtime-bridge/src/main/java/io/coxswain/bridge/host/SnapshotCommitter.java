package io.coxswain.bridge.host;

import io.coxswain.bridge.arena.SlotWriter;
import io.coxswain.bridge.spi.Capture;
import io.coxswain.bridge.spi.RuntimeFault;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Completes snapshots in the background, one after another: the rest of the copy, the CRCs from the
 * bytes in the slot, the digest, the commit mark. Used by the host's main thread; the listener is
 * called on the background thread.
 */
final class SnapshotCommitter implements AutoCloseable {
    /** Hears how each snapshot ended. */
    interface Listener {
        void committed(byte[] digest);

        void failed(String reason);
    }

    private final ExecutorService thread =
            Executors.newSingleThreadExecutor(task ->
                    Thread.ofPlatform().name("snapshot-committer").daemon().unstarted(task));
    private @Nullable Future<?> last;

    void commit(SlotWriter writer, Capture capture, Listener listener) {
        last = thread.submit(() -> run(writer, capture, listener));
    }

    /** Runs something that touches the region, after the snapshots given so far. */
    void submit(Runnable task) {
        last = thread.submit(task);
    }

    /** Returns when everything given so far is done. */
    void drain() throws InterruptedException {
        Future<?> pending = last;
        if (pending != null) {
            try {
                pending.get();
            } catch (ExecutionException e) {
                throw new IllegalStateException("a snapshot's completion failed", e.getCause());
            }
            last = null;
        }
    }

    @Override
    public void close() {
        thread.shutdown();
    }

    private static void run(SlotWriter writer, Capture capture, Listener listener) {
        try {
            capture.complete();
            writer.checksum();
            byte[] digest = writer.commit();
            listener.committed(digest);
        } catch (RuntimeFault | RuntimeException e) {
            writer.abandon();
            listener.failed(String.valueOf(e.getMessage()));
        }
    }
}
