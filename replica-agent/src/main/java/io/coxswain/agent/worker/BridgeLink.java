package io.coxswain.agent.worker;

import io.coxswain.bridge.host.FrameChannel;
import io.coxswain.proto.bridge.v1.Abort;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.FromWorkerSide;
import io.coxswain.proto.bridge.v1.Hello;
import io.coxswain.proto.bridge.v1.KeyValueRequest;
import io.coxswain.proto.bridge.v1.Ping;
import io.coxswain.proto.bridge.v1.Pong;
import io.coxswain.proto.bridge.v1.Stacks;
import io.coxswain.proto.bridge.v1.StacksWanted;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.bridge.v1.ToWorkerSide;
import io.coxswain.proto.bridge.v1.ViewServiceRequest;
import io.coxswain.proto.bridge.v1.Welcome;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.EOFException;
import java.io.IOException;
import java.time.Duration;

/** The two connections to one process of a worker. */
final class BridgeLink implements AutoCloseable {
    static final int PROTOCOL_MAJOR = 1;
    static final int PROTOCOL_MINOR = 0;

    private static final Logger LOG = LoggerFactory.getLogger(BridgeLink.class);

    /** What comes on them, from threads of their own. */
    interface Events {
        void message(FromWorker message);

        void pong(Pong pong);

        void asked(KeyValueRequest request);

        /** It asks for a process that serves its view. Only where {@link #servesViews}. */
        default void wants(ViewServiceRequest request) {}

        /** Whether such processes are started here. */
        default boolean servesViews() {
            return false;
        }

        /** It was asked for its stacks. */
        default void stacks(Stacks stacks) {}

        /** It does not read what it is sent. */
        void jammed(String reason);
    }

    private final String name;
    private final Duration heartbeatEvery;
    private final Events events;
    private volatile @Nullable FrameChannel main;
    private volatile @Nullable FrameChannel side;
    private volatile @Nullable SideWriter sideWriter;
    private volatile @Nullable Thread heartbeat;

    /**
     * @param name of the process, for the names of threads
     */
    BridgeLink(String name, Duration heartbeatEvery, Events events) {
        this.name = name;
        this.heartbeatEvery = heartbeatEvery;
        this.events = events;
    }

    /**
     * The first message on a connection. Both begin with the same Hello bytes: field 2 of
     * FromWorker on the main one, field 1 of FromWorkerSide on the other.
     *
     * @throws IOException if the connection ends, or begins with anything else
     */
    static Hello greet(FrameChannel frames) throws IOException {
        byte @Nullable [] bytes = frames.receiveBytes();
        if (bytes == null) {
            throw closed();
        }
        FromWorker mainMessage = FromWorker.parseFrom(bytes);
        if (mainMessage.hasHello()) {
            return mainMessage.getHello();
        }
        FromWorkerSide sideMessage = FromWorkerSide.parseFrom(bytes);
        if (!sideMessage.hasHello()) {
            throw new IOException("the worker's first message is not Hello");
        }
        return sideMessage.getHello();
    }

    /** What is wrong with the version that a process speaks; null if nothing is. */
    static @Nullable String versionComplaint(Hello hello) {
        return hello.getProtocolMajor() == PROTOCOL_MAJOR
                ? null
                : "the worker speaks bridge protocol "
                        + hello.getProtocolMajor()
                        + ", this agent speaks "
                        + PROTOCOL_MAJOR;
    }

    boolean hasMain() {
        return main != null;
    }

    boolean hasSide() {
        return side != null;
    }

    boolean isComplete() {
        return main != null && side != null;
    }

    /** Takes a connection for the main one. */
    void openMain(FrameChannel frames) throws IOException {
        frames.send(ToWorker.newBuilder().setWelcome(welcome()).build());
        main = frames;
    }

    /** Takes a connection for the side channel. */
    void openSide(FrameChannel frames) throws IOException {
        frames.send(ToWorkerSide.newBuilder().setWelcome(welcome()).build());
        sideWriter = new SideWriter("worker-side-" + name, frames, events::jammed);
        side = frames;
    }

    private Welcome welcome() {
        return Welcome.newBuilder()
                .setProtocolMajor(PROTOCOL_MAJOR)
                .setProtocolMinor(PROTOCOL_MINOR)
                .setHeartbeatNanos(heartbeatEvery.toNanos())
                .setViewServices(events.servesViews())
                .build();
    }

    void send(ToWorker message) {
        FrameChannel channel = main;
        if (channel == null) {
            return;
        }
        try {
            channel.send(message);
        } catch (IOException e) {
            LOG.debug("worker {} did not take a message; its exit will say why", name, e);
        }
    }

    void abort(Abort abort) {
        SideWriter writer = sideWriter;
        if (writer != null) {
            writer.urgent(ToWorkerSide.newBuilder().setAbort(abort).build());
        }
    }

    void askForStacks(long sequence) {
        SideWriter writer = sideWriter;
        if (writer != null) {
            writer.urgent(
                    ToWorkerSide.newBuilder()
                            .setStacksWanted(StacksWanted.newBuilder().setSequence(sequence))
                            .build());
        }
    }

    void answer(ToWorkerSide answer) {
        SideWriter writer = sideWriter;
        if (writer != null) {
            writer.answer(answer);
        }
    }

    /** Hands on what comes on the main connection until it ends, which it does by an exception. */
    void readMain() throws IOException {
        FrameChannel channel = main;
        while (channel != null) {
            @Nullable FromWorker message = channel.receive(FromWorker.parser());
            if (message == null) {
                throw closed();
            }
            events.message(message);
        }
    }

    private static EOFException closed() {
        return new EOFException("the worker closed its end of the bridge");
    }

    /** Serves the side channel. */
    void startHeartbeat() {
        FrameChannel channel = side;
        if (channel == null) {
            return;
        }
        Thread.ofVirtual().name("worker-pong-" + name).start(() -> readSide(channel));
        heartbeat = Thread.ofVirtual().name("worker-ping-" + name).start(() -> ping(channel));
    }

    private void readSide(FrameChannel channel) {
        try {
            @Nullable FromWorkerSide message = channel.receive(FromWorkerSide.parser());
            while (message != null) {
                if (message.hasPong()) {
                    events.pong(message.getPong());
                } else if (message.hasStacks()) {
                    events.stacks(message.getStacks());
                } else if (message.hasKeyValueRequest()) {
                    events.asked(message.getKeyValueRequest());
                } else if (message.hasViewServiceRequest() && events.servesViews()) {
                    events.wants(message.getViewServiceRequest());
                }
                message = channel.receive(FromWorkerSide.parser());
            }
        } catch (IOException e) {
            LOG.debug("worker {}: side channel closed", name);
        }
    }

    private void ping(FrameChannel channel) {
        long sequence = 0;
        try {
            while (true) {
                channel.send(
                        ToWorkerSide.newBuilder()
                                .setPing(Ping.newBuilder().setSequence(++sequence))
                                .build());
                Thread.sleep(heartbeatEvery);
            }
        } catch (IOException e) {
            LOG.debug("worker {}: side channel closed", name);
        } catch (InterruptedException e) {
            // The worker is gone.
        }
    }

    /** Says that nothing more comes; what the process says until it ends is heard. */
    void endSending() {
        for (FrameChannel channel : new @Nullable FrameChannel[] {main, side}) {
            try {
                if (channel != null) {
                    channel.endSending();
                }
            } catch (IOException e) {
                LOG.debug("worker {} is gone", name, e);
            }
        }
    }

    @Override
    public void close() {
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
    }

    static void closeQuietly(@Nullable AutoCloseable resource) {
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
