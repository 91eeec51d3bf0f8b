package io.coxswain.chaos.command;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Ctrl-C, or SIGTERM, of a command that computes: it looks now and then whether it is to stop, and
 * the process's end waits until what is there has been printed and written. The virtual machine
 * sets the exit code (128 + signal).
 */
public final class StopAsked implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 10;

    private final CountDownLatch over = new CountDownLatch(1);
    private final Thread hook = Thread.ofPlatform().name("stop").unstarted(this::endOfProcess);
    private volatile boolean asked;

    private StopAsked() {}

    /** Listens from now on. */
    public static StopAsked listen() {
        var stop = new StopAsked();
        Runtime.getRuntime().addShutdownHook(stop.hook);
        return stop;
    }

    private void endOfProcess() {
        asked = true;
        try {
            if (!over.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                System.err.println(
                        "coxswain: nothing was printed within " + PATIENCE_SECONDS + " s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether to stop. */
    public boolean asked() {
        return asked;
    }

    /** What is there was printed; the process may go. */
    @Override
    public void close() {
        over.countDown();
        if (!asked) {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException ending) {
                // The process ends right now: the hook waits for nothing any more.
            }
        }
    }
}
