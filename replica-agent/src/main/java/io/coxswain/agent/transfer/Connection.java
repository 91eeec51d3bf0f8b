package io.coxswain.agent.transfer;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.proto.replica.v1.FrameHeader;
import io.coxswain.proto.replica.v1.Purpose;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.handler.ssl.SslHandler;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One TCP connection of the data plane. After the handshake its peer is known and it belongs to the
 * thread of its lane: every method must be called there.
 */
// What fails on a channel is seen by the end of its connection.
@SuppressWarnings("FutureReturnValueIgnored")
public final class Connection {
    private static final Logger log = LoggerFactory.getLogger(Connection.class);

    // So little that what is read, opened and put to its place stays in a processor's own cache.
    private static final int ENCRYPTED_READ_BYTES = 64 << 10;

    // Who asks and does not read gets no more answers than these kept for it.
    private static final int MOST_UNSENT = 4_096;

    private final Channel channel;
    private final boolean incoming;
    private final FrameDecoder decoder = new FrameDecoder(this::begin);
    private FrameHandler handler;
    private AgentKey peer;
    private Purpose purpose;
    private @Nullable Object attachment;

    /** Where frames unknown here are counted; null: the peer is of no newer version. */
    private @Nullable AtomicLong newerPeer;

    private boolean ended;

    /** Frames of {@link #send} that have not left. */
    private int unsent;

    Connection(
            Channel channel,
            boolean incoming,
            AgentKey presumedPeer,
            Purpose purpose,
            FrameHandler handshake) {
        this.channel = channel;
        this.incoming = incoming;
        this.peer = presumedPeer;
        this.purpose = purpose;
        this.handler = handshake;
        boolean encrypted = channel.pipeline().get(SslHandler.class) != null;
        // What is encrypted cannot be read straight to its place.
        channel.config()
                .setRecvByteBufAllocator(
                        encrypted
                                ? new FixedRecvByteBufAllocator(ENCRYPTED_READ_BYTES)
                                : decoder.readBuffers());
        if (encrypted) {
            channel.pipeline().addLast(new SealedPieces());
        }
        channel.pipeline().addLast(new Inbound());
    }

    /** The other end. */
    public AgentKey peer() {
        return peer;
    }

    /** What the connection is for. */
    public Purpose purpose() {
        return purpose;
    }

    /** True if the peer has dialled. */
    public boolean incoming() {
        return incoming;
    }

    /** What the handler keeps with this connection. */
    public @Nullable Object attachment() {
        return attachment;
    }

    /** Keeps something with this connection. */
    public void attachment(@Nullable Object value) {
        attachment = value;
    }

    /** True until the connection has ended. */
    public boolean alive() {
        return !ended;
    }

    /**
     * Writes a frame, to be sent at the next {@link #flush}.
     *
     * @param payload its buffers are released when they are sent, or at once if the connection has
     *     ended
     * @param done run on the lane's thread when the payload's memory is not read any more, whether
     *     it was sent or not
     */
    public void write(FrameHeader header, List<ByteBuf> payload, Runnable done) {
        int bytes = 0;
        for (ByteBuf part : payload) {
            bytes += part.readableBytes();
        }
        if (ended) {
            payload.forEach(ByteBuf::release);
            done.run();
            return;
        }
        ByteBuf head = Wire.encode(channel.alloc(), header, bytes);
        if (payload.isEmpty()) {
            channel.write(head).addListener(ignored -> done.run());
            return;
        }
        channel.write(head, channel.voidPromise());
        int last = payload.size() - 1;
        for (int i = 0; i < last; i++) {
            channel.write(payload.get(i), channel.voidPromise());
        }
        channel.write(payload.get(last)).addListener(ignored -> done.run());
    }

    /** Writes a frame without payload and sends what is written. */
    public void send(FrameHeader header) {
        if (ended) {
            return;
        }
        if (unsent >= MOST_UNSENT) {
            close(MOST_UNSENT + " answers wait: " + peer + " does not read them");
            return;
        }
        unsent++;
        channel.writeAndFlush(Wire.encode(channel.alloc(), header, 0))
                .addListener(ignored -> unsent--);
    }

    /** Sends what is written. */
    public void flush() {
        channel.flush();
    }

    /** Reads on after {@link FrameHandler#begin} returned null, asking it again. */
    public void resume() {
        guarded(() -> {
            decoder.resume();
            if (!decoder.held() && !ended) {
                channel.config().setAutoRead(true);
            }
        });
    }

    /** Ends the connection at once; the handler is told before this returns. */
    public void close(String reason) {
        if (ended) {
            return;
        }
        ended = true;
        try {
            decoder.close();
            handler.closed(this, reason);
        } finally {
            channel.close();
        }
    }

    /** Ends the connection when what is written has been sent. */
    void closeAfterSending(String reason) {
        channel.flush();
        channel.eventLoop()
                .execute(() ->
                        channel.writeAndFlush(channel.alloc().directBuffer(0, 0))
                                .addListener(ignored -> close(reason)));
    }

    /**
     * Before {@link #established}: of frames that only a peer of a newer version sends, nothing is
     * made.
     *
     * @param minor the peer's version
     * @param unknown counts them
     */
    void peerSpeaks(int minor, AtomicLong unknown) {
        newerPeer = Integer.compareUnsigned(minor, Wire.MINOR) > 0 ? unknown : null;
    }

    /** The handshake is done: frames go to their handler from now on. */
    void established(AgentKey actualPeer, Purpose actualPurpose, FrameHandler next) {
        peer = actualPeer;
        purpose = actualPurpose;
        handler = next;
        next.opened(this);
    }

    Channel channel() {
        return channel;
    }

    private @Nullable PayloadSink begin(FrameHeader header, int payloadBytes) {
        AtomicLong unknown = newerPeer;
        // From a peer of this version such a frame is damaged: its handler ends the connection, and
        // what was lost is sent again.
        if (unknown != null
                && header.getBodyCase() == FrameHeader.BodyCase.BODY_NOT_SET
                && !header.getUnknownFields().asMap().isEmpty()) {
            unknown.incrementAndGet();
            return PayloadSink.DISCARD;
        }
        PayloadSink sink = handler.begin(this, header, payloadBytes);
        if (sink == null && !ended) {
            channel.config().setAutoRead(false);
        }
        return sink;
    }

    private void guarded(Runnable work) {
        try {
            work.run();
        } catch (ProtocolViolation e) {
            log.warn(
                    "closing the data connection with {} ({}): {}",
                    peer,
                    channel.remoteAddress(),
                    e.getMessage());
            close("protocol error: " + e.getMessage());
        } catch (RuntimeException e) {
            log.error("closing the data connection with {} after a failure here", peer, e);
            close("failure here: " + e);
        }
    }

    @Override
    public String toString() {
        return "%s connection %s %s"
                .formatted(
                        purpose == Purpose.PURPOSE_COLLECTIVE ? "collective" : "copy",
                        incoming ? "from" : "to",
                        peer);
    }

    private final class Inbound extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            guarded(() -> decoder.read((ByteBuf) message));
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            guarded(() -> close("the connection was closed by " + peer));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            if (!(cause instanceof IOException)) {
                log.error("data connection with {} failed here", peer, cause);
            }
            guarded(() -> close("the connection failed: " + cause.getMessage()));
        }
    }
}
