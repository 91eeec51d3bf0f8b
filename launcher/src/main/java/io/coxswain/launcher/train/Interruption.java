package io.coxswain.launcher.train;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * SIGINT and SIGTERM as something to wait for beside other things. The virtual machine's end waits
 * until {@link #over} is called, so that what was started can be ended in order; it sets the exit
 * code itself (128 + signal).
 */
final class Interruption {
    private static final long PATIENCE_SECONDS = 12;

    private final CompletableFuture<Void> asked = new CompletableFuture<>();
    private final CountDownLatch over = new CountDownLatch(1);

    /** The process is to end. */
    static final class Interrupted extends Exception {
        private static final long serialVersionUID = 1L;

        Interrupted() {
            super("interrupted");
        }
    }

    /** Listens from now on. */
    static Interruption install() {
        var interruption = new Interruption();
        Runtime.getRuntime()
                .addShutdownHook(
                        Thread.ofPlatform().name("interruption").unstarted(interruption::ended));
        return interruption;
    }

    private void ended() {
        asked.complete(null);
        try {
            if (!over.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                System.err.println(
                        "coxswain: not everything ended within " + PATIENCE_SECONDS + " s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    boolean requested() {
        return asked.isDone();
    }

    /** Waits for the future, or for the process's end. */
    <T> T await(CompletableFuture<T> future) throws Interrupted, InterruptedException {
        try {
            CompletableFuture.anyOf(future.handle((_, _) -> null), asked).get();
        } catch (java.util.concurrent.ExecutionException e) {
            throw new IllegalStateException(e);
        }
        if (asked.isDone()) {
            throw new Interrupted();
        }
        return future.join();
    }

    /** Everything has been ended; the process may go. */
    void over() {
        over.countDown();
    }

    /** The failure that a future was given, without the wrapping. */
    static Throwable cause(CompletionException e) {
        return e.getCause() == null ? e : e.getCause();
    }
}
