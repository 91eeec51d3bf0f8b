package io.coxswain.security;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Bounds the connections of a listening port, before anything is made for them: in all, of one
 * host, and of those that have not said yet who they are. It stands in the pipeline of the channel
 * that listens. Thread-safe.
 *
 * <p>One stranger too many pushes another out, the oldest of the host that has most of them: so a
 * flood keeps nobody out who says who it is. A host whose connections end again and again before
 * they have said so is refused at the door for a while. Loopback is one host and many parties:
 * there only the bound in all counts.
 */
@ChannelHandler.Sharable
public final class ConnectionGate extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(ConnectionGate.class);
    private static final long QUIET_NANOS = 10_000_000_000L;

    /**
     * The bounds.
     *
     * @param most connections in all
     * @param mostOfOneHost from one address
     * @param strangers connections that have not said who they are
     * @param exemptLoopback loopback addresses are many parties: of them only the bound in all
     *     counts
     */
    public record Limits(int most, int mostOfOneHost, int strangers, boolean exemptLoopback) {
        /** For a few thousand members. */
        public static final Limits DEFAULT = new Limits(8_192, 1_024, 256);

        /**
         * For a few dozen people and scrapers: above what an HTTP server answers with a word of
         * regret.
         */
        public static final Limits WEB = new Limits(320, 192, 192);

        /** Loopback addresses are exempt. */
        public Limits(int most, int mostOfOneHost, int strangers) {
            this(most, mostOfOneHost, strangers, true);
        }

        /** Whether connections of that address are bounded by themselves. */
        public boolean bounds(InetAddress host) {
            return !exemptLoopback || !host.isLoopbackAddress();
        }

        /** Checks that they are bounds. */
        public Limits {
            if (most < 1 || mostOfOneHost < 1 || strangers < 1) {
                throw new IllegalArgumentException(
                        "bounds of connections must be 1 or more; got "
                                + most
                                + " in all, "
                                + mostOfOneHost
                                + " of one host, "
                                + strangers
                                + " strangers");
            }
        }
    }

    /** A connection that came in; counted until it is out. */
    private static final class Guest {
        private final Channel channel;
        private final SocketAddress remote;
        private final @Nullable InetAddress host;
        private boolean out;

        Guest(Channel channel, SocketAddress remote) {
            this.channel = channel;
            this.remote = remote;
            this.host = remote instanceof InetSocketAddress at ? at.getAddress() : null;
        }
    }

    private final String port;
    private final Limits limits;
    private final PlaneSecurity security;
    // Oldest first, by where they come from.
    private final Map<SocketAddress, Guest> strangers = new LinkedHashMap<>();
    private final Map<InetAddress, Integer> hosts = new HashMap<>();
    private final VainVisits vain = new VainVisits();
    private int open;
    private long warnedNanos = System.nanoTime() - QUIET_NANOS;

    /**
     * @param port for messages, such as {@code the control port}
     * @param security counts who was refused, and ends connections of those who are taken back
     */
    public ConnectionGate(String port, Limits limits, PlaneSecurity security) {
        this.port = port;
        this.limits = limits;
        this.security = security;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof Channel child && !enter(child)) {
            child.unsafe().closeForcibly();
            return;
        }
        context.fireChannelRead(message);
    }

    /** Connections that are open. */
    public synchronized int open() {
        return open;
    }

    /** Of those, the ones that have not said who they are. */
    public synchronized int strangers() {
        return strangers.size();
    }

    /** Who comes from there has said who it is. */
    public synchronized void known(@Nullable SocketAddress remote) {
        strangers.remove(remote);
    }

    private boolean enter(Channel child) {
        SocketAddress remote = child.remoteAddress();
        if (remote == null) {
            // It has gone again.
            return false;
        }
        var guest = new Guest(child, remote);
        Refusal refusal;
        Guest pushedOut = null;
        synchronized (this) {
            refusal = refusal(guest.host);
            // Somebody who says nothing makes room for somebody who may.
            boolean full = refusal == Refusal.CROWD && !strangers.isEmpty();
            if (refusal == null || full) {
                if (full || strangers.size() >= limits.strangers()) {
                    pushedOut = strangers.remove(mostCrowded());
                    if (pushedOut != null) {
                        inVain(pushedOut);
                        left(pushedOut);
                    }
                }
                refusal = null;
                strangers.put(remote, guest);
                open++;
                if (guest.host != null) {
                    hosts.merge(guest.host, 1, Integer::sum);
                }
            }
        }
        if (refusal != null) {
            refused(refusal, remote);
            return false;
        }
        child.closeFuture().addListener(_ -> left(guest));
        security.guard(child);
        if (pushedOut != null) {
            refused(Refusal.CROWD, pushedOut.remote);
            StandingConnections.cut(pushedOut.channel);
        }
        return true;
    }

    private @Nullable Refusal refusal(@Nullable InetAddress host) {
        if (open >= limits.most()) {
            return Refusal.CROWD;
        }
        return host != null
                        && limits.bounds(host)
                        && (hosts.getOrDefault(host, 0) >= limits.mostOfOneHost()
                                || vain.tooMany(host, System.nanoTime()))
                ? Refusal.HOST_CROWD
                : null;
    }

    private void inVain(Guest guest) {
        if (guest.host != null && limits.bounds(guest.host)) {
            vain.inVain(guest.host, System.nanoTime());
        }
    }

    private SocketAddress mostCrowded() {
        var counts = new HashMap<Object, Integer>();
        SocketAddress worst = null;
        int most = 0;
        for (SocketAddress stranger : strangers.keySet()) {
            int count = counts.merge(host(stranger), 1, Integer::sum);
            most = Math.max(most, count);
        }
        for (SocketAddress stranger : strangers.keySet()) {
            if (worst == null && counts.getOrDefault(host(stranger), 0) == most) {
                worst = stranger;
            }
        }
        if (worst == null) {
            throw new IllegalStateException("nobody is a stranger");
        }
        return worst;
    }

    private static Object host(SocketAddress address) {
        return address instanceof InetSocketAddress at && at.getAddress() != null
                ? at.getAddress()
                : address;
    }

    private synchronized void left(Guest guest) {
        if (guest.out) {
            return;
        }
        guest.out = true;
        open--;
        if (strangers.remove(guest.remote, guest)) {
            inVain(guest);
        }
        if (guest.host != null) {
            hosts.computeIfPresent(guest.host, (_, count) -> count == 1 ? null : count - 1);
        }
    }

    // A flood must not flood the log.
    private void refused(Refusal refusal, @Nullable SocketAddress remote) {
        security.refusals().count(refusal);
        long now = System.nanoTime();
        synchronized (this) {
            if (now - warnedNanos < QUIET_NANOS) {
                return;
            }
            warnedNanos = now;
        }
        LOG.warn(
                "{} is crowded: a connection from {} is closed ({}; at most {} in all, {} of one"
                        + " host, {} that have not said who they are)",
                port,
                remote,
                refusal.word(),
                limits.most(),
                limits.mostOfOneHost(),
                limits.strangers());
    }
}
