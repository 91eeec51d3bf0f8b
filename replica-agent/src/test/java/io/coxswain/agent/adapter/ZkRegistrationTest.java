package io.coxswain.agent.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.Endpoint;
import io.coxswain.proto.store.v1.AgentRegistration;

import org.apache.curator.framework.CuratorFramework;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.data.Stat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

class ZkRegistrationTest {
    private static final String PATH = "/agents/a";

    @TempDir static Path folder;

    private static TestZooKeeper server() throws Exception {
        return new TestZooKeeper(folder);
    }

    private TestZooKeeper zookeeper = server();
    private CuratorFramework client = zookeeper.client();
    private CuratorFramework other = zookeeper.client();

    ZkRegistrationTest() throws Exception {}

    @BeforeEach
    void clean() throws Exception {
        other.delete().quietly().forPath(PATH);
    }

    @AfterEach
    void close() {
        client.close();
        other.close();
        zookeeper.close();
    }

    private static AgentProfile profile(String incarnation) {
        return new AgentProfile(
                new AgentKey("a", incarnation),
                new Endpoint("h", 7),
                "pod0/a",
                99,
                1,
                Map.of(),
                "h",
                1);
    }

    private ZkRegistration register(CuratorFramework through, String incarnation) throws Exception {
        ZkRegistration registration =
                new ZkRegistration(through, profile(incarnation), Duration.ofMillis(50));
        registration.start();
        registration.registered().get(20, TimeUnit.SECONDS);
        return registration;
    }

    private String incarnation() throws Exception {
        return AgentRegistration.parseFrom(other.getData().forPath(PATH))
                .getAgent()
                .getIncarnation();
    }

    /** Completes when another node than the present one stands there. */
    private CompletableFuture<Void> nextCreation() throws Exception {
        CompletableFuture<Void> created = new CompletableFuture<>();
        Stat present = other.checkExists().forPath(PATH);
        await(created, present == null ? 0 : present.getCzxid());
        return created;
    }

    // A watch fires once and may be set anew only after the next creation: so the stat decides.
    private void await(CompletableFuture<Void> created, long former) throws Exception {
        Watcher watcher =
                event -> {
                    try {
                        await(created, former);
                    } catch (Exception e) {
                        created.completeExceptionally(e);
                    }
                };
        Stat stat = other.checkExists().usingWatcher(watcher).forPath(PATH);
        if (stat != null && stat.getCzxid() != former) {
            created.complete(null);
        }
    }

    @Test
    void theNodeStandsWhileTheAgentRuns() throws Exception {
        ZkRegistration registration = register(client, "i1");
        assertThat(incarnation()).isEqualTo("i1");
        assertThat(other.checkExists().forPath(PATH).getEphemeralOwner()).isNotZero();
        registration.close();
        assertThat(other.checkExists().forPath(PATH)).isNull();
    }

    @Test
    void theGhostOfADeadProcessIsReplaced() throws Exception {
        other.create()
                .creatingParentsIfNeeded()
                .withMode(CreateMode.EPHEMERAL)
                .forPath(PATH, "ghost".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        try (ZkRegistration _ = register(client, "i2")) {
            assertThat(incarnation()).isEqualTo("i2");
        }
    }

    @Test
    void aDeletedNodeIsMadeAgain() throws Exception {
        try (ZkRegistration _ = register(client, "i3")) {
            CompletableFuture<Void> again = nextCreation();
            other.delete().forPath(PATH);
            again.get(20, TimeUnit.SECONDS);
            assertThat(incarnation()).isEqualTo("i3");
        }
    }

    @Test
    void anExpiredSessionIsFollowedByANewNode() throws Exception {
        try (ZkRegistration _ = register(client, "i4")) {
            CompletableFuture<Void> again = nextCreation();
            zookeeper.expire(client);
            again.get(30, TimeUnit.SECONDS);
            assertThat(incarnation()).isEqualTo("i4");
        }
    }

    @Test
    void theNewestProcessOfANameWinsAndTheOlderDoesNotFight() throws Exception {
        try (ZkRegistration _ = register(client, "i5")) {
            CompletableFuture<Void> taken = nextCreation();
            try (ZkRegistration _ = register(other, "i6")) {
                taken.get(20, TimeUnit.SECONDS);
                assertThat(incarnation()).isEqualTo("i6");
            }
        }
    }
}
