package io.coxswain.bridge.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.bridge.reference.ReferenceRuntimeFactory;
import io.coxswain.bridge.spi.RuntimeFactory;
import io.coxswain.proto.bridge.v1.Abort;
import io.coxswain.proto.bridge.v1.Fault;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.FromWorkerSide;
import io.coxswain.proto.bridge.v1.Ping;
import io.coxswain.proto.bridge.v1.Pong;
import io.coxswain.proto.bridge.v1.SnapshotCommitted;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.bridge.v1.ToWorkerSide;
import io.coxswain.proto.bridge.v1.Welcome;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;

/** The agent's side of a bridge, as little of it as a test needs. One thread calls it. */
final class BridgeTestClient implements AutoCloseable {
    static final String TOKEN = "a-token";

    private final ServerSocketChannel server;
    private final Path socket;
    private final SocketChannel rawMain;
    private final FrameChannel main;
    private final FrameChannel side;
    private final Deque<SnapshotCommitted> committed = new ArrayDeque<>();
    private long requests;
    private long pings;

    private BridgeTestClient(ServerSocketChannel server, Path socket) throws IOException {
        this.server = server;
        this.socket = socket;
        this.rawMain = server.accept();
        this.main = new FrameChannel(rawMain);
        FromWorker hello = receive();
        assertThat(hello.getHello().getSideChannel()).isFalse();
        requireToken(hello.getHello().getToken());
        main.send(ToWorker.newBuilder().setWelcome(welcome()).build());
        this.side = new FrameChannel(server.accept());
        FromWorkerSide sideHello = Objects.requireNonNull(side.receive(FromWorkerSide.parser()));
        assertThat(sideHello.getHello().getSideChannel()).isTrue();
        requireToken(sideHello.getHello().getToken());
        side.send(ToWorkerSide.newBuilder().setWelcome(welcome()).build());
    }

    /** A listening socket for a worker. */
    static ServerSocketChannel listen(Path socket) throws IOException {
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
        return server;
    }

    /** Waits for a worker that connects to a listening socket. */
    static BridgeTestClient accept(ServerSocketChannel server, Path socket) throws IOException {
        return new BridgeTestClient(server, socket);
    }

    private void requireToken(String token) throws IOException {
        if (!token.equals(TOKEN)) {
            close();
            throw new IOException("wrong token " + token);
        }
    }

    private static Welcome welcome() {
        return Welcome.newBuilder().setProtocolMajor(1).build();
    }

    /**
     * Sends a request and waits for its answer; snapshots that are committed meanwhile are kept for
     * {@link #committed}.
     */
    FromWorker call(ToWorker.Builder request) throws IOException {
        long id = send(request);
        while (true) {
            FromWorker answer = receive();
            if (answer.hasSnapshotCommitted()) {
                committed.add(answer.getSnapshotCommitted());
                if (request.hasSnapshot()) {
                    return answer;
                }
            } else {
                assertThat(answer.getRequestId()).isEqualTo(id);
                return answer;
            }
        }
    }

    /** Sends a request whose answer the test takes with {@link #receive}. */
    long send(ToWorker.Builder request) throws IOException {
        main.send(request.setRequestId(++requests).build());
        return requests;
    }

    /** The next message, or a failure if the worker closed the connection. */
    FromWorker receive() throws IOException {
        return Objects.requireNonNull(main.receive(FromWorker.parser()), "the worker is gone");
    }

    /** Whether the worker has closed the connection; waits until it does or says something. */
    boolean isClosed() throws IOException {
        return main.receive(FromWorker.parser()) == null;
    }

    /** The fault that answers a request. */
    Fault fault(ToWorker.Builder request) throws IOException {
        FromWorker answer = call(request);
        assertThat(answer.getBodyCase()).as("%s", answer).isEqualTo(FromWorker.BodyCase.FAULT);
        return answer.getFault();
    }

    /** The next snapshot that was committed or failed. */
    SnapshotCommitted committed() throws IOException {
        SnapshotCommitted next = committed.poll();
        if (next != null) {
            return next;
        }
        FromWorker message = receive();
        assertThat(message.hasSnapshotCommitted()).as("%s", message).isTrue();
        return message.getSnapshotCommitted();
    }

    Pong ping() throws IOException {
        side.send(
                ToWorkerSide.newBuilder().setPing(Ping.newBuilder().setSequence(++pings)).build());
        Pong pong = Objects.requireNonNull(side.receive(FromWorkerSide.parser())).getPong();
        assertThat(pong.getSequence()).isEqualTo(pings);
        return pong;
    }

    void abort(long belowEpoch) throws IOException {
        side.send(
                ToWorkerSide.newBuilder()
                        .setAbort(Abort.newBuilder().setBelowEpoch(belowEpoch))
                        .build());
    }

    /** The main connection below the frames. */
    SocketChannel raw() {
        return rawMain;
    }

    @Override
    public void close() throws IOException {
        rawMain.close();
        if (side != null) {
            side.close();
        }
        server.close();
        java.nio.file.Files.deleteIfExists(socket);
    }

    /** A host in this JVM, serving on a thread of its own. */
    static final class InProcess implements AutoCloseable {
        final BridgeTestClient agent;
        final CountDownLatch agentGone = new CountDownLatch(1);
        final CompletableFuture<WorkerHost.Ending> ended = new CompletableFuture<>();

        InProcess(Path socket) throws IOException {
            this(socket, new ReferenceRuntimeFactory());
        }

        InProcess(Path socket, RuntimeFactory factory) throws IOException {
            ServerSocketChannel server = listen(socket);
            Thread.ofPlatform()
                    .name("worker-" + socket.getFileName())
                    .daemon()
                    .start(() -> serve(socket, factory));
            agent = accept(server, socket);
        }

        private void serve(Path socket, RuntimeFactory factory) {
            WorkerHost.@Nullable Ending ending;
            try (WorkerHost host =
                    WorkerHost.connect(socket, TOKEN, factory, agentGone::countDown)) {
                ending = host.serve();
            } catch (IOException | RuntimeException e) {
                ended.completeExceptionally(e);
                return;
            }
            ended.complete(ending);
        }

        @Override
        public void close() throws IOException {
            agent.close();
            ended.handle((_, _) -> "ended").join();
        }
    }
}
