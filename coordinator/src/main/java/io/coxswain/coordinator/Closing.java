package io.coxswain.coordinator;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/** Closes what is to be closed whatever goes wrong with it. */
final class Closing {
    private static final Logger LOG = LoggerFactory.getLogger(Closing.class);

    private Closing() {}

    /** Runs it there; on a thread of its own where there is no room. */
    static void elsewhere(Executor executor, Runnable task) {
        try {
            executor.execute(task);
        } catch (RejectedExecutionException full) {
            Thread.ofVirtual().start(task);
        }
    }

    /** Closes it, if there is something; a failure is logged. */
    static void quietly(String what, @Nullable AutoCloseable resource) {
        try {
            if (resource != null) {
                resource.close();
            }
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        } catch (Exception failed) {
            LOG.warn("closing the {} failed", what, failed);
        }
    }
}
