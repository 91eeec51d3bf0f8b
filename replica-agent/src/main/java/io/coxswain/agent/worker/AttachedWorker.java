package io.coxswain.agent.worker;

import io.coxswain.bridge.host.FrameChannel;
import io.coxswain.proto.bridge.v1.Abort;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.Hello;
import io.coxswain.proto.bridge.v1.KeyValueRequest;
import io.coxswain.proto.bridge.v1.Pong;
import io.coxswain.proto.bridge.v1.Shutdown;
import io.coxswain.proto.bridge.v1.Stacks;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.bridge.v1.ToWorkerSide;
import io.coxswain.proto.control.v1.EvidencePiece;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A process of the worker that somebody else starts: this agent waits for it, asks it to end, and
 * never kills it. It counts as gone when its connections have ended.
 */
final class AttachedWorker implements Member {
    private static final Logger LOG = LoggerFactory.getLogger(AttachedWorker.class);

    /** So often it is said who is waited for. */
    private static final Duration LOOK = Duration.ofSeconds(5);

    /** A process that was asked to end has so long; then its connections are closed. */
    private static final Duration LEAVE = Duration.ofSeconds(30);

    private final int local;
    private final String name;
    private final AttachDesk desk;
    private final PrintedLines printed;
    private final AttachedEvidence evidence;
    private final WorkerSupervisor.Limits limits;
    private final Listener listener;

    /** Who goes is told of after it was told that it is there, whatever threads say so. */
    private final Object turn = new Object();

    private final Departure gone = new Departure();
    private final CountDownLatch came = new CountDownLatch(1);

    // Guarded by this.
    private AttachDesk.@Nullable Visitor visitor;
    private @Nullable BridgeLink link;
    private @Nullable String killReason;
    private boolean ready;
    private boolean leaving;
    private boolean finished;

    AttachedWorker(
            int local,
            String name,
            AttachDesk desk,
            PrintedLines printed,
            Path evidenceFile,
            WorkerSupervisor.Limits limits,
            Listener listener) {
        this.local = local;
        this.name = name;
        this.desk = desk;
        this.printed = printed;
        this.evidence =
                new AttachedEvidence(desk.evidence(), printed, evidenceFile, desk.processes());
        this.limits = limits;
        this.listener = listener;
    }

    int local() {
        return local;
    }

    private final class LinkEvents implements BridgeLink.Events {
        @Override
        public void message(FromWorker message) {
            heard(message);
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
        public void stacks(Stacks stacks) {
            evidence.answered(stacks);
        }

        @Override
        public void jammed(String reason) {
            listener.unbearable(local, reason);
        }
    }

    // ---------------------------------------------------------------- coming

    @Override
    public void launch() {
        say(
                "waits for local rank %d of %d, %d s at most: start it with COXSWAIN_ATTACH=%s LOCAL_RANK=%d"
                        .formatted(
                                local,
                                desk.processes(),
                                desk.patience().toSeconds(),
                                desk.folder(),
                                local));
        desk.seat(this);
        Thread.ofVirtual().name("attach-wait-" + name).start(this::await);
    }

    private void await() {
        long end = System.nanoTime() + desk.patience().toNanos();
        try {
            while (true) {
                listener.waiting(local);
                long left = end - System.nanoTime();
                if (left <= 0) {
                    break;
                }
                if (came.await(Math.min(left, LOOK.toNanos()), TimeUnit.NANOSECONDS)) {
                    return;
                }
                if (isReady()) {
                    // Others are waited for, and say so.
                    continue;
                }
                long seconds = (end - System.nanoTime()) / 1_000_000_000;
                if (seconds > 0) {
                    say("waits for local rank %d: %d s left".formatted(local, seconds));
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
        }
        String reason;
        synchronized (this) {
            if (finished || leaving || ready) {
                return;
            }
            reason =
                    visitor == null
                            ? "nobody attached within %d s: start it with COXSWAIN_ATTACH=%s LOCAL_RANK=%d, or see why it ended"
                                    .formatted(desk.patience().toSeconds(), desk.folder(), local)
                            : "it attached and opened no side channel within %d s"
                                    .formatted(desk.patience().toSeconds());
        }
        say(reason);
        listener.absent(local, reason);
    }

    private synchronized boolean isReady() {
        return ready;
    }

    /** Whether it is there, or being welcomed: its process id as it says; 0 if nobody is. */
    synchronized long holder() {
        AttachDesk.Visitor present = visitor;
        return present == null ? 0 : Math.max(1, present.hello.getPid());
    }

    synchronized boolean isEnding() {
        return leaving || finished;
    }

    /** Takes the seat for a visitor, unless it is taken or given up. */
    synchronized boolean reserve(AttachDesk.Visitor next) {
        if (visitor != null || leaving || finished) {
            return false;
        }
        visitor = next;
        link = new BridgeLink(name, limits.heartbeat(), new LinkEvents());
        return true;
    }

    void welcome(AttachDesk.Visitor next) {
        BridgeLink opened;
        synchronized (this) {
            opened = link;
        }
        try {
            if (opened != null) {
                opened.openMain(next.frames);
            }
        } catch (IOException e) {
            // Its reader sees the same, and tells.
            LOG.debug("worker {} went before it was welcome", name, e);
            BridgeLink.closeQuietly(next.frames);
        }
    }

    /** Its other connection. False if it is not its. */
    boolean takeSide(FrameChannel frames, Hello hello) {
        synchronized (turn) {
            return sideTaken(frames, hello);
        }
    }

    private boolean sideTaken(FrameChannel frames, Hello hello) {
        BridgeLink opened;
        synchronized (this) {
            AttachDesk.Visitor present = visitor;
            opened = link;
            if (present == null
                    || opened == null
                    || opened.hasSide()
                    || present.hello.getPid() != hello.getPid()) {
                return false;
            }
            try {
                opened.openSide(frames);
            } catch (IOException e) {
                LOG.debug("worker {} went before it was welcome", name, e);
                return false;
            }
            ready = true;
        }
        say("local rank %d attached: process %d, as it says".formatted(local, hello.getPid()));
        opened.startHeartbeat();
        listener.ready(local, hello);
        return true;
    }

    void heard(FromWorker message) {
        if (message.hasOutput() && message.getRequestId() == 0) {
            evidence.printed(message.getOutput());
        } else {
            listener.message(local, message);
        }
    }

    /** Its main connection has ended. */
    void ended(AttachDesk.Visitor former, String words) {
        synchronized (turn) {
            left(former, words);
        }
    }

    private void left(AttachDesk.Visitor former, String words) {
        BridgeLink closing;
        synchronized (this) {
            if (visitor != former) {
                return;
            }
            closing = link;
        }
        boolean again = listener.left(local);
        synchronized (this) {
            again &= !leaving;
            if (again) {
                visitor = null;
                link = null;
                ready = false;
            }
        }
        if (closing != null) {
            closing.close();
        }
        if (again) {
            say("local rank %d went before all were there: %s".formatted(local, words));
            desk.fill(local);
        } else {
            finish("");
        }
    }

    // ---------------------------------------------------------------- talking

    private synchronized @Nullable BridgeLink link() {
        return link;
    }

    @Override
    public void send(ToWorker message) {
        BridgeLink open = link();
        if (open != null) {
            open.send(message);
        }
    }

    @Override
    public void abort(Abort abort) {
        BridgeLink open = link();
        if (open != null) {
            open.abort(abort);
        }
    }

    @Override
    public void answer(ToWorkerSide answer) {
        BridgeLink open = link();
        if (open != null) {
            open.answer(answer);
        }
    }

    // ---------------------------------------------------------------- ending

    @Override
    public synchronized boolean claim(String reason) {
        if (killReason != null || finished) {
            return false;
        }
        killReason = reason;
        return true;
    }

    @Override
    public List<EvidencePiece> hung(String reason) throws InterruptedException {
        List<EvidencePiece> pieces = stacks();
        evidence.keep(reason, pieces);
        return pieces;
    }

    @Override
    public List<EvidencePiece> stacks() throws InterruptedException {
        BridgeLink open = link();
        long pid = pid();
        return pid == 0 || open == null ? List.of() : evidence.stacks(pid, open);
    }

    @Override
    public void end() {
        askToEnd();
        try {
            if (gone.within(limits.afterAbort().plus(limits.afterTerm()).toNanos())) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        leave();
    }

    @Override
    public void endNow(String reason) {
        claim(reason);
        askToEnd();
        leave();
    }

    @Override
    public void release(String reason) {
        claim(reason);
        BridgeLink open;
        synchronized (this) {
            leaving = true;
            open = link;
        }
        if (open != null) {
            open.close();
        }
        finish("");
    }

    private void askToEnd() {
        abort(Abort.newBuilder().setBelowEpoch(-1L).build()); // unsigned: below every epoch
        send(ToWorker.newBuilder().setShutdown(Shutdown.newBuilder().setAgain(true)).build());
    }

    /** Says nothing more to it, and waits for its end on a thread of its own. */
    private void leave() {
        BridgeLink open;
        synchronized (this) {
            if (leaving || finished) {
                return;
            }
            leaving = true;
            open = link;
        }
        if (open == null) {
            finish("");
            return;
        }
        open.endSending();
        Thread.ofVirtual().name("attach-leave-" + name).start(() -> awaitLeaving(open));
    }

    private void awaitLeaving(BridgeLink open) {
        long end = System.nanoTime() + LEAVE.toNanos();
        long pid = pid();
        try {
            while (!gone.within(LOOK.toNanos())) {
                long left = end - System.nanoTime();
                if (left <= 0) {
                    open.close();
                    finish(
                            " (process %d, which this agent did not start, did not end within %d s: end it)"
                                    .formatted(pid, LEAVE.toSeconds()));
                    return;
                }
                say(
                        "waits for process %d (local rank %d), which this agent did not start, to end: %d s left"
                                .formatted(pid, local, left / 1_000_000_000));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void finish(String more) {
        String reason;
        BridgeLink open;
        synchronized (this) {
            if (finished) {
                return;
            }
            finished = true;
            reason = killReason == null ? null : killReason + more;
            open = link;
        }
        came.countDown();
        if (open != null) {
            open.close();
        }
        desk.unseat(this);
        printed.end();
        String words = evidence.lastWords();
        var exit = new WorkerExit(WorkerExit.LEFT, words, reason, true);
        if (reason == null && !words.isBlank()) {
            listener.evidence(local, exit.describe(), EvidenceTaker.lastWords(words));
        }
        gone.happened();
        listener.exited(local, exit);
    }

    private void say(String words) {
        LOG.info("worker {}: {}", name, words);
        byte[] line = ("coxswain: " + words + "\n").getBytes(StandardCharsets.UTF_8);
        printed.write(line, line.length);
    }

    /** All of the worker's processes are there, or it is over: nobody is waited for. */
    @Override
    public void complete() {
        came.countDown();
    }

    @Override
    public synchronized long pid() {
        AttachDesk.Visitor present = visitor;
        return present == null ? 0 : present.hello.getPid();
    }

    @Override
    public boolean gone() {
        return gone.hasHappened();
    }

    @Override
    public void awaitGone() {
        gone.awaitUninterruptibly();
    }
}
