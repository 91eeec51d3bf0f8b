package io.coxswain.coordinator;

import io.coxswain.coordinator.adapter.zookeeper.ZkClients;
import io.coxswain.security.PlaneSecurity;
import io.coxswain.security.Role;
import io.coxswain.security.WireSecurity;
import io.coxswain.security.ZooKeeperAccess;

import org.apache.curator.framework.CuratorFramework;
import org.jspecify.annotations.Nullable;

import java.io.IOException;

/** What a coordinator stands on: its certificates, and ZooKeeper. */
final class Groundwork implements AutoCloseable {
    /**
     * What was asked for.
     *
     * @param client the host's own; null: one is made for {@code connectString}
     */
    record Wanted(
            WireSecurity security,
            ZooKeeperAccess access,
            String connectString,
            @Nullable CuratorFramework client) {
        static final Wanted NOTHING =
                new Wanted(WireSecurity.loopbackOnly(), ZooKeeperAccess.OPEN, "", null);

        Wanted security(WireSecurity wires) {
            return new Wanted(wires, access, connectString, client);
        }

        Wanted access(ZooKeeperAccess shown) {
            return new Wanted(security, shown, connectString, client);
        }

        Wanted connectString(String hosts) {
            return new Wanted(security, access, hosts, client);
        }

        Wanted client(CuratorFramework started) {
            return new Wanted(security, access, connectString, started);
        }

        /** Refuses none and both. */
        void check() {
            if (client == null && connectString.isEmpty()) {
                throw new IllegalArgumentException(
                        "a coordinator needs ZooKeeper: give zookeeper(\"host:2181\") or"
                                + " curator(client)");
            }
            if (client != null && !connectString.isEmpty()) {
                throw new IllegalArgumentException(
                        "give zookeeper(connectString) or curator(client), not both");
            }
        }
    }

    private final PlaneSecurity security;
    private final CuratorFramework client;
    private final @Nullable ZkClients own;

    private Groundwork(PlaneSecurity security, CuratorFramework client, @Nullable ZkClients own) {
        this.security = security;
        this.client = client;
        this.own = own;
    }

    /**
     * Reads the certificates and connects.
     *
     * @throws IOException if either fails; nothing is left open then
     */
    static Groundwork open(Wanted wanted, CoordinatorConfig config) throws IOException {
        PlaneSecurity security =
                PlaneSecurity.open(
                        "coordinator " + config.id(), wanted.security(), Role.COORDINATOR, null);
        CuratorFramework given = wanted.client();
        if (given != null) {
            return new Groundwork(security, given, null);
        }
        try {
            security.admitListening("the control port", config.bindHost());
            ZkClients own =
                    ZkClients.connect(
                            wanted.connectString(),
                            config.sessionTimeout(),
                            config.chroot(),
                            wanted.access());
            return new Groundwork(security, own.client(), own);
        } catch (IOException | RuntimeException failed) {
            security.close();
            throw failed;
        }
    }

    PlaneSecurity security() {
        return security;
    }

    CuratorFramework client() {
        return client;
    }

    @Override
    public void close() {
        if (own != null) {
            own.close();
        }
        security.close();
    }
}
