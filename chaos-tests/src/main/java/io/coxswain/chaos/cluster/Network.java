package io.coxswain.chaos.cluster;

import io.coxswain.chaos.nemesis.FaultPort;
import io.coxswain.chaos.nemesis.Impairment;
import io.coxswain.chaos.scenario.LinkEffect;
import io.coxswain.chaos.scenario.Plane;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * Proxies before the planes of a one-machine cluster, and what is done to the bytes that pass them.
 * A server binds 127.0.0.1; its proxy has the same port on {@link #HOST}, which is what the server
 * advertises. Who a client is tells the owner of its socket. Blocking, on virtual threads;
 * thread-safe.
 */
final class Network implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Network.class);

    /** Where proxies listen: another address of the loopback interface. */
    static final String HOST = "127.0.0.2";

    private static final int CONNECT_MILLIS = 2_000;
    private static final int BUFFER_BYTES = 64 << 10;

    /** One active impairment; {@code passed} counts the bytes that it has seen. */
    private record Active(Impairment what, AtomicLong passed, AtomicLong spent) {}

    /** One direction of a connection. */
    private record Flow(String sender, String receiver, Connection connection) {
        Plane plane() {
            return connection.plane;
        }
    }

    private final Supplier<Map<String, Long>> pids;
    private final List<Active> active = new CopyOnWriteArrayList<>();
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private final Set<ServerSocket> listening = ConcurrentHashMap.newKeySet();
    private final Object changed = new Object();
    private volatile boolean closed;

    /**
     * @param pids the parties' processes as they are now
     */
    Network(Supplier<Map<String, Long>> pids) {
        this.pids = pids;
    }

    /** A connection through a proxy: both its sockets. */
    private final class Connection {
        private final Plane plane;
        private final String from;
        private final String to;
        private final Socket client;
        private final Socket server;

        Connection(Plane plane, String from, String to, Socket client, Socket server) {
            this.plane = plane;
            this.from = from;
            this.to = to;
            this.client = client;
            this.server = server;
        }

        Flow there() {
            return new Flow(from, to, this);
        }

        Flow back() {
            return new Flow(to, from, this);
        }

        void reset() {
            for (Socket socket : List.of(client, server)) {
                try {
                    socket.setSoLinger(true, 0);
                } catch (IOException e) {
                    // Closed already.
                }
                close(socket);
            }
            connections.remove(this);
            wake();
        }
    }

    /**
     * Opens the proxy of a server that listens on that port.
     *
     * @return what closes it; its connections live on
     */
    AutoCloseable open(Plane plane, String party, int port) throws IOException {
        var proxy = new ServerSocket();
        proxy.setReuseAddress(true);
        try {
            proxy.bind(new InetSocketAddress(InetAddress.getByName(HOST), port));
        } catch (IOException e) {
            proxy.close();
            throw new IOException(
                    "cannot listen on " + HOST + ":" + port + ": " + e.getMessage(), e);
        }
        listening.add(proxy);
        Thread.ofVirtual().name("proxy-" + party).start(() -> accept(proxy, plane, party));
        return () -> {
            listening.remove(proxy);
            proxy.close();
        };
    }

    private void accept(ServerSocket proxy, Plane plane, String party) {
        while (!proxy.isClosed()) {
            try {
                Socket client = proxy.accept();
                Thread.ofVirtual()
                        .name("proxy-" + party)
                        .start(() -> connect(client, plane, party, proxy.getLocalPort()));
            } catch (IOException e) {
                if (!proxy.isClosed()) {
                    LOG.warn("the proxy of {} does not accept", party, e);
                }
            }
        }
    }

    private void connect(Socket client, Plane plane, String party, int port) {
        String who = SocketOwners.of(client.getPort(), port, pids.get());
        var server = new Socket();
        var connection = new Connection(plane, who, party, client, server);
        connections.add(connection);
        try {
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
            // What cannot reach the server does not connect either, and is not refused.
            if (!passable(connection.there())) {
                connection.reset();
                return;
            }
            server.connect(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), port), CONNECT_MILLIS);
        } catch (IOException e) {
            // Refused, as by the server itself.
            connection.reset();
            return;
        }
        if (closed) {
            connection.reset();
            return;
        }
        Thread.ofVirtual().name("pump").start(() -> pump(client, server, connection.there()));
        pump(server, client, connection.back());
    }

    private void pump(Socket from, Socket to, Flow flow) {
        byte[] buffer = new byte[BUFFER_BYTES];
        try {
            var in = from.getInputStream();
            var out = to.getOutputStream();
            int bytes;
            while ((bytes = in.read(buffer)) >= 0) {
                if (!pass(flow, buffer, bytes)) {
                    return;
                }
                out.write(buffer, 0, bytes);
            }
            // The end of a stream is a message too.
            if (passable(flow)) {
                to.shutdownOutput();
                if (from.isOutputShutdown()) {
                    close(from);
                    close(to);
                    connections.remove(flow.connection());
                }
            }
        } catch (IOException e) {
            if (passable(flow)) {
                flow.connection().reset();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            flow.connection().reset();
        }
    }

    /** Returns false if the connection is gone. */
    private boolean pass(Flow flow, byte[] buffer, int bytes) throws InterruptedException {
        if (active.isEmpty()) {
            return true;
        }
        if (!passable(flow)) {
            return false;
        }
        for (Active one : active) {
            if (!one.what().hits(flow.plane(), flow.sender(), flow.receiver())) {
                continue;
            }
            long before = one.passed().getAndAdd(bytes);
            switch (one.what().effect()) {
                case LinkEffect.Latency(java.time.Duration delay) ->
                        TimeUnit.NANOSECONDS.sleep(delay.toNanos());
                case LinkEffect.Bandwidth(long bytesPerSecond) ->
                        TimeUnit.NANOSECONDS.sleep((long) (bytes * (1e9 / bytesPerSecond)));
                case LinkEffect.CutAfter(long after) -> {
                    if (before + bytes > after && one.spent().compareAndSet(0, 1)) {
                        flow.connection().reset();
                        return false;
                    }
                }
                case LinkEffect.FlipBit(long after) -> {
                    if (before + bytes > after && one.spent().compareAndSet(0, 1)) {
                        int at = (int) Math.max(0, Math.min(bytes - 1L, after - before));
                        buffer[at] ^= 0x10;
                    }
                }
                case LinkEffect.Cut(), LinkEffect.Reset() -> {
                    // Done where it begins.
                }
            }
        }
        return true;
    }

    /** Waits while the flow is cut; false if the connection was reset meanwhile. */
    private boolean passable(Flow flow) {
        synchronized (changed) {
            while (cut(flow) && !closed && !flow.connection().client.isClosed()) {
                try {
                    changed.wait();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return false;
                }
            }
        }
        return !closed && !flow.connection().client.isClosed();
    }

    private boolean cut(Flow flow) {
        for (Active one : active) {
            if (one.what().effect() instanceof LinkEffect.Cut
                    && one.what().hits(flow.plane(), flow.sender(), flow.receiver())) {
                return true;
            }
        }
        return false;
    }

    /** Begins to impair; what heals it is returned. */
    FaultPort.Cure impair(Impairment impairment) {
        var one = new Active(impairment, new AtomicLong(), new AtomicLong());
        if (impairment.effect() instanceof LinkEffect.Reset) {
            resetAll(impairment);
            return () -> {};
        }
        active.add(one);
        wake();
        return () -> {
            active.remove(one);
            wake();
        };
    }

    private void resetAll(Impairment impairment) {
        for (Connection open : connections) {
            if (impairment.hits(open.plane, open.from, open.to)
                    || impairment.hits(open.plane, open.to, open.from)) {
                open.reset();
            }
        }
    }

    private void wake() {
        synchronized (changed) {
            changed.notifyAll();
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // Gone is gone.
        }
    }

    @Override
    public void close() {
        closed = true;
        active.clear();
        for (ServerSocket proxy : listening) {
            try {
                proxy.close();
            } catch (IOException e) {
                LOG.warn("a proxy does not close", e);
            }
        }
        connections.forEach(Connection::reset);
        wake();
    }
}
