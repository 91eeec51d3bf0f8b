package io.coxswain.launcher.service;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.logs.Logs;

import java.io.IOException;
import java.io.PrintStream;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** What runs until a signal or a bug ends it. */
final class Service {
    private static final long CLOSE_SECONDS = 10;

    private Service() {}

    static void log(CommonOptions options) throws EnvironmentException {
        try {
            Logs.toFile(options.log(), options.logLevel());
        } catch (IOException e) {
            throw new EnvironmentException(
                    "cannot write the log "
                            + options.log()
                            + ": "
                            + e.getMessage()
                            + "; name another file in the field log",
                    e);
        }
    }

    /** What nobody should miss. */
    static void shout(String who, PrintStream err) {
        err.println(
                "coxswain: PLAINTEXT: "
                        + who
                        + " speaks without TLS beyond this machine: whoever reaches its ports can"
                        + " read the state of jobs and run them");
    }

    /**
     * Waits for a signal or for {@code broken}, then closes the service.
     *
     * @return the exit code
     */
    static int serve(
            String name,
            AutoCloseable service,
            CompletableFuture<Throwable> broken,
            CommonOptions options,
            PrintStream err)
            throws InterruptedException {
        return serve(name, service, broken, new CompletableFuture<>(), options, err);
    }

    /** The same; ends with that code too, once {@code ended} has one. */
    static int serve(
            String name,
            AutoCloseable service,
            CompletableFuture<Throwable> broken,
            CompletableFuture<Integer> ended,
            CommonOptions options,
            PrintStream err)
            throws InterruptedException {
        var signalled = new CountDownLatch(1);
        var closed = new CountDownLatch(1);
        Runtime.getRuntime()
                .addShutdownHook(
                        Thread.ofPlatform()
                                .name("end")
                                .unstarted(() -> {
                                    signalled.countDown();
                                    try {
                                        closed.await(CLOSE_SECONDS, TimeUnit.SECONDS);
                                    } catch (InterruptedException e) {
                                        Thread.currentThread().interrupt();
                                    }
                                }));
        var _ = broken.thenRun(signalled::countDown);
        var _ = ended.thenRun(signalled::countDown);
        signalled.await();
        try {
            service.close();
        } catch (Exception e) {
            err.println("coxswain: closing " + name + " failed: " + e + "; see " + options.log());
        } finally {
            closed.countDown();
        }
        if (broken.isDone()) {
            err.println(
                    "coxswain: "
                            + name
                            + " stopped on a bug of its own: "
                            + broken.join()
                            + "; see "
                            + options.log());
            return ExitCode.BUG;
        }
        return ended.getNow(ExitCode.TERMINATED);
    }
}
