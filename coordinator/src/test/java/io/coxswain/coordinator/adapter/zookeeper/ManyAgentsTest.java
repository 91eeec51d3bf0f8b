package io.coxswain.coordinator.adapter.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.app.CoordinatorInput;
import io.coxswain.proto.control.v1.AgentIdentity;
import io.coxswain.proto.control.v1.Endpoint;
import io.coxswain.proto.store.v1.AgentRegistration;

import org.apache.curator.framework.CuratorFramework;
import org.apache.zookeeper.CreateMode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CountDownLatch;

/** As many agents as a large job has register, and one coordinator knows them all. */
class ManyAgentsTest {
    private static final int AGENTS = 4_096;
    private static final int SESSIONS = 32;

    /** ZooKeeper's default for one packet, jute.maxbuffer. */
    private static final int PACKET_BYTES = 0xfffff;

    private static final ZkPaths PATHS = ZkPaths.of("/test");

    private static String id(int number) {
        return String.format(Locale.ROOT, "trainer-%04d.rack-%03d.example", number, number / 32);
    }

    private static byte[] registration(int number) {
        return AgentRegistration.newBuilder()
                .setAgent(
                        AgentIdentity.newBuilder()
                                .setAgentId(id(number))
                                .setIncarnation(String.format(Locale.ROOT, "%032x", number + 1)))
                .setDataEndpoint(Endpoint.newBuilder().setHost(id(number)).setPort(7_500))
                .setFailureDomain("pod0/slice2/rack" + number / 32 + "/host" + number)
                .setArenaBudgetBytes(1L << 37)
                .setDevices(8)
                .putLabels("zone", "a")
                .build()
                .toByteArray();
    }

    private static void register(List<ZkClients> sessions) throws Exception {
        var left = new CountDownLatch(AGENTS);
        for (int number = 0; number < AGENTS; number++) {
            CuratorFramework client = sessions.get(number % sessions.size()).client();
            client.create()
                    .withMode(CreateMode.EPHEMERAL)
                    .inBackground((_, _) -> left.countDown())
                    .forPath(PATHS.agents() + "/" + id(number), registration(number));
        }
        left.await();
    }

    @Test
    @Timeout(240)
    void allAreKnownByOneWatchAndNoPacketIsNearItsLimit(@TempDir Path folder) throws Exception {
        var sessions = new ArrayList<ZkClients>();
        try (var zooKeeper = new EmbeddedZooKeeper(folder);
                ZkClients own = zooKeeper.connect()) {
            CuratorFramework client = own.client();
            client.create().creatingParentsIfNeeded().forPath(PATHS.agents(), new byte[0]);
            var inputs = new InputQueue();
            try (var watching = new ZkAgents(client, PATHS, inputs)) {
                watching.start();
                for (int i = 0; i < SESSIONS; i++) {
                    sessions.add(zooKeeper.connect());
                }
                register(sessions);
                Set<String> known = new HashSet<>();
                while (known.size() < AGENTS) {
                    known.add(inputs.await(CoordinatorInput.AgentRegistered.class).agent().id());
                }
                List<String> names = client.getChildren().forPath(PATHS.agents());
                assertThat(names).hasSize(AGENTS);
                int answer =
                        names.stream()
                                .mapToInt(name ->
                                        Integer.BYTES
                                                + name.getBytes(StandardCharsets.UTF_8).length)
                                .sum();
                assertThat(answer).isLessThan(PACKET_BYTES / 4);
                assertThat(registration(AGENTS - 1).length).isLessThan(512);

                // A coordinator that begins to lead later learns of all of them as well.
                var late = new InputQueue();
                try (var second = new ZkAgents(client, PATHS, late)) {
                    second.start();
                    Set<String> found = new HashSet<>();
                    while (found.size() < AGENTS) {
                        found.add(late.await(CoordinatorInput.AgentRegistered.class).agent().id());
                    }
                    assertThat(found).isEqualTo(known);
                }

                // A rack's session ends: its agents go, the others stay.
                sessions.removeFirst().close();
                Set<String> gone = new HashSet<>();
                while (gone.size() < AGENTS / SESSIONS) {
                    gone.add(inputs.await(CoordinatorInput.AgentUnregistered.class).agent().id());
                }
                assertThat(client.getChildren().forPath(PATHS.agents()))
                        .hasSize(AGENTS - AGENTS / SESSIONS);
            }
        } finally {
            sessions.forEach(ZkClients::close);
        }
    }
}
