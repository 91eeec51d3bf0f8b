package io.coxswain.security;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import javax.net.ssl.SSLPeerUnverifiedException;

/**
 * The connections that stand, so that those whose peer's certificate is taken back can be ended.
 * Thread-safe.
 */
final class StandingConnections {
    private static final Logger LOG = LoggerFactory.getLogger(StandingConnections.class);

    private final Set<Channel> open = ConcurrentHashMap.newKeySet();
    private final Refusals refusals;

    StandingConnections(Refusals refusals) {
        this.refusals = refusals;
    }

    void add(Channel channel) {
        open.add(channel);
        channel.closeFuture().addListener(_ -> open.remove(channel));
    }

    int size() {
        return open.size();
    }

    /** Ends those of peers that are on the list. */
    void end(Revocations revoked) {
        for (Channel channel : open) {
            SslHandler tls = channel.pipeline().get(SslHandler.class);
            if (tls != null && isRevoked(tls, revoked)) {
                refusals.count(Refusal.REVOKED);
                LOG.warn(
                        "the connection with {} ends: its certificate was taken back",
                        channel.remoteAddress());
                cut(channel);
            }
        }
    }

    /** Ends a connection without asking its handlers, which might wait for what goes on on it. */
    static void cut(Channel channel) {
        Runnable end = () -> channel.unsafe().close(channel.voidPromise());
        if (channel.eventLoop().inEventLoop()) {
            end.run();
        } else {
            channel.eventLoop().execute(end);
        }
    }

    private static boolean isRevoked(SslHandler tls, Revocations revoked) {
        try {
            for (Certificate certificate : tls.engine().getSession().getPeerCertificates()) {
                if (certificate instanceof X509Certificate one && revoked.contains(one)) {
                    return true;
                }
            }
        } catch (SSLPeerUnverifiedException unknown) {
            // It has not shaken hands yet; then the list is asked.
            LOG.trace("a connection without a certificate", unknown);
        }
        return false;
    }
}
