package io.coxswain.launcher.runtimes;

import io.coxswain.launcher.local.JavaProcess;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * Runs a program to its end, within a limit, and takes what it says. It does not outlive this
 * process unless that is killed. Ctrl-C does not reach it, only this process, which ends it then:
 * so that nobody takes its end for a failure and reports it.
 */
public final class ChildProcess {
    /** As the shell says it. */
    private static final int NO_PROGRAM = 127;

    private static final int MOST_BYTES = 1 << 20;

    /**
     * How a program ended.
     *
     * @param status its exit status; 127 if there is no such program; -1 if it was killed at the
     *     limit
     * @param output the beginning of its standard output
     * @param complaints of its standard error
     * @param inTime false if it was killed at the limit
     */
    public record Ended(int status, String output, String complaints, boolean inTime) {
        public boolean well() {
            return status == 0;
        }

        /** Both outputs, the complaints last. */
        public String said() {
            return (output + "\n" + complaints).strip();
        }
    }

    private ChildProcess() {}

    /**
     * Runs it.
     *
     * @param environment changes what it inherits from this process
     */
    public static Ended run(
            List<String> command, Consumer<Map<String, String>> environment, Duration limit)
            throws InterruptedException {
        return run(command, environment, null, limit);
    }

    /**
     * Runs it in a folder.
     *
     * @param environment changes what it inherits from this process
     * @param folder its working directory; null for this process's
     */
    public static Ended run(
            List<String> command,
            Consumer<Map<String, String>> environment,
            @Nullable Path folder,
            Duration limit)
            throws InterruptedException {
        var builder = new ProcessBuilder(JavaProcess.withoutInterrupt(command));
        builder.directory(folder == null ? null : folder.toFile());
        environment.accept(builder.environment());
        builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) {
            return new Ended(NO_PROGRAM, "", String.valueOf(e.getMessage()), true);
        }
        var ending = new AtomicBoolean();
        Thread killer =
                Thread.ofPlatform()
                        .unstarted(() -> {
                            ending.set(true);
                            process.destroyForcibly();
                        });
        Runtime.getRuntime().addShutdownHook(killer);
        try {
            CompletableFuture<String> output = reader(process.getInputStream());
            CompletableFuture<String> complaints = reader(process.getErrorStream());
            boolean inTime = process.waitFor(limit.toNanos(), TimeUnit.NANOSECONDS);
            if (!inTime) {
                // With its children: a shell's would keep the pipes open.
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
            }
            if (ending.get()) {
                new CountDownLatch(1).await(); // for the end of this process
            }
            return new Ended(
                    inTime ? process.exitValue() : -1, output.get(), complaints.get(), inTime);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        } finally {
            process.destroyForcibly();
            forget(killer);
        }
    }

    private static void forget(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // This process is ending, and the hook runs.
        }
    }

    // Platform threads, since a read of a pipe keeps its carrier.
    private static CompletableFuture<String> reader(InputStream stream) {
        var text = new CompletableFuture<String>();
        Thread.ofPlatform()
                .daemon()
                .start(() -> {
                    try (stream) {
                        byte[] bytes = stream.readNBytes(MOST_BYTES);
                        var _ = stream.transferTo(OutputStream.nullOutputStream());
                        text.complete(new String(bytes, StandardCharsets.UTF_8));
                    } catch (IOException e) {
                        text.complete("");
                    }
                });
        return text;
    }
}
