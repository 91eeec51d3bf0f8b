package io.coxswain.web;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.LastHttpContent;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One viewer's end of a stream of server-sent events. At most one message is under way, so a viewer
 * costs nothing but a reference to that message, however slow it is; one that takes nothing for too
 * long is dropped. Nothing here waits. Thread-safe.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a write that fails closes the channel
public final class Viewer {
    private static final byte[] COMMENT = ":\n\n".getBytes(StandardCharsets.US_ASCII);

    private final Channel channel;
    private final long stallNanos;
    private final long heartbeatNanos;
    private final AtomicBoolean busy = new AtomicBoolean();
    // Of the channel's thread.
    private long sentNanos;
    private boolean underWay;

    Viewer(Channel channel, WebLimits limits) {
        this.channel = channel;
        this.stallNanos = limits.viewerStall().toNanos();
        this.heartbeatNanos = limits.heartbeat().toNanos();
    }

    /** False once the viewer is gone or was dropped. */
    public boolean isOpen() {
        return channel.isActive();
    }

    /** True where it has taken what it was told before. */
    public boolean isReady() {
        return channel.isActive() && !busy.get();
    }

    /**
     * Sends a message, unless the one before has not been taken yet.
     *
     * @return false: it was not sent, and never will be
     */
    public boolean offer(EventBytes message) {
        if (!channel.isActive() || !busy.compareAndSet(false, true)) {
            return false;
        }
        try {
            channel.eventLoop().execute(() -> send(message.bytes()));
            return true;
        } catch (RejectedExecutionException stopped) {
            return false;
        }
    }

    /** Runs that when the viewer is gone, at once if it is; on the channel's thread. */
    public void whenGone(Runnable then) {
        channel.closeFuture().addListener(_ -> then.run());
    }

    /** Ends the stream in order. Safe to repeat. */
    public void close() {
        try {
            channel.eventLoop()
                    .execute(() ->
                            channel.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT)
                                    .addListener(ChannelFutureListener.CLOSE));
        } catch (RejectedExecutionException stopped) {
            channel.close();
        }
    }

    private void send(byte[] bytes) {
        sentNanos = System.nanoTime();
        underWay = true;
        channel.writeAndFlush(new DefaultHttpContent(Unpooled.wrappedBuffer(bytes)))
                .addListener(_ -> {
                    underWay = false;
                    busy.set(false);
                });
    }

    /** On the channel's thread: comments and a look at the clock, until the channel closes. */
    void begin() {
        sentNanos = System.nanoTime();
        lookLater();
    }

    private void lookLater() {
        channel.eventLoop()
                .schedule(this::look, Math.min(heartbeatNanos, stallNanos), TimeUnit.NANOSECONDS);
    }

    // Comments keep middleboxes awake and find the dead.
    private void look() {
        if (!channel.isActive()) {
            return;
        }
        long now = System.nanoTime();
        if (underWay) {
            if (now - sentNanos >= stallNanos) {
                channel.close();
                return;
            }
        } else if (now - sentNanos >= heartbeatNanos && busy.compareAndSet(false, true)) {
            send(COMMENT);
        }
        lookLater();
    }
}
