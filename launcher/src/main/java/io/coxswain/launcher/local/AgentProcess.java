package io.coxswain.launcher.local;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One agent of a one-machine cluster as a process of its own. The launcher talks to it by lines: its standard input carries orders and, by closing, the news
 * that the launcher is gone; its standard output carries what it reached.
 */
public final class AgentProcess {
    /** A coordinate at which the agent stopped and waits: it goes on only when released. */
    public record Reached(long step, String phase) {}

    private final int index;
    private final String agentId;
    private final Process process;
    private final Writer orders;
    private final Path log;
    private final CompletableFuture<Integer> exited;
    private final CompletableFuture<Void> started = new CompletableFuture<>();
    private final Consumer<Reached> onReached;
    private volatile long workerPid;
    private volatile @Nullable Path arena;
    private volatile boolean killed;

    private AgentProcess(int index, String agentId, Process process, Path log, Consumer<Reached> onReached) {
        this.index = index;
        this.agentId = agentId;
        this.process = process;
        this.orders = new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8);
        this.log = log;
        this.onReached = onReached;
        this.exited = process.onExit().thenApply(Process::exitValue);
        this.exited.thenAccept(status -> started.completeExceptionally(new IOException(
                agentId + " ended with status " + status + " before it was up; its log is " + log + lastLine(log))));
    }

    /** Starts the process; {@link #started()} completes when its data plane listens. */
    static AgentProcess start(
            int index, String agentId, List<String> command, Map<String, String> environment, Path log, Consumer<Reached> onReached) throws IOException {
        var builder = new ProcessBuilder(command);
        builder.environment().putAll(environment);
        builder.redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
        var agent = new AgentProcess(index, agentId, builder.start(), log, onReached);
        Thread.ofVirtual().name("agent-lines-" + index).start(agent::readLines);
        return agent;
    }

    private void readLines() {
        try (var lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            String line;
            while ((line = lines.readLine()) != null) {
                String[] words = line.split(" ", 2);
                String rest = words.length > 1 ? words[1] : "";
                switch (words[0]) {
                    case AgentLines.ARENA -> arena = Path.of(rest);
                    case AgentLines.UP -> started.complete(null);
                    case AgentLines.WORKER -> workerPid = Long.parseLong(rest);
                    case AgentLines.REACHED -> onReached.accept(AgentLines.reached(rest));
                    default -> {
                        // A line of somebody's library on standard output is no order of ours.
                    }
                }
            }
        } catch (IOException e) {
            // The process is gone; its exit says the rest.
        }
    }

    public int index() {
        return index;
    }

    public String agentId() {
        return agentId;
    }

    public Path log() {
        return log;
    }

    public long pid() {
        return process.pid();
    }

    /** The running worker's process id, 0 before there is one. */
    public long workerPid() {
        return workerPid;
    }

    /** Completes when the agent is up; fails with what its log ends with. */
    public CompletableFuture<Void> started() {
        return started;
    }

    public CompletableFuture<Integer> exited() {
        return exited;
    }

    public boolean alive() {
        return process.isAlive();
    }

    /** True if this launcher killed it on purpose. */
    public boolean killed() {
        return killed;
    }

    /** Sends an order; lost when the process is gone. */
    void order(String line) {
        try {
            synchronized (orders) {
                orders.write(line);
                orders.write('\n');
                orders.flush();
            }
        } catch (IOException e) {
            // Gone: its exit is reported.
        }
    }

    /** The death of the host: SIGKILL of agent and worker, and the memory that dies with the machine. Returns when both processes are gone. */
    public void killHost() {
        killed = true;
        process.destroyForcibly();
        long worker = workerPid;
        ProcessHandle.of(worker).ifPresent(ProcessHandle::destroyForcibly);
        await(process.onExit());
        ProcessHandle.of(worker).ifPresent(handle -> await(handle.onExit()));
        deleteArena();
    }

    /** SIGKILL of the worker alone. */
    public void killWorker() {
        ProcessHandle.of(workerPid).ifPresent(handle -> {
            handle.destroyForcibly();
            await(handle.onExit());
        });
    }

    /** Asks the agent to end by closing its standard input. */
    void askToEnd() {
        try {
            orders.close();
        } catch (IOException e) {
            // Gone already.
        }
    }

    /** Waits until it is gone, killing it after the limit; nothing of it stays behind. */
    void end(long limitMillis) {
        try {
            exited.get(limitMillis, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            process.destroyForcibly();
            await(process.onExit());
        } catch (Exception e) {
            process.destroyForcibly();
        }
        ProcessHandle.of(workerPid).filter(handle -> workerPid > 0).ifPresent(ProcessHandle::destroyForcibly);
        deleteArena();
    }

    private void deleteArena() {
        Path folder = arena;
        if (folder == null || !Files.exists(folder)) {
            return;
        }
        try (var files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException("cannot delete the arena " + folder, e);
        }
    }

    private static void await(CompletableFuture<?> future) {
        try {
            future.get(5, TimeUnit.SECONDS);
        } catch (Exception e) {
            if (e instanceof InterruptedException) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static String lastLine(Path log) {
        try {
            List<String> lines = Files.readAllLines(log).stream().filter(line -> !line.isBlank()).toList();
            return lines.isEmpty() ? "" : ", which ends: " + lines.getLast().strip();
        } catch (IOException e) {
            return "";
        }
    }
}
