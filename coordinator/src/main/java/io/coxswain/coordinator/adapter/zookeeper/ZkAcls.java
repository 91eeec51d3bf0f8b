package io.coxswain.coordinator.adapter.zookeeper;

import io.coxswain.security.ZooKeeperAccess;

import org.apache.curator.framework.AuthInfo;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.api.ACLProvider;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.apache.zookeeper.server.auth.DigestAuthenticationProvider;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.charset.StandardCharsets;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;

/**
 * Who may do what in ZooKeeper, by node: {@code docs/security.md} has the table. Without
 * credentials everything is open.
 */
final class ZkAcls implements ACLProvider {
    private static final Logger LOG = LoggerFactory.getLogger(ZkAcls.class);
    private static final int REGISTERS =
            ZooDefs.Perms.READ | ZooDefs.Perms.CREATE | ZooDefs.Perms.DELETE;

    private final ZkPaths paths;
    private final boolean closed;
    // ArrayLists: ZooKeeper looks for a null in them, which a List.of does not take.
    private final List<ACL> open = new ArrayList<>();
    private final List<ACL> own = new ArrayList<>();
    private final List<ACL> readable = new ArrayList<>();
    private final List<ACL> registering = new ArrayList<>();

    /**
     * @throws IllegalArgumentException if there are credentials, but not those of coordinator and
     *     agent
     */
    ZkAcls(ZkPaths paths, ZooKeeperAccess access) {
        this.paths = paths;
        this.closed = access.closed();
        open.add(new ACL(ZooDefs.Perms.ALL, new Id("world", "anyone")));
        if (!closed) {
            return;
        }
        ACL all = acl(access, ZooKeeperAccess.COORDINATOR, ZooDefs.Perms.ALL);
        own.add(all);
        readable.add(all);
        readable.add(acl(access, ZooKeeperAccess.AGENT, ZooDefs.Perms.READ));
        if (access.password(ZooKeeperAccess.CLIENT).isPresent()) {
            readable.add(acl(access, ZooKeeperAccess.CLIENT, ZooDefs.Perms.READ));
        }
        registering.add(all);
        registering.add(acl(access, ZooKeeperAccess.AGENT, REGISTERS));
    }

    private static ACL acl(ZooKeeperAccess access, String user, int permissions) {
        String password =
                access.password(user)
                        .orElseThrow(() ->
                                new IllegalArgumentException(
                                        "a coordinator needs the ZooKeeper passwords of coordinator"
                                                + " and agent: the line "
                                                + user
                                                + ":PASSWORD is missing"));
        try {
            return new ACL(
                    permissions,
                    new Id(
                            "digest",
                            DigestAuthenticationProvider.generateDigest(user + ":" + password)));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("this JDK has no digest for ZooKeeper", impossible);
        }
    }

    /** What a session shows of itself: a coordinator is an agent too, so that it reads theirs. */
    static List<AuthInfo> credentials(ZooKeeperAccess access) {
        return access.passwords().entrySet().stream()
                .map(user ->
                        new AuthInfo(
                                "digest",
                                (user.getKey() + ":" + user.getValue())
                                        .getBytes(StandardCharsets.UTF_8)))
                .toList();
    }

    @Override
    public List<ACL> getDefaultAcl() {
        return closed ? own : open;
    }

    @Override
    public List<ACL> getAclForPath(String path) {
        if (!closed) {
            return open;
        }
        if (path.equals(paths.agents())) {
            return registering;
        }
        return path.equals(paths.root())
                        || path.equals(paths.controller())
                        || path.equals(paths.leader())
                ? readable
                : own;
    }

    /**
     * Closes what was made while everything was open, or by others; a registration that an agent's
     * password did not make is deleted: it is a stranger's.
     */
    void close(CuratorFramework client) throws Exception {
        if (!closed) {
            return;
        }
        if (!paths.root().isEmpty()) {
            tighten(client, paths.root());
        }
        for (String folder : List.of(paths.controller(), paths.agents(), paths.jobs())) {
            tighten(client, folder);
        }
        tighten(client, paths.term());
        tighten(client, paths.maintenance());
        for (String job : client.getChildren().forPath(paths.jobs())) {
            String path = paths.jobs() + "/" + job;
            for (String record : client.getChildren().forPath(path)) {
                tighten(client, path + "/" + record);
            }
            tighten(client, path);
        }
        for (String agent : client.getChildren().forPath(paths.agents())) {
            String path = paths.agents() + "/" + agent;
            if (client.getACL().forPath(path).stream().anyMatch(acl -> open(acl))) {
                LOG.warn("{} was registered by a stranger and is deleted", path);
                client.delete().quietly().forPath(path);
            }
        }
    }

    private static boolean open(ACL acl) {
        return acl.getId().getScheme().equals("world");
    }

    private void tighten(CuratorFramework client, String path) throws Exception {
        List<ACL> wanted = getAclForPath(path);
        try {
            if (!client.getACL().forPath(path).equals(wanted)) {
                client.setACL().withACL(wanted).forPath(path);
                LOG.info("{} is closed to strangers from now on", path);
            }
        } catch (KeeperException.NoNodeException gone) {
            LOG.debug("{} is gone", path);
        }
    }
}
