package io.coxswain.chaos.cluster;

import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.security.TlsFiles;
import io.coxswain.security.WireSecurity;
import io.coxswain.security.ZooKeeperAccess;

/** How one shows the admin plane who one is. */
public final class Credentials {
    private static final Credentials NONE = new Credentials(WireSecurity.loopbackOnly());
    private static final Credentials PLAINTEXT = new Credentials(WireSecurity.plaintext());

    private final WireSecurity security;

    private Credentials(WireSecurity security) {
        this.security = security;
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

    AdminClient.Address at(String endpoint) {
        return new AdminClient.Address(endpoint, "", "", security, ZooKeeperAccess.OPEN);
    }
}
