package io.coxswain.launcher.local;

import io.coxswain.agent.ArenaSweep;
import io.coxswain.bridge.host.WorkerMain;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * One agent of a one-machine cluster as a process of its own. The launcher talks to it by lines:
 * its standard input carries orders and, by closing, the news that the launcher is gone; its
 * standard output carries what it reached. Thread-safe.
 */
public final class AgentProcess {
    private static final long DEATH_LIMIT_MILLIS = 5_000;
    private static final int SHOWN_LOG_LINES = 8;

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
    private final List<ProcessHandle> dying = new CopyOnWriteArrayList<>();
    private final Path arenas;
    private volatile boolean killed;
    private volatile boolean excused;
    private volatile int dataPort;

    private AgentProcess(
            int index,
            String agentId,
            Process process,
            Path log,
            Path arenas,
            Consumer<Reached> onReached) {
        this.index = index;
        this.agentId = agentId;
        this.process = process;
        this.orders = new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8);
        this.log = log;
        this.arenas = arenas;
        this.onReached = onReached;
        this.exited = process.onExit().thenApply(Process::exitValue);
        var _ =
                exited.thenAccept(status ->
                        started.completeExceptionally(
                                new IOException(
                                        agentId
                                                + " ended with status "
                                                + status
                                                + " before it was up; its log is "
                                                + log
                                                + logEnd())));
    }

    /**
     * Starts the process; {@link #started()} completes when its data plane listens.
     *
     * @param log where its standard error goes
     * @param arenas folder in which it makes one for its shared memory
     */
    public static AgentProcess start(
            int index,
            String agentId,
            List<String> command,
            Path log,
            Path arenas,
            Consumer<Reached> onReached)
            throws IOException {
        var builder = new ProcessBuilder(command);
        builder.redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
        var agent = new AgentProcess(index, agentId, builder.start(), log, arenas, onReached);
        // Not a virtual one: a read of a pipe keeps its carrier. The JVM starts another in its
        // stead,
        // which goes after half a minute without work; with as many agents as carriers no virtual
        // thread of the process would run from then on (seen with JDK 25).
        Thread.ofPlatform().daemon().name("agent-lines-" + index).start(agent::readLines);
        return agent;
    }

    private void readLines() {
        try (var lines =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            String line;
            while ((line = lines.readLine()) != null) {
                String[] words = line.split(" ", 2);
                String rest = words.length > 1 ? words[1] : "";
                switch (words[0]) {
                    case AgentLines.UP -> {
                        dataPort = Integer.parseInt(rest);
                        started.complete(null);
                    }
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

    /** Completes when the agent is up; fails with what its log ends with. */
    public CompletableFuture<Void> started() {
        return started.copy();
    }

    /** Completes with the exit status. */
    public CompletableFuture<Integer> exited() {
        return exited.copy();
    }

    public boolean alive() {
        return process.isAlive();
    }

    /** The port that its data plane listens on; 0 until it has {@link #started}. */
    public int dataPort() {
        return dataPort;
    }

    /** True if this launcher killed it on purpose: it is gone, or will be soon. */
    public boolean killed() {
        return killed;
    }

    /** True if its end, should it come, is not its own doing. */
    public boolean excused() {
        return killed || excused;
    }

    /** ZooKeeper is there, its chroot included in the string: begin. */
    public void connect(String zookeeper) {
        order(AgentLines.connect(zookeeper));
    }

    /**
     * Stop at the first coordinate of that phase at or after that step, say so, and wait for {@link
     * #release}.
     */
    public void hold(long step, String phase) {
        order(AgentLines.hold(step, phase));
    }

    /** Go on. */
    public void release() {
        order(AgentLines.RELEASE);
    }

    /**
     * Sends an order, which may be one that only its {@link AgentExtras} know; lost when the
     * process is gone.
     */
    public void order(String line) {
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

    /**
     * The death of the host: SIGKILL of agent and worker. {@link #awaitHostDead} completes it.
     *
     * @return the monotonic nanosecond at which the first signal was sent
     */
    public long signalHost() {
        killed = true;
        List<ProcessHandle> workers = workers();
        long now = System.nanoTime();
        process.destroyForcibly();
        workers.forEach(ProcessHandle::destroyForcibly);
        dying.addAll(workers);
        return now;
    }

    /**
     * Waits until agent and worker are gone, then deletes the memory that dies with the machine.
     */
    public void awaitHostDead() {
        await(process.onExit());
        dying.forEach(worker -> await(worker.onExit()));
        deleteArena();
    }

    /**
     * SIGKILL of the worker alone.
     *
     * @return the monotonic nanosecond at which the signal was sent
     */
    public long signalWorker() {
        return signal(worker());
    }

    /**
     * SIGKILL of one process of the worker alone.
     *
     * @param local its local rank
     * @return the monotonic nanosecond at which the signal was sent
     */
    public long signalWorker(int local) {
        return signal(worker(local));
    }

    private static long signal(Optional<ProcessHandle> worker) {
        long now = System.nanoTime();
        worker.ifPresent(ProcessHandle::destroyForcibly);
        return now;
    }

    /**
     * SIGKILL of the agent alone; its worker sees the closed bridge, and its memory stays.
     *
     * @return the monotonic nanosecond at which the signal was sent
     */
    public long signalAgent() {
        killed = true;
        dying.addAll(workers());
        long now = System.nanoTime();
        process.destroyForcibly();
        return now;
    }

    /** SIGTERM of the agent, a notice: it ends when it is drained. */
    public void terminate() {
        killed = true;
        dying.addAll(workers());
        // Not through the process, which would close its standard input: that ends it at once.
        process.toHandle().destroy();
    }

    /** Something is done to it from which it may end; that is not its own doing then. */
    public void mayEnd() {
        excused = true;
        dying.addAll(workers());
    }

    /**
     * The worker that has the job: the eldest, since a standby starts after the one whose place it
     * may take.
     */
    public Optional<ProcessHandle> worker() {
        return eldest(workers());
    }

    /** The same of the processes with a local rank. */
    public Optional<ProcessHandle> worker(int local) {
        String said = WorkerMain.LOCAL_RANK_VARIABLE + "=" + local;
        return eldest(
                workers().stream().filter(worker -> environment(worker).contains(said)).toList());
    }

    private static List<String> environment(ProcessHandle process) {
        try {
            byte[] all = Files.readAllBytes(Path.of("/proc/" + process.pid() + "/environ"));
            return List.of(new String(all, StandardCharsets.UTF_8).split("\0", -1));
        } catch (IOException e) {
            // It has ended.
            return List.of();
        }
    }

    private static Optional<ProcessHandle> eldest(List<ProcessHandle> processes) {
        return processes.stream()
                .min(
                        Comparator.comparing((ProcessHandle each) ->
                                        each.info().startInstant().orElse(Instant.MAX))
                                .thenComparingLong(ProcessHandle::pid));
    }

    /** Its workers and their standbys, as they are now: the agent starts nothing else. */
    public List<ProcessHandle> workers() {
        return process.children().toList();
    }

    /** Waits until its workers have ended by themselves, as they do when the job is over. */
    void awaitWorkersGone(long limitMillis) {
        workers().forEach(worker -> await(worker.onExit(), limitMillis));
    }

    /** Asks the agent to end by closing its standard input. */
    public void askToEnd() {
        dying.addAll(workers());
        try {
            orders.close();
        } catch (IOException e) {
            // Gone already.
        }
    }

    /** Waits until it is gone, killing it after the limit; nothing of it stays behind. */
    public void end(long limitMillis) {
        try {
            exited.get(limitMillis, TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException e) {
            process.destroyForcibly();
            await(process.onExit());
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        dying.forEach(worker -> {
            worker.destroyForcibly();
            await(worker.onExit());
        });
        deleteArena();
    }

    private void deleteArena() {
        try {
            // Its owner is dead, so the sweep takes it, and nobody else's.
            var _ = ArenaSweep.sweep(arenas);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot clean up in " + arenas, e);
        }
    }

    private static void await(CompletableFuture<?> future) {
        await(future, DEATH_LIMIT_MILLIS);
    }

    private static void await(CompletableFuture<?> future, long limitMillis) {
        try {
            future.get(limitMillis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            // The kernel is slow to take it away; it can do nothing any more.
        }
    }

    /** The end of its log, for an error message; empty when there is none. */
    String logEnd() {
        try {
            List<String> lines =
                    Files.readAllLines(log).stream().filter(line -> !line.isBlank()).toList();
            List<String> end =
                    lines.subList(Math.max(0, lines.size() - SHOWN_LOG_LINES), lines.size());
            return end.isEmpty()
                    ? ", which is empty"
                    : ", which ends:"
                            + System.lineSeparator()
                            + "  "
                            + String.join(System.lineSeparator() + "  ", end);
        } catch (IOException e) {
            return "";
        }
    }
}
