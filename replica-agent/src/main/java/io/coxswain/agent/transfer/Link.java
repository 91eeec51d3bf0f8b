package io.coxswain.agent.transfer;

import io.coxswain.agent.core.model.Peer;
import io.coxswain.proto.replica.v1.FrameHeader;
import io.coxswain.proto.replica.v1.Hello;
import io.coxswain.security.Identity;
import io.coxswain.security.PlaneSecurity;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.ssl.SslHandler;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.InetSocketAddress;

/**
 * A connection to one incarnation of a peer, made again while it is wanted: at once after a loss,
 * then after 20 ms, doubling up to 1 s. Confined to its lane's thread.
 */
// What fails on a channel is seen by the end of its connection.
@SuppressWarnings("FutureReturnValueIgnored")
public final class Link {
    /** Told what becomes of a link, on the lane's thread. */
    public interface Listener {
        /** Frames can be sent. */
        void up(Connection connection);

        /** The connection has ended; another attempt follows by itself. */
        void down(String reason);

        /**
         * An attempt has failed; the next one follows by itself.
         *
         * @param attempt counted from 1 since the peer was reached last
         */
        void unreachable(String detail, int attempt);
    }

    private static final long FIRST_DELAY_NANOS = 20_000_000L;
    private static final long LAST_DELAY_NANOS = 1_000_000_000L;
    private static final long HANDSHAKE_NANOS = 2_000_000_000L;

    /** A connection that ends sooner counts as a failed attempt, else a pair could spin. */
    private static final long SETTLED_NANOS = 100_000_000L;

    private final NettyDataPlane plane;
    private final Lane lane;
    private final Peer peer;
    private final Listener listener;
    private @Nullable Connection connection;
    private boolean attempting;
    private boolean closed;
    private int attempts;
    private int failures;
    private long upSinceNanos;

    Link(NettyDataPlane plane, Lane lane, Peer peer, Listener listener) {
        this.plane = plane;
        this.lane = lane;
        this.peer = peer;
        this.listener = listener;
    }

    /** Whom it reaches. */
    public Peer peer() {
        return peer;
    }

    /** The connection, if there is one now. */
    public @Nullable Connection connection() {
        return connection;
    }

    /** Begins to connect, if it has not yet. */
    public void connect() {
        if (!closed && !attempting && connection == null) {
            attempt();
        }
    }

    /** Not wanted any more: the connection ends without a word to the listener. */
    public void close() {
        closed = true;
        lane.forget(this);
        Connection current = connection;
        connection = null;
        if (current != null) {
            current.close("not needed any more");
        }
    }

    private void attempt() {
        attempting = true;
        Bootstrap bootstrap =
                plane.bootstrap(lane.loop())
                        .handler(
                                new ChannelInitializer<Channel>() {
                                    @Override
                                    protected void initChannel(Channel channel) {
                                        // The handlers come with the connection, once there is one.
                                    }
                                });
        SslHandler tls;
        try {
            tls = plane.dial(peer.endpoint().host(), peer.endpoint().port());
        } catch (IOException refused) {
            failed(String.valueOf(refused.getMessage()));
            return;
        }
        bootstrap
                .connect(new InetSocketAddress(peer.endpoint().host(), peer.endpoint().port()))
                .addListener((ChannelFuture done) -> {
                    if (!done.isSuccess()) {
                        failed(String.valueOf(done.cause().getMessage()));
                    } else if (tls == null) {
                        greet(done.channel());
                    } else {
                        shakeHands(done.channel(), tls);
                    }
                });
    }

    private void shakeHands(Channel channel, SslHandler tls) {
        tls.setHandshakeTimeoutMillis(HANDSHAKE_NANOS / 1_000_000);
        tls.handshakeFuture()
                .addListener(done -> {
                    String wrong = done.isSuccess() ? wrongPeer(tls) : "TLS: " + done.cause();
                    if (wrong.isEmpty()) {
                        greet(channel);
                    } else {
                        channel.close();
                        failed(wrong);
                    }
                });
        channel.pipeline().addLast(tls);
        plane.guard(channel);
        channel.config().setAutoRead(true);
    }

    private String wrongPeer(SslHandler tls) {
        try {
            Identity there = PlaneSecurity.peer(tls.engine().getSession());
            return there.name().equals(peer.key().id()) ? "" : "there is " + there;
        } catch (IOException nameless) {
            return String.valueOf(nameless.getMessage());
        }
    }

    private void greet(Channel channel) {
        if (closed || lane.closed()) {
            attempting = false;
            channel.close();
            return;
        }
        Greeting greeting = new Greeting();
        Connection fresh = new Connection(channel, false, peer.key(), lane.purpose(), greeting);
        fresh.send(
                FrameHeader.newBuilder()
                        .setSender(Wire.identity(plane.self()))
                        .setHello(
                                Hello.newBuilder()
                                        .setProtocolMajor(Wire.MAJOR)
                                        .setProtocolMinor(Wire.MINOR)
                                        .setReceiver(Wire.identity(peer.key()))
                                        .setPurpose(lane.purpose()))
                        .build());
        channel.config().setAutoRead(true);
        lane.schedule(
                () -> {
                    if (!greeting.answered) {
                        fresh.close(
                                "no answer to the greeting for %d ms"
                                        .formatted(HANDSHAKE_NANOS / 1_000_000));
                    }
                },
                HANDSHAKE_NANOS);
    }

    private void failed(String detail) {
        attempting = false;
        if (closed || lane.closed()) {
            return;
        }
        attempts++;
        listener.unreachable(
                "cannot reach %s at %s: %s".formatted(peer.key(), peer.endpoint(), detail),
                attempts);
        again();
    }

    private void again() {
        if (closed || lane.closed() || attempting || connection != null) {
            return;
        }
        long delay =
                failures == 0
                        ? 0
                        : Math.min(
                                LAST_DELAY_NANOS, FIRST_DELAY_NANOS << Math.min(failures - 1, 10));
        failures++;
        attempting = true;
        lane.schedule(
                () -> {
                    attempting = false;
                    connect();
                },
                delay);
    }

    private void lost(Connection ended, String reason) {
        if (connection != ended) {
            return;
        }
        connection = null;
        if (System.nanoTime() - upSinceNanos > SETTLED_NANOS) {
            failures = 0;
        }
        listener.down(reason);
        again();
    }

    /** Waits for the reply, then passes frames on. */
    private final class Greeting implements FrameHandler {
        private boolean answered;

        @Override
        public void opened(Connection fresh) {}

        @Override
        public @Nullable PayloadSink begin(Connection fresh, FrameHeader header, int payloadBytes) {
            if (!header.hasHelloReply() || payloadBytes != 0) {
                throw new ProtocolViolation(
                        "expected an answer to the greeting, got %s with %d bytes"
                                .formatted(header.getBodyCase(), payloadBytes));
            }
            if (!header.getHelloReply().getAccepted()) {
                fresh.close("refused: " + header.getHelloReply().getReason());
                return PayloadSink.DISCARD;
            }
            answered = true;
            attempting = false;
            if (closed || lane.closed()) {
                fresh.close("not needed any more");
                return PayloadSink.DISCARD;
            }
            connection = fresh;
            attempts = 0;
            upSinceNanos = System.nanoTime();
            fresh.peerSpeaks(
                    header.getHelloReply().getProtocolMinor(), plane.unknownFramesCounter());
            fresh.established(peer.key(), lane.purpose(), new Watched());
            if (connection == fresh) {
                listener.up(fresh);
            }
            return PayloadSink.DISCARD;
        }

        @Override
        public void closed(Connection fresh, String reason) {
            if (!answered) {
                answered = true;
                failed(reason);
            }
        }
    }

    /** The lane's handler, and the link learns of the end. */
    private final class Watched implements FrameHandler {
        @Override
        public void opened(Connection fresh) {
            lane.handler().opened(fresh);
        }

        @Override
        public @Nullable PayloadSink begin(Connection fresh, FrameHeader header, int payloadBytes) {
            return lane.handler().begin(fresh, header, payloadBytes);
        }

        @Override
        public void closed(Connection fresh, String reason) {
            lane.handler().closed(fresh, reason);
            lost(fresh, reason);
        }
    }
}
