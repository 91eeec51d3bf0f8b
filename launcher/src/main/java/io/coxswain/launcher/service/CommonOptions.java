package io.coxswain.launcher.service;

import io.coxswain.launcher.config.ConfigSection;
import io.coxswain.security.WireSecurity;
import io.coxswain.security.ZooKeeperAccess;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.logging.Level;
import java.util.regex.Pattern;

/**
 * What coordinators and agents have in common.
 *
 * @param zookeeper connect string without the chroot
 * @param bindHost where it listens
 * @param port 0: any free one
 * @param advertisedHost where others reach it
 * @param advertisedPort 0: the port that it listens on
 * @param http null: no HTTP port
 * @param httpNames that HTTP requests may use for this host, besides those that are always right
 * @param security how what it says to others is protected
 * @param zookeeperAccess its credentials and options there
 */
record CommonOptions(
        String id,
        String zookeeper,
        String chroot,
        Duration sessionTimeout,
        String bindHost,
        int port,
        String advertisedHost,
        int advertisedPort,
        @Nullable HttpAddress http,
        List<String> httpNames,
        WireSecurity security,
        ZooKeeperAccess zookeeperAccess,
        Path log,
        Level logLevel) {
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9._-]{1,64}");
    private static final Pattern CONNECT =
            Pattern.compile("[^\\s,/:]+(:\\d{1,5})?(,[^\\s,/:]+(:\\d{1,5})?)*|\\[.*");
    private static final Pattern CHROOT = Pattern.compile("(/[A-Za-z0-9._-]+)+");
    private static final int MAX_PORT = 65_535;

    /**
     * Reads the common fields of {@code root}; {@code kind} is {@code coordinator} or {@code
     * agent}.
     */
    static CommonOptions read(ConfigSection root, String kind, Path folder, int defaultPort) {
        String host = hostName();
        String id =
                root.text(
                        "id", kind + "-" + host, ID, "1 to 64 of the characters A-Z a-z 0-9 . _ -");
        String zookeeper =
                root.text(
                        "zookeeper",
                        "127.0.0.1:2181",
                        CONNECT,
                        "host:port, several separated by commas; the path below which everything"
                                + " stands is the field chroot");
        String chroot =
                root.text("chroot", "/coxswain", CHROOT, "a ZooKeeper path such as /coxswain");
        Duration session =
                root.duration(
                        "sessionTimeout",
                        Duration.ofSeconds(6),
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(60));
        ConfigSection bind = root.section("bind");
        String bindHost = bind.text("host", "127.0.0.1");
        int port = (int) bind.whole("port", defaultPort, 0, MAX_PORT);
        ConfigSection advertise = root.section("advertise");
        boolean everywhere = bindHost.equals("0.0.0.0") || bindHost.equals("::");
        String advertised = advertise.text("host", everywhere ? host : bindHost);
        int advertisedPort = (int) advertise.whole("port", 0, 0, MAX_PORT);
        ConfigSection web = root.section("http");
        String webHost = web.text("host", HttpAddress.LOOPBACK);
        boolean open = web.has("port");
        int webPort = (int) web.whole("port", 0, 0, MAX_PORT);
        List<String> names = web.textList("names");
        HttpAddress http = open ? withToken(new HttpAddress(webHost, webPort), web, folder) : null;
        if (!open && web.has("tokenFile") && !web.text("tokenFile", "").isEmpty()) {
            web.complain("tokenFile", "there is no HTTP port: give http.port too");
        }
        WireSecurity security = SecurityFields.read(root, folder);
        ZooKeeperAccess access = SecurityFields.zookeeper(root, folder, kind);
        Path log = folder.resolve(root.text("log", id + ".log"));
        Level level =
                switch (root.choice(
                        "logLevel", "info", List.of("error", "warn", "info", "debug"))) {
                    case "error" -> Level.SEVERE;
                    case "warn" -> Level.WARNING;
                    case "debug" -> Level.FINE;
                    default -> Level.INFO;
                };
        return new CommonOptions(
                id,
                zookeeper,
                chroot,
                session,
                bindHost,
                port,
                advertised,
                advertisedPort,
                http,
                names,
                security,
                access,
                log,
                level);
    }

    private static HttpAddress withToken(HttpAddress http, ConfigSection web, Path folder) {
        if (!web.has("tokenFile")) {
            return http;
        }
        try {
            return http.withToken(TokenFile.read(folder.resolve(web.text("tokenFile", ""))));
        } catch (IOException none) {
            web.complain("tokenFile", String.valueOf(none.getMessage()));
            return http;
        }
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName().replaceAll("[^A-Za-z0-9._-]", "-");
        } catch (UnknownHostException e) {
            return "localhost";
        }
    }
}
