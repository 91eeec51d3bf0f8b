package io.coxswain.coordinator.adapter.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.UnknownFieldSet;

import io.coxswain.coordinator.app.CoordinatorInput;
import io.coxswain.coordinator.app.StoreContract;
import io.coxswain.coordinator.app.StorePort;
import io.coxswain.coordinator.app.StoreRecord;
import io.coxswain.coordinator.app.StoredJob;
import io.coxswain.coordinator.app.WriteOutcome;
import io.coxswain.coordinator.core.job.JobEffect.ViewState;
import io.coxswain.coordinator.core.ledger.FrozenHistory;
import io.coxswain.coordinator.core.ledger.UnsettledRun;
import io.coxswain.proto.store.v1.AccountRecord;
import io.coxswain.proto.store.v1.ViewRecord;

import org.apache.zookeeper.data.Stat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.math.BigInteger;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

class ZkStoreTest extends StoreContract {
    private static final ZkPaths PATHS = ZkPaths.of("/test");

    @TempDir Path folder;
    private final InputQueue inputs = new InputQueue();
    private EmbeddedZooKeeper zooKeeper;
    private ZkClients clients;
    private ZkStore store;

    @BeforeEach
    void open() throws Exception {
        zooKeeper = new EmbeddedZooKeeper(folder);
        clients = zooKeeper.connect();
        clients.client().create().creatingParentsIfNeeded().forPath(PATHS.term(), new byte[] {1});
        clients.client().create().forPath(PATHS.jobs(), new byte[0]);
        store = new ZkStore(clients.client(), PATHS, inputs);
        store.fence(new ZkFence(1, 0));
    }

    @AfterEach
    void close() {
        clients.close();
        zooKeeper.close();
    }

    @Override
    protected StorePort store() {
        return store;
    }

    @Override
    protected WriteOutcome outcome(long writeId) throws Exception {
        CoordinatorInput.StoreAnswered answer;
        do {
            answer = inputs.await(CoordinatorInput.StoreAnswered.class);
        } while (answer.writeId() != writeId);
        return answer.outcome();
    }

    @Override
    protected void depose() throws Exception {
        clients.client().setData().forPath(PATHS.term(), new byte[] {2});
    }

    private WriteOutcome written(long id, StoreRecord record) throws Exception {
        store.write(id, record);
        return outcome(id);
    }

    @Test
    void allRecordsOfAJobAreLoadedAsWritten() throws Exception {
        var view = view("j1", 3, ViewState.ACTIVE);
        var account =
                new StoreRecord.Account(
                        "j1",
                        1,
                        7,
                        6,
                        99,
                        Map.of(
                                "productive",
                                BigInteger.valueOf(12),
                                "startup",
                                BigInteger.TWO.pow(63).add(BigInteger.ONE),
                                "detection",
                                BigInteger.TWO.pow(64).subtract(BigInteger.ONE),
                                "compile",
                                BigInteger.TWO.pow(99).add(BigInteger.TWO.pow(63))),
                        List.of("{}"),
                        4,
                        List.of(new UnsettledRun(1, 2, 3)),
                        new FrozenHistory(
                                List.of(
                                        new FrozenHistory.Ring(
                                                1_000, 77, new int[] {0, 1, 16_384, 299, 3, 1}),
                                        new FrozenHistory.Ring(5, 0, new int[0]))));
        var result = new StoreRecord.Result("j1", true, "", "{\"job\":\"j1\"}");
        written(1, spec("j1"));
        written(2, view);
        written(3, account);
        written(4, result);

        StoredJob job = store.load().getFirst();

        assertThat(job.spec()).isEqualTo(spec("j1"));
        assertThat(job.account()).isEqualTo(account);
        assertThat(job.result()).isEqualTo(result);
        StoreRecord.ViewRecord loaded = job.view();
        assertThat(loaded).isNotNull();
        assertThat(loaded.state()).isEqualTo(ViewState.ACTIVE);
        assertThat(loaded.lineage()).isEqualTo(view.lineage());
        assertThat(loaded.view().epoch()).isEqualTo(3);
        assertThat(loaded.view().members().getFirst().key())
                .isEqualTo(view.view().members().getFirst().key());
    }

    @Test
    void aPauseAndTheTimeOfTheEndAreLoaded() throws Exception {
        var pause = new StoreRecord.Pause("j1", true, "new data", 7);
        written(1, spec("j1"));
        written(2, pause);
        StoredJob runs = store.load().getFirst();
        assertThat(runs.pause()).isEqualTo(pause);
        assertThat(runs.endedMillis()).isZero();

        written(3, new StoreRecord.Result("j1", true, "", "{}"));
        Stat stat =
                clients.client().checkExists().forPath(PATHS.record("j1", StoreRecord.Kind.RESULT));
        assertThat(store.load().getFirst().endedMillis()).isEqualTo(stat.getMtime());
    }

    @Test
    void whatANewerVersionLeftBesideAFinishedJobGoesWithIt() throws Exception {
        written(1, spec("j1"));
        written(2, new StoreRecord.Result("j1", true, "", "{}"));
        clients.client().create().forPath(PATHS.job("j1") + "/of-a-newer-version", new byte[3]);

        assertThat(written(3, new StoreRecord.Forgotten("j1"))).isEqualTo(WriteOutcome.DURABLE);

        assertThat(clients.client().checkExists().forPath(PATHS.job("j1"))).isNull();
        assertThat(written(4, spec("j1"))).isEqualTo(WriteOutcome.DURABLE);
    }

    @Test
    void aRefusedMultiLeavesNoTrace() throws Exception {
        depose();

        assertThat(written(1, spec("j1"))).isEqualTo(WriteOutcome.REFUSED);

        Stat job = clients.client().checkExists().forPath(PATHS.job("j1"));
        assertThat(job).isNull();
    }

    @Test
    void aWriteWithoutTheStoreIsUnknownAndLaterReadsAgain() throws Exception {
        clients.close();
        clients = zooKeeper.connectImpatiently();
        store = new ZkStore(clients.client(), PATHS, inputs);
        store.fence(new ZkFence(1, 0));
        written(1, spec("j1"));
        zooKeeper.stop();
        store.write(2, view("j1", 1, ViewState.PREPARING));
        WriteOutcome lost = outcome(2);
        zooKeeper.restart();

        assertThat(lost).isEqualTo(WriteOutcome.UNKNOWN);
        WriteOutcome read = WriteOutcome.UNKNOWN;
        for (long id = 3; read == WriteOutcome.UNKNOWN; id++) {
            store.verify(id, spec("j1"));
            read = outcome(id);
        }
        assertThat(read).isEqualTo(WriteOutcome.DURABLE);
    }

    @Test
    void aRecordThatCannotBeReadIsLeftAloneAndTheOthersAreLoaded() throws Exception {
        written(1, spec("j1"));
        clients.client()
                .create()
                .creatingParentsIfNeeded()
                .forPath(PATHS.record("bad", StoreRecord.Kind.SPEC), new byte[] {-1, -1});

        assertThat(store.load()).extracting(job -> job.spec().jobId()).containsExactly("j1");
    }

    private static UnknownFieldSet newer(int value) {
        return UnknownFieldSet.newBuilder()
                .addField(900, UnknownFieldSet.Field.newBuilder().addVarint(value).build())
                .build();
    }

    private byte[] stored(StoreRecord.Kind kind) throws Exception {
        return clients.client().getData().forPath(PATHS.record("j1", kind));
    }

    private void rewrite(StoreRecord.Kind kind, byte[] bytes) throws Exception {
        clients.client().setData().forPath(PATHS.record("j1", kind), bytes);
    }

    /**
     * What a newer minor version adds survives an older leader, as long as it is about the same.
     */
    @Test
    void whatANewerVersionWroteIsWrittenAgain() throws Exception {
        written(1, spec("j1"));
        written(2, view("j1", 3, ViewState.ACTIVE));
        var account =
                new StoreRecord.Account("j1", 1, 7, 6, 99, Map.of(), List.of(), 3, List.of(), null);
        written(3, account);
        ViewRecord.Builder view = ViewRecord.parseFrom(stored(StoreRecord.Kind.VIEW)).toBuilder();
        view.setUnknownFields(newer(1));
        view.getViewBuilder().setUnknownFields(newer(2));
        rewrite(StoreRecord.Kind.VIEW, view.build().toByteArray());
        rewrite(
                StoreRecord.Kind.ACCOUNT,
                AccountRecord.parseFrom(stored(StoreRecord.Kind.ACCOUNT)).toBuilder()
                        .setUnknownFields(newer(3))
                        .build()
                        .toByteArray());
        store.fence(new ZkFence(1, 0));
        assertThat(store.load()).hasSize(1);

        assertThat(written(4, view("j1", 3, ViewState.FINISHING))).isEqualTo(WriteOutcome.DURABLE);
        assertThat(written(5, account)).isEqualTo(WriteOutcome.DURABLE);

        ViewRecord same = ViewRecord.parseFrom(stored(StoreRecord.Kind.VIEW));
        assertThat(same.getState()).isEqualTo(ViewRecord.State.STATE_FINISHING);
        assertThat(same.getUnknownFields()).isEqualTo(newer(1));
        assertThat(same.getView().getUnknownFields()).isEqualTo(newer(2));
        assertThat(AccountRecord.parseFrom(stored(StoreRecord.Kind.ACCOUNT)).getUnknownFields())
                .isEqualTo(newer(3));
        store.verify(6, account);
        assertThat(outcome(6)).isEqualTo(WriteOutcome.DURABLE);

        written(7, view("j1", 4, ViewState.ACTIVE));

        ViewRecord next = ViewRecord.parseFrom(stored(StoreRecord.Kind.VIEW));
        assertThat(next.getUnknownFields()).isEqualTo(newer(1));
        assertThat(next.getView().getUnknownFields().asMap())
                .as("what was said of another view is over with it")
                .isEmpty();
    }
}
