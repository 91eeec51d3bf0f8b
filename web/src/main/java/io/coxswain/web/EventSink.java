package io.coxswain.web;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.handler.codec.http.DefaultHttpContent;

import org.jspecify.annotations.Nullable;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * One viewer's end of a stream of server-sent events. At most one message is under way, so a viewer
 * costs one message's memory, however slow it is. For one thread at a time.
 */
public final class EventSink {
    private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9._-]*");
    private static final Pattern ID = Pattern.compile("[!-~]*");
    private static final byte[] COMMENT = ":\n\n".getBytes(StandardCharsets.UTF_8);

    private final Channel channel;
    private final WebLimits limits;
    // Of the channel's thread: the comment that the viewer has not taken yet.
    private @Nullable ChannelFuture comment;
    private long commentNanos;

    EventSink(Channel channel, WebLimits limits) {
        this.channel = channel;
        this.limits = limits;
    }

    /** False once the viewer is gone or was dropped. */
    public boolean isOpen() {
        return channel.isActive();
    }

    /**
     * Sends one message and waits until the system has taken it.
     *
     * @param id what the viewer says as {@code Last-Event-ID} when it comes back; null: as before
     * @param event what the page listens for
     * @param utf8 text; not copied where it is one line, so it must not change until this returns
     * @throws IOException if the viewer is gone, or took nothing for too long and was dropped
     */
    public void send(@Nullable String id, String event, byte[] utf8)
            throws IOException, InterruptedException {
        if (!NAME.matcher(event).matches()) {
            throw new IllegalArgumentException("not an event's name: " + event);
        }
        if (id != null && !ID.matcher(id).matches()) {
            throw new IllegalArgumentException("not an event's id: " + id);
        }
        if (!isOpen()) {
            throw new IOException("the viewer is gone");
        }
        String head = (id == null ? "" : "id: " + id + "\n") + "event: " + event + "\n";
        ChannelFuture sent =
                channel.writeAndFlush(
                        new DefaultHttpContent(
                                Unpooled.wrappedBuffer(
                                        head.getBytes(StandardCharsets.UTF_8), lines(utf8))));
        if (!sent.await(limits.viewerStall().toNanos(), TimeUnit.NANOSECONDS)) {
            var unusedClose = channel.close();
            throw new IOException("the viewer took nothing for " + limits.viewerStall());
        }
        if (!sent.isSuccess()) {
            throw new IOException("the viewer is gone", sent.cause());
        }
    }

    /** On the channel's thread: comments from now on, until the channel closes. */
    void beat() {
        var unusedBeat =
                channel.eventLoop()
                        .schedule(
                                this::comment, limits.heartbeat().toNanos(), TimeUnit.NANOSECONDS);
    }

    private void comment() {
        if (!channel.isActive()) {
            return;
        }
        long now = System.nanoTime();
        ChannelFuture last = comment;
        if (last == null || last.isDone()) {
            commentNanos = now;
            comment =
                    channel.writeAndFlush(new DefaultHttpContent(Unpooled.wrappedBuffer(COMMENT)));
        } else if (now - commentNanos > limits.viewerStall().toNanos()) {
            var unusedClose = channel.close();
            return;
        }
        beat();
    }

    // Each line of the text is a field of its own; CR would end one too.
    private static byte[] lines(byte[] text) {
        var out = new ByteArrayOutputStream(text.length + 16);
        byte[] field = "data: ".getBytes(StandardCharsets.UTF_8);
        out.writeBytes(field);
        int from = 0;
        for (int at = 0; at < text.length; at++) {
            if (text[at] == '\n' || text[at] == '\r') {
                out.write(text, from, at - from);
                out.write('\n');
                out.writeBytes(field);
                if (text[at] == '\r' && at + 1 < text.length && text[at + 1] == '\n') {
                    at++;
                }
                from = at + 1;
            }
        }
        out.write(text, from, text.length - from);
        out.write('\n');
        out.write('\n');
        return out.toByteArray();
    }
}
