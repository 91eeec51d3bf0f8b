package io.coxswain.launcher.local;

import org.apache.zookeeper.server.embedded.ExitHandler;
import org.apache.zookeeper.server.embedded.ZooKeeperServerEmbedded;
import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;

/**
 * A ZooKeeper server inside this process, for one-machine runs: loopback only, its data in a folder
 * of the run.
 */
public final class EmbeddedZooKeeper implements AutoCloseable {
    private static final int ATTEMPTS = 5;
    private static final long START_LIMIT_MILLIS = 20_000;

    private final ZooKeeperServerEmbedded server;
    private final String host;
    private final int port;

    private EmbeddedZooKeeper(ZooKeeperServerEmbedded server, String host, int port) {
        this.server = server;
        this.host = host;
        this.port = port;
    }

    /**
     * Starts a server on a free port.
     *
     * @param dataDirectory made when absent; may be deleted after {@link #close()}
     * @param minSessionMillis the shortest session that clients may ask for
     */
    public static EmbeddedZooKeeper start(Path dataDirectory, int minSessionMillis)
            throws IOException {
        return start(
                dataDirectory,
                minSessionMillis,
                InetAddress.getLoopbackAddress().getHostAddress(),
                0,
                Ensemble.NONE,
                null,
                ExitHandler.LOG_ONLY);
    }

    /**
     * Mutual TLS for clients, instead of a port in the clear. ZooKeeper keeps such settings for the
     * whole process.
     *
     * @param own key and certificate, one PEM file
     * @param authorities whose certificates clients must have (PEM)
     */
    record Tls(Path own, Path authorities) {
        private void configure(Properties properties) {
            properties.setProperty(
                    "serverCnxnFactory", "org.apache.zookeeper.server.NettyServerCnxnFactory");
            properties.setProperty("ssl.keyStore.location", own.toAbsolutePath().toString());
            properties.setProperty("ssl.keyStore.type", "PEM");
            properties.setProperty(
                    "ssl.trustStore.location", authorities.toAbsolutePath().toString());
            properties.setProperty("ssl.trustStore.type", "PEM");
            properties.setProperty("ssl.clientAuth", "need");
            // Among the servers of an ensemble as well.
            properties.setProperty("sslQuorum", "true");
            properties.setProperty("ssl.quorum.keyStore.location", own.toAbsolutePath().toString());
            properties.setProperty("ssl.quorum.keyStore.type", "PEM");
            properties.setProperty(
                    "ssl.quorum.trustStore.location", authorities.toAbsolutePath().toString());
            properties.setProperty("ssl.quorum.trustStore.type", "PEM");
        }
    }

    /**
     * The ensemble that a server is part of.
     *
     * @param id its number, from 1
     * @param servers all of them by number, each {@code HOST:QUORUM-PORT:ELECTION-PORT}; empty: it
     *     serves alone
     */
    record Ensemble(int id, List<String> servers) {
        static final Ensemble NONE = new Ensemble(1, List.of());

        // In ticks, of half a second: to come in with the whole state, and to fall silent.
        private static final String INIT_LIMIT = "20";
        private static final String SYNC_LIMIT = "4";

        Ensemble {
            servers = List.copyOf(servers);
        }

        private void configure(Properties properties, Path data) throws IOException {
            if (servers.isEmpty()) {
                return;
            }
            for (int i = 0; i < servers.size(); i++) {
                properties.setProperty("server." + (i + 1), servers.get(i));
            }
            properties.setProperty("initLimit", INIT_LIMIT);
            properties.setProperty("syncLimit", SYNC_LIMIT);
            properties.setProperty("dataDir", data.toString());
            Files.createDirectories(data);
            Files.writeString(data.resolve("myid"), Integer.toString(id));
        }
    }

    /**
     * Starts a server on that port, with what an earlier one left in the folder.
     *
     * @param host where it listens
     * @param wantedPort 0: any free one
     * @param ensemble whose part it is; it is up before there is a quorum
     * @param tls for clients; null: none
     * @param onFailure what happens when the server cannot go on, its disk being full for instance
     */
    static EmbeddedZooKeeper start(
            Path dataDirectory,
            int minSessionMillis,
            String host,
            int wantedPort,
            Ensemble ensemble,
            @Nullable Tls tls,
            ExitHandler onFailure)
            throws IOException {
        Files.createDirectories(dataDirectory);
        Exception last = null;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            int port = wantedPort == 0 ? freePort(host) : wantedPort;
            var properties = new Properties();
            if (tls == null) {
                properties.setProperty("clientPortAddress", host);
                properties.setProperty("clientPort", Integer.toString(port));
            } else {
                properties.setProperty("secureClientPortAddress", host);
                properties.setProperty("secureClientPort", Integer.toString(port));
                tls.configure(properties);
            }
            properties.setProperty("tickTime", "500");
            properties.setProperty("minSessionTimeout", Integer.toString(minSessionMillis));
            properties.setProperty("maxSessionTimeout", "60000");
            // All clients of a one-machine run share one address.
            properties.setProperty("maxClientCnxns", "0");
            properties.setProperty("admin.enableServer", "false");
            properties.setProperty("preAllocSize", "64");
            // The data goes with the run: nothing is gained by waiting for the disk.
            properties.setProperty("forceSync", "no");
            properties.setProperty("snapCount", "10000");
            ensemble.configure(properties, dataDirectory.resolve("data").toAbsolutePath());
            try {
                var server =
                        ZooKeeperServerEmbedded.builder()
                                .baseDir(dataDirectory)
                                .configuration(properties)
                                .exitHandler(onFailure)
                                .build();
                server.start(START_LIMIT_MILLIS);
                return new EmbeddedZooKeeper(server, host, port);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while the embedded ZooKeeper was starting", e);
            } catch (Exception e) {
                last = e; // most likely the port was taken in between
            }
        }
        throw new IOException(
                "the embedded ZooKeeper did not start in " + dataDirectory + ": " + last, last);
    }

    private static int freePort(String host) throws IOException {
        try (var probe = new ServerSocket()) {
            probe.bind(new InetSocketAddress(InetAddress.ofLiteral(host), 0));
            return probe.getLocalPort();
        }
    }

    /** Where clients find it. */
    public int port() {
        return port;
    }

    /** {@code host:port} for clients. */
    public String connectString() {
        return host + ":" + port;
    }

    @Override
    public void close() {
        server.close();
    }
}
