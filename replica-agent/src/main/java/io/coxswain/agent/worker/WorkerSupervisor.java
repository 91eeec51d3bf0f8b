package io.coxswain.agent.worker;

import io.coxswain.proto.bridge.v1.Abort;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.Hello;
import io.coxswain.proto.bridge.v1.KeyValueRequest;
import io.coxswain.proto.bridge.v1.Pong;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.bridge.v1.ToWorkerSide;
import io.coxswain.proto.control.v1.EvidencePiece;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Starts an agent's worker process and its successors, one at a time, each with a generation
 * number, a socket and a token of its own.
 *
 * <p>Entry points may be called from any thread and do not wait for the worker. Listener calls come
 * from the supervisor's threads; within a generation {@code ready} precedes all messages and {@code
 * exited} follows them.
 */
public final class WorkerSupervisor implements AutoCloseable {
    /** What happens to a worker. */
    public interface Listener {
        /** Both channels are up and the worker proved to be the process that was started. */
        void ready(long generation, Hello hello);

        void message(long generation, FromWorker message);

        /** The worker's side channel answered. */
        void pong(long generation, Pong pong);

        /** It asks for an operation on the key-value store of its view. */
        void asked(long generation, KeyValueRequest request);

        /**
         * Something to look at was found: why the worker died, or what it did when it hung. Before
         * {@code exited}.
         */
        default void evidence(long generation, String reason, List<EvidencePiece> pieces) {}

        /** The process is gone and everything that it sent before has been delivered. */
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
    private final Path socketDirectory;
    private final LogShelf logs;
    private final Limits limits;
    private final Listener listener;

    private @Nullable WorkerProcess current;

    /** Started for the next generation, and not wanted yet. */
    private @Nullable WorkerProcess standby;

    private long generation;
    private boolean closed;

    /**
     * @param socketDirectory where sockets are made; its path must leave room for a file name
     *     within the 107 bytes of a socket address
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
        this.command = command;
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
        WorkerProcess next = standby;
        standby = null;
        if (next == null || !next.want()) {
            next = process(generation);
            next.want();
            next.launch();
        }
        current = next;
        return generation;
    }

    private WorkerProcess process(long number) {
        return new WorkerProcess(number, command, socketDirectory, logs, limits, listener);
    }

    /**
     * Starts the process of the next generation, unless there is one: it comes as far as it does
     * without being told anything, and waits. What becomes of it before it is needed is not told.
     */
    public synchronized void prepareNext() {
        if (!closed && (standby == null || standby.gone())) {
            standby = process(generation + 1);
            standby.launch();
        }
    }

    /** Sends on the main channel. Lost silently when the worker is gone: its exit is reported. */
    public void send(ToWorker message) {
        WorkerProcess process = process();
        if (process != null) {
            process.send(message);
        }
    }

    /** Asks the worker to drop work of epochs below this one. */
    public void abort(long belowEpoch) {
        WorkerProcess process = process();
        if (process != null) {
            process.abort(Abort.newBuilder().setBelowEpoch(belowEpoch).build());
        }
    }

    /** Sends an answer on the side channel; lost silently when the worker is gone. */
    public void answer(ToWorkerSide answer) {
        WorkerProcess process = process();
        if (process != null) {
            process.answer(answer);
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
        WorkerProcess process = process();
        if (process != null) {
            process.kill(reason, hung);
        }
    }

    /** Kills the worker at once, by SIGKILL; the exit names this reason. */
    public void killNow(String reason) {
        WorkerProcess process = process();
        if (process != null) {
            process.killNow(reason);
        }
    }

    /**
     * What the worker's processes are doing; empty when none runs. Blocks for some seconds at most.
     */
    public List<EvidencePiece> stacks() throws InterruptedException {
        WorkerProcess process = process();
        return process == null || process.gone() ? List.of() : process.stacks();
    }

    /** The last lines that the workers printed, the dead ones' too. */
    public LogPart lastLines(int lines, int mostBytes) throws IOException {
        return logs.lastLines(lines, mostBytes);
    }

    /** What they printed since a place that an earlier part named. */
    public LogPart linesAfter(long worker, long offset, int mostBytes) throws IOException {
        return logs.after(worker, offset, mostBytes);
    }

    /** The process id of the running worker, 0 when there is none. */
    public long pid() {
        WorkerProcess process = process();
        return process == null || process.gone() ? 0 : process.pid();
    }

    private synchronized @Nullable WorkerProcess process() {
        return current;
    }

    /** Kills the worker at once and waits until it is gone. */
    @Override
    public void close() {
        WorkerProcess process;
        WorkerProcess spare;
        synchronized (this) {
            closed = true;
            process = current;
            spare = standby;
            standby = null;
        }
        if (spare != null) {
            spare.killNow("it was not needed");
        }
        if (process != null) {
            process.killNow("the agent is closing");
            process.awaitGone();
        }
        if (spare != null) {
            spare.awaitGone();
        }
    }
}
