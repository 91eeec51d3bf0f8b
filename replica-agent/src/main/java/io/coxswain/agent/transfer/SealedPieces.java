package io.coxswain.agent.transfer;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;

import java.nio.channels.ClosedChannelException;
import java.util.ArrayDeque;

/**
 * Hands bytes to TLS a piece at a time. TLS seals all that it has before the first byte leaves: of
 * some megabytes, what was sealed first is cold memory again when the network reads it. What is
 * written meanwhile, by whoever hears that something has left, waits its turn.
 */
// What fails on a channel is seen by the end of its connection.
@SuppressWarnings("FutureReturnValueIgnored")
final class SealedPieces extends ChannelDuplexHandler {
    private static final int PIECE_BYTES = 128 << 10;

    private record Waiting(ByteBuf bytes, ChannelPromise promise) {}

    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    private boolean flushing;

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        waiting.addLast(new Waiting((ByteBuf) message, promise));
    }

    @Override
    public void flush(ChannelHandlerContext context) {
        if (flushing) {
            return;
        }
        flushing = true;
        try {
            while (!waiting.isEmpty()) {
                piece(context);
                context.flush();
            }
        } finally {
            flushing = false;
        }
    }

    private void piece(ChannelHandlerContext context) {
        int left = PIECE_BYTES;
        while (left > 0) {
            Waiting first = waiting.peekFirst();
            if (first == null) {
                return;
            }
            int bytes = first.bytes().readableBytes();
            if (bytes > left) {
                context.write(first.bytes().readRetainedSlice(left), context.voidPromise());
                return;
            }
            waiting.removeFirst();
            left -= bytes;
            context.write(first.bytes(), first.promise());
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        drop();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        drop();
        context.fireChannelInactive();
    }

    private void drop() {
        for (Waiting each = waiting.pollFirst(); each != null; each = waiting.pollFirst()) {
            each.bytes().release();
            each.promise().tryFailure(new ClosedChannelException());
        }
    }
}
