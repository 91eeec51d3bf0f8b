package io.coxswain.agent.worker;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.coxswain.bridge.host.FrameChannel;
import io.coxswain.bridge.host.WorkerMain;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.Hello;
import io.coxswain.proto.bridge.v1.Refused;
import io.coxswain.proto.bridge.v1.ToWorker;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.stream.Stream;

/**
 * Where the processes of a job's worker come that somebody else starts: a socket, and a file beside
 * it that says what they must know. Each takes the seat of its local rank; who comes while the one
 * before is still going waits for the next worker. Who is not wanted is told why. Any thread.
 */
final class AttachDesk implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AttachDesk.class);
    private static final Duration GREETING = Duration.ofSeconds(10);

    /** Connections that have not said who they are. */
    private static final int MOST_STRANGERS = 256;

    private final AttachPlace place;
    private final int processes;
    private final Duration wait;
    private final String token;
    private final Semaphore strangers = new Semaphore(MOST_STRANGERS);

    // Guarded by this.
    private final @Nullable AttachedWorker[] seats;
    private final @Nullable Visitor[] waiting;
    private @Nullable ServerSocketChannel server;
    private boolean closed;

    /** A process that came, with its main connection. */
    static final class Visitor {
        final FrameChannel frames;
        final Hello hello;
        private volatile @Nullable AttachedWorker seat;

        Visitor(FrameChannel frames, Hello hello) {
            this.frames = frames;
            this.hello = hello;
        }
    }

    AttachDesk(AttachPlace place, WorkerCommand command, WorkerSupervisor.Limits limits) {
        this.place = place;
        this.processes = command.processes();
        Duration asked = command.attachWait();
        this.wait = asked == null ? limits.hello() : asked;
        this.seats = new @Nullable AttachedWorker[processes];
        this.waiting = new @Nullable Visitor[processes];
        byte[] random = new byte[16];
        new SecureRandom().nextBytes(random);
        this.token = HexFormat.of().formatHex(random);
    }

    int processes() {
        return processes;
    }

    Duration patience() {
        return wait;
    }

    Path folder() {
        return place.folder();
    }

    /** Where the processes may write stacks. */
    Path evidence() {
        return place.folder().resolve("evidence");
    }

    private void forgetEvidence() {
        try (Stream<Path> files = Files.list(evidence())) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            LOG.debug("{} is not there, or stays", evidence(), e);
        }
    }

    /** Begins to listen. */
    void open() throws IOException {
        Path folder = place.folder();
        Files.createDirectories(folder);
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
        forgetEvidence();
        Files.createDirectories(evidence());
        Path socket = place.socket();
        Files.deleteIfExists(socket);
        ServerSocketChannel opened = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            opened.bind(UnixDomainSocketAddress.of(socket), MOST_STRANGERS);
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
            tell(folder, socket);
        } catch (IOException | RuntimeException e) {
            opened.close();
            throw e;
        }
        synchronized (this) {
            server = opened;
        }
        Thread.ofVirtual().name("attach-" + place.jobId()).start(() -> accept(opened));
    }

    /** Whole or not at all: a worker may look at any time. */
    private void tell(Path folder, Path socket) throws IOException {
        Path fresh = folder.resolve(AttachPlace.FILE + ".new");
        Files.deleteIfExists(fresh);
        Files.createFile(
                fresh,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.write(
                fresh,
                List.of(
                        WorkerMain.SOCKET_VARIABLE + "=" + socket.toAbsolutePath(),
                        WorkerMain.TOKEN_VARIABLE + "=" + token,
                        WorkerMain.LOCAL_SIZE_VARIABLE + "=" + processes,
                        WorkerMain.EVIDENCE_VARIABLE + "=" + evidence().toAbsolutePath(),
                        WorkerMain.JOB_VARIABLE + "=" + place.jobId()));
        Files.move(
                fresh,
                folder.resolve(AttachPlace.FILE),
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
    }

    private void accept(ServerSocketChannel opened) {
        try {
            while (true) {
                SocketChannel accepted = opened.accept();
                if (strangers.tryAcquire()) {
                    var frames = new FrameChannel(accepted);
                    Thread.ofVirtual().name("attached").start(() -> receive(frames));
                } else {
                    BridgeLink.closeQuietly(accepted);
                }
            }
        } catch (ClosedChannelException e) {
            LOG.debug("nobody is waited for in {} any more", place.folder());
        } catch (IOException e) {
            LOG.warn("workers cannot attach in {} any more", place.folder(), e);
        }
    }

    /** A connection's whole life. */
    private void receive(FrameChannel frames) {
        Hello hello;
        Thread limit =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                Thread.sleep(GREETING);
                                BridgeLink.closeQuietly(frames);
                            } catch (InterruptedException e) {
                                // It has said who it is.
                            }
                        });
        try {
            hello = BridgeLink.greet(frames);
        } catch (IOException e) {
            LOG.debug("somebody knocked and went", e);
            BridgeLink.closeQuietly(frames);
            return;
        } finally {
            limit.interrupt();
            strangers.release();
        }
        String refusal = refusal(hello);
        if (refusal != null) {
            refuse(frames, hello, refusal);
        } else if (hello.getSideChannel()) {
            takeSide(frames, hello);
        } else {
            serve(new Visitor(frames, hello));
        }
    }

    private @Nullable String refusal(Hello hello) {
        if (!MessageDigest.isEqual(hello.getToken().getBytes(UTF_8), token.getBytes(UTF_8))) {
            return "its token is not the one in "
                    + place.folder().resolve(AttachPlace.FILE)
                    + ": it was started for another agent, or for one that has ended";
        }
        String version = BridgeLink.versionComplaint(hello);
        if (version != null) {
            return version;
        }
        if (!hello.getJobId().isEmpty() && !hello.getJobId().equals(place.jobId())) {
            return "it was started for job %s; this agent waits for workers of job %s"
                    .formatted(hello.getJobId(), place.jobId());
        }
        if (Integer.compareUnsigned(hello.getLocalRank(), processes) >= 0) {
            return "it has local rank %s; runtime.workersPerAgent is %d, so local ranks are 0 to %d"
                    .formatted(
                            Integer.toUnsignedString(hello.getLocalRank()),
                            processes,
                            processes - 1);
        }
        if (hello.getLocalSize() != 0 && hello.getLocalSize() != processes) {
            return "it was started as one of %s processes; runtime.workersPerAgent is %d"
                    .formatted(Integer.toUnsignedString(hello.getLocalSize()), processes);
        }
        return null;
    }

    private void refuse(FrameChannel frames, Hello hello, String reason) {
        LOG.warn(
                "job {}: process {} came as local rank {} and is refused: {}",
                place.jobId(),
                hello.getPid(),
                Integer.toUnsignedString(hello.getLocalRank()),
                reason);
        try {
            if (!hello.getSideChannel()) {
                frames.send(
                        ToWorker.newBuilder()
                                .setRefused(Refused.newBuilder().setReason(reason))
                                .build());
            }
        } catch (IOException e) {
            LOG.debug("it did not wait for the reason", e);
        }
        BridgeLink.closeQuietly(frames);
    }

    private void takeSide(FrameChannel frames, Hello hello) {
        AttachedWorker seat;
        synchronized (this) {
            seat = seats[hello.getLocalRank()];
        }
        if (seat == null || !seat.takeSide(frames, hello)) {
            refuse(frames, hello, "its main connection is not welcome here");
        }
    }

    /** Hands on what a process says, until it ends. */
    private void serve(Visitor visitor) {
        String refusal = place(visitor);
        if (refusal != null) {
            refuse(visitor.frames, visitor.hello, refusal);
            return;
        }
        String end = "the worker closed its end of the bridge";
        try {
            byte @Nullable [] bytes = visitor.frames.receiveBytes();
            while (bytes != null) {
                AttachedWorker seat = visitor.seat;
                if (seat == null) {
                    throw new IOException("the worker speaks before it is welcome");
                }
                seat.heard(FromWorker.parseFrom(bytes));
                bytes = visitor.frames.receiveBytes();
            }
        } catch (IOException | RuntimeException e) {
            end = "the bridge broke: " + e.getMessage();
        }
        BridgeLink.closeQuietly(visitor.frames);
        synchronized (this) {
            int local = visitor.hello.getLocalRank();
            if (waiting[local] == visitor) {
                waiting[local] = null;
            }
        }
        AttachedWorker seat = visitor.seat;
        if (seat != null) {
            seat.ended(visitor, end);
        }
    }

    /** Gives it its seat, or lets it wait for one; null, or why neither. */
    private @Nullable String place(Visitor visitor) {
        int local = visitor.hello.getLocalRank();
        synchronized (this) {
            AttachedWorker seat = seats[local];
            if (closed) {
                return "its agent is closing";
            }
            if (seat != null && seat.holder() != 0 && !seat.isEnding()) {
                return "local rank %d of %d is taken already, by process %d: give each process of the host a local rank of its own, with LOCAL_RANK"
                        .formatted(local, processes, seat.holder());
            }
            Visitor before = waiting[local];
            if (before != null) {
                return "process %d waits already to be local rank %d of %d: give each process of the host a local rank of its own, with LOCAL_RANK"
                        .formatted(before.hello.getPid(), local, processes);
            }
            waiting[local] = visitor;
        }
        fill(local);
        return null;
    }

    /** A worker that is to come. */
    void seat(AttachedWorker worker) {
        synchronized (this) {
            seats[worker.local()] = worker;
        }
        fill(worker.local());
    }

    /** Gives a seat to who waits for it. */
    void fill(int local) {
        Visitor next;
        AttachedWorker seat;
        synchronized (this) {
            seat = seats[local];
            next = waiting[local];
            if (seat == null || next == null || !seat.reserve(next)) {
                return;
            }
            next.seat = seat;
            waiting[local] = null;
        }
        seat.welcome(next);
    }

    /** It is gone. */
    synchronized void unseat(AttachedWorker worker) {
        if (seats[worker.local()] == worker) {
            seats[worker.local()] = null;
        }
    }

    @Override
    public void close() {
        ServerSocketChannel listening;
        List<Visitor> left;
        synchronized (this) {
            closed = true;
            listening = server;
            left = Arrays.stream(waiting).flatMap(Stream::ofNullable).toList();
        }
        BridgeLink.closeQuietly(listening);
        left.forEach(visitor -> refuse(visitor.frames, visitor.hello, "its agent is closing"));
        forgetEvidence();
        for (Path file :
                List.of(
                        evidence(),
                        place.socket(),
                        place.folder().resolve(AttachPlace.FILE),
                        place.folder().resolve(AttachPlace.FILE + ".new"),
                        place.folder())) {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                LOG.debug("cannot delete {}", file, e);
            }
        }
    }
}
