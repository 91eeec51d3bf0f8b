package io.coxswain.bridge.conformance;

import io.coxswain.bridge.host.AnswerRule;
import io.coxswain.bridge.host.FrameChannel;
import io.coxswain.proto.bridge.v1.Abort;
import io.coxswain.proto.bridge.v1.Fault;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.FromWorkerSide;
import io.coxswain.proto.bridge.v1.Hello;
import io.coxswain.proto.bridge.v1.Ping;
import io.coxswain.proto.bridge.v1.Pong;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.bridge.v1.ToWorkerSide;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A worker whose channels are up, and the agent's end of them. One thread calls it. Every answer is
 * held against its request: an answer that does not belong to it is {@link Broken}.
 */
final class KitWorker implements AutoCloseable {
    private static final Duration END_OF_PROCESS = Duration.ofSeconds(1);

    private final WorkerStart start;
    private final Limits limits;
    private final Hello hello;
    private final ProcessHandle holder;
    private final SocketChannel rawMain;
    private final FrameChannel main;
    private final FrameChannel side;
    private final BlockingQueue<Heard<FromWorker>> inbox = new LinkedBlockingQueue<>();
    private final BlockingQueue<Heard<FromWorkerSide>> pongs = new LinkedBlockingQueue<>();
    private final Deque<ToWorker> unanswered = new ArrayDeque<>();
    private final Map<Long, ToWorker> snapshotsDue = new HashMap<>();
    private final Map<Long, FromWorker> answers = new HashMap<>();
    private final Map<Long, FromWorker> snapshots = new HashMap<>();
    private volatile KitKeyValues keyValues = new KitKeyValues();
    private long requests;
    private long pings;

    /** A message, or that the connection has ended and how. */
    private record Heard<M>(@Nullable M message, String ending) {}

    private interface Source<M> {
        @Nullable M next() throws IOException;
    }

    KitWorker(
            WorkerStart start,
            Limits limits,
            Hello hello,
            ProcessHandle holder,
            SocketChannel main,
            FrameChannel side) {
        this.start = start;
        this.limits = limits;
        this.hello = hello;
        this.holder = holder;
        this.rawMain = main;
        this.main = new FrameChannel(main);
        this.side = side;
    }

    /** Begins to listen on both channels. */
    KitWorker listen() {
        hear("main", inbox, () -> main.receive(FromWorker.parser()));
        hear("side", pongs, this::nextOnSide);
        return this;
    }

    /** What a check is to hear of the side channel: all but requests to the key-value store. */
    private @Nullable FromWorkerSide nextOnSide() throws IOException {
        @Nullable FromWorkerSide message = side.receive(FromWorkerSide.parser());
        while (message != null && message.hasKeyValueRequest()) {
            keyValues.hear(message.getKeyValueRequest(), this::tell);
            message = side.receive(FromWorkerSide.parser());
        }
        return message;
    }

    private void tell(ToWorkerSide answer) {
        try {
            side.send(answer);
        } catch (IOException e) {
            // It asked and died: nobody waits for it.
        }
    }

    /** Its views are those of other workers, too. To be called before it has one. */
    void shares(KitKeyValues others) {
        keyValues = others;
    }

    private static <M> void hear(String name, BlockingQueue<Heard<M>> into, Source<M> source) {
        Thread.ofPlatform()
                .name("conformance-" + name)
                .daemon()
                .start(() -> {
                    try {
                        @Nullable M message = source.next();
                        while (message != null) {
                            into.add(new Heard<>(message, ""));
                            message = source.next();
                        }
                        into.add(
                                new Heard<>(null, "the worker closed the " + name + " connection"));
                    } catch (IOException e) {
                        into.add(
                                new Heard<>(
                                        null,
                                        "the %s connection broke: %s"
                                                .formatted(name, e.getMessage())));
                    }
                });
    }

    Hello hello() {
        return hello;
    }

    /** Sends a request whose answer is taken with {@link #answer}. */
    long send(ToWorker.Builder request) throws Broken {
        ToWorker whole = request.setRequestId(++requests).build();
        if (whole.hasSnapshot() || whole.getApply().getTakeSnapshot()) {
            snapshotsDue.put(requests, whole);
        }
        if (!whole.hasSnapshot() && !whole.hasShutdown()) {
            unanswered.add(whole);
        }
        try {
            main.send(whole);
        } catch (IOException e) {
            throw new Broken(
                    "that the worker takes " + AnswerRule.describe(whole),
                    "%s; %s".formatted(e.getMessage(), ending()));
        }
        return requests;
    }

    /** Sends a request and waits for its answer. */
    FromWorker call(ToWorker.Builder request) throws Broken, InterruptedException {
        boolean load = request.hasLoadJob();
        long id = send(request);
        return request.hasSnapshot()
                ? snapshot(id)
                : answer(id, load ? limits.load() : limits.answer());
    }

    /** Sends a request that must be answered by a fault, with one of these codes. */
    Fault fault(ToWorker.Builder request, String... codes) throws Broken, InterruptedException {
        FromWorker answer = call(request);
        String what = AnswerRule.describe(request.build());
        Broken.unless(
                answer.hasFault(),
                "a Fault (%s) in answer to %s".formatted(String.join(" or ", codes), what),
                Texts.of(answer));
        Fault fault = answer.getFault();
        for (String code : codes) {
            if (fault.getCode().equals(code)) {
                Broken.unless(
                        !fault.getMessage().isBlank(),
                        "a Fault with a message for a person in answer to " + what,
                        "an empty message");
                return fault;
            }
        }
        throw new Broken(
                "a Fault with code %s in answer to %s".formatted(String.join(" or ", codes), what),
                Texts.of(answer));
    }

    FromWorker answer(long request, Duration limit) throws Broken, InterruptedException {
        return take(answers, request, limit);
    }

    /** How a snapshot ended: SnapshotCommitted, or a Fault or Aborted in its place. */
    FromWorker snapshot(long request) throws Broken, InterruptedException {
        return take(snapshots, request, limits.answer());
    }

    /** Whether word of that snapshot has come already. */
    boolean hasSnapshot(long request) {
        return snapshots.containsKey(request);
    }

    /** Whether a request's answer has come already. */
    boolean hasAnswer(long request) {
        return answers.containsKey(request);
    }

    /** Takes in what has come, without waiting. */
    void drain() throws Broken, InterruptedException {
        while (!inbox.isEmpty()) {
            Heard<FromWorker> heard = inbox.take();
            FromWorker message = heard.message();
            if (message == null) {
                return;
            }
            file(message);
        }
    }

    private FromWorker take(Map<Long, FromWorker> from, long request, Duration limit)
            throws Broken, InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!from.containsKey(request)) {
            Heard<FromWorker> heard =
                    inbox.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (heard == null) {
                throw new Broken(
                        "an answer to %s within %s".formatted(asked(request), Texts.of(limit)),
                        "none" + (start.isAlive() ? "; the process is alive" : "; " + ending()));
            }
            FromWorker message = heard.message();
            if (message == null) {
                throw new Broken(
                        "an answer to " + asked(request), heard.ending() + "; " + ending());
            }
            file(message);
        }
        return Objects.requireNonNull(from.remove(request));
    }

    private String asked(long request) {
        for (ToWorker one : unanswered) {
            if (one.getRequestId() == request) {
                return AnswerRule.describe(one);
            }
        }
        ToWorker snapshot = snapshotsDue.get(request);
        return snapshot == null
                ? "request " + request
                : "the snapshot of " + AnswerRule.describe(snapshot);
    }

    private void file(FromWorker message) throws Broken {
        long id = message.getRequestId();
        if (id == 0 && (message.hasMetrics() || message.hasExportTold())) {
            // Said unasked, at any time.
            return;
        }
        ToWorker due = snapshotsDue.get(id);
        ToWorker next = unanswered.peek();
        if (due != null && (due.hasSnapshot() || message.hasSnapshotCommitted())) {
            require(due, message);
            Broken.unless(
                    !unanswered.contains(due),
                    "applied before snapshot_committed",
                    "snapshot_committed first");
            snapshotsDue.remove(id);
            snapshots.put(id, message);
            return;
        }
        if (next == null || next.getRequestId() != id) {
            throw new Broken(
                    next == null
                            ? "no further answer"
                            : "the answer to request %d (%s), in the order of the requests"
                                    .formatted(next.getRequestId(), AnswerRule.describe(next)),
                    "for request %s: %s".formatted(Long.toUnsignedString(id), Texts.of(message)));
        }
        require(next, message);
        unanswered.remove();
        if (due != null && !message.hasApplied()) {
            snapshotsDue.remove(id);
        }
        answers.put(id, message);
    }

    private static void require(ToWorker request, FromWorker answer) throws Broken {
        String complaint = AnswerRule.complaint(request, answer);
        if (complaint != null) {
            throw new Broken("an answer that belongs to its request", complaint);
        }
    }

    /** A heartbeat: sends a ping and waits for its pong. */
    Pong ping(Duration limit) throws Broken, InterruptedException {
        long sequence = ++pings;
        sendSide(
                ToWorkerSide.newBuilder().setPing(Ping.newBuilder().setSequence(sequence)).build());
        Heard<FromWorkerSide> heard = pongs.poll(limit.toNanos(), TimeUnit.NANOSECONDS);
        String expected = "a pong within " + Texts.of(limit);
        if (heard == null) {
            throw new Broken(expected, "none");
        }
        FromWorkerSide message = heard.message();
        if (message == null) {
            throw new Broken(expected, heard.ending() + "; " + ending());
        }
        Broken.unless(
                message.hasPong() && message.getPong().getSequence() == sequence,
                "pong %d in answer to ping %d".formatted(sequence, sequence),
                Texts.of(message));
        return message.getPong();
    }

    void abort(long belowEpoch) throws Broken {
        sendSide(
                ToWorkerSide.newBuilder()
                        .setAbort(Abort.newBuilder().setBelowEpoch(belowEpoch))
                        .build());
    }

    void sendSide(ToWorkerSide message) throws Broken {
        try {
            side.send(message);
        } catch (IOException e) {
            throw new Broken(
                    "that the worker listens on its side channel",
                    "%s; %s".formatted(e.getMessage(), ending()));
        }
    }

    /** Writes bytes to the main connection, below the frames. */
    void sendRaw(byte[] bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
            rawMain.write(buffer);
        }
    }

    /** Closes both connections: the agent is gone. */
    void hangUp() throws IOException {
        rawMain.close();
        side.close();
    }

    /** Sends SIGKILL at once, and waits until the process is gone. */
    void kill() {
        start.kill(holder);
    }

    /** Sends SIGTERM. */
    void terminate() {
        start.terminate();
    }

    /**
     * Waits for the process's end.
     *
     * @param cause what it ends for, in words
     */
    int exit(Duration limit, String cause) throws Broken, InterruptedException {
        return start.exit(limit, cause);
    }

    private String ending() {
        return start.ending(END_OF_PROCESS);
    }

    @Override
    public void close() {
        start.close();
        try {
            hangUp();
        } catch (IOException e) {
            // The other end is gone; so is this one.
        }
    }
}
