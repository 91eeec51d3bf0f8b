package io.coxswain.chaos.cluster;

import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.security.TlsFiles;
import io.coxswain.security.WireSecurity;
import io.coxswain.security.ZooKeeperAccess;

import java.util.Arrays;

/** How one shows the admin plane who one is. */
public final class Credentials {
    private static final Credentials NONE = new Credentials(WireSecurity.loopbackOnly());
    private static final Credentials PLAINTEXT = new Credentials(WireSecurity.plaintext());

    /** Of an endpoint: what follows names ZooKeeper, which knows who leads. */
    private static final String ZOOKEEPER = "zookeeper://";

    private static final String CHROOT = "/coxswain";

    private final WireSecurity security;
    private final ZooKeeperAccess access;

    private Credentials(WireSecurity security) {
        this(security, ZooKeeperAccess.OPEN);
    }

    private Credentials(WireSecurity security, ZooKeeperAccess access) {
        this.security = security;
        this.access = access;
    }

    /** For a coordinator on this machine that asks for none. */
    public static Credentials none() {
        return NONE;
    }

    /** For a coordinator on another machine, or in a namespace, that asks for none. */
    public static Credentials plaintext() {
        return PLAINTEXT;
    }

    /** A certificate of an operator. */
    public static Credentials certificate(TlsFiles files) {
        return new Credentials(WireSecurity.tls(files));
    }

    /** What options said. */
    public static Credentials of(WireSecurity security) {
        return new Credentials(security);
    }

    /** The same, with who this is to ZooKeeper, where that names the leader. */
    public Credentials zooKeeper(ZooKeeperAccess user) {
        return new Credentials(security, user);
    }

    /**
     * Where to ask.
     *
     * @param endpoint {@code host:port} of the leader, or {@code zookeeper://host:port,…/path}: the
     *     leader is looked up there with each connection
     * @throws IllegalArgumentException if that names no server
     */
    AdminClient.Address at(String endpoint) {
        if (!endpoint.startsWith(ZOOKEEPER)) {
            return new AdminClient.Address(endpoint, "", "", security, access);
        }
        String rest = endpoint.substring(ZOOKEEPER.length());
        int slash = rest.indexOf('/');
        String servers = slash < 0 ? rest : rest.substring(0, slash);
        String path = slash < 0 ? CHROOT : rest.substring(slash);
        boolean named =
                Arrays.stream(servers.split(",", -1)).allMatch(one -> one.matches(".+:\\d{1,5}"));
        if (!named || (path.length() > 1 && path.endsWith("/"))) {
            throw new IllegalArgumentException(
                    "'"
                            + endpoint
                            + "': expected "
                            + ZOOKEEPER
                            + "HOST:PORT[,HOST:PORT…][/PATH], the path "
                            + CHROOT
                            + " if none is named");
        }
        return new AdminClient.Address(null, servers, path, security, access);
    }
}
