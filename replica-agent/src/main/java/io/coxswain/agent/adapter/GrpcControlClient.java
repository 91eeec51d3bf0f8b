package io.coxswain.agent.adapter;

import com.google.protobuf.InvalidProtocolBufferException;

import io.coxswain.agent.app.ControlPort;
import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.AgentReport;
import io.coxswain.agent.core.model.ProtocolVersion;
import io.coxswain.proto.control.v1.AgentMessage;
import io.coxswain.proto.control.v1.Ask;
import io.coxswain.proto.control.v1.ControlPlaneGrpc;
import io.coxswain.proto.control.v1.CoordinatorMessage;
import io.coxswain.proto.control.v1.Leaving;
import io.coxswain.proto.control.v1.Rejected;
import io.coxswain.proto.control.v1.Welcome;
import io.coxswain.proto.store.v1.Leader;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;

import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.cache.ChildData;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

import javax.net.ssl.SSLException;

/**
 * The stream to the leader: finds it in {@code /controller/leader}, opens the one bidirectional
 * call, and when that ends looks again after a random pause that grows with failures, so that many
 * agents do not come back at once. Reports may come from one thread; messages become events.
 */
final class GrpcControlClient implements ControlPort, AutoCloseable {
    static final String LEADER_PATH = "/controller/leader";

    private static final Logger LOG = LoggerFactory.getLogger(GrpcControlClient.class);

    /** Reports that wait for a leader that does not read; more and the stream is given up. */
    private static final int MOST_UNREAD = 4096;

    /** What is on its way may still arrive after the stream's end. */
    private static final long CLOSE_MILLIS = 200;

    /** How often the leader's node is read besides. */
    private static final long LOOK_NANOS = 1_000_000_000L;

    private final CuratorFramework zookeeper;
    private final AgentProfile profile;
    private final Channels channels;
    private final Consumer<AgentEvent> events;
    private final Pauses pauses;
    private final Consumer<Ask> asks;
    private final CuratorCache cache;
    private final Thread thread;
    private final Object changed = new Object();
    private @Nullable Leader leader;
    private long leaderVersion;
    private volatile @Nullable Stream stream;
    private volatile boolean closed;
    private volatile String complaint = "";
    private final AtomicLong unknownWords = new AtomicLong();

    /** Makes the channel to a leader. */
    interface Channels {
        /**
         * The channel, not connected yet.
         *
         * @throws IOException if this agent may not speak to it; the message says why
         */
        ManagedChannel open(Leader leader) throws IOException;
    }

    /**
     * Pauses between attempts.
     *
     * @param first upper bound of the first random pause
     * @param longest upper bound of the longest
     */
    record Pauses(Duration first, Duration longest) {
        private static final long REFUSED = 20;

        static final Pauses DEFAULT = new Pauses(Duration.ofMillis(50), Duration.ofSeconds(1));

        /** After a refusal that the next attempt will meet again. */
        long nanosWhenRefused() {
            long bound = REFUSED * longest.toNanos();
            return ThreadLocalRandom.current().nextLong(bound / 4, bound + 1);
        }

        /** Drawn evenly below a bound that doubles with each failure. */
        long nanos(int failures) {
            long bound = Math.min(longest.toNanos(), first.toNanos() << Math.min(16, failures));
            return ThreadLocalRandom.current().nextLong(bound / 4, bound + 1);
        }
    }

    GrpcControlClient(
            CuratorFramework zookeeper,
            AgentProfile profile,
            Channels channels,
            Consumer<AgentEvent> events,
            Pauses pauses) {
        this(zookeeper, profile, channels, events, pauses, ask -> {});
    }

    /** {@code asks} takes questions of operators and must not block. */
    GrpcControlClient(
            CuratorFramework zookeeper,
            AgentProfile profile,
            Channels channels,
            Consumer<AgentEvent> events,
            Pauses pauses,
            Consumer<Ask> asks) {
        this.asks = asks;
        this.zookeeper = zookeeper;
        this.profile = profile;
        this.channels = channels;
        this.events = events;
        this.pauses = pauses;
        this.cache =
                CuratorCache.build(
                        zookeeper,
                        LEADER_PATH,
                        CuratorCache.Options.SINGLE_NODE_CACHE,
                        CuratorCache.Options.DO_NOT_CLEAR_ON_CLOSE);
        this.thread = Thread.ofVirtual().name("control-" + profile.key().id()).unstarted(this::run);
    }

    void start() {
        cache.listenable().addListener((type, before, after) -> leaderChanged(after));
        cache.start();
        thread.start();
    }

    /** Whether a leader has answered on the stream that is open. Any thread. */
    boolean attached() {
        Stream current = stream;
        return current != null && current.heard;
    }

    private void leaderChanged(@Nullable ChildData data) {
        leaderFound(data == null ? null : leader(data.getData()));
    }

    private static @Nullable Leader leader(byte @Nullable [] data) {
        if (data != null && data.length > 0) {
            try {
                return Leader.parseFrom(data);
            } catch (InvalidProtocolBufferException e) {
                LOG.warn("{} holds something that is no leader record", LEADER_PATH, e);
            }
        }
        return null;
    }

    // The cache tells versions of the node apart by ZooKeeper's transaction numbers, which begin
    // anew where ZooKeeper is set up anew: another leader's node may have the number of the former
    // one's. Who is not led looks for itself.
    private void look() {
        try {
            zookeeper
                    .getData()
                    .inBackground((_, read) -> {
                        Leader found = leader(read.getData());
                        boolean other;
                        synchronized (changed) {
                            other = found != null && !found.equals(leader);
                        }
                        if (other) {
                            leaderFound(found);
                        }
                    })
                    .forPath(LEADER_PATH);
        } catch (Exception closing) {
            LOG.debug("{} cannot be read now", LEADER_PATH, closing);
        }
    }

    void leaderFound(@Nullable Leader found) {
        synchronized (changed) {
            leader = found;
            leaderVersion++;
            changed.notifyAll();
        }
        Stream current = stream;
        if (current != null && found != null && found.getTerm() > current.leader.getTerm()) {
            current.end("a leader of term " + found.getTerm() + " was elected");
        }
    }

    private void run() {
        int failures = 0;
        long looked = System.nanoTime();
        try {
            while (!closed) {
                Leader target;
                long version;
                synchronized (changed) {
                    while (leader == null) {
                        changed.wait();
                    }
                    target = leader;
                    version = leaderVersion;
                }
                Ending ending = converse(target);
                failures = ending == Ending.HEARD ? 0 : failures + 1;
                long now = System.nanoTime();
                if (!closed && now - looked >= LOOK_NANOS) {
                    looked = now;
                    look();
                }
                pause(
                        version,
                        ending == Ending.REFUSED
                                ? pauses.nanosWhenRefused()
                                : pauses.nanos(failures));
            }
        } catch (InterruptedException e) {
            LOG.debug("the control client ends");
        }
    }

    /** Waits, but not when another leader shows up. */
    private void pause(long version, long nanos) throws InterruptedException {
        long end = System.nanoTime() + nanos;
        synchronized (changed) {
            long left = end - System.nanoTime();
            while (left > 0 && version == leaderVersion) {
                TimeUnit.NANOSECONDS.timedWait(changed, left);
                left = end - System.nanoTime();
            }
        }
    }

    /** How a conversation went. */
    private enum Ending {
        /** The leader said something. */
        HEARD,
        SILENT,
        /** The versions do not go together: the same again as long as both are what they are. */
        REFUSED
    }

    /** One stream from its opening to its end. */
    private Ending converse(Leader target) throws InterruptedException {
        var theirs = new ProtocolVersion(target.getProtocolMajor(), target.getProtocolMinor());
        if (target.getProtocolMajor() != 0 && !ProtocolVersion.CONTROL.goesWith(theirs)) {
            complain(refusal(target, theirs));
            return Ending.REFUSED;
        }
        Stream current;
        try {
            current = new Stream(target, channels.open(target));
        } catch (IOException refused) {
            complain(String.valueOf(refused.getMessage()));
            return Ending.SILENT;
        }
        try {
            // Before it opens: the answer to the opening may come while this thread still stands
            // here.
            stream = current;
            current.open();
            if (closed) {
                // It may be up already, with closing overtaking this thread.
                current.sayGoodbye();
            }
            current.over.await();
        } finally {
            stream = null;
            current.shutdown();
        }
        return current.refused ? Ending.REFUSED : current.heard ? Ending.HEARD : Ending.SILENT;
    }

    private String refusal(Leader target, ProtocolVersion theirs) {
        return ProtocolVersion.CONTROL.refusal(
                "control protocol",
                "agent " + profile.key().id(),
                "coordinator " + target.getCoordinatorId(),
                theirs);
    }

    /** Messages of leaders that this version does not know. Any thread. */
    long unknownWords() {
        return unknownWords.get();
    }

    /** Says it once, not at every attempt. */
    private void complain(String reason) {
        if (!reason.equals(complaint)) {
            complaint = reason;
            LOG.warn("cannot follow the leader: {}", reason);
        }
    }

    @Override
    public void report(AgentReport report, long termSeen) {
        Stream current = stream;
        if (current != null) {
            current.send(ControlCodec.message(report, profile, termSeen));
        }
    }

    /**
     * Says something that decides nothing. Any thread; false where no stream is open, or the leader
     * has not heard yet who speaks.
     */
    boolean say(AgentMessage.Builder message) {
        Stream current = stream;
        return current != null
                && current.say(message.setAgent(ControlCodec.identity(profile.key())).build());
    }

    @Override
    public void leave(String reason) {
        Stream current = stream;
        if (current != null) {
            current.end(reason);
        }
    }

    /** Says goodbye and ends the stream. */
    @Override
    public void close() {
        closed = true;
        Stream current = stream;
        if (current != null) {
            current.sayGoodbye();
        }
        cache.close();
        try {
            // A stream that was open ends by itself; a thread that waits for a leader is woken.
            if (current == null || !thread.join(Duration.ofMillis(2 * CLOSE_MILLIS))) {
                thread.interrupt();
                thread.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** One call. */
    private final class Stream implements ClientResponseObserver<AgentMessage, CoordinatorMessage> {
        final Leader leader;
        final CountDownLatch over = new CountDownLatch(1);
        volatile boolean heard;

        /** The versions do not go together. */
        volatile boolean refused;

        private final ManagedChannel channel;
        private @Nullable ClientCallStreamObserver<AgentMessage> requests;
        private int unread;
        private boolean opened;
        private boolean closedTold;
        private boolean ended;

        /** The first message has been sent, which says who speaks. */
        private boolean introduced;

        Stream(Leader leader, ManagedChannel channel) {
            this.leader = leader;
            this.channel = channel;
        }

        void open() {
            StreamObserver<AgentMessage> _ = ControlPlaneGrpc.newStub(channel).attach(this);
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<AgentMessage> observer) {
            synchronized (this) {
                requests = observer;
            }
            observer.setOnReadyHandler(this::ready);
        }

        /** The transport is up: only now does the machine speak, and only once. */
        private synchronized void ready() {
            unread = 0;
            if (!opened && !ended) {
                opened = true;
                events.accept(new AgentEvent.StreamOpened());
            }
        }

        /** The end is told once, and before the next stream opens. */
        private void tellClosed(String reason) {
            if (opened && !closedTold) {
                closedTold = true;
                events.accept(new AgentEvent.StreamClosed(reason));
            }
        }

        synchronized void send(AgentMessage message) {
            ClientCallStreamObserver<AgentMessage> observer = requests;
            if (ended || observer == null || !opened) {
                return;
            }
            if (!observer.isReady() && ++unread > MOST_UNREAD) {
                end("the leader does not read");
                return;
            }
            introduced |= message.hasAttach();
            observer.onNext(message);
        }

        synchronized boolean say(AgentMessage message) {
            ClientCallStreamObserver<AgentMessage> observer = requests;
            // Whoever does not read gets nothing that can be done without.
            if (ended || !introduced || observer == null || !observer.isReady()) {
                return false;
            }
            observer.onNext(message);
            return true;
        }

        synchronized void sayGoodbye() {
            send(
                    AgentMessage.newBuilder()
                            .setAgent(ControlCodec.identity(profile.key()))
                            .setLeaving(Leaving.newBuilder().setReason("the agent was closed"))
                            .build());
            end("this agent is closing");
        }

        synchronized void end(String reason) {
            if (!ended) {
                ended = true;
                LOG.debug(
                        "leaving leader {} of term {}: {}",
                        leader.getCoordinatorId(),
                        leader.getTerm(),
                        reason);
                ClientCallStreamObserver<AgentMessage> observer = requests;
                if (observer != null) {
                    observer.onCompleted();
                    if (!closed) {
                        observer.cancel(reason, null);
                    }
                }
                tellClosed(reason);
                over.countDown();
            }
        }

        private synchronized boolean hasEnded() {
            return ended;
        }

        @Override
        public void onNext(CoordinatorMessage message) {
            if (hasEnded()) {
                // The machine was told so: a word that is still in a queue here gives no lease.
                return;
            }
            heard = true;
            if (message.hasAsk()) {
                asks.accept(message.getAsk());
                return;
            }
            if (!goesWith(message)) {
                return;
            }
            AgentEvent event;
            try {
                event = ControlCodec.event(message);
            } catch (OrderNotUnderstood newer) {
                complain(String.valueOf(newer.getMessage()));
                send(VersionWords.notUnderstood(newer, profile, message.getTerm()));
                return;
            } catch (IllegalArgumentException e) {
                LOG.warn(
                        "leader {} sent a message that breaks the protocol; the stream is closed",
                        leader.getCoordinatorId(),
                        e);
                end("a message broke the protocol: " + e.getMessage());
                return;
            }
            if (event == null) {
                if (unknownWords.getAndIncrement() == 0) {
                    LOG.info(
                            "coordinator {} is of a newer version: what this agent does not know"
                                    + " of its words is dropped",
                            leader.getCoordinatorId());
                }
            } else {
                events.accept(event);
            }
        }

        /** Whether the versions go together; if not, the stream ends. */
        private boolean goesWith(CoordinatorMessage message) {
            if (message.hasRejected()) {
                Rejected rejected = message.getRejected();
                if (!rejected.getRetry()) {
                    refused = true;
                    complain(rejected.getReason());
                }
            } else if (message.hasWelcome() && message.getWelcome().getProtocolMajor() != 0) {
                Welcome welcome = message.getWelcome();
                var theirs =
                        new ProtocolVersion(welcome.getProtocolMajor(), welcome.getProtocolMinor());
                if (!ProtocolVersion.CONTROL.goesWith(theirs)) {
                    refused = true;
                    complain(refusal(leader, theirs));
                    end("the leader is of another major version");
                    return false;
                }
            }
            return true;
        }

        @Override
        public void onError(Throwable error) {
            LOG.debug("the stream to leader {} ended", leader.getCoordinatorId(), error);
            Status status = Status.fromThrowable(error);
            Throwable cause = status.getCause();
            if (!heard && cause instanceof SSLException) {
                complain("TLS with " + leader.getCoordinatorId() + " failed: " + cause);
            } else if (status.getCode() == Status.Code.PERMISSION_DENIED
                    || status.getCode() == Status.Code.UNAUTHENTICATED) {
                complain(String.valueOf(status.getDescription()));
            } else if (status.getCode() == Status.Code.UNIMPLEMENTED) {
                // The protocol's major version is part of the service's name.
                refused = true;
                complain(
                        "coordinator %s does not know control protocol %s of this agent: they are of different major versions; upgrade the older one (docs/upgrade.md)"
                                .formatted(leader.getCoordinatorId(), ProtocolVersion.CONTROL));
            }
            finish(status.toString());
        }

        @Override
        public void onCompleted() {
            finish("the leader closed it");
        }

        private void finish(String reason) {
            synchronized (this) {
                ended = true;
                tellClosed(reason);
            }
            over.countDown();
        }

        void shutdown() throws InterruptedException {
            channel.shutdown();
            boolean quiet = false;
            try {
                quiet = channel.awaitTermination(CLOSE_MILLIS, TimeUnit.MILLISECONDS);
            } finally {
                if (!quiet) {
                    channel.shutdownNow();
                }
            }
        }
    }
}
