package io.coxswain.launcher.zk;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.admin.AdminClient;

import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.client.ZKClientConfig;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;

import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Reads the tree of an installation from ZooKeeper, with or without a coordinator, and writes
 * nothing. It is no picture of one moment: nodes are read one after the other.
 */
public final class ZkDump implements AutoCloseable {
    private static final int SESSION_MILLIS = 6_000;
    private static final long CONNECT_SECONDS = 5;
    private static final String NOT_FOR_US = "not for this user to read: see --zookeeper-auth-file";
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private final ZooKeeper client;
    private final String root;
    private final String servers;

    private ZkDump(ZooKeeper client, String root, String servers) {
        this.client = client;
        this.root = root;
        this.servers = servers;
    }

    /**
     * Connects.
     *
     * @throws EnvironmentException if ZooKeeper does not answer
     */
    public static ZkDump connect(AdminClient.Address address) throws EnvironmentException {
        var config = new ZKClientConfig();
        address.access().options().forEach(config::setProperty);
        var connected = new CountDownLatch(1);
        String root = address.chroot().equals("/") ? "" : address.chroot();
        try {
            var client =
                    new ZooKeeper(
                            address.zookeeper(),
                            SESSION_MILLIS,
                            event -> {
                                if (event.getState() == Watcher.Event.KeeperState.SyncConnected) {
                                    connected.countDown();
                                }
                            },
                            config);
            address.access()
                    .passwords()
                    .forEach((user, password) ->
                            client.addAuthInfo(
                                    "digest",
                                    (user + ":" + password).getBytes(StandardCharsets.UTF_8)));
            var dump = new ZkDump(client, root, address.zookeeper());
            if (!connected.await(CONNECT_SECONDS, TimeUnit.SECONDS)) {
                dump.close();
                throw new EnvironmentException(
                        "no answer from ZooKeeper at "
                                + address.zookeeper()
                                + " within "
                                + CONNECT_SECONDS
                                + " s: is it running? Name another with --zookeeper");
            }
            return dump;
        } catch (IOException | IllegalArgumentException e) {
            throw new EnvironmentException(
                    "cannot ask ZooKeeper at " + address.zookeeper() + ": " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new EnvironmentException("interrupted while connecting to ZooKeeper", e);
        }
    }

    /**
     * Reads all nodes, parents first.
     *
     * @param most nodes at most
     * @return how many were left out, at least; 0: none
     * @throws EnvironmentException if ZooKeeper does not answer, or nothing is there
     */
    private int read(int most, Consumer<ZkNode> to) throws EnvironmentException {
        var todo = new ArrayDeque<String>();
        todo.add(root);
        int read = 0;
        while (!todo.isEmpty() && read < most) {
            String path = todo.removeFirst();
            try {
                Stat stat;
                try {
                    stat = client.exists(path.isEmpty() ? "/" : path, false);
                } catch (KeeperException.NoAuthException closed) {
                    if (path.equals(root)) {
                        throw closed;
                    }
                    read++;
                    to.accept(closed(path));
                    continue;
                }
                if (stat == null) {
                    if (path.equals(root)) {
                        throw new EnvironmentException(
                                "nothing stands at "
                                        + path
                                        + " in ZooKeeper at "
                                        + servers
                                        + ": no coordinator or agent was ever started there; name"
                                        + " another path with --chroot");
                    }
                    continue;
                }
                read++;
                to.accept(node(path, stat, todo));
            } catch (KeeperException.ConnectionLossException
                    | KeeperException.SessionExpiredException lost) {
                throw new EnvironmentException(
                        "the connection to ZooKeeper at "
                                + servers
                                + " was lost after "
                                + read
                                + " nodes: ask again",
                        lost);
            } catch (KeeperException.NoAuthException closed) {
                throw new EnvironmentException(
                        (path.isEmpty() ? "/" : path)
                                + " in ZooKeeper at "
                                + servers
                                + " is not for everybody to read: give --zookeeper-auth-file with"
                                + " the password of coordinator",
                        closed);
            } catch (KeeperException | InterruptedException failed) {
                if (failed instanceof InterruptedException) {
                    Thread.currentThread().interrupt();
                }
                throw new EnvironmentException(
                        "cannot read " + path + " in ZooKeeper: " + failed.getMessage(), failed);
            }
        }
        return todo.size();
    }

    // Of such a node nothing is told but that it is there.
    private ZkNode closed(String path) {
        return new ZkNode(
                path.substring(root.length()), 0, 0, 0, 0, 0, new byte[0], List.of(), NOT_FOR_US);
    }

    private ZkNode node(String path, Stat stat, ArrayDeque<String> todo)
            throws KeeperException, InterruptedException {
        String full = path.isEmpty() ? "/" : path;
        byte[] data = {};
        String problem = "";
        var acls = new ArrayList<String>();
        try {
            data = orEmpty(client.getData(full, false, stat));
            List<String> names = new ArrayList<>(client.getChildren(full, false));
            names.sort(null);
            names.reversed().forEach(name -> todo.addFirst(path + "/" + name));
        } catch (KeeperException.NoAuthException closed) {
            problem = NOT_FOR_US;
        } catch (KeeperException.NoNodeException gone) {
            problem = "gone meanwhile";
        }
        try {
            for (ACL acl : client.getACL(full, stat)) {
                acls.add(who(acl.getId()) + ":" + rights(acl.getPerms()));
            }
        } catch (KeeperException.NoAuthException | KeeperException.NoNodeException closed) {
            acls.add("not shown");
        }
        String below = path.substring(root.length());
        return new ZkNode(
                below.isEmpty() ? "/" : below,
                stat.getVersion(),
                stat.getCtime(),
                stat.getMtime(),
                stat.getEphemeralOwner(),
                stat.getNumChildren(),
                data,
                acls,
                problem);
    }

    private static byte[] orEmpty(byte @Nullable [] data) {
        return data == null ? new byte[0] : data;
    }

    // What stands behind the user's name is the hash of its password.
    private static String who(Id id) {
        int colon = id.getId().indexOf(':');
        return id.getScheme() + ":" + (colon < 0 ? id.getId() : id.getId().substring(0, colon));
    }

    private static String rights(int permissions) {
        var text = new StringBuilder();
        String letters = "rwcda";
        for (int bit = 0; bit < letters.length(); bit++) {
            if ((permissions & 1 << bit) != 0) {
                text.append(letters.charAt(bit));
            }
        }
        return text.toString();
    }

    /**
     * Prints the tree for people, a node at a time.
     *
     * @param most nodes at most
     */
    public void print(int most, Consumer<String> line) throws EnvironmentException {
        int left =
                read(
                        most,
                        node -> {
                            line.accept(head(node));
                            ObjectNode record = decoded(node);
                            if (record != null) {
                                line.accept("    " + record);
                            }
                        });
        if (left > 0) {
            line.accept("and more: " + left + " nodes at least were left out; see --most");
        }
    }

    private static String head(ZkNode node) {
        if (node.problem().equals(NOT_FOR_US) && node.acls().isEmpty()) {
            return node.path() + "  " + node.problem();
        }
        return node.path()
                + "  version "
                + node.version()
                + ", "
                + node.data().length
                + " bytes, "
                + node.children()
                + " children, changed "
                + Instant.ofEpochMilli(node.changedMillis())
                + (node.owner() == 0 ? "" : ", of session 0x" + Long.toHexString(node.owner()))
                + ", "
                + String.join(" ", node.acls())
                + (node.problem().isEmpty() ? "" : ", " + node.problem());
    }

    private static @Nullable ObjectNode decoded(ZkNode node) {
        if (node.data().length == 0) {
            return null;
        }
        ObjectNode record = ZkRecords.decode(node.path(), node.data());
        if (record == null) {
            record = JSON.createObjectNode();
            record.put(
                    "unknown",
                    node.path().startsWith("/controller/election/")
                            ? "a candidate of the election"
                            : "nobody of this version writes there: "
                                    + node.data().length
                                    + " bytes");
        }
        return record;
    }

    /**
     * The tree as one JSON object.
     *
     * @param most nodes at most
     */
    public String json(int most) throws EnvironmentException {
        ObjectNode all = JSON.createObjectNode();
        all.put("chroot", root.isEmpty() ? "/" : root);
        ArrayNode nodes = all.putArray("nodes");
        int left =
                read(
                        most,
                        node -> {
                            ObjectNode one = nodes.addObject();
                            one.put("path", node.path());
                            one.put("version", node.version());
                            one.put("bytes", node.data().length);
                            one.put("children", node.children());
                            one.put("createdMillis", node.createdMillis());
                            one.put("changedMillis", node.changedMillis());
                            if (node.owner() != 0) {
                                one.put("ownerSession", "0x" + Long.toHexString(node.owner()));
                            }
                            ArrayNode acls = one.putArray("acls");
                            node.acls().forEach(acls::add);
                            if (!node.problem().isEmpty()) {
                                one.put("problem", node.problem());
                            }
                            ObjectNode record = decoded(node);
                            if (record != null) {
                                one.setAll(record);
                            }
                        });
        all.put("leftOut", left);
        return JSON.writeValueAsString(all);
    }

    @Override
    public void close() {
        try {
            client.close();
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }
}
