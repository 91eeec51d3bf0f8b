package io.coxswain.agent.worker;

import io.coxswain.bridge.host.FrameChannel;
import io.coxswain.bridge.host.WorkerMain;
import io.coxswain.proto.bridge.v1.Abort;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.FromWorkerSide;
import io.coxswain.proto.bridge.v1.Hello;
import io.coxswain.proto.bridge.v1.Ping;
import io.coxswain.proto.bridge.v1.Shutdown;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.bridge.v1.ToWorkerSide;
import io.coxswain.proto.bridge.v1.Welcome;
import io.coxswain.proto.control.v1.EvidencePiece;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** One generation of the worker: its process, its socket, its two channels and its end. */
final class WorkerProcess {
    static final int PROTOCOL_MAJOR = 1;
    static final int PROTOCOL_MINOR = 0;

    private static final Logger LOG = LoggerFactory.getLogger(WorkerProcess.class);

    /** A native library prints its stack after the line that matters. */
    private static final int LAST_WORDS_BYTES = 16_000;

    /** A child that the worker left behind may hold its output open: nobody waits longer. */
    private static final long OUTPUT_END_MILLIS = 300;

    private final long generation;
    private final WorkerCommand command;
    private final Path socket;
    private final WorkerLog log;
    private final EvidenceDesk evidence;
    private final WorkerSupervisor.Limits limits;
    private final WorkerSupervisor.Listener listener;
    private final LogShelf logs;
    private final String token = HexFormat.of().formatHex(randomBytes());
    private final CountDownLatch gone = new CountDownLatch(1);

    private volatile @Nullable Process process;
    private volatile @Nullable FrameChannel main;
    private volatile @Nullable FrameChannel side;
    private volatile @Nullable SideWriter sideWriter;
    private volatile @Nullable String killReason;
    private volatile @Nullable Thread heartbeat;
    private volatile @Nullable Thread output;
    private volatile boolean saidHello;
    private volatile @Nullable String wordsBefore;

    // Guarded by this: whether somebody waits for it, what it said before, whether it has ended.
    private boolean wanted;
    private @Nullable Hello said;
    private boolean ended;

    WorkerProcess(
            long generation,
            WorkerCommand command,
            Path socketDirectory,
            LogShelf logs,
            WorkerSupervisor.Limits limits,
            WorkerSupervisor.Listener listener) {
        this.generation = generation;
        this.command = command;
        this.socket = socketDirectory.resolve("w" + generation + ".sock");
        this.logs = logs;
        this.log = logs.make(generation);
        this.evidence =
                new EvidenceDesk(
                        socketDirectory.resolve("w" + generation + ".evidence"),
                        log,
                        logs.evidence(generation),
                        command.environment());
        this.limits = limits;
        this.listener = listener;
    }

    void launch() {
        Thread.ofPlatform().name("worker-" + generation).daemon().start(this::live);
    }

    /**
     * From here on the listener hears of it; of what it said before, too.
     *
     * @return false if it has ended already, of which nobody hears
     */
    boolean want() {
        Hello before;
        synchronized (this) {
            if (ended) {
                return false;
            }
            wanted = true;
            logs.add(generation, log);
            before = said;
        }
        if (before != null) {
            listener.ready(generation, before);
        }
        return true;
    }

    private void saidHello(Hello hello) {
        synchronized (this) {
            said = hello;
            if (!wanted) {
                return;
            }
        }
        listener.ready(generation, hello);
    }

    private synchronized boolean wanted() {
        return wanted;
    }

    boolean gone() {
        return gone.getCount() == 0;
    }

    long pid() {
        Process running = process;
        return running == null ? 0 : running.pid();
    }

    void awaitGone() {
        boolean interrupted = false;
        while (true) {
            try {
                gone.await();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    void send(ToWorker message) {
        FrameChannel channel = main;
        if (channel == null) {
            return;
        }
        try {
            channel.send(message);
        } catch (IOException e) {
            LOG.debug("worker {} did not take a message; its exit will say why", generation, e);
        }
    }

    void abort(Abort abort) {
        SideWriter writer = sideWriter;
        if (writer != null) {
            writer.urgent(ToWorkerSide.newBuilder().setAbort(abort).build());
        }
    }

    void answer(ToWorkerSide answer) {
        SideWriter writer = sideWriter;
        if (writer != null) {
            writer.answer(answer);
        }
    }

    void kill(String reason, boolean hung) {
        if (gone() || !claimKill(reason)) {
            return;
        }
        Runnable ladder =
                hung
                        ? () -> {
                            // Afterwards nobody can tell any more what it was doing.
                            takeEvidence(reason);
                            climbLadder();
                        }
                        : this::climbLadder;
        // It reads files: not on a virtual thread, which would keep its carrier.
        Thread.ofPlatform().name("worker-kill-" + generation).daemon().start(ladder);
    }

    /** What its processes do. Blocks for some seconds at most; empty when it does not run. */
    List<EvidencePiece> stacks() throws InterruptedException {
        Process running = process;
        return running == null || !running.isAlive() ? List.of() : evidence.stacks(running);
    }

    private void takeEvidence(String reason) {
        Process running = process;
        if (running == null || !running.isAlive()) {
            return;
        }
        // A JVM prints its stacks where its words are.
        wordsBefore = lastWords();
        try {
            tell(reason, evidence.hung(reason, running));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            LOG.warn("worker {}: no evidence could be taken", generation, e);
        }
    }

    private void tell(String reason, List<EvidencePiece> pieces) {
        if (!pieces.isEmpty() && wanted()) {
            listener.evidence(generation, reason, pieces);
        }
    }

    void killNow(String reason) {
        claimKill(reason);
        Process running = process;
        if (running != null) {
            running.destroyForcibly();
        }
    }

    private synchronized boolean claimKill(String reason) {
        if (killReason != null) {
            return false;
        }
        killReason = reason;
        return true;
    }

    private void climbLadder() {
        abort(Abort.newBuilder().setBelowEpoch(-1L).build()); // unsigned: below every epoch
        send(ToWorker.newBuilder().setShutdown(Shutdown.getDefaultInstance()).build());
        try {
            if (gone.await(limits.afterAbort().toNanos(), TimeUnit.NANOSECONDS)) {
                return;
            }
            Process running = process;
            if (running != null) {
                running.destroy();
            }
            if (gone.await(limits.afterTerm().toNanos(), TimeUnit.NANOSECONDS)) {
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
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            OwnSocket.bind(server, socket);
            Process started = spawn();
            process = started;
            if (killReason != null) {
                started.destroyForcibly();
            }
            var unusedStage = started.onExit().thenRun(() -> closeQuietly(server));
            Thread helloLimit = watchHello(started);
            Hello hello = acceptBoth(server);
            saidHello = true;
            helloLimit.interrupt();
            closeQuietly(server);
            startHeartbeat();
            saidHello(hello);
            readMain();
        } catch (IOException e) {
            Process started = process;
            if (started == null) {
                failure = "cannot start '" + command.command().getFirst() + "': " + e.getMessage();
            } else if (started.isAlive() && killReason == null) {
                // A worker that breaks the protocol, or closed its channel and stays, is of no use.
                claimKillAfterGrace(started, e);
            }
        } catch (RuntimeException e) {
            LOG.error("worker {}: its messages cannot be handled", generation, e);
            killNow("the agent could not handle a message: " + e);
        }
        Process started = process;
        if (started != null) {
            status = waitFor(started);
            awaitOutput();
        }
        String before = wordsBefore;
        String words = failure != null ? failure : before != null ? before : lastWords();
        var exit = new WorkerExit(status, words, killReason, saidHello || started == null);
        if (started != null && killReason == null) {
            tell(exit.describe(), evidence.died(exit.describe(), words));
        }
        finish(exit);
    }

    /** Takes what it prints, until it and its children have closed their ends. */
    private void listen(Process started) {
        InputStream printed = started.getInputStream();
        output =
                Thread.ofPlatform()
                        .name("worker-output-" + generation)
                        .daemon()
                        .start(() -> readOutput(printed));
    }

    private void readOutput(InputStream printed) {
        byte[] buffer = new byte[32 << 10];
        boolean broke = false;
        while (true) {
            try {
                int length = printed.read(buffer);
                if (length < 0) {
                    return;
                }
                log.write(buffer, length);
            } catch (IOException e) {
                // At the process's end the stream is exchanged for one with what is left in it.
                if (broke) {
                    return;
                }
                broke = true;
            }
        }
    }

    private void awaitOutput() {
        Thread reader = output;
        try {
            if (reader != null) {
                reader.join(OUTPUT_END_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Process spawn() throws IOException {
        var builder = new ProcessBuilder(command.command());
        builder.environment().clear();
        builder.environment().putAll(command.environment());
        builder.environment().put(WorkerMain.SOCKET_VARIABLE, socket.toString());
        builder.environment().put(WorkerMain.TOKEN_VARIABLE, token);
        builder.environment().put(WorkerMain.EVIDENCE_VARIABLE, evidence.prepare().toString());
        Path folder = command.folder();
        if (folder != null) {
            builder.directory(folder.toFile());
        }
        builder.redirectErrorStream(true);
        builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        Process started = builder.start();
        listen(started);
        return started;
    }

    private Thread watchHello(Process started) {
        return Thread.ofVirtual()
                .name("worker-hello-" + generation)
                .start(() -> {
                    try {
                        if (!started.waitFor(limits.hello().toNanos(), TimeUnit.NANOSECONDS)) {
                            String reason =
                                    "it never said hello within "
                                            + limits.hello().toMillis()
                                            + " ms: does the program call coxswain.run (or"
                                            + " coxswain.jax.run)? See "
                                            + log.file();
                            if (claimKill(reason)) {
                                takeEvidence(reason);
                            }
                            started.destroyForcibly();
                        }
                    } catch (InterruptedException e) {
                        // Both channels are up.
                    }
                });
    }

    private Hello acceptBoth(ServerSocketChannel server) throws IOException {
        Hello first = null;
        while (main == null || side == null) {
            var frames = new FrameChannel(server.accept());
            Hello hello = greet(frames);
            if (hello != null && hello.getSideChannel() && side == null) {
                frames.send(ToWorkerSide.newBuilder().setWelcome(welcome()).build());
                side = frames;
                sideWriter =
                        new SideWriter(
                                "worker-side-" + generation, frames, reason -> kill(reason, true));
            } else if (hello == null || hello.getSideChannel() || main != null) {
                frames.close();
            } else {
                frames.send(ToWorker.newBuilder().setWelcome(welcome()).build());
                main = frames;
                first = hello;
            }
        }
        if (first == null) {
            throw new IOException("the worker opened no main channel");
        }
        return first;
    }

    /**
     * Both channels begin with the same Hello bytes: field 2 of FromWorker on the main one, field 1
     * of FromWorkerSide on the other.
     */
    private @Nullable Hello greet(FrameChannel frames) throws IOException {
        byte @Nullable [] bytes = frames.receiveBytes();
        if (bytes == null) {
            throw closed();
        }
        FromWorker mainMessage = FromWorker.parseFrom(bytes);
        Hello hello;
        if (mainMessage.hasHello()) {
            hello = mainMessage.getHello();
        } else {
            FromWorkerSide sideMessage = FromWorkerSide.parseFrom(bytes);
            if (!sideMessage.hasHello()) {
                throw new IOException("the worker's first message is not Hello");
            }
            hello = sideMessage.getHello();
        }
        if (!hello.getToken().equals(token)) {
            LOG.warn(
                    "a process with a wrong token knocked at worker {}'s socket; refused",
                    generation);
            return null;
        }
        if (hello.getProtocolMajor() != PROTOCOL_MAJOR) {
            throw new IOException(
                    "the worker speaks bridge protocol "
                            + hello.getProtocolMajor()
                            + ", this agent speaks "
                            + PROTOCOL_MAJOR);
        }
        return hello;
    }

    private Welcome welcome() {
        return Welcome.newBuilder()
                .setProtocolMajor(PROTOCOL_MAJOR)
                .setProtocolMinor(PROTOCOL_MINOR)
                .setHeartbeatNanos(limits.heartbeat().toNanos())
                .build();
    }

    private void readMain() throws IOException {
        FrameChannel channel = main;
        while (channel != null) {
            @Nullable FromWorker message = channel.receive(FromWorker.parser());
            if (message == null) {
                throw closed();
            }
            listener.message(generation, message);
        }
    }

    private static EOFException closed() {
        return new EOFException("the worker closed its end of the bridge");
    }

    private void startHeartbeat() {
        FrameChannel channel = side;
        if (channel == null) {
            return;
        }
        Thread.ofVirtual()
                .name("worker-pong-" + generation)
                .start(() -> {
                    try {
                        @Nullable FromWorkerSide message = channel.receive(FromWorkerSide.parser());
                        while (message != null) {
                            if (message.hasPong() && wanted()) {
                                listener.pong(generation, message.getPong());
                            } else if (message.hasKeyValueRequest()) {
                                listener.asked(generation, message.getKeyValueRequest());
                            }
                            message = channel.receive(FromWorkerSide.parser());
                        }
                    } catch (IOException e) {
                        LOG.debug("worker {}: side channel closed", generation);
                    }
                });
        heartbeat =
                Thread.ofVirtual()
                        .name("worker-ping-" + generation)
                        .start(() -> {
                            long sequence = 0;
                            try {
                                while (true) {
                                    channel.send(
                                            ToWorkerSide.newBuilder()
                                                    .setPing(
                                                            Ping.newBuilder()
                                                                    .setSequence(++sequence))
                                                    .build());
                                    Thread.sleep(limits.heartbeat());
                                }
                            } catch (IOException e) {
                                LOG.debug("worker {}: side channel closed", generation);
                            } catch (InterruptedException e) {
                                // The worker is gone.
                            }
                        });
    }

    /** The channel closes a moment before the exit is seen; only a process that stays is broken. */
    private void claimKillAfterGrace(Process started, IOException cause) {
        try {
            if (!started.waitFor(limits.afterAbort().toNanos(), TimeUnit.NANOSECONDS)) {
                killNow("the bridge broke: " + cause.getMessage());
            }
        } catch (InterruptedException e) {
            killNow("interrupted");
            Thread.currentThread().interrupt();
        }
    }

    private static int waitFor(Process started) {
        while (true) {
            try {
                return started.waitFor();
            } catch (InterruptedException e) {
                started.destroyForcibly();
            }
        }
    }

    private void finish(WorkerExit exit) {
        Thread pinger = heartbeat;
        if (pinger != null) {
            pinger.interrupt();
        }
        SideWriter writer = sideWriter;
        if (writer != null) {
            writer.close();
        }
        closeQuietly(main);
        closeQuietly(side);
        try {
            Files.deleteIfExists(socket);
        } catch (IOException e) {
            LOG.debug("cannot delete {}", socket, e);
        }
        log.close();
        evidence.close();
        boolean told;
        synchronized (this) {
            ended = true;
            told = wanted;
        }
        gone.countDown();
        if (told) {
            listener.exited(generation, exit);
        }
    }

    private String lastWords() {
        return new String(log.tail(LAST_WORDS_BYTES), StandardCharsets.UTF_8);
    }

    private static byte[] randomBytes() {
        byte[] bytes = new byte[16];
        new SecureRandom().nextBytes(bytes);
        return bytes;
    }

    private static void closeQuietly(@Nullable AutoCloseable resource) {
        if (resource == null) {
            return;
        }
        try {
            resource.close();
        } catch (Exception e) {
            LOG.debug("closing a bridge resource", e);
        }
    }
}
