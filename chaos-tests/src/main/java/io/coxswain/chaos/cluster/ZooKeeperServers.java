package io.coxswain.chaos.cluster;

import io.coxswain.launcher.local.ZooKeeperMain;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;

/**
 * The ZooKeeper servers of a one-machine cluster, each a process of its own: one alone, or an
 * ensemble. Thread-safe.
 */
final class ZooKeeperServers {
    private static final String HOST = "127.0.0.1";
    private static final Pattern UP = Pattern.compile("^up [^:]+:(\\d+)$");
    private static final String MIN_SESSION_MILLIS = "1000";
    private static final long QUORUM_SECONDS = 60;
    private static final int ASK_MILLIS = 500;
    private static final long ASK_AGAIN_MILLIS = 50;

    private static final int LOWEST_PORT = 15_000;
    private static final int HIGHEST_PORT = 32_000;
    private static final int ATTEMPTS = 20;

    /** A port for clients, one for the other servers, one for elections. */
    private static final int PORTS_EACH = 3;

    private final ClusterSpec spec;
    private final Path data;
    private final List<String> parties;
    private final BiConsumer<String, ServiceProcess> onStarted;
    // Guarded by this.
    private final @Nullable ServiceProcess[] servers;
    private final int[] ports;
    private List<String> peers = List.of();
    private boolean closed;
    private String at = HOST;

    /**
     * @param data for what they keep. In memory: an election forces files to the disk, and waits
     *     for as long as that takes, which on a busy one may be longer than elections may last.
     * @param onStarted told of each process, at once
     */
    ZooKeeperServers(ClusterSpec spec, Path data, BiConsumer<String, ServiceProcess> onStarted) {
        this.spec = spec;
        this.data = data;
        this.parties = spec.zookeeperIds();
        this.onStarted = onStarted;
        this.servers = new ServiceProcess[parties.size()];
        this.ports = new int[parties.size()];
    }

    List<String> parties() {
        return parties;
    }

    /** Starts all of them at that address; returns when they answer clients. */
    void start(String host) throws IOException {
        synchronized (this) {
            at = host;
        }
        if (parties.size() > 1) {
            List<Integer> free = freePorts(PORTS_EACH * parties.size());
            synchronized (this) {
                var addresses = new ArrayList<String>();
                for (int i = 0; i < parties.size(); i++) {
                    int first = PORTS_EACH * i;
                    ports[i] = free.get(first);
                    addresses.add(at + ":" + free.get(first + 1) + ":" + free.get(first + 2));
                }
                peers = List.copyOf(addresses);
            }
        }
        for (String party : parties) {
            launch(party);
        }
        for (String party : parties) {
            awaitUp(party);
        }
        awaitQuorum();
    }

    // Below those from which connections go out: the port of a dead server stays free for it.
    private static List<Integer> freePorts(int count) throws IOException {
        var free = new LinkedHashSet<Integer>();
        var random = new SecureRandom();
        for (int attempt = 0; attempt < ATTEMPTS * count && free.size() < count; attempt++) {
            int port = random.nextInt(LOWEST_PORT, HIGHEST_PORT);
            try (var probe = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                free.add(probe.getLocalPort());
            } catch (BindException e) {
                // Taken; another one is as good.
            }
        }
        if (free.size() < count) {
            throw new IOException(
                    "found " + free.size() + " free ports where " + count + " are needed");
        }
        return List.copyOf(free);
    }

    private void launch(String party) throws IOException {
        onStarted.accept(party, process(party));
    }

    private synchronized ServiceProcess process(String party) throws IOException {
        if (closed) {
            throw new IOException("it was closed while it was starting");
        }
        int index = index(party);
        var arguments = new ArrayList<String>();
        arguments.add(data.resolve(party).toString());
        arguments.add(at + ":" + ports[index]);
        arguments.add(MIN_SESSION_MILLIS);
        if (!peers.isEmpty()) {
            arguments.add(Integer.toString(index + 1));
            arguments.addAll(peers);
        }
        ServiceProcess started =
                ServiceProcess.start(
                        party,
                        ZooKeeperMain.class.getName(),
                        arguments,
                        UP,
                        spec.folder().resolve(party + ".log"));
        servers[index] = started;
        return started;
    }

    private int index(String party) {
        int index = parties.indexOf(party);
        if (index < 0) {
            throw new IllegalArgumentException("there is no ZooKeeper server " + party);
        }
        return index;
    }

    private void awaitUp(String party) throws IOException {
        int port = server(party).awaitUp();
        synchronized (this) {
            ports[index(party)] = port;
        }
    }

    // Nobody tells when an election is over: the servers have to be asked.
    private void awaitQuorum() throws IOException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(QUORUM_SECONDS);
        while (leader().isEmpty()) {
            if (isClosed()) {
                return;
            }
            if (System.nanoTime() > deadline) {
                throw new IOException(
                        "the ZooKeeper servers "
                                + parties
                                + " had no leader within "
                                + QUORUM_SECONDS
                                + " s; their logs are in "
                                + spec.folder());
            }
            try {
                TimeUnit.MILLISECONDS.sleep(ASK_AGAIN_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while ZooKeeper was starting", e);
            }
        }
    }

    /** Starts one again that is dead; it comes in with what it left in its folder. */
    void startAgain(String party) throws IOException {
        launch(party);
        awaitUp(party);
    }

    synchronized ServiceProcess server(String party) {
        ServiceProcess server = servers[index(party)];
        if (server == null) {
            throw new IllegalStateException(party + " was not started");
        }
        return server;
    }

    /** Where its clients find it, without a proxy. */
    synchronized int port(String party) {
        return ports[index(party)];
    }

    /** All of them for a client, at that address. */
    synchronized String connectString(String host) {
        var each = new ArrayList<String>();
        for (int port : ports) {
            each.add(host + ":" + port);
        }
        return String.join(",", each);
    }

    /** The processes of those that live. */
    synchronized Map<String, Long> pids() {
        var pids = new LinkedHashMap<String, Long>();
        for (int i = 0; i < servers.length; i++) {
            ServiceProcess server = servers[i];
            if (server != null && server.alive()) {
                pids.put(parties.get(i), server.pid());
            }
        }
        return pids;
    }

    private synchronized String host() {
        return at;
    }

    /** Who leads; the only one, if it is alone and answers. */
    Optional<String> leader() {
        for (String party : parties) {
            String mode = mode(host(), port(party));
            if (mode.equals("leader") || mode.equals("standalone")) {
                return Optional.of(party);
            }
        }
        return Optional.empty();
    }

    /** What the server says that it is; empty if it serves nobody. */
    private static String mode(String host, int port) {
        try (var socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.ofLiteral(host), port), ASK_MILLIS);
            socket.setSoTimeout(ASK_MILLIS);
            socket.getOutputStream().write("srvr".getBytes(StandardCharsets.US_ASCII));
            String answer =
                    new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            return answer.lines()
                    .filter(line -> line.startsWith("Mode: "))
                    .map(line -> line.substring("Mode: ".length()))
                    .findFirst()
                    .orElse("");
        } catch (IOException e) {
            // Dead, or standing still.
            return "";
        }
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    /** Ends all that run, and starts none again. */
    void close() {
        List<ServiceProcess> running = new ArrayList<>();
        synchronized (this) {
            closed = true;
            for (ServiceProcess server : servers) {
                if (server != null) {
                    running.add(server);
                }
            }
        }
        running.forEach(ServiceProcess::askToEnd);
        running.forEach(ServiceProcess::awaitGone);
    }
}
