package io.coxswain.chaos.cluster;

import io.coxswain.launcher.EnvironmentException;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The clusters of this process that are being started, run, or are played on, so that a process
 * that is asked to end takes them along at any moment. Thread-safe.
 */
public final class OpenClusters {
    // Guarded by the class.
    private static final Set<AutoCloseable> OPEN = new LinkedHashSet<>();
    private static boolean watched;
    private static boolean ending;

    private OpenClusters() {}

    /**
     * From now on, when this process ends by a signal, every cluster is closed before. For the main
     * program of a process; safe to repeat.
     */
    public static synchronized void endWithProcess() {
        if (!watched) {
            watched = true;
            Runtime.getRuntime()
                    .addShutdownHook(Thread.ofPlatform().name("end").unstarted(OpenClusters::end));
        }
    }

    /** One more, before anything of it runs. */
    static synchronized void add(AutoCloseable cluster) throws EnvironmentException {
        if (ending) {
            throw new EnvironmentException("this process is ending: nothing is started any more");
        }
        OPEN.add(cluster);
    }

    static synchronized void remove(AutoCloseable cluster) {
        OPEN.remove(cluster);
    }

    private static void end() {
        List<AutoCloseable> open;
        synchronized (OpenClusters.class) {
            ending = true;
            open = List.copyOf(OPEN).reversed();
        }
        for (AutoCloseable cluster : open) {
            try {
                cluster.close();
            } catch (Exception e) {
                // The logging may be closed already; the others are closed all the same.
                System.err.println("coxswain: a cluster does not close: " + e);
            }
        }
    }
}
