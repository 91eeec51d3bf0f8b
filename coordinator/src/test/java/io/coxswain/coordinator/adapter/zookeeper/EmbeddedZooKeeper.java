package io.coxswain.coordinator.adapter.zookeeper;

import io.coxswain.security.ZooKeeperAccess;

import org.apache.curator.framework.CuratorFramework;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.server.embedded.ExitHandler;
import org.apache.zookeeper.server.embedded.ZooKeeperServerEmbedded;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;

/** One ZooKeeper server in this JVM, on a free port; it can be stopped and started again. */
public final class EmbeddedZooKeeper implements AutoCloseable {
    private static final long START_MILLIS = 30_000;

    private final Path folder;
    private final int port;
    private ZooKeeperServerEmbedded server;

    public EmbeddedZooKeeper(Path folder) throws Exception {
        this.folder = folder;
        server = open(0);
        String address = server.getConnectionString();
        this.port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    }

    private ZooKeeperServerEmbedded open(int onPort) throws Exception {
        var settings = new Properties();
        settings.setProperty("clientPortAddress", "127.0.0.1");
        settings.setProperty("clientPort", String.valueOf(onPort));
        settings.setProperty("tickTime", "500");
        settings.setProperty("minSessionTimeout", "1000");
        settings.setProperty("maxSessionTimeout", "60000");
        settings.setProperty("maxClientCnxns", "0");
        settings.setProperty("admin.enableServer", "false");
        var opened =
                ZooKeeperServerEmbedded.builder()
                        .baseDir(folder)
                        .configuration(settings)
                        .exitHandler(ExitHandler.LOG_ONLY)
                        .build();
        opened.start(START_MILLIS);
        return opened;
    }

    public String connectString() {
        return "127.0.0.1:" + port;
    }

    /** A client of its own, connected. */
    public ZkClients connect() throws IOException {
        return ZkClients.connect(connectString(), Duration.ofSeconds(5));
    }

    /** The same; its requests fail after five seconds without a server, not fifteen. */
    ZkClients connectImpatiently() throws IOException {
        return ZkClients.connect(
                connectString(), Duration.ofSeconds(5), "/", ZooKeeperAccess.OPEN, 5_000);
    }

    /** Ends that client's session at the server, behind the client's back. */
    public void expire(CuratorFramework client) throws Exception {
        ZooKeeper victim = client.getZookeeperClient().getZooKeeper();
        var connected = new CountDownLatch(1);
        var twin =
                new ZooKeeper(
                        connectString(),
                        5_000,
                        event -> {
                            if (event.getState() == Watcher.Event.KeeperState.SyncConnected) {
                                connected.countDown();
                            }
                        },
                        victim.getSessionId(),
                        victim.getSessionPasswd());
        // Closed before it is connected, it would go away without a word to the server.
        connected.await();
        twin.close();
    }

    /** Stops the server; what is durable stays. */
    public void stop() {
        server.close();
    }

    /** Starts it again on the same port. */
    public void restart() throws Exception {
        server = open(port);
    }

    @Override
    public void close() {
        stop();
    }
}
