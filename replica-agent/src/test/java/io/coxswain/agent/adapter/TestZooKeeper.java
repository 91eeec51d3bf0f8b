package io.coxswain.agent.adapter;

import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.server.embedded.ExitHandler;
import org.apache.zookeeper.server.embedded.ZooKeeperServerEmbedded;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;

/** A ZooKeeper server in this JVM. */
final class TestZooKeeper implements AutoCloseable {
    private static final int SESSION_MILLIS = 10_000;
    private static final long START_MILLIS = 20_000;

    private final ZooKeeperServerEmbedded server;
    private final String connect;

    TestZooKeeper(Path folder) throws Exception {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        int port;
        try (ServerSocket probe = new ServerSocket(0, 1, loopback)) {
            port = probe.getLocalPort();
        }
        Properties properties = new Properties();
        properties.setProperty("clientPortAddress", loopback.getHostAddress());
        properties.setProperty("clientPort", Integer.toString(port));
        properties.setProperty("tickTime", "500");
        properties.setProperty("admin.enableServer", "false");
        properties.setProperty("preAllocSize", "64");
        properties.setProperty("forceSync", "no");
        server =
                ZooKeeperServerEmbedded.builder()
                        .baseDir(folder)
                        .configuration(properties)
                        .exitHandler(ExitHandler.LOG_ONLY)
                        .build();
        server.start(START_MILLIS);
        connect = loopback.getHostAddress() + ":" + port;
    }

    CuratorFramework client() throws InterruptedException {
        CuratorFramework client =
                CuratorFrameworkFactory.newClient(
                        connect, SESSION_MILLIS, SESSION_MILLIS, new RetryOneTime(100));
        client.start();
        client.blockUntilConnected();
        return client;
    }

    /**
     * Ends the client's session behind its back, as the server does after a silence that was too
     * long.
     */
    void expire(CuratorFramework client) throws Exception {
        ZooKeeper victim = client.getZookeeperClient().getZooKeeper();
        var connected = new CountDownLatch(1);
        var twin =
                new ZooKeeper(
                        connect,
                        SESSION_MILLIS,
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

    @Override
    public void close() {
        server.close();
    }
}
