package io.coxswain.agent.adapter;

import io.coxswain.proto.store.v1.AgentRegistration;

import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.framework.state.ConnectionStateListener;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.data.Stat;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;

/**
 * The ephemeral node {@code /agents/<id>}. A node of that name that belongs to another session is a
 * dead incarnation's ghost and is deleted: the newest process of a name wins. Registers again
 * whenever the node or the session is gone. Works on one virtual thread.
 */
final class ZkRegistration implements AutoCloseable {
    static final String AGENTS_PATH = "/agents";

    private static final Logger LOG = LoggerFactory.getLogger(ZkRegistration.class);

    private final CuratorFramework zookeeper;
    private final String path;
    private final byte[] record;
    private final Duration retry;
    private final CompletableFuture<Void> registered = new CompletableFuture<>();
    private final Object signal = new Object();
    private final ConnectionStateListener connection = this::connectionChanged;
    private final Watcher watcher = event -> wake();
    private final Thread thread;
    private boolean due = true;
    // Of the thread.
    private String complaint = "";
    private volatile boolean closed;
    private volatile boolean stands;

    ZkRegistration(CuratorFramework zookeeper, AgentProfile profile, Duration retry) {
        this.zookeeper = zookeeper;
        this.path = AGENTS_PATH + "/" + profile.key().id();
        this.retry = retry;
        this.record =
                AgentRegistration.newBuilder()
                        .setAgent(ControlCodec.identity(profile.key()))
                        .setDataEndpoint(ControlCodec.endpoint(profile.dataEndpoint()))
                        .setFailureDomain(profile.failureDomain())
                        .setArenaBudgetBytes(profile.arenaBudgetBytes())
                        .setDevices(profile.devices())
                        .putAllLabels(profile.labels())
                        .build()
                        .toByteArray();
        this.thread =
                Thread.ofVirtual().name("registration-" + profile.key().id()).unstarted(this::run);
    }

    void start() {
        zookeeper.getConnectionStateListenable().addListener(connection);
        thread.start();
    }

    /** Whether the node stood when it was looked at last. Any thread. */
    boolean stands() {
        return stands;
    }

    /** Completes when the node stands for the first time. */
    CompletableFuture<Void> registered() {
        return registered;
    }

    private void connectionChanged(CuratorFramework client, ConnectionState state) {
        if (state.isConnected()) {
            wake();
        }
    }

    private void wake() {
        synchronized (signal) {
            due = true;
            signal.notifyAll();
        }
    }

    private void run() {
        try {
            while (!closed) {
                synchronized (signal) {
                    while (!due) {
                        signal.wait();
                    }
                    due = false;
                }
                if (closed) {
                    return;
                }
                try {
                    register();
                    complaint = "";
                    registered.complete(null);
                } catch (InterruptedException e) {
                    throw e;
                } catch (Exception e) {
                    // Curator declares Exception: whatever it is, ZooKeeper was not in a state to
                    // answer.
                    complain(e);
                    synchronized (signal) {
                        signal.wait(retry.toMillis());
                        due = true;
                    }
                }
            }
        } catch (InterruptedException e) {
            LOG.debug("registration of {} ends", path);
        }
    }

    // It is tried some times a second.
    private void complain(Exception failed) {
        if (!failed.toString().equals(complaint)) {
            complaint = failed.toString();
            LOG.warn(
                    "cannot register {}: {}; trying again{}",
                    path,
                    complaint,
                    failed instanceof KeeperException.NoNodeException
                            ? ": a coordinator makes that folder when the first one starts"
                            : "");
        }
    }

    private void register() throws Exception {
        long session = zookeeper.getZookeeperClient().getZooKeeper().getSessionId();
        Stat found = zookeeper.checkExists().usingWatcher(watcher).forPath(path);
        if (found != null && found.getEphemeralOwner() != session) {
            if (registered.isDone() && !isOurs(zookeeper.getData().forPath(path))) {
                // A newer process took the name: two that delete each other's nodes would never
                // end.
                LOG.warn(
                        "{} was taken over by another process of the same name; this one stays"
                                + " unregistered",
                        path);
                stands = false;
                return;
            }
            LOG.info(
                    "{} belongs to another session: the ghost of an earlier one; it is deleted",
                    path);
            try {
                zookeeper.delete().withVersion(found.getVersion()).forPath(path);
            } catch (KeeperException.NoNodeException | KeeperException.BadVersionException e) {
                LOG.debug("{} changed meanwhile", path, e);
            }
            found = null;
        }
        if (found == null) {
            try {
                zookeeper
                        .create()
                        .creatingParentsIfNeeded()
                        .withMode(CreateMode.EPHEMERAL)
                        .forPath(path, record);
            } catch (KeeperException.NodeExistsException e) {
                LOG.debug("{} appeared meanwhile", path, e);
                wake();
                return;
            }
            zookeeper.checkExists().usingWatcher(watcher).forPath(path);
        }
        stands = true;
    }

    private boolean isOurs(byte[] data) {
        return Arrays.equals(data, record);
    }

    /** Deletes the node if it is this session's. */
    @Override
    public void close() {
        closed = true;
        zookeeper.getConnectionStateListenable().removeListener(connection);
        thread.interrupt();
        try {
            thread.join();
            if (zookeeper.getZookeeperClient().isConnected()) {
                Stat found = zookeeper.checkExists().forPath(path);
                if (found != null
                        && found.getEphemeralOwner()
                                == zookeeper.getZookeeperClient().getZooKeeper().getSessionId()) {
                    zookeeper.delete().quietly().forPath(path);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Exception e) {
            LOG.debug("{} is left to its session's end", path, e);
        }
    }
}
