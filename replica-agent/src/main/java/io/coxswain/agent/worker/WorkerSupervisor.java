package io.coxswain.agent.worker;

import io.coxswain.proto.bridge.v1.Abort;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.Hello;
import io.coxswain.proto.bridge.v1.KeyValueRequest;
import io.coxswain.proto.bridge.v1.Pong;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.bridge.v1.ToWorkerSide;
import io.coxswain.proto.bridge.v1.ViewServiceRequest;
import io.coxswain.proto.control.v1.EvidencePiece;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Starts an agent's worker and its successors, one at a time, each with a generation number, a
 * socket and a token of its own.
 *
 * <p>Entry points may be called from any thread and do not wait for the worker. Listener calls come
 * from the supervisor's threads; within a generation {@code ready} precedes all messages and {@code
 * exited} follows them.
 */
public final class WorkerSupervisor implements AutoCloseable {
    /** What happens to a worker. */
    public interface Listener {
        /**
         * The channels are up and the worker proved to be what was started. One of each process.
         */
        void ready(long generation, List<Hello> hellos);

        /** From one of its processes. */
        void message(long generation, int local, FromWorker message);

        /** The side channels of all its processes answered. */
        void pong(long generation, Pong pong);

        /** A process asks for an operation on the key-value store of its view. */
        void asked(long generation, int local, KeyValueRequest request);

        /** A process asks for another one that serves its view. */
        default void wants(long generation, int local, ViewServiceRequest request) {}

        /**
         * Something to look at was found: why the worker died, or what it did when it hung. Before
         * {@code exited}.
         */
        default void evidence(long generation, String reason, List<EvidencePiece> pieces) {}

        /**
         * Whoever starts its processes has not yet, and that is no silence.
         *
         * @param missing the local ranks that have not come
         */
        default void waiting(long generation, List<Integer> missing) {}

        /** Not all of its processes came in time: nobody starts them. */
        default void absent(long generation, String reason) {}

        /** Its processes are gone and everything that they sent before has been delivered. */
        void exited(long generation, WorkerExit exit);
    }

    /**
     * Limits of the supervision.
     *
     * @param hello from process start to both channels up; default 30 s
     * @param heartbeat between pings on the side channel; default 250 ms
     * @param afterAbort how long the kill ladder waits after Abort and Shutdown before SIGTERM;
     *     default 200 ms
     * @param afterTerm how long it waits after SIGTERM before SIGKILL; default 500 ms
     */
    public record Limits(
            Duration hello, Duration heartbeat, Duration afterAbort, Duration afterTerm) {
        public static final Limits DEFAULT =
                new Limits(
                        Duration.ofSeconds(30),
                        Duration.ofMillis(250),
                        Duration.ofMillis(200),
                        Duration.ofMillis(500));
    }

    private final WorkerCommand command;
    private final @Nullable AttachDesk desk;
    private final Path socketDirectory;
    private final LogShelf logs;
    private final Limits limits;
    private final Listener listener;

    private final Looks looks = new Looks();

    private @Nullable WorkerGroup current;

    /** Started for the next generation, and not wanted yet. */
    private @Nullable WorkerGroup standby;

    /** Standbys that began to end before they were needed. */
    private final List<WorkerGroup> ending = new ArrayList<>();

    private long generation;
    private long groups;
    private boolean closed;

    /**
     * @param socketDirectory where sockets are made; its path must leave room for a file name
     *     within the 106 bytes of a socket address in Java
     * @param logDirectory where each generation's output is kept as {@code
     *     worker-<generation>.log}, that of the newest few
     */
    public WorkerSupervisor(
            WorkerCommand command,
            Path socketDirectory,
            Path logDirectory,
            Limits limits,
            OutputLimits output,
            Listener listener) {
        this(command, socketDirectory, logDirectory, limits, output, listener, null);
    }

    /**
     * The same, where somebody else may start the processes.
     *
     * @param attach where they come; null if the command starts them
     * @throws IOException if they cannot come there
     */
    public static WorkerSupervisor attaching(
            WorkerCommand command,
            AttachPlace attach,
            Path socketDirectory,
            Path logDirectory,
            Limits limits,
            OutputLimits output,
            Listener listener)
            throws IOException {
        var desk = new AttachDesk(attach, command, limits);
        desk.open();
        return new WorkerSupervisor(
                command, socketDirectory, logDirectory, limits, output, listener, desk);
    }

    private WorkerSupervisor(
            WorkerCommand command,
            Path socketDirectory,
            Path logDirectory,
            Limits limits,
            OutputLimits output,
            Listener listener,
            @Nullable AttachDesk desk) {
        this.command = command;
        this.desk = desk;
        this.socketDirectory = socketDirectory;
        this.logs = new LogShelf(logDirectory, output, System::nanoTime);
        this.limits = limits;
        this.listener = listener;
    }

    /**
     * Starts the next generation; the one before must have exited. Failures to start arrive as
     * {@link Listener#exited}.
     */
    public synchronized long start() {
        if (closed) {
            throw new IllegalStateException("the supervisor is closed");
        }
        if (current != null && !current.gone()) {
            throw new IllegalStateException(
                    "worker generation " + generation + " is still running");
        }
        generation++;
        WorkerGroup next = standby;
        standby = null;
        if (next == null || !next.want()) {
            leave(next);
            next = group(generation);
            next.want();
            next.launch();
        }
        current = next;
        return generation;
    }

    private void leave(@Nullable WorkerGroup group) {
        ending.removeIf(WorkerGroup::gone);
        if (group != null) {
            ending.add(group);
        }
    }

    private WorkerGroup group(long number) {
        return new WorkerGroup(
                number,
                ++groups,
                command.processes(),
                (local, name, printed, voices) -> member(number, local, name, printed, voices),
                logs,
                listener);
    }

    private Member member(
            long number, int local, String name, PrintedLines printed, Member.Listener voices) {
        AttachDesk open = desk;
        return open != null
                ? new AttachedWorker(
                        local, name, open, printed, logs.evidence(number), limits, voices)
                : new WorkerProcess(
                        local,
                        name,
                        command,
                        socketDirectory,
                        printed,
                        logs.file(number),
                        logs.evidence(number),
                        limits,
                        voices);
    }

    /**
     * Starts the processes of the next generation, unless they are there: they come as far as they
     * do without being told anything, and wait. What becomes of them before they are needed is not
     * told.
     */
    public synchronized void prepareNext() {
        if (!closed && desk == null && (standby == null || standby.isEnding())) {
            leave(standby);
            standby = group(generation + 1);
            standby.launch();
        }
    }

    /**
     * Sends on the main channels of all processes. Lost silently when the worker is gone: its exit
     * is reported.
     */
    public void send(ToWorker message) {
        WorkerGroup group = group();
        if (group != null) {
            group.send(message);
        }
    }

    /** Sends to one of the processes. */
    public void send(int local, ToWorker message) {
        WorkerGroup group = group();
        if (group != null) {
            group.send(local, message);
        }
    }

    /** Takes what is printed beside the worker's processes, into its log. */
    public void print(byte[] bytes, int length) {
        WorkerGroup group = group();
        if (group != null) {
            group.print(bytes, length);
        }
    }

    /** Asks the worker to drop work of epochs below this one. */
    public void abort(long belowEpoch) {
        WorkerGroup group = group();
        if (group != null) {
            group.abort(Abort.newBuilder().setBelowEpoch(belowEpoch).build());
        }
    }

    /** Sends an answer on the side channel; lost silently when the worker is gone. */
    public void answer(int local, ToWorkerSide answer) {
        WorkerGroup group = group();
        if (group != null) {
            group.answer(local, answer);
        }
    }

    /**
     * Takes the worker down by the ladder abort → SIGTERM → SIGKILL; the exit names this reason.
     */
    public void kill(String reason) {
        kill(reason, false);
    }

    /**
     * The same; of one that hangs, evidence is taken first, which takes a fraction of a second as a
     * rule and ten seconds at most.
     */
    public void kill(String reason, boolean hung) {
        WorkerGroup group = group();
        if (group != null) {
            looks.after(() -> group.kill(reason, hung));
        }
    }

    /**
     * Kills the worker by SIGKILL, at once or when whoever looks at it has seen enough; the exit
     * names this reason.
     */
    public void killNow(String reason) {
        WorkerGroup group = group();
        if (group != null) {
            looks.after(() -> group.killNow(reason));
        }
    }

    /**
     * From now on no worker is killed, for some seconds at most, until the answer is run: {@link
     * #stacks} will be asked.
     */
    public Runnable expectStacks() {
        return looks.begin();
    }

    /**
     * What the worker's processes are doing; empty when none runs. Blocks for some seconds at most.
     */
    public List<EvidencePiece> stacks() {
        WorkerGroup group = group();
        return group == null || group.gone() ? List.of() : group.stacks();
    }

    /** The last lines that the workers printed, the dead ones' too. */
    public LogPart lastLines(int lines, int mostBytes) throws IOException {
        return logs.lastLines(lines, mostBytes);
    }

    /** What they printed since a place that an earlier part named. */
    public LogPart linesAfter(long worker, long offset, int mostBytes) throws IOException {
        return logs.after(worker, offset, mostBytes);
    }

    /** The process ids of the running worker, empty when there is none. */
    public List<Long> pids() {
        WorkerGroup group = group();
        return group == null ? List.of() : group.pids().stream().filter(pid -> pid != 0).toList();
    }

    private synchronized @Nullable WorkerGroup group() {
        return current;
    }

    /** Kills the worker at once and waits until it is gone. */
    @Override
    public void close() {
        WorkerGroup process;
        WorkerGroup spare;
        List<WorkerGroup> others;
        synchronized (this) {
            closed = true;
            process = current;
            spare = standby;
            standby = null;
            others = List.copyOf(ending);
        }
        if (spare != null) {
            spare.release("it was not needed");
        }
        if (process != null) {
            process.release("the agent is closing");
            process.awaitGone();
        }
        if (spare != null) {
            spare.awaitGone();
        }
        others.forEach(WorkerGroup::awaitGone);
        if (desk != null) {
            desk.close();
        }
    }
}
