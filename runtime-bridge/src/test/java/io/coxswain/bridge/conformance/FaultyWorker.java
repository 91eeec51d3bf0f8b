package io.coxswain.bridge.conformance;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;

import io.coxswain.bridge.host.FrameChannel;
import io.coxswain.bridge.host.WorkerMain;
import io.coxswain.proto.bridge.v1.Aborted;
import io.coxswain.proto.bridge.v1.Fault;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.FromWorkerSide;
import io.coxswain.proto.bridge.v1.Hello;
import io.coxswain.proto.bridge.v1.Pong;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.bridge.v1.ToWorkerSide;

import org.jspecify.annotations.Nullable;

import java.io.EOFException;
import java.io.IOException;
import java.net.ProtocolException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A small worker with at most one bug, which its argument names. Written apart from the host, so
 * that a mistake there is not made here too.
 */
public final class FaultyWorker {
    /** What {@code --slow} is to the kit's user. */
    static final String SLOW = "{\"slow\": true}";

    private final @Nullable Bug bug;
    private final FrameChannel main;
    private final FrameChannel side;
    private final ReentrantLock working = new ReentrantLock();
    private final FaultyTrainer trainer;
    private volatile long belowEpoch;
    private volatile String operation = "idle";
    private volatile long operationStep;
    private @Nullable FromWorker heldBack;

    private FaultyWorker(@Nullable Bug bug, FrameChannel main, FrameChannel side) {
        this.bug = bug;
        this.main = main;
        this.side = side;
        this.trainer = new FaultyTrainer(bug, this::isAborted, this::send);
    }

    /** Serves one agent; the argument is a {@link Bug}, or NONE. */
    public static void main(String[] args) throws IOException, InterruptedException {
        Bug bug =
                Arrays.stream(Bug.values())
                        .filter(one -> one.name().equals(args[0]))
                        .findFirst()
                        .orElse(null);
        if (bug == Bug.NEVER_SAYS_HELLO) {
            sleepForever();
        }
        if (bug == Bug.HANGS_IN_SIGTERM) {
            Runtime.getRuntime().addShutdownHook(new Thread(FaultyWorker::sleepForever));
        }
        FrameChannel main = open();
        main.send(FromWorker.newBuilder().setHello(hello(bug, false)).build());
        @Nullable ToWorker welcome = main.receive(ToWorker.parser());
        requireWelcome(
                bug,
                welcome == null ? -1 : welcome.getWelcome().getProtocolMajor(),
                welcome == null ? 0 : welcome.getWelcome().getProtocolMinor());
        FrameChannel side = open();
        side.send(FromWorkerSide.newBuilder().setHello(hello(bug, true)).build());
        ToWorkerSide unusedWelcome =
                Objects.requireNonNull(side.receive(ToWorkerSide.parser()), "welcome");
        var worker = new FaultyWorker(bug, main, side);
        Thread.ofPlatform().daemon().start(worker::serveSide);
        worker.serve();
    }

    private static FrameChannel open() throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(variable(WorkerMain.SOCKET_VARIABLE)));
        return new FrameChannel(channel);
    }

    private static String variable(String name) {
        return Objects.requireNonNull(System.getenv(name), name);
    }

    private static Hello hello(@Nullable Bug bug, boolean side) {
        return Hello.newBuilder()
                .setProtocolMajor(bug == Bug.SPEAKS_ANOTHER_VERSION ? 2 : 1)
                .setRuntimeKind("toy")
                .setPid(bug == Bug.NAMES_ANOTHER_PID ? 1 : ProcessHandle.current().pid())
                .setToken(
                        bug == Bug.SENDS_ANOTHER_TOKEN
                                ? "guessed"
                                : variable(WorkerMain.TOKEN_VARIABLE))
                .setSideChannel(side)
                .build();
    }

    private static void requireWelcome(@Nullable Bug bug, int major, int minor) {
        if (major == -1) {
            if (bug == Bug.STAYS_WHEN_REFUSED) {
                sleepForever();
            }
            end(64, "refused");
        }
        if (bug == Bug.CHOKES_ON_A_NEWER_MINOR && minor != 0) {
            end(64, "minor " + minor);
        }
        if (major != 1 && bug != Bug.SERVES_ANY_VERSION) {
            end(
                    64,
                    bug == Bug.DOES_NOT_SAY_WHICH_VERSION
                            ? "another version"
                            : "the agent speaks version %d, this worker 1".formatted(major));
        }
    }

    private static void end(int status, String words) {
        System.err.println("toy worker: " + words);
        Runtime.getRuntime().halt(status);
    }

    private static void sleepForever() {
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean isAborted(long epoch) {
        return Long.compareUnsigned(epoch, belowEpoch) < 0;
    }

    private void serveSide() {
        long pongs = 100;
        try {
            while (true) {
                @Nullable ToWorkerSide message = side.receive(ToWorkerSide.parser());
                if (message == null) {
                    break;
                }
                if (message.hasAbort()
                        && Long.compareUnsigned(message.getAbort().getBelowEpoch(), belowEpoch)
                                > 0) {
                    belowEpoch = message.getAbort().getBelowEpoch();
                }
                if (message.hasPing()) {
                    if (bug == Bug.SIDE_CHANNEL_WAITS_FOR_STEPS) {
                        working.lock();
                        try {
                            pongs++;
                        } finally {
                            working.unlock();
                        }
                    }
                    long sequence =
                            bug == Bug.COUNTS_PONGS_ITSELF
                                    ? pongs++
                                    : message.getPing().getSequence();
                    side.send(
                            FromWorkerSide.newBuilder()
                                    .setPong(
                                            Pong.newBuilder()
                                                    .setSequence(sequence)
                                                    .setOperation(operation)
                                                    .setStep(operationStep))
                                    .build());
                }
            }
        } catch (IOException e) {
            // As good as closed.
        }
        boolean stays =
                bug == Bug.STAYS_WITHOUT_ITS_AGENT
                        || bug == Bug.SURVIVES_HALF_A_FRAME
                        || bug == Bug.FINISHES_ITS_STEP_FIRST;
        if (!stays) {
            end(3, "the agent is gone");
        }
    }

    private void serve() throws InterruptedException {
        while (true) {
            @Nullable ToWorker request = null;
            try {
                request = main.receive(ToWorker.parser());
            } catch (InvalidProtocolBufferException e) {
                if (bug == Bug.SURVIVES_GARBAGE) {
                    continue;
                }
                end(70, String.valueOf(e));
            } catch (ProtocolException e) {
                if (bug == Bug.WAITS_FOR_OVERSIZE_FRAMES) {
                    sleepForever();
                }
                end(70, String.valueOf(e));
            } catch (EOFException e) {
                if (bug == Bug.SURVIVES_HALF_A_FRAME) {
                    sleepForever();
                }
            } catch (IOException e) {
                // As good as closed.
            }
            if (request == null) {
                if (bug == Bug.STAYS_WITHOUT_ITS_AGENT) {
                    sleepForever();
                }
                end(3, "the agent is gone");
                return;
            }
            if (request.hasShutdown()) {
                end(bug == Bug.EXITS_WITH_1 ? 1 : 0, "shut down");
            }
            if (bug == Bug.DIES_OF_UNKNOWN_FIELDS
                    && !request.getUnknownFields().asMap().isEmpty()) {
                end(9, "an unknown field");
            }
            working.lock();
            try {
                answer(request);
            } finally {
                operation = "idle";
                working.unlock();
            }
        }
    }

    private void answer(ToWorker request) throws InterruptedException {
        FromWorker.Builder answer = FromWorker.newBuilder().setRequestId(request.getRequestId());
        try {
            switch (request.getBodyCase()) {
                case LOAD_JOB ->
                        send(answer.setJobLoaded(trainer.load(request.getLoadJob().getJob())));
                case PREPARE_VIEW -> {
                    var body = request.getPrepareView();
                    if (!aborted(answer, body.getEpoch(), body.getBaseStep())) {
                        send(answer.setViewPrepared(trainer.prepare(body)));
                    }
                }
                case EXECUTE -> {
                    var body = request.getExecute();
                    if (!aborted(answer, body.getEpoch(), body.getStep())) {
                        operationStep = body.getStep();
                        operation = "execute";
                        trainer.execute(body, answer);
                        if (answer.hasAborted() && bug == Bug.ANSWERS_OUT_OF_ORDER) {
                            heldBack = answer.build();
                        } else {
                            send(answer);
                        }
                    }
                }
                case APPLY -> {
                    var body = request.getApply();
                    if (!aborted(answer, body.getEpoch(), body.getStep())) {
                        trainer.apply(body, answer);
                    }
                }
                case SNAPSHOT -> {
                    var body = request.getSnapshot();
                    if (!aborted(answer, body.getEpoch(), body.getStep())) {
                        trainer.snapshot(body, answer);
                    }
                }
                case FINISH -> send(answer.setFinished(trainer.finish(request.getFinish())));
                case WELCOME, REFUSED, SHUTDOWN, BODY_NOT_SET -> {
                    if (bug == Bug.DIES_OF_UNKNOWN_REQUESTS) {
                        end(9, "an unknown request");
                    }
                    throw new FaultyTrainer.Refused("bad_request", "unknown");
                }
            }
        } catch (FaultyTrainer.Refused e) {
            send(
                    answer.setFault(
                            Fault.newBuilder()
                                    .setCode(e.code())
                                    .setMessage(String.valueOf(e.getMessage()))));
        }
    }

    private boolean aborted(FromWorker.Builder answer, long epoch, long step) {
        if (!isAborted(epoch) || bug == Bug.FORGETS_ABORTS) {
            return false;
        }
        send(answer.setAborted(Aborted.newBuilder().setEpoch(epoch).setStep(step)));
        return true;
    }

    private void send(FromWorker.Builder message) {
        try {
            main.send(message.build());
            FromWorker late = heldBack;
            if (late != null) {
                heldBack = null;
                main.send(late);
            }
        } catch (IOException e) {
            end(3, "the agent is gone");
        }
    }

    /** Bytes as a message has them. */
    static ByteString bytes(byte[] bytes) {
        return ByteString.copyFrom(bytes);
    }
}
