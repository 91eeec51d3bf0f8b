package io.coxswain.bridge.conformance;

import io.coxswain.bridge.host.FrameChannel;
import io.coxswain.bridge.host.SocketPath;
import io.coxswain.bridge.host.WorkerHost;
import io.coxswain.bridge.host.WorkerMain;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.FromWorkerSide;
import io.coxswain.proto.bridge.v1.Hello;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.bridge.v1.ToWorkerSide;
import io.coxswain.proto.bridge.v1.Welcome;

import org.jspecify.annotations.Nullable;

import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/** A worker's process from its start to its end, and the socket that it shall connect to. */
final class WorkerStart implements AutoCloseable {
    private static final int LAST_WORDS_BYTES = 2_000;

    /** A major version that no worker knows. */
    static final int OTHER_MAJOR = 99;

    private final Process process;
    private final Path log;
    private final ServerSocketChannel server;
    private final String token;
    private final Limits limits;

    private WorkerStart(
            Process process, Path log, ServerSocketChannel server, String token, Limits limits) {
        this.process = process;
        this.log = log;
        this.server = server;
        this.token = token;
        this.limits = limits;
    }

    /**
     * Starts the command, as an agent would.
     *
     * @param socket where to listen
     * @param log where its output goes
     */
    static WorkerStart of(
            List<String> command,
            Map<String, String> environment,
            @Nullable Path folder,
            Path socket,
            Path log,
            Limits limits)
            throws IOException {
        if (!SocketPath.fits(socket)) {
            throw new IOException(
                    "the socket's path %s is longer than the %d bytes that a socket address takes; choose a shorter folder"
                            .formatted(socket, SocketPath.MOST_BYTES));
        }
        byte[] random = new byte[16];
        new SecureRandom().nextBytes(random);
        String token = HexFormat.of().formatHex(random);
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            server.bind(UnixDomainSocketAddress.of(socket));
            ProcessBuilder builder =
                    new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(log.toFile())
                            .redirectInput(new File("/dev/null"));
            if (folder != null) {
                builder.directory(folder.toFile());
            }
            builder.environment().clear();
            builder.environment().putAll(environment);
            builder.environment().put(WorkerMain.SOCKET_VARIABLE, socket.toString());
            builder.environment().put(WorkerMain.TOKEN_VARIABLE, token);
            Process process = builder.start();
            var unusedStage = process.onExit().thenRun(() -> closeQuietly(server));
            return new WorkerStart(process, log, server, token, limits);
        } catch (IOException | RuntimeException e) {
            server.close();
            throw e;
        }
    }

    /** Waits until both channels are up, answering each hello by this welcome. */
    KitWorker greet(Welcome welcome) throws Broken, InterruptedException {
        long deadline = System.nanoTime() + limits.hello().toNanos();
        SocketChannel main = accept(deadline, "its main connection");
        try {
            Hello hello = mainHello(main, deadline);
            ProcessHandle holder = require(hello, false);
            send(main, ToWorker.newBuilder().setWelcome(welcome).build());
            SocketChannel side = accept(deadline, "its side channel");
            FrameChannel frames = new FrameChannel(side);
            Hello sideHello = sideHello(frames, deadline);
            ProcessHandle unusedHolder = require(sideHello, true);
            send(side, ToWorkerSide.newBuilder().setWelcome(welcome).build());
            return new KitWorker(this, limits, hello, holder, main, frames).listen();
        } catch (Broken | InterruptedException | RuntimeException e) {
            closeQuietly(main);
            throw e;
        }
    }

    /** Answers the first hello by this welcome, or by closing the connection; nothing after it. */
    void answerFirstHello(@Nullable Welcome welcome) throws Broken, InterruptedException {
        long deadline = System.nanoTime() + limits.hello().toNanos();
        SocketChannel main = accept(deadline, "its main connection");
        Hello unusedHello = mainHello(main, deadline);
        if (welcome == null) {
            closeQuietly(main);
        } else {
            send(main, ToWorker.newBuilder().setWelcome(welcome).build());
        }
    }

    /** The welcome of an agent of this version. */
    static Welcome welcome() {
        return Welcome.newBuilder()
                .setProtocolMajor(WorkerHost.PROTOCOL_MAJOR)
                .setProtocolMinor(WorkerHost.PROTOCOL_MINOR)
                .setHeartbeatNanos(TimeUnit.MILLISECONDS.toNanos(250))
                .build();
    }

    private interface Work<T> {
        T run() throws IOException;
    }

    private <T> T within(long deadline, String expected, Work<T> work)
            throws Broken, InterruptedException {
        var done = new CompletableFuture<T>();
        Thread.ofPlatform()
                .name("conformance-hello")
                .daemon()
                .start(() -> {
                    try {
                        done.complete(work.run());
                    } catch (IOException | RuntimeException e) {
                        done.completeExceptionally(e);
                    }
                });
        try {
            return done.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw new Broken(
                    "%s within %s of its start".formatted(expected, Texts.of(limits.hello())),
                    "nothing; the process is alive");
        } catch (ExecutionException e) {
            throw new Broken(
                    expected,
                    isAlive() ? String.valueOf(e.getCause()) : ending(Duration.ofSeconds(1)));
        }
    }

    private SocketChannel accept(long deadline, String what) throws Broken, InterruptedException {
        return within(deadline, "that the worker opens " + what, server::accept);
    }

    private Hello mainHello(SocketChannel main, long deadline) throws Broken, InterruptedException {
        // A frame channel reads ahead, but there is nothing behind a hello that waits for its
        // welcome.
        FrameChannel frames = new FrameChannel(main);
        FromWorker message =
                within(
                        deadline,
                        "hello on the main connection",
                        () -> present(frames.receive(FromWorker.parser())));
        Broken.unless(message.hasHello(), "FromWorker{hello} first", Texts.of(message));
        return message.getHello();
    }

    private Hello sideHello(FrameChannel side, long deadline) throws Broken, InterruptedException {
        FromWorkerSide message =
                within(
                        deadline,
                        "hello on the side channel",
                        () -> present(side.receive(FromWorkerSide.parser())));
        Broken.unless(message.hasHello(), "FromWorkerSide{hello} first", Texts.of(message));
        return message.getHello();
    }

    private static <M> M present(@Nullable M message) throws IOException {
        if (message == null) {
            throw new IOException("the worker closed the connection");
        }
        return message;
    }

    private ProcessHandle require(Hello hello, boolean side) throws Broken {
        String where = side ? "on the side channel" : "on the main connection";
        Broken.unless(
                hello.getToken().equals(token),
                "the token of COXSWAIN_BRIDGE_TOKEN in the hello " + where,
                hello.getToken().isEmpty() ? "no token" : "another token");
        Broken.unless(
                hello.getProtocolMajor() == WorkerHost.PROTOCOL_MAJOR,
                "protocol_major %d in the hello %s".formatted(WorkerHost.PROTOCOL_MAJOR, where),
                hello.getProtocolMajor());
        Broken.unless(
                hello.getSideChannel() == side,
                "side_channel %s in the hello %s".formatted(side, where),
                hello.getSideChannel());
        Broken.unless(
                !hello.getRuntimeKind().isEmpty(), "a runtime_kind in the hello " + where, "none");
        return holder(hello, where);
    }

    /** The process that said hello: the started one, or a child of it. */
    private ProcessHandle holder(Hello hello, String where) throws Broken {
        return Stream.concat(Stream.of(process.toHandle()), process.descendants())
                .filter(handle -> handle.pid() == hello.getPid())
                .findFirst()
                .orElseThrow(() ->
                        new Broken(
                                "as pid in the hello %s that of the started process, %d, or of a child of it"
                                        .formatted(where, process.pid()),
                                Long.toUnsignedString(hello.getPid())));
    }

    private void send(SocketChannel channel, com.google.protobuf.MessageLite message)
            throws Broken {
        try {
            new FrameChannel(channel).send(message);
        } catch (IOException e) {
            throw new Broken(
                    "that the worker takes its welcome",
                    "%s; %s".formatted(e.getMessage(), ending(Duration.ofSeconds(1))));
        }
    }

    boolean isAlive() {
        return process.isAlive();
    }

    void terminate() {
        process.destroy();
    }

    /**
     * Sends SIGKILL to everything that the command started, and waits for its end.
     *
     * @param first the process that maps the arena: it dies at once, since to look for others takes
     *     milliseconds, and the moment counts
     */
    void kill(ProcessHandle first) {
        first.destroyForcibly();
        close();
        first.onExit().join();
    }

    int exit(Duration limit, String cause) throws Broken, InterruptedException {
        if (!process.waitFor(limit.toNanos(), TimeUnit.NANOSECONDS)) {
            throw new Broken(
                    "that the process ends within %s %s".formatted(Texts.of(limit), cause),
                    "it is still running");
        }
        return process.exitValue();
    }

    /** How the process ended, waiting a little for the end; in words. */
    String ending(Duration wait) {
        try {
            if (process.waitFor(wait.toNanos(), TimeUnit.NANOSECONDS)) {
                int status = process.exitValue();
                return status > 128
                        ? "the process died of signal " + (status - 128)
                        : "the process exited with status " + status;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return "the process is alive";
    }

    /** The end of what the worker printed, at most 2,000 bytes. */
    String lastWords() {
        try (var file = new RandomAccessFile(log.toFile(), "r")) {
            long from = Math.max(0, file.length() - LAST_WORDS_BYTES);
            file.seek(from);
            byte[] bytes = new byte[(int) (file.length() - from)];
            file.readFully(bytes);
            return new String(bytes, StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "";
        }
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly().onExit().join();
        closeQuietly(server);
    }

    private static void closeQuietly(java.io.Closeable resource) {
        try {
            resource.close();
        } catch (IOException e) {
            // It is gone either way.
        }
    }
}
