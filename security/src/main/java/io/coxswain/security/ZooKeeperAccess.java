package io.coxswain.security;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * How one shows ZooKeeper who one is, and how one connects. Users are those of the digest scheme;
 * which of them somebody knows decides what they may do.
 *
 * @param passwords by user; empty: none, and everything is open to everybody
 * @param options of ZooKeeper's client, such as {@code zookeeper.client.secure}
 */
public record ZooKeeperAccess(Map<String, String> passwords, Map<String, String> options) {
    /** May do everything. */
    public static final String COORDINATOR = "coordinator";

    /** Registers, and reads who leads. */
    public static final String AGENT = "agent";

    /** Reads who leads. */
    public static final String CLIENT = "client";

    /** Without credentials and options. */
    public static final ZooKeeperAccess OPEN = new ZooKeeperAccess(Map.of(), Map.of());

    private static final Logger LOG = LoggerFactory.getLogger(ZooKeeperAccess.class);
    private static final List<String> USERS = List.of(COORDINATOR, AGENT, CLIENT);
    private static final Pattern OPTION = Pattern.compile("zookeeper\\.[A-Za-z0-9._-]+");
    private static final long MAX_BYTES = 64 << 10;
    private static final int LEAST_PASSWORD = 8;

    /** Copies both. */
    public ZooKeeperAccess {
        passwords = Map.copyOf(passwords);
        options = Map.copyOf(options);
        for (String option : options.keySet()) {
            if (!OPTION.matcher(option).matches()) {
                throw new IllegalArgumentException(
                        "'"
                                + option
                                + "' is no option of ZooKeeper's client; expected a name such as"
                                + " zookeeper.client.secure");
            }
        }
    }

    /** With these options too. */
    public ZooKeeperAccess with(Map<String, String> more) {
        var all = new LinkedHashMap<>(options);
        all.putAll(more);
        return new ZooKeeperAccess(passwords, all);
    }

    /** Whether there are credentials. */
    public boolean closed() {
        return !passwords.isEmpty();
    }

    /** The password of a user, if it is known here. */
    public Optional<String> password(String user) {
        return Optional.ofNullable(passwords.get(user));
    }

    /**
     * Reads a file of lines {@code USER:PASSWORD}; empty lines and those that begin with {@code #}
     * count for nothing.
     *
     * @throws IOException the message says which line is wrong, and never what stands in it
     */
    public static ZooKeeperAccess read(Path file) throws IOException {
        List<String> lines;
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new IOException(file + " is too long to be a file of ZooKeeper's users");
            }
            lines = Files.readAllLines(file, StandardCharsets.UTF_8);
        } catch (NoSuchFileException absent) {
            throw new IOException(
                    "there is no file " + file + "; expected lines such as agent:PASSWORD", absent);
        }
        warnIfOpen(file);
        var passwords = new LinkedHashMap<String, String>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            int colon = line.indexOf(':');
            String user = colon < 0 ? "" : line.substring(0, colon);
            String password = line.substring(colon + 1);
            if (!USERS.contains(user)) {
                throw wrong(file, i, "expected USER:PASSWORD with " + String.join(", ", USERS));
            }
            if (password.length() < LEAST_PASSWORD) {
                throw wrong(
                        file,
                        i,
                        "expected a password of at least " + LEAST_PASSWORD + " characters");
            }
            if (passwords.put(user, password) != null) {
                throw wrong(file, i, "user " + user + " stood in a line before");
            }
        }
        if (passwords.isEmpty()) {
            throw new IOException(file + " names nobody; expected lines such as agent:PASSWORD");
        }
        return new ZooKeeperAccess(passwords, Map.of());
    }

    private static IOException wrong(Path file, int line, String text) {
        return new IOException(file + ":" + (line + 1) + ": " + text);
    }

    private static void warnIfOpen(Path file) {
        try {
            if (Files.getPosixFilePermissions(file).contains(PosixFilePermission.OTHERS_READ)) {
                LOG.warn("{} can be read by everybody on this machine: chmod 0600 it", file);
            }
        } catch (IOException | UnsupportedOperationException unknown) {
            LOG.debug("the mode of {} is not known", file, unknown);
        }
    }

    /** Without passwords. */
    @Override
    public String toString() {
        return "ZooKeeperAccess[users="
                + passwords.keySet()
                + ", options="
                + options.keySet()
                + "]";
    }
}
