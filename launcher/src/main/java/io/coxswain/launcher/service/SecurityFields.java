package io.coxswain.launcher.service;

import io.coxswain.launcher.config.ConfigSection;
import io.coxswain.security.TlsFiles;
import io.coxswain.security.WireSecurity;
import io.coxswain.security.ZooKeeperAccess;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The fields {@code tls} and {@code plaintext} of a coordinator's or an agent's file. */
final class SecurityFields {
    private SecurityFields() {}

    /** Reads them; complaints go to their sections. */
    static WireSecurity read(ConfigSection root, Path folder) {
        ConfigSection tls = root.section("tls");
        boolean inFolder = tls.has("folder");
        Path files = folder.resolve(tls.text("folder", ""));
        List<String> names = List.of("cert", "key", "ca");
        List<String> given = names.stream().filter(tls::has).toList();
        Path certificate = folder.resolve(tls.text("cert", TlsFiles.CERTIFICATE));
        Path key = folder.resolve(tls.text("key", TlsFiles.KEY));
        Path authorities = folder.resolve(tls.text("ca", TlsFiles.AUTHORITIES));
        boolean plaintext = root.flag("plaintext", false);
        boolean encrypted = inFolder || !given.isEmpty();
        if (inFolder && !given.isEmpty()) {
            tls.complain(
                    given.getFirst(),
                    "names a file, and folder names all three; expected one way or the other");
        } else if (!given.isEmpty() && given.size() < names.size()) {
            tls.complain(
                    given.getFirst(),
                    "is not enough: expected cert, key and ca, or folder with "
                            + TlsFiles.CERTIFICATE
                            + ", "
                            + TlsFiles.KEY
                            + " and "
                            + TlsFiles.AUTHORITIES);
        }
        if (plaintext && encrypted) {
            root.complain(
                    "plaintext",
                    "contradicts tls: expected certificates, or the consent to do without");
        }
        Path revoked = revoked(tls, folder, encrypted);
        if (encrypted) {
            TlsFiles all =
                    inFolder ? TlsFiles.in(files) : new TlsFiles(certificate, key, authorities);
            return WireSecurity.tls(
                    revoked == null
                            ? all
                            : new TlsFiles(
                                    all.certificate(), all.key(), all.authorities(), revoked));
        }
        return plaintext ? WireSecurity.plaintext() : WireSecurity.loopbackOnly();
    }

    // Named, it must be there: a name that is wrong would let everybody in.
    private static @Nullable Path revoked(ConfigSection tls, Path folder, boolean encrypted) {
        if (!tls.has("revoked")) {
            return null;
        }
        Path list = folder.resolve(tls.text("revoked", ""));
        if (!encrypted) {
            tls.complain("revoked", "says whom not to trust: expected folder, or cert, key and ca");
        } else if (!Files.isReadable(list)) {
            tls.complain(
                    "revoked",
                    "there is no file "
                            + list
                            + " that can be read; an empty one takes nothing back");
        }
        return list;
    }

    // A coordinator opens to agents what is theirs, so it must know their password.
    private static List<String> needed(String kind) {
        return kind.equals("coordinator")
                ? List.of(ZooKeeperAccess.COORDINATOR, ZooKeeperAccess.AGENT)
                : List.of(ZooKeeperAccess.AGENT);
    }

    /**
     * The fields {@code zookeeperAuthFile} and {@code zookeeperOptions}.
     *
     * @param kind {@code coordinator} or {@code agent}
     */
    static ZooKeeperAccess zookeeper(ConfigSection root, Path folder, String kind) {
        ZooKeeperAccess access = ZooKeeperAccess.OPEN;
        if (root.has("zookeeperAuthFile")) {
            Path file = folder.resolve(root.text("zookeeperAuthFile", ""));
            try {
                access = ZooKeeperAccess.read(file);
                for (String user : needed(kind)) {
                    if (access.password(user).isEmpty()) {
                        root.complain(
                                "zookeeperAuthFile",
                                file + " has no line " + user + ":PASSWORD, which it needs");
                    }
                }
            } catch (IOException e) {
                root.complain("zookeeperAuthFile", String.valueOf(e.getMessage()));
            }
        }
        try {
            return access.with(root.texts("zookeeperOptions"));
        } catch (IllegalArgumentException e) {
            root.complain("zookeeperOptions", String.valueOf(e.getMessage()));
            return access;
        }
    }
}
