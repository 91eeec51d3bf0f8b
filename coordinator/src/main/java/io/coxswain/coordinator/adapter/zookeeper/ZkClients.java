package io.coxswain.coordinator.adapter.zookeeper;

import io.coxswain.security.ZooKeeperAccess;

import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.ExponentialBackoffRetry;
import org.apache.zookeeper.client.ZKClientConfig;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** Opens ZooKeeper clients for coordinators whose host brings none. */
public final class ZkClients implements AutoCloseable {
    private static final int CONNECT_MILLIS = 15_000;
    // The server may end a session at two thirds of its time-out after the last word: LOST must not
    // come later than that (Curator tech note 14).
    private static final int EXPIRY_PERCENT = 33;

    private final CuratorFramework client;
    private final ExecutorService callbacks;

    private ZkClients(CuratorFramework client, ExecutorService callbacks) {
        this.client = client;
        this.callbacks = callbacks;
    }

    /**
     * Connects. Blocks until ZooKeeper answers.
     *
     * @throws IOException if it does not within 15 s
     */
    public static ZkClients connect(String connectString, Duration sessionTimeout)
            throws IOException {
        return connect(connectString, sessionTimeout, "/", ZooKeeperAccess.OPEN);
    }

    /**
     * The same with credentials: then what is made below the chroot is closed to others.
     *
     * @throws IllegalArgumentException if credentials are missing
     */
    public static ZkClients connect(
            String connectString, Duration sessionTimeout, String chroot, ZooKeeperAccess access)
            throws IOException {
        return connect(connectString, sessionTimeout, chroot, access, CONNECT_MILLIS);
    }

    /**
     * The same.
     *
     * @param connectMillis how long a connection may take, at first and when it is lost; requests
     *     fail after that
     */
    static ZkClients connect(
            String connectString,
            Duration sessionTimeout,
            String chroot,
            ZooKeeperAccess access,
            int connectMillis)
            throws IOException {
        var acls = new ZkAcls(ZkPaths.of(chroot), access);
        // Curator would leave its default executor running after close (GH-1277).
        ExecutorService callbacks =
                Executors.newSingleThreadExecutor(
                        Thread.ofPlatform().daemon(true).name("coxswain-curator").factory());
        CuratorFramework client =
                CuratorFrameworkFactory.builder()
                        .connectString(connectString)
                        .sessionTimeoutMs(Math.toIntExact(sessionTimeout.toMillis()))
                        .connectionTimeoutMs(connectMillis)
                        .retryPolicy(new ExponentialBackoffRetry(50, 5, 1_000))
                        .simulatedSessionExpirationPercent(EXPIRY_PERCENT)
                        .ensembleTracker(false)
                        .runSafeService(callbacks)
                        .authorization(ZkAcls.credentials(access))
                        .aclProvider(acls)
                        .zkClientConfig(options(access))
                        .build();
        var opened = new ZkClients(client, callbacks);
        boolean connected = false;
        try {
            client.start();
            connected = client.blockUntilConnected(connectMillis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } finally {
            if (!connected) {
                opened.close();
            }
        }
        if (!connected) {
            throw new IOException(
                    "ZooKeeper at "
                            + connectString
                            + " did not answer within "
                            + connectMillis / 1_000
                            + " s: check that it runs and that the connect string (host:port,"
                            + " several separated by commas) is right");
        }
        return opened;
    }

    private static ZKClientConfig options(ZooKeeperAccess access) {
        var config = new ZKClientConfig();
        access.options().forEach(config::setProperty);
        return config;
    }

    /** The open client. */
    public CuratorFramework client() {
        return client;
    }

    @Override
    public void close() {
        client.close();
        callbacks.shutdown();
    }
}
