package io.coxswain.coordinator.adapter.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.security.ZooKeeperAccess;

import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

class ZkAclsTest {
    private static final ZooKeeperAccess COORDINATOR =
            new ZooKeeperAccess(
                    Map.of(
                            "coordinator", "c-password",
                            "agent", "a-password",
                            "client", "l-password"),
                    Map.of());

    @TempDir private Path folder = Path.of("");

    private static CuratorFramework client(EmbeddedZooKeeper server, String user) {
        CuratorFrameworkFactory.Builder builder =
                CuratorFrameworkFactory.builder()
                        .connectString(server.connectString())
                        .retryPolicy(new RetryOneTime(100));
        if (!user.isEmpty()) {
            builder.authorization("digest", user.getBytes(StandardCharsets.UTF_8));
        }
        CuratorFramework client = builder.build();
        client.start();
        return client;
    }

    private static List<String> nodes(CuratorFramework client, String path) throws Exception {
        var all = new ArrayList<String>();
        all.add(path);
        for (String child : client.getChildren().forPath(path)) {
            all.addAll(nodes(client, path + "/" + child));
        }
        return all;
    }

    @Test
    void nothingIsEverybodys() throws Exception {
        var inputs = new InputQueue();
        try (var server = new EmbeddedZooKeeper(folder);
                CuratorFramework stranger = client(server, "");
                CuratorFramework agent = client(server, "agent:a-password");
                CuratorFramework reader = client(server, "client:l-password")) {
            // Before anybody closed it, somebody was here.
            stranger.create()
                    .creatingParentsIfNeeded()
                    .forPath("/coxswain/agents/stranger", new byte[] {1});
            stranger.create()
                    .creatingParentsIfNeeded()
                    .forPath("/coxswain/jobs/old/spec", new byte[0]);
            try (ZkClients own =
                            ZkClients.connect(
                                    server.connectString(),
                                    Duration.ofSeconds(5),
                                    "/coxswain",
                                    COORDINATOR);
                    var leadership =
                            new ZkLeadership(
                                    own.client(), "/coxswain", "c1", inputs, COORDINATOR)) {
                leadership.start("127.0.0.1", 7400, "");
                inputs.await(io.coxswain.coordinator.app.CoordinatorInput.LeadershipGained.class);

                for (String path : nodes(own.client(), "/coxswain")) {
                    List<ACL> acls = own.client().getACL().forPath(path);
                    assertThat(acls)
                            .as(path)
                            .isNotEmpty()
                            .noneMatch(acl -> acl.getId().getScheme().equals("world"));
                }
                assertThat(own.client().checkExists().forPath("/coxswain/agents/stranger"))
                        .isNull();

                String leader = "/coxswain/controller/leader";
                assertThat(agent.getData().forPath(leader)).isNotEmpty();
                assertThat(reader.getData().forPath(leader)).isNotEmpty();
                denied(() -> stranger.getData().forPath(leader));
                denied(() -> stranger.create().forPath("/coxswain/agents/x"));
                denied(() -> agent.setData().forPath(leader, new byte[0]));
                denied(() -> agent.delete().forPath(leader));
                denied(() -> agent.getData().forPath("/coxswain/jobs/old/spec"));
                denied(() -> reader.create().forPath("/coxswain/agents/x"));
                agent.create()
                        .withMode(CreateMode.EPHEMERAL)
                        .withACL(List.of(new ACL(ZooDefs.Perms.ALL, new Id("auth", ""))))
                        .forPath("/coxswain/agents/a1", new byte[] {2});
                assertThat(own.client().getData().forPath("/coxswain/agents/a1")).hasSize(1);
                denied(() -> stranger.delete().forPath("/coxswain/agents/a1"));
            }
        }
    }

    private interface Deed {
        void done() throws Exception;
    }

    private static void denied(Deed deed) {
        assertThatThrownBy(deed::done).isInstanceOf(KeeperException.NoAuthException.class);
    }

    @Test
    void aCoordinatorNeedsBothPasswords() {
        assertThatThrownBy(() ->
                        new ZkAcls(
                                ZkPaths.of("/x"),
                                new ZooKeeperAccess(Map.of("coordinator", "pass-word"), Map.of())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the line agent:PASSWORD is missing")
                .hasMessageNotContaining("pass-word");
    }
}
