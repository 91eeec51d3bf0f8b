package io.coxswain.chaos.cluster;

import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;

import java.io.IOException;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Ends ZooKeeper sessions of others. Stateless. */
final class ZkSessions {
    private static final int TIMEOUT_MILLIS = 6_000;
    private static final long SECONDS = 5;
    private static final int PASSWORD_BYTES = 16;

    /** A constant of the server's, from which it makes the passwords of sessions. */
    private static final long SERVER_SECRET = 0xB3415C00L;

    private ZkSessions() {}

    /**
     * Ends the session that owns the ephemeral node: a twin that joins the session closes it, so
     * the owner hears that it has expired.
     */
    static void expire(String connect, String path) throws IOException {
        try {
            long session = owner(connect, path);
            byte[] password = new byte[PASSWORD_BYTES];
            new Random(session ^ SERVER_SECRET).nextBytes(password);
            var joined = new CountDownLatch(1);
            var twin = new ZooKeeper(connect, TIMEOUT_MILLIS, told(joined), session, password);
            // Closed earlier it would not have told the server.
            await(joined, connect);
            twin.close();
        } catch (KeeperException e) {
            throw new IOException("cannot find the owner of " + path + ": " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while ending the session of " + path, e);
        }
    }

    private static long owner(String connect, String path)
            throws IOException, InterruptedException, KeeperException {
        var connected = new CountDownLatch(1);
        var client = new ZooKeeper(connect, TIMEOUT_MILLIS, told(connected));
        try {
            await(connected, connect);
            Stat stat = client.exists(path, false);
            if (stat == null || stat.getEphemeralOwner() == 0) {
                throw new IOException(path + " in ZooKeeper belongs to no session");
            }
            return stat.getEphemeralOwner();
        } finally {
            client.close();
        }
    }

    private static Watcher told(CountDownLatch connected) {
        return event -> {
            if (event.getState() == Watcher.Event.KeeperState.SyncConnected) {
                connected.countDown();
            }
        };
    }

    private static void await(CountDownLatch connected, String connect)
            throws IOException, InterruptedException {
        if (!connected.await(SECONDS, TimeUnit.SECONDS)) {
            throw new IOException("ZooKeeper at " + connect + " does not answer");
        }
    }
}
