package io.coxswain.chaos.cluster;

import io.coxswain.launcher.local.JavaProcess;

import org.jspecify.annotations.Nullable;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A coordinator or a ZooKeeper server as a process of its own, tied to this one by its standard
 * input. Thread-safe.
 */
final class ServiceProcess {
    private static final long START_SECONDS = 60;
    private static final long DEATH_SECONDS = 5;

    private final String name;
    private final Process process;
    private final Path log;
    private final CompletableFuture<Integer> port = new CompletableFuture<>();
    private volatile boolean killed;
    // Guarded by said.
    private final List<String> said = new ArrayList<>();
    private final List<Awaited> awaited = new ArrayList<>();
    private final List<Consumer<String>> listeners = new ArrayList<>();

    private record Awaited(Pattern pattern, CompletableFuture<@Nullable Void> come) {
        boolean fits(String line) {
            return pattern.matcher(line).find();
        }
    }

    private ServiceProcess(String name, Process process, Path log) {
        this.name = name;
        this.process = process;
        this.log = log;
        var _ =
                process.onExit()
                        .thenAccept(ended ->
                                port.completeExceptionally(
                                        new IOException(
                                                name
                                                        + " ended with status "
                                                        + ended.exitValue()
                                                        + " before it was up; its log is "
                                                        + log)));
    }

    /**
     * Starts it; returns at once.
     *
     * @param up the line that says it listens; its first group is the port
     * @param log where all that it prints goes
     */
    static ServiceProcess start(
            String name, String mainClass, List<String> arguments, Pattern up, Path log)
            throws IOException {
        var builder = new ProcessBuilder(JavaProcess.service(mainClass, arguments));
        builder.redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
        var service = new ServiceProcess(name, builder.start(), log);
        // Not a virtual one: see AgentProcess.
        Thread.ofPlatform().daemon().name("lines-" + name).start(() -> service.readLines(up));
        return service;
    }

    private void readLines(Pattern up) {
        try (var lines =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            String line;
            while ((line = lines.readLine()) != null) {
                Matcher matcher = up.matcher(line);
                if (matcher.find()) {
                    port.complete(Integer.parseInt(matcher.group(1)));
                }
                note(line);
                Files.writeString(
                        log,
                        line + System.lineSeparator(),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.APPEND);
            }
        } catch (IOException e) {
            // The process is gone; its exit says the rest.
        }
    }

    // Services say little: that they listen, and who leads.
    private void note(String line) {
        synchronized (said) {
            said.add(line);
            listeners.forEach(listener -> listener.accept(line));
            for (Awaited one : awaited) {
                if (one.fits(line)) {
                    one.come().complete(null);
                }
            }
        }
    }

    /** How many lines it has printed so far. */
    int lines() {
        synchronized (said) {
            return said.size();
        }
    }

    /** Completes when such a line is printed, that one or a later, or when it ends. */
    CompletableFuture<?> saysOrEnds(Pattern pattern, int fromLine) {
        var one = new Awaited(pattern, new CompletableFuture<>());
        synchronized (said) {
            if (said.stream().skip(fromLine).anyMatch(one::fits)) {
                one.come().complete(null);
            }
            awaited.add(one);
        }
        return CompletableFuture.anyOf(one.come(), process.onExit());
    }

    /** Runs something each time such a line is printed; on the thread that reads them. */
    void whenSaid(Pattern pattern, Runnable then) {
        synchronized (said) {
            if (said.stream().anyMatch(line -> pattern.matcher(line).find())) {
                then.run();
            }
            listeners.add(line -> {
                if (pattern.matcher(line).find()) {
                    then.run();
                }
            });
        }
    }

    /** Waits until it listens; returns the port. */
    int awaitUp() throws IOException {
        try {
            return port.get(START_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            throw new IOException(String.valueOf((cause == null ? e : cause).getMessage()), e);
        } catch (TimeoutException e) {
            throw new IOException(
                    name + " was not up within " + START_SECONDS + " s; its log is " + log, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while " + name + " was starting", e);
        }
    }

    long pid() {
        return process.pid();
    }

    boolean alive() {
        return process.isAlive();
    }

    /** True if it was killed or ended on purpose. */
    boolean killed() {
        return killed;
    }

    /** Something is done to it from which it may end; that is not its own doing then. */
    void mayEnd() {
        killed = true;
    }

    CompletableFuture<Integer> exited() {
        return process.onExit().thenApply(Process::exitValue);
    }

    /** SIGKILL; returns when it is gone, with the instant of the signal. */
    long kill() {
        killed = true;
        long now = System.nanoTime();
        process.destroyForcibly();
        awaitGone();
        return now;
    }

    /** SIGTERM; returns at once. */
    void terminate() {
        killed = true;
        process.destroy();
    }

    /** Asks it to end in order; {@link #awaitGone} completes it. */
    void askToEnd() {
        killed = true;
        try {
            process.getOutputStream().close();
        } catch (IOException e) {
            // Gone already.
        }
    }

    /** Waits until it is gone, killing it after a while. */
    void awaitGone() {
        try {
            if (!process.waitFor(DEATH_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
