package io.coxswain.coordinator.adapter.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.UnknownFieldSet;

import io.coxswain.coordinator.app.CoordinatorInput;
import io.coxswain.coordinator.app.StoreRecord;
import io.coxswain.coordinator.app.WriteOutcome;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.coordinator.core.term.TermVerdict;
import io.coxswain.proto.control.v1.AgentIdentity;
import io.coxswain.proto.store.v1.AgentRegistration;
import io.coxswain.proto.store.v1.Leader;
import io.coxswain.proto.store.v1.Term;

import org.apache.curator.framework.CuratorFramework;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.data.Stat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

class ZkLeadershipTest {
    private static final String ROOT = "/cox";
    private static final ZkPaths PATHS = ZkPaths.of(ROOT);

    @TempDir Path folder;
    private EmbeddedZooKeeper zooKeeper;
    private ZkClients firstClient;
    private ZkClients secondClient;
    private ZkLeadership first;
    private ZkLeadership second;
    private final InputQueue firstInputs = new InputQueue();
    private final InputQueue secondInputs = new InputQueue();

    @BeforeEach
    void open() throws Exception {
        zooKeeper = new EmbeddedZooKeeper(folder);
        firstClient = zooKeeper.connect();
        secondClient = zooKeeper.connect();
        first = new ZkLeadership(firstClient.client(), ROOT, "first", firstInputs);
        second = new ZkLeadership(secondClient.client(), ROOT, "second", secondInputs);
    }

    @AfterEach
    void close() {
        first.close();
        second.close();
        firstClient.close();
        secondClient.close();
        zooKeeper.close();
    }

    private static StoreRecord spec() {
        return new StoreRecord.Spec(
                new JobSpec(
                        "j1",
                        "n",
                        new Mesh(1, 1),
                        5,
                        1,
                        "d",
                        8,
                        8,
                        0,
                        1,
                        0,
                        0,
                        "runtime",
                        "agent",
                        "reference",
                        "{}"),
                1);
    }

    private CoordinatorInput.LeadershipGained firstLeads() throws Exception {
        first.start("host1", 7001, "http://host1:80/");
        return firstInputs.await(CoordinatorInput.LeadershipGained.class);
    }

    private Leader leader() throws Exception {
        return Leader.parseFrom(secondClient.client().getData().forPath(PATHS.leader()));
    }

    // The session of the first is over at the server, as far as the election goes, and nobody has
    // told the first: it is a paused process.
    private void takeTheFirstsLatchAway() throws Exception {
        for (String path : candidatures("first")) {
            secondClient.client().delete().forPath(path);
        }
    }

    private List<String> candidatures(String id) throws Exception {
        CuratorFramework client = secondClient.client();
        var paths = new ArrayList<String>();
        for (String node : client.getChildren().forPath(PATHS.election())) {
            String path = PATHS.election() + "/" + node;
            if (new String(client.getData().forPath(path), java.nio.charset.StandardCharsets.UTF_8)
                    .equals(id)) {
                paths.add(path);
            }
        }
        return paths;
    }

    @Test
    void theWinnerBumpsTheTermAndSaysWhereItIs() throws Exception {
        assertThat(firstLeads().term()).isEqualTo(1);

        assertThat(leader().getTerm()).isEqualTo(1);
        assertThat(leader().getCoordinatorId()).isEqualTo("first");
        assertThat(leader().getControlEndpoint().getHost()).isEqualTo("host1");
        assertThat(leader().getControlEndpoint().getPort()).isEqualTo(7001);
        assertThat(leader().getPage()).isEqualTo("http://host1:80/");
    }

    @Test
    void whenTheLeaderClosesTheStandbyLeadsWithAHigherTerm() throws Exception {
        firstLeads();
        second.start("host2", 7002, "http://host2:80/");
        first.store().write(1, spec());
        firstInputs.await(CoordinatorInput.StoreAnswered.class);

        first.close();

        var gained = secondInputs.await(CoordinatorInput.LeadershipGained.class);
        assertThat(gained.term()).isEqualTo(2);
        assertThat(gained.jobs())
                .extracting(job -> (StoreRecord) job.spec())
                .containsExactly(spec());
        assertThat(leader().getCoordinatorId()).isEqualTo("second");
    }

    @Test
    void thePausedLeadersWriteIsRefused() throws Exception {
        firstLeads();
        int version = firstClient.client().checkExists().forPath(PATHS.term()).getVersion();
        // The first's store as it stands in a process that is stopped before it hears of anything.
        var pausedInputs = new InputQueue();
        var pausedStore = new ZkStore(firstClient.client(), PATHS, pausedInputs);
        pausedStore.fence(new ZkFence(1, version));

        second.start("host2", 7002, "http://host2:80/");
        takeTheFirstsLatchAway();
        assertThat(secondInputs.await(CoordinatorInput.LeadershipGained.class).term()).isEqualTo(2);
        pausedStore.write(9, spec());

        assertThat(pausedInputs.await(CoordinatorInput.StoreAnswered.class).outcome())
                .isEqualTo(WriteOutcome.REFUSED);
        assertThat(secondClient.client().checkExists().forPath(PATHS.job("j1"))).isNull();
        firstInputs.await(CoordinatorInput.LeadershipLost.class);
        assertThat(leader().getCoordinatorId()).isEqualTo("second");
        second.store().write(10, spec());
        assertThat(secondInputs.await(CoordinatorInput.StoreAnswered.class).outcome())
                .isEqualTo(WriteOutcome.DURABLE);
    }

    @Test
    void theStoreSaysWhoseTheTermIs() throws Exception {
        firstLeads();
        int version = firstClient.client().checkExists().forPath(PATHS.term()).getVersion();
        var pausedInputs = new InputQueue();
        var pausedStore = new ZkStore(firstClient.client(), PATHS, pausedInputs);
        pausedStore.fence(new ZkFence(1, version));

        first.askTerm(5);
        assertThat(firstInputs.await(CoordinatorInput.TermAnswered.class))
                .isEqualTo(new CoordinatorInput.TermAnswered(5, TermVerdict.HELD, ""));
        assertThat(first.writes().of("check")).isEqualTo(1);
        // Nothing was changed by it, nor does it hide a term that is over.
        secondClient
                .client()
                .setData()
                .forPath(PATHS.term(), Term.newBuilder().setTerm(7).build().toByteArray());
        pausedStore.askTerm(6);
        assertThat(pausedInputs.await(CoordinatorInput.TermAnswered.class).verdict())
                .isEqualTo(TermVerdict.MOVED);
        firstInputs.await(CoordinatorInput.LeadershipLost.class);
        assertThat(version + 1)
                .isEqualTo(firstClient.client().checkExists().forPath(PATHS.term()).getVersion());
    }

    @Test
    void aStandbyWhoseNodeWentWithASessionStandsAnewAndIsHandedTheLead() throws Exception {
        firstLeads();
        second.start("host2", 7002, "");
        while (!second.stands() || candidatures("second").isEmpty()) {
            Thread.onSpinWait();
        }
        String lost = candidatures("second").getFirst();
        secondClient.client().delete().forPath(lost);

        // As it does every few seconds; of one that stands nothing changes.
        while (candidatures("second").isEmpty()) {
            second.look();
        }
        first.look();

        assertThat(candidatures("second")).doesNotContain(lost);
        first.resign("a test");
        assertThat(secondInputs.await(CoordinatorInput.LeadershipGained.class).term()).isEqualTo(2);
    }

    @Test
    void whereZooKeeperIsSetUpAnewTermsGoOn() throws Exception {
        firstLeads();
        first.resign("a test");
        assertThat(firstInputs.await(CoordinatorInput.LeadershipGained.class).term()).isEqualTo(2);

        secondClient.client().delete().forPath(PATHS.term());

        assertThat(firstInputs.await(CoordinatorInput.LeadershipGained.class).term()).isEqualTo(3);
        assertThat(leader().getTerm()).isEqualTo(3);
    }

    @Test
    void whereAnOlderStateOfZooKeeperIsBackTermsGoOn() throws Exception {
        firstLeads();
        for (int term = 2; term < 5; term++) {
            first.resign("a test");
            assertThat(firstInputs.await(CoordinatorInput.LeadershipGained.class).term())
                    .isEqualTo(term);
        }

        secondClient.client().setData().forPath(PATHS.term(), layout(1, 0, 2));

        assertThat(firstInputs.await(CoordinatorInput.LeadershipGained.class).term()).isEqualTo(5);
    }

    @Test
    void whoResignsStandsAgain() throws Exception {
        firstLeads();

        first.resign("a test");

        assertThat(firstInputs.await(CoordinatorInput.LeadershipGained.class).term()).isEqualTo(2);
        assertThat(leader().getTerm()).isEqualTo(2);
    }

    @Test
    void aLostConnectionSuspendsAndTheSameTermResumes() throws Exception {
        firstLeads();
        zooKeeper.stop();
        firstInputs.await(CoordinatorInput.StoreSuspended.class);
        zooKeeper.restart();

        firstInputs.await(CoordinatorInput.StoreResumed.class);

        first.store().write(1, spec());
        assertThat(firstInputs.await(CoordinatorInput.StoreAnswered.class).outcome())
                .isEqualTo(WriteOutcome.DURABLE);
        assertThat(leader().getTerm()).isEqualTo(1);
    }

    @Test
    void anExpiredSessionAloneDeposesNobodyAndTheNodeComesBack() throws Exception {
        firstLeads();
        long session = firstClient.client().getZookeeperClient().getZooKeeper().getSessionId();

        zooKeeper.expire(firstClient.client());
        firstInputs.await(CoordinatorInput.StoreResumed.class);

        Stat node = secondClient.client().checkExists().forPath(PATHS.leader());
        assertThat(node.getEphemeralOwner()).isNotEqualTo(session);
        assertThat(leader().getTerm()).isEqualTo(1);
    }

    @Test
    void aTermBumpedByAnotherIsNoticed() throws Exception {
        firstLeads();
        secondClient
                .client()
                .setData()
                .forPath(PATHS.term(), Term.newBuilder().setTerm(7).build().toByteArray());

        firstInputs.await(CoordinatorInput.LeadershipLost.class);

        assertThat(firstInputs.await(CoordinatorInput.LeadershipGained.class).term()).isEqualTo(8);
    }

    @Test
    void registrationsAreToldByIncarnation() throws Exception {
        firstLeads();
        String path = PATHS.agents() + "/agent-1";
        secondClient
                .client()
                .create()
                .withMode(CreateMode.EPHEMERAL)
                .forPath(path, registration("a"));
        assertThat(firstInputs.await(CoordinatorInput.AgentRegistered.class).agent().incarnation())
                .startsWith("a");

        secondClient.client().setData().forPath(path, registration("b"));

        assertThat(
                        firstInputs
                                .await(CoordinatorInput.AgentUnregistered.class)
                                .agent()
                                .incarnation())
                .startsWith("a");
        assertThat(firstInputs.await(CoordinatorInput.AgentRegistered.class).agent().incarnation())
                .startsWith("b");
    }

    private static byte[] registration(String digit) {
        return AgentRegistration.newBuilder()
                .setAgent(
                        AgentIdentity.newBuilder()
                                .setAgentId("agent-1")
                                .setIncarnation(digit.repeat(32)))
                .build()
                .toByteArray();
    }

    private static byte[] layout(int major, int minor, long term) {
        return Term.newBuilder()
                .setTerm(term)
                .setCoordinatorId("newer")
                .setLayoutMajor(major)
                .setLayoutMinor(minor)
                .setUnknownFields(
                        UnknownFieldSet.newBuilder()
                                .addField(
                                        900,
                                        UnknownFieldSet.Field.newBuilder().addVarint(9).build())
                                .build())
                .build()
                .toByteArray();
    }

    @Test
    void whatANewerMajorVersionMadeIsNotTouched() throws Exception {
        CuratorFramework client = secondClient.client();
        client.create().creatingParentsIfNeeded().forPath(PATHS.term(), layout(2, 3, 40));

        first.start("host1", 7001, "");

        assertThat(first.refusal())
                .contains("knows layout 1.0")
                .contains("below '/cox' is of 2.3")
                .contains("this coordinator is the older one and is to be upgraded");
        assertThat(client.getData().forPath(PATHS.term())).isEqualTo(layout(2, 3, 40));
        assertThat(client.checkExists().forPath(PATHS.election())).isNull();
        assertThat(client.checkExists().forPath(PATHS.jobs())).isNull();
        assertThat(client.checkExists().forPath(PATHS.agents())).isNull();

        // Brought back: it stands by itself.
        client.setData().forPath(PATHS.term(), layout(1, 0, 41));
        assertThat(firstInputs.await(CoordinatorInput.LeadershipGained.class).term()).isEqualTo(42);
        assertThat(first.refusal()).isEmpty();
    }

    @Test
    void whoIsSucceededByANewerMajorVersionStandsAside() throws Exception {
        firstLeads();
        byte[] newer = layout(2, 0, 2);

        secondClient.client().setData().forPath(PATHS.term(), newer);

        firstInputs.await(CoordinatorInput.LeadershipLost.class);
        // Behind it nothing else is on the leadership's thread: it has looked by then.
        first.close();
        assertThat(first.refusal()).contains("is to be upgraded");
        assertThat(secondClient.client().getData().forPath(PATHS.term())).isEqualTo(newer);
        assertThat(secondClient.client().getChildren().forPath(PATHS.election())).isEmpty();
    }

    @Test
    void aNewerMinorVersionIsLedOnAndStaysOnRecord() throws Exception {
        CuratorFramework client = secondClient.client();
        client.create().creatingParentsIfNeeded().forPath(PATHS.term(), layout(1, 7, 40));

        assertThat(firstLeads().term()).isEqualTo(41);

        Term term = Term.parseFrom(client.getData().forPath(PATHS.term()));
        assertThat(term.getCoordinatorId()).isEqualTo("first");
        assertThat(term.getLayoutMajor()).isEqualTo(1);
        assertThat(term.getLayoutMinor()).isEqualTo(7);
        assertThat(term.getUnknownFields().hasField(900)).isTrue();
    }
}
