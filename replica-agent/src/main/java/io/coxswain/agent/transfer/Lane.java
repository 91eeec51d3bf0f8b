package io.coxswain.agent.transfer;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.Peer;
import io.coxswain.proto.replica.v1.FrameHeader;
import io.coxswain.proto.replica.v1.Purpose;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.EventLoop;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * The connections of one purpose, all served by one thread: whatever belongs to a lane needs no
 * lock. Bulk copies and collectives have a lane each, so neither waits behind the other's bytes.
 */
public final class Lane {
    private final NettyDataPlane plane;
    private final Purpose purpose;
    private final EventLoop loop;
    private final Map<AgentKey, Connection> incoming = new HashMap<>();
    private final Set<Connection> open = new HashSet<>();
    private final Set<Link> links = new HashSet<>();
    private volatile @Nullable FrameHandler handler;
    private boolean closed;

    Lane(NettyDataPlane plane, Purpose purpose, EventLoop loop) {
        this.plane = plane;
        this.purpose = purpose;
        this.loop = loop;
    }

    /** Says who serves this lane; before {@link NettyDataPlane#start}. */
    public void serve(FrameHandler frames) {
        handler = new Tracking(frames);
    }

    /** A connection to a peer that is kept up while it is wanted. On the lane's thread. */
    public Link link(Peer peer, Link.Listener listener) {
        Link link = new Link(plane, this, peer, listener);
        links.add(link);
        return link;
    }

    /**
     * Runs work on the lane's thread, at once if this is it.
     *
     * @return false if the plane is closed: the work will not run
     */
    public boolean execute(Runnable work) {
        if (loop.inEventLoop()) {
            work.run();
            return true;
        }
        try {
            loop.execute(work);
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }

    /** Runs work on the lane's thread later. */
    @SuppressWarnings(
            "FutureReturnValueIgnored") // never cancelled; failures are logged by the loop
    public void schedule(Runnable work, long delayNanos) {
        if (!loop.isShuttingDown()) {
            loop.schedule(work, delayNanos, TimeUnit.NANOSECONDS);
        }
    }

    /** True on the lane's thread. */
    public boolean onThread() {
        return loop.inEventLoop();
    }

    /** Where buffers for this lane's frames come from. */
    public ByteBufAllocator allocator() {
        return plane.allocator();
    }

    /** Who this agent is. */
    public AgentKey self() {
        return plane.self();
    }

    /** The plane's settings. */
    public DataPlaneSettings settings() {
        return plane.settings();
    }

    /** The connections open now. On the lane's thread. */
    public List<Connection> connections() {
        return List.copyOf(open);
    }

    Purpose purpose() {
        return purpose;
    }

    EventLoop loop() {
        return loop;
    }

    boolean served() {
        return handler != null;
    }

    boolean closed() {
        return closed;
    }

    FrameHandler handler() {
        return Objects.requireNonNull(handler);
    }

    void forget(Link link) {
        links.remove(link);
    }

    void close() {
        closed = true;
        new ArrayList<>(links).forEach(Link::close);
        new ArrayList<>(open).forEach(c -> c.close("the data plane was closed"));
    }

    /** Keeps the set of connections; of a peer's connections only the newest lives. */
    private final class Tracking implements FrameHandler {
        private final FrameHandler next;

        Tracking(FrameHandler next) {
            this.next = next;
        }

        @Override
        public void opened(Connection connection) {
            if (connection.incoming()) {
                Connection older = incoming.put(connection.peer(), connection);
                if (older != null) {
                    // Bytes of the older one may still be on the way: they must not arrive any
                    // more.
                    older.close("replaced by a newer connection");
                }
            }
            open.add(connection);
            next.opened(connection);
        }

        @Override
        public @Nullable PayloadSink begin(
                Connection connection, FrameHeader header, int payloadBytes) {
            return next.begin(connection, header, payloadBytes);
        }

        @Override
        public void closed(Connection connection, String reason) {
            open.remove(connection);
            if (connection.incoming()) {
                incoming.remove(connection.peer(), connection);
            }
            next.closed(connection, reason);
        }
    }
}
