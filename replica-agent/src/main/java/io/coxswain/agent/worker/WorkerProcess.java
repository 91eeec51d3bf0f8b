package io.coxswain.agent.worker;

import io.coxswain.bridge.host.FrameChannel;
import io.coxswain.bridge.host.WorkerMain;
import io.coxswain.proto.bridge.v1.Abort;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.Hello;
import io.coxswain.proto.bridge.v1.KeyValueRequest;
import io.coxswain.proto.bridge.v1.Pong;
import io.coxswain.proto.bridge.v1.Shutdown;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.bridge.v1.ToWorkerSide;
import io.coxswain.proto.bridge.v1.ViewServiceRequest;
import io.coxswain.proto.control.v1.EvidencePiece;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A process of the worker that this agent starts: its socket, its two channels and its end. */
final class WorkerProcess implements Member {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerProcess.class);

    /** A native library prints its stack after the line that matters. */
    private static final int LAST_WORDS_BYTES = 16_000;

    /** How long the kernel may take to take a process down whose connections it has closed. */
    private static final long ENDING_SECONDS = 10;

    private static final ProcessStatus STATUS = new ProcessStatus(Path.of("/proc"));

    /** For what it said before its end to be read, where its end cannot be seen on the bridge. */
    private static final long BRIDGE_END_MILLIS = 1000;

    /** While a program imports: between two signs that this is no silence. */
    private static final Duration LOOK = Duration.ofSeconds(1);

    private final String name;
    private final int local;
    private final WorkerCommand command;
    private final Path socket;
    private final PrintedLines printed;
    private final Path logFile;
    private final EvidenceDesk evidence;
    private final WorkerSupervisor.Limits limits;
    private final Listener listener;
    private final BridgeLink link;
    private final String token = HexFormat.of().formatHex(randomBytes());
    private final Departure gone = new Departure();

    private volatile @Nullable Process process;
    private volatile @Nullable String killReason;
    private volatile boolean saidHello;
    private volatile @Nullable String wordsBefore;

    /**
     * @param local which of the worker's processes it is
     * @param name its generation, and which it is where there are several
     * @param printed takes what it prints
     * @param logFile where that can be read
     */
    WorkerProcess(
            int local,
            String name,
            WorkerCommand command,
            Path socketDirectory,
            PrintedLines printed,
            Path logFile,
            Path evidenceFile,
            WorkerSupervisor.Limits limits,
            Listener listener) {
        this.local = local;
        this.name = name;
        this.command = command;
        this.socket = socketDirectory.resolve("w" + name + ".sock");
        this.printed = printed;
        this.logFile = logFile;
        this.evidence =
                new EvidenceDesk(
                        socketDirectory.resolve("w" + name + ".evidence"),
                        printed,
                        evidenceFile,
                        command.environment(),
                        command.processes());
        this.limits = limits;
        this.listener = listener;
        this.link = new BridgeLink(name, limits.heartbeat(), new LinkEvents());
    }

    private final class LinkEvents implements BridgeLink.Events {
        @Override
        public void message(FromWorker message) {
            listener.message(local, message);
        }

        @Override
        public void pong(Pong pong) {
            listener.pong(local, pong);
        }

        @Override
        public void asked(KeyValueRequest request) {
            listener.asked(local, request);
        }

        @Override
        public void wants(ViewServiceRequest request) {
            listener.wants(local, request);
        }

        @Override
        public boolean servesViews() {
            return true;
        }

        @Override
        public void jammed(String reason) {
            listener.unbearable(local, reason);
        }
    }

    @Override
    public void launch() {
        Thread.ofPlatform().name("worker-" + name).daemon().start(this::live);
    }

    @Override
    public boolean gone() {
        return gone.hasHappened();
    }

    @Override
    public long pid() {
        Process running = process;
        return running == null ? 0 : running.pid();
    }

    @Override
    public void awaitGone() {
        gone.awaitUninterruptibly();
    }

    @Override
    public void send(ToWorker message) {
        link.send(message);
    }

    @Override
    public void abort(Abort abort) {
        link.abort(abort);
    }

    @Override
    public void answer(ToWorkerSide answer) {
        link.answer(answer);
    }

    @Override
    public synchronized boolean claim(String reason) {
        if (killReason != null || gone()) {
            return false;
        }
        killReason = reason;
        return true;
    }

    @Override
    public List<EvidencePiece> stacks() throws InterruptedException {
        Process running = process;
        return running == null || !running.isAlive() ? List.of() : evidence.stacks(running);
    }

    @Override
    public List<EvidencePiece> hung(String reason) throws InterruptedException {
        Process running = process;
        if (running == null || !running.isAlive()) {
            return List.of();
        }
        // A JVM prints its stacks where its words are.
        wordsBefore = lastWords();
        try {
            return evidence.hung(reason, running);
        } catch (RuntimeException e) {
            LOG.warn("worker {}: no evidence could be taken", name, e);
            return List.of();
        }
    }

    @Override
    public void endNow(String reason) {
        claim(reason);
        Process running = process;
        if (running != null) {
            running.destroyForcibly();
        }
    }

    @Override
    public void end() {
        abort(Abort.newBuilder().setBelowEpoch(-1L).build()); // unsigned: below every epoch
        send(ToWorker.newBuilder().setShutdown(Shutdown.getDefaultInstance()).build());
        try {
            if (gone.within(limits.afterAbort().toNanos())) {
                return;
            }
            Process running = process;
            if (running != null) {
                running.destroy();
            }
            if (gone.within(limits.afterTerm().toNanos())) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Process running = process;
        if (running != null) {
            running.destroyForcibly();
        }
    }

    /**
     * The whole life of the process, on its own thread: the main channel is read here, because a
     * hop less per step counts.
     */
    private void live() {
        int status = -1;
        String failure = null;
        ChildProcess child = null;
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            OwnSocket.bind(server, socket);
            child = spawn();
            Process started = child.process();
            process = started;
            if (killReason != null) {
                started.destroyForcibly();
            }
            var unusedStage = started.onExit().thenRun(() -> over(server));
            Thread helloLimit = watchHello(started);
            Hello hello = acceptBoth(server);
            saidHello = true;
            helloLimit.interrupt();
            BridgeLink.closeQuietly(server);
            link.startHeartbeat();
            listener.ready(local, hello);
            link.readMain();
        } catch (IOException e) {
            Process started = process;
            if (started == null) {
                failure = "cannot start '" + command.command().getFirst() + "': " + e.getMessage();
            } else if (started.isAlive() && killReason == null) {
                // A worker that breaks the protocol, or closed its channel and stays, is of no use.
                claimKillAfterGrace(started, e);
            }
        } catch (RuntimeException e) {
            LOG.error("worker {}: its messages cannot be handled", name, e);
            endNow("the agent could not handle a message: " + e);
        }
        if (child != null) {
            status = child.waitFor();
        }
        String before = wordsBefore;
        String words = failure != null ? failure : before != null ? before : lastWords();
        var exit = new WorkerExit(status, words, killReason, saidHello || child == null);
        if (child != null && killReason == null) {
            listener.evidence(local, exit.describe(), evidence.died(words));
        }
        finish(exit);
    }

    /** A child that it forked may hold its end of the bridge open: nobody speaks there any more. */
    private void over(ServerSocketChannel server) {
        BridgeLink.closeQuietly(server);
        CompletableFuture.delayedExecutor(BRIDGE_END_MILLIS, TimeUnit.MILLISECONDS)
                .execute(link::close);
    }

    private ChildProcess spawn() throws IOException {
        var environment = new HashMap<>(evidence.environment());
        environment.putAll(place());
        environment.put(WorkerMain.SOCKET_VARIABLE, socket.toString());
        environment.put(WorkerMain.TOKEN_VARIABLE, token);
        environment.put(WorkerMain.EVIDENCE_VARIABLE, evidence.prepare().toString());
        return ChildProcess.start(
                "worker-output-" + name,
                command.command(),
                environment,
                command.folder(),
                ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()),
                printed::write);
    }

    /** Which of the processes it is; whatever else said so before is wrong here. */
    private Map<String, String> place() {
        String rank = Integer.toString(local);
        String size = Integer.toString(command.processes());
        return Map.of(
                WorkerMain.LOCAL_RANK_VARIABLE,
                rank,
                WorkerMain.LOCAL_SIZE_VARIABLE,
                size,
                "LOCAL_RANK",
                rank,
                "LOCAL_WORLD_SIZE",
                size);
    }

    private Thread watchHello(Process started) {
        return Thread.ofVirtual()
                .name("worker-hello-" + name)
                .start(() -> {
                    try {
                        Duration asked = command.startWait();
                        Duration wait = asked == null ? limits.hello() : asked;
                        if (!exits(started, wait, asked != null)) {
                            String reason =
                                    "it never said hello within "
                                            + wait.toMillis()
                                            + " ms: does the program call coxswain.run (or"
                                            + " coxswain.jax.run)? If its imports take longer, set"
                                            + " runtime.startWait. See "
                                            + logFile;
                            if (claim(reason)) {
                                listener.evidence(local, reason, hung(reason));
                            }
                            started.destroyForcibly();
                        }
                    } catch (InterruptedException e) {
                        // Both channels are up.
                    }
                });
    }

    /** Waits for its end; tells now and then that nobody need worry yet, where that was said. */
    private boolean exits(Process started, Duration wait, boolean tells)
            throws InterruptedException {
        long end = System.nanoTime() + wait.toNanos();
        while (true) {
            long left = end - System.nanoTime();
            if (left <= 0) {
                return false;
            }
            long nanos = tells ? Math.min(left, LOOK.toNanos()) : left;
            if (started.waitFor(nanos, TimeUnit.NANOSECONDS)) {
                return true;
            }
            if (tells) {
                listener.waiting(local);
            }
        }
    }

    private Hello acceptBoth(ServerSocketChannel server) throws IOException {
        Hello first = null;
        while (!link.isComplete()) {
            var frames = new FrameChannel(server.accept());
            Hello hello = BridgeLink.greet(frames);
            if (!hello.getToken().equals(token)) {
                LOG.warn("a process with a wrong token knocked at worker {}'s socket", name);
                frames.close();
                continue;
            }
            String complaint = BridgeLink.versionComplaint(hello);
            if (complaint != null) {
                throw new IOException(complaint);
            }
            if (hello.getSideChannel() && !link.hasSide()) {
                link.openSide(frames);
            } else if (!hello.getSideChannel() && !link.hasMain()) {
                link.openMain(frames);
                first = hello;
            } else {
                frames.close();
            }
        }
        if (first == null) {
            throw new IOException("the worker opened no main channel");
        }
        return first;
    }

    /** The channel closes a moment before the exit is seen; only a process that stays is broken. */
    private void claimKillAfterGrace(Process started, IOException cause) {
        try {
            boolean ended = started.waitFor(limits.afterAbort().toNanos(), TimeUnit.NANOSECONDS);
            if (!ended && STATUS.isEnding(started.pid())) {
                // A large memory takes its time.
                ended = started.waitFor(ENDING_SECONDS, TimeUnit.SECONDS);
            }
            if (!ended) {
                endNow("the bridge broke: " + cause.getMessage());
            }
        } catch (InterruptedException e) {
            endNow("interrupted");
            Thread.currentThread().interrupt();
        }
    }

    private void finish(WorkerExit exit) {
        link.close();
        try {
            Files.deleteIfExists(socket);
        } catch (IOException e) {
            LOG.debug("cannot delete {}", socket, e);
        }
        printed.end();
        evidence.close();
        gone.happened();
        listener.exited(local, exit);
    }

    private String lastWords() {
        return new String(printed.tail(LAST_WORDS_BYTES), StandardCharsets.UTF_8);
    }

    private static byte[] randomBytes() {
        byte[] bytes = new byte[16];
        new SecureRandom().nextBytes(bytes);
        return bytes;
    }
}
