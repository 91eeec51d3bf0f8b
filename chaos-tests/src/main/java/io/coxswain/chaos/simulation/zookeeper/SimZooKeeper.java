package io.coxswain.chaos.simulation.zookeeper;

import io.coxswain.chaos.simulation.kernel.Kernel;
import io.coxswain.chaos.simulation.network.Network;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * One ensemble seen as one server: a tree, sessions that end some time after the last word of their
 * client (or earlier, when a fault says so), and watches that are told of changes while their
 * client is connected.
 */
public final class SimZooKeeper {
    private final Network network;
    private final Kernel kernel;
    private final int host;
    private final long sessionNanos;
    private final Tree tree = new Tree(this::changed);
    private final TreeMap<Long, Long> lastHeard = new TreeMap<>();
    private final List<ZooKeeperClient> clients = new ArrayList<>();
    private long nextSession = 1;
    private boolean down;

    public SimZooKeeper(Network network, int host, long sessionNanos) {
        this.network = network;
        this.kernel = network.kernel();
        this.host = host;
        this.sessionNanos = sessionNanos;
    }

    public long sessionNanos() {
        return sessionNanos;
    }

    int host() {
        return host;
    }

    Network network() {
        return network;
    }

    /** What stands in the store, for whoever may look at everything. */
    public Tree tree() {
        return tree;
    }

    public boolean isDown() {
        return down;
    }

    /** Sessions that are not over. */
    public int sessions() {
        return lastHeard.size();
    }

    void register(ZooKeeperClient client) {
        clients.add(client);
    }

    void unregister(ZooKeeperClient client) {
        clients.remove(client);
    }

    /** No quorum: nobody is answered, and no session ends. */
    public void stop() {
        down = true;
        for (ZooKeeperClient client : List.copyOf(clients)) {
            client.connectionBroke();
        }
    }

    /** Back; sessions get their whole time anew, as a new leader grants it. */
    public void start() {
        down = false;
        for (Long session : List.copyOf(lastHeard.keySet())) {
            heard(session);
        }
    }

    long openSession() {
        long session = nextSession++;
        lastHeard.put(session, kernel.now());
        watchOver(session);
        return session;
    }

    /** True while that session is not over. */
    public boolean isOpen(long session) {
        return knows(session);
    }

    boolean knows(long id) {
        return lastHeard.containsKey(id);
    }

    /** False when that session is over. */
    boolean heard(long session) {
        return lastHeard.replace(session, kernel.now()) != null;
    }

    private void watchOver(long session) {
        Long heard = lastHeard.get(session);
        if (heard == null) {
            return;
        }
        kernel.at(
                heard + sessionNanos,
                "session",
                () -> {
                    Long last = lastHeard.get(session);
                    if (last == null) {
                        return;
                    }
                    if (down) {
                        heard(session);
                    } else if (kernel.now() - last >= sessionNanos) {
                        expire(session);
                        return;
                    }
                    watchOver(session);
                });
    }

    /** Ends a session, whatever its client thinks. */
    public void expire(long session) {
        if (lastHeard.remove(session) != null) {
            kernel.trace().turn(kernel.now(), "zookeeper", "expired", session);
            tree.deleteOwnedBy(session);
        }
    }

    /** The client said goodbye. */
    void closeSession(long session) {
        expire(session);
    }

    private void changed(String path, Tree.@Nullable Node now) {
        for (ZooKeeperClient client : List.copyOf(clients)) {
            client.notifyChange(path, now);
        }
    }
}
