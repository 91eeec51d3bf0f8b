package io.coxswain.launcher.zk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.launcher.local.EmbeddedZooKeeper;
import io.coxswain.proto.store.v1.Term;

import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooDefs.Perms;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** A tree in a real server is printed, whoever wrote it, and nothing in it changes. */
class ZkDumpTest {
    private static ZooKeeper client(String servers) throws Exception {
        var connected = new CountDownLatch(1);
        var client =
                new ZooKeeper(
                        servers,
                        6_000,
                        event -> {
                            if (event.getState() == Watcher.Event.KeeperState.SyncConnected) {
                                connected.countDown();
                            }
                        });
        connected.await();
        return client;
    }

    private static final List<ACL> ANYONE =
            Arrays.asList(new ACL(Perms.ALL, new Id("world", "anyone")));

    @Test
    void theTreeIsPrintedWithoutALeader(@TempDir Path folder) throws Exception {
        try (EmbeddedZooKeeper server = EmbeddedZooKeeper.start(folder, 1_000)) {
            ZooKeeper client = client(server.connectString());
            try {
                theTreeIsPrinted(server, client);
            } finally {
                client.close();
            }
        }
    }

    private static void theTreeIsPrinted(EmbeddedZooKeeper server, ZooKeeper client)
            throws Exception {
        byte[] none = {};
        byte[] term = Term.newBuilder().setTerm(3).setCoordinatorId("c1").build().toByteArray();
        client.create("/test", none, ANYONE, CreateMode.PERSISTENT);
        client.create("/test/controller", none, ANYONE, CreateMode.PERSISTENT);
        client.create("/test/controller/term", term, ANYONE, CreateMode.PERSISTENT);
        client.create("/test/agents", none, ANYONE, CreateMode.PERSISTENT);
        client.create("/test/agents/a1", new byte[] {-1}, ANYONE, CreateMode.EPHEMERAL);
        client.create(
                "/test/tomorrow",
                "x".getBytes(StandardCharsets.UTF_8),
                Arrays.asList(
                        new ACL(Perms.READ, new Id("world", "anyone")),
                        new ACL(Perms.ALL, new Id("digest", "coordinator:aHVudGVyMg=="))),
                CreateMode.PERSISTENT);
        var address = new AdminClient.Address(null, server.connectString(), "/test");
        try (ZkDump dump = ZkDump.connect(address)) {
            var lines = new ArrayList<String>();
            dump.print(100, lines::add);
            String all = String.join("\n", lines);
            assertThat(all)
                    .contains("/controller/term  version 0", "\"term\":3")
                    .contains("/agents/a1", "of session 0x", "unreadable")
                    .contains("/tomorrow", "nobody of this version writes there: 1 bytes")
                    .contains("digest:coordinator:rwcda", "world:anyone:r")
                    .doesNotContain("aHVudGVyMg");

            assertThat(dump.json(100))
                    .contains("\"path\" : \"/controller/term\"", "\"ownerSession\"")
                    .contains("\"leftOut\" : 0");
            lines.clear();
            dump.print(2, lines::add);
            assertThat(lines.getLast()).contains("were left out");
        }
        assertThat(client.exists("/test/controller/term", false).getVersion()).isZero();
        whatIsClosedIsSaid(server, client);
        try (ZkDump dump =
                ZkDump.connect(new AdminClient.Address(null, server.connectString(), "/none"))) {
            assertThatThrownBy(() -> dump.json(10))
                    .isInstanceOf(EnvironmentException.class)
                    .hasMessageContaining("nothing stands at /none");
        }
    }

    private static void whatIsClosedIsSaid(EmbeddedZooKeeper server, ZooKeeper client)
            throws Exception {
        List<ACL> closed =
                Arrays.asList(new ACL(Perms.ALL, new Id("digest", "coordinator:aHVudGVyMg==")));
        client.create("/open", new byte[0], ANYONE, CreateMode.PERSISTENT);
        client.create("/open/jobs", new byte[1], closed, CreateMode.PERSISTENT);
        client.create("/closed", new byte[0], closed, CreateMode.PERSISTENT);
        var lines = new ArrayList<String>();
        try (ZkDump dump =
                ZkDump.connect(new AdminClient.Address(null, server.connectString(), "/open"))) {
            dump.print(10, lines::add);
        }
        assertThat(lines)
                .anySatisfy(line ->
                        assertThat(line)
                                .startsWith("/jobs")
                                .contains("not for this user to read: see --zookeeper-auth-file"));
        try (ZkDump dump =
                ZkDump.connect(new AdminClient.Address(null, server.connectString(), "/closed"))) {
            assertThatThrownBy(() -> dump.print(10, lines::add))
                    .isInstanceOf(EnvironmentException.class)
                    .hasMessageContaining("give --zookeeper-auth-file");
        }
    }
}
