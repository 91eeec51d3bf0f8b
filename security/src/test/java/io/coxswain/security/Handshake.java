package io.coxswain.security;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;

import org.jspecify.annotations.Nullable;

import java.io.IOException;

/** Two ends of TLS without a network between them. */
final class Handshake implements AutoCloseable {
    private static final int MOST_ROUNDS = 100;

    private final SslHandler client;
    private final SslHandler server;
    private final EmbeddedChannel clientEnd = new EmbeddedChannel();
    private final EmbeddedChannel serverEnd = new EmbeddedChannel();

    Handshake(SslContext dialling, SslContext accepting) {
        client = dialling.newHandler(ByteBufAllocator.DEFAULT);
        server = accepting.newHandler(ByteBufAllocator.DEFAULT);
        serverEnd.pipeline().addLast(server);
        clientEnd.pipeline().addLast(client);
        for (int i = 0; i < MOST_ROUNDS && !over(); i++) {
            move(clientEnd, serverEnd);
            move(serverEnd, clientEnd);
        }
    }

    private boolean over() {
        return client.handshakeFuture().isDone() && server.handshakeFuture().isDone();
    }

    private static void move(EmbeddedChannel from, EmbeddedChannel to) {
        from.runPendingTasks();
        for (Object bytes = from.readOutbound(); bytes != null; bytes = from.readOutbound()) {
            try {
                to.writeInbound(bytes);
            } catch (Exception refused) {
                // The future of the handshake tells why; Netty throws checked ones unseen.
                to.runPendingTasks();
            }
        }
    }

    /** Who the server is to the client. */
    Identity serverIdentity() throws IOException {
        return PlaneSecurity.peer(client.engine().getSession());
    }

    /** Who the client is to the server. */
    Identity clientIdentity() throws IOException {
        return PlaneSecurity.peer(server.engine().getSession());
    }

    String protocol() {
        return client.engine().getSession().getProtocol()
                + " "
                + client.engine().getSession().getCipherSuite();
    }

    /** Both ends are content. */
    boolean agreed() {
        return client.handshakeFuture().isSuccess() && server.handshakeFuture().isSuccess();
    }

    /** Why an end is not content, its causes included. */
    String complaint() {
        return words(client.handshakeFuture().cause()) + words(server.handshakeFuture().cause());
    }

    private static String words(@Nullable Throwable error) {
        var words = new StringBuilder();
        for (Throwable at = error; at != null; at = at.getCause()) {
            words.append(at).append(" | ");
        }
        return words.toString();
    }

    @Override
    public void close() {
        clientEnd.finishAndReleaseAll();
        serverEnd.finishAndReleaseAll();
    }
}
