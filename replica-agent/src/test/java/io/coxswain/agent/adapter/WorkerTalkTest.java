package io.coxswain.agent.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.agent.core.WorkerRequest;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.JobSpec;
import io.coxswain.agent.core.model.StepPlan;
import io.coxswain.proto.bridge.v1.Aborted;
import io.coxswain.proto.bridge.v1.Execute;
import io.coxswain.proto.bridge.v1.Executed;
import io.coxswain.proto.bridge.v1.Fault;
import io.coxswain.proto.bridge.v1.Finish;
import io.coxswain.proto.bridge.v1.Finished;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.JobLoaded;
import io.coxswain.proto.bridge.v1.LoadJob;
import io.coxswain.proto.bridge.v1.Metric;
import io.coxswain.proto.bridge.v1.Metrics;
import io.coxswain.proto.bridge.v1.PrepareView;
import io.coxswain.proto.bridge.v1.Snapshot;
import io.coxswain.proto.bridge.v1.SnapshotCommitted;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.control.v1.LeafDigest;
import io.coxswain.proto.control.v1.StateLayout;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Objects;

/** The answers of two processes are one. */
class WorkerTalkTest {
    private static final WorkerRequest.Execute EXECUTE = new WorkerRequest.Execute(3, 7);

    private final WorkerTalk talk = new WorkerTalk(2, _ -> null);
    private long requests;

    private List<ToWorker> execute() {
        return talk.ask(
                EXECUTE, request().setExecute(Execute.newBuilder().setEpoch(3).setStep(7)).build());
    }

    private ToWorker.Builder request() {
        return ToWorker.newBuilder().setRequestId(++requests);
    }

    private FromWorker.Builder answer() {
        return FromWorker.newBuilder().setRequestId(requests);
    }

    private FromWorker executed(int samples, float loss) {
        return answer().setExecuted(
                        Executed.newBuilder()
                                .setEpoch(3)
                                .setStep(7)
                                .setSamples(samples)
                                .setSampleHash(-1)
                                .setExecuteNanos(100L * samples)
                                .setLoss(loss))
                .build();
    }

    private FromWorker fault(String code, String message) {
        return answer().setFault(
                        Fault.newBuilder().setCode(code).setMessage(message).setTraceback("T"))
                .build();
    }

    private FromWorker whole(int local, FromWorker message) {
        return Objects.requireNonNull(talk.hear(local, message).answer());
    }

    private void load(int local) {
        talk.hear(
                local,
                answer().setJobLoaded(
                                JobLoaded.newBuilder()
                                        .setSharesRank(true)
                                        .addShardLiveBytes(0)
                                        .addShardPieces(2)
                                        .setLayout(
                                                StateLayout.newBuilder()
                                                        .addShardStateBytes(100)
                                                        .addShardRegionBytes(1)))
                        .build());
    }

    @Test
    void aStepIsMadeWhenBothHaveMadeIt() {
        assertThat(execute()).hasSize(2);

        assertThat(talk.hear(1, executed(3, 2)).answer()).isNull();
        Executed whole = whole(0, executed(1, 4)).getExecuted();

        assertThat(whole.getSamples()).isEqualTo(4);
        assertThat(whole.getSampleHash()).isEqualTo(-2);
        assertThat(whole.getExecuteNanos()).isEqualTo(300);
        assertThat(whole.getLoss()).isEqualTo(2.5f);
    }

    @Test
    void aLossThatBothTellIsNotRoundedAnew() {
        execute();
        talk.hear(0, executed(3, 0.1f));

        assertThat(whole(1, executed(4, 0.1f)).getExecuted().getLoss()).isEqualTo(0.1f);
    }

    @Test
    void aFaultIsToldAtOnceAndSaysWhose() {
        execute();

        FromWorker told = whole(1, fault("internal", "ValueError: x"));

        assertThat(told.getFault().getMessage()).isEqualTo("local rank 1 of 2: ValueError: x");
        assertThat(told.getFault().getTraceback()).startsWith("local rank 1 of 2: ").endsWith("T");
        assertThat(talk.hear(0, fault("group_broken", "gone")).answer()).isNull();
    }

    @Test
    void whoBrokeTheGroupIsToldAlsoAfterWhoFoundItBroken() {
        execute();

        assertThat(whole(0, fault("group_broken", "gone")).getFault().getCode())
                .isEqualTo("group_broken");
        assertThat(whole(1, fault("internal", "ValueError: x")).getFault().getCode())
                .isEqualTo("internal");
    }

    @Test
    void anAbortIsTheWorkersWhenBothAreDone() {
        execute();

        assertThat(talk.hear(0, executed(1, 1)).answer()).isNull();
        FromWorker aborted =
                answer().setAborted(Aborted.newBuilder().setEpoch(3).setStep(7)).build();
        assertThat(talk.hear(1, aborted).answer()).isEqualTo(aborted);
    }

    @Test
    void aSecondAnswerOfOneProcessBreaksTheProtocol() {
        execute();
        talk.hear(1, executed(1, 1));

        assertThat(talk.hear(1, executed(1, 1)).complaint())
                .startsWith("local rank 1 of 2: executed in answer to request 1");
        assertThat(
                        talk.hear(
                                        0,
                                        answer().setRequestId(99)
                                                .setExecuted(Executed.newBuilder())
                                                .build())
                                .complaint())
                .contains("request 99, which was not made");
    }

    @Test
    void eachIsToldItsPart() {
        var load =
                talk.ask(
                        new WorkerRequest.LoadJob(jobSpec()),
                        request().setLoadJob(LoadJob.newBuilder()).build());
        assertThat(load).hasSize(2);
        load(0);
        load(1);

        List<ToWorker> sent =
                talk.ask(
                        prepare(),
                        request().setPrepareView(PrepareView.newBuilder().setEpoch(3)).build());

        assertThat(sent.get(0).getPrepareView().getLocal().getRank()).isZero();
        assertThat(sent.get(0).getPrepareView().getLocal().getSize()).isEqualTo(2);
        assertThat(sent.get(1).getPrepareView().getLocal().getSlotOffset()).isEqualTo(128);
    }

    @Test
    void aSnapshotIsNotGivenUpWhileOneStillWrites() {
        talk.ask(
                new WorkerRequest.Snapshot(3, 7, 1),
                request()
                        .setSnapshot(Snapshot.newBuilder().setEpoch(3).setStep(7).setSlotIndex(1))
                        .build());

        assertThat(talk.hear(0, fault("internal", "no memory")).answer()).isNull();
        FromWorker written =
                answer().setSnapshotCommitted(
                                SnapshotCommitted.newBuilder()
                                        .setEpoch(3)
                                        .setStep(7)
                                        .setSlotIndex(1))
                        .build();
        assertThat(whole(1, written).getFault().getMessage()).contains("no memory");
    }

    @Test
    void oneEvaluatesAndEachLeafIsToldOnce() {
        List<ToWorker> sent =
                talk.ask(
                        new WorkerRequest.Finish(3, 7, true, List.of()),
                        request()
                                .setFinish(
                                        Finish.newBuilder()
                                                .setEpoch(3)
                                                .setStep(7)
                                                .setEvaluate(true))
                                .build());
        assertThat(sent.get(0).getFinish().getEvaluate()).isTrue();
        assertThat(sent.get(1).getFinish().getEvaluate()).isFalse();

        LeafDigest leaf = LeafDigest.newBuilder().setLeaf("w").build();
        LeafDigest later = leaf.toBuilder().setFirstBlock(4).build();
        talk.hear(
                0,
                answer().setFinished(Finished.newBuilder().addLeaves(leaf).setAccuracy(0.5))
                        .build());
        Finished whole =
                whole(
                                1,
                                answer().setFinished(
                                                Finished.newBuilder()
                                                        .addLeaves(leaf)
                                                        .addLeaves(later))
                                        .build())
                        .getFinished();

        assertThat(whole.getLeavesList()).containsExactly(leaf, later);
        assertThat(whole.getAccuracy()).isEqualTo(0.5);
    }

    @Test
    void aMetricIsThatOfTheLowestWhoTellsIt() {
        assertThat(talk.heard(1, metric("loss", 2)).getValuesCount()).isEqualTo(1);
        assertThat(talk.heard(0, metric("loss", 1)).getValuesCount()).isEqualTo(1);
        assertThat(talk.heard(1, metric("loss", 3)).getValuesCount()).isZero();
    }

    private static Metrics metric(String name, double value) {
        return Metrics.newBuilder()
                .addValues(Metric.newBuilder().setName(name).setValue(value))
                .build();
    }

    private static WorkerRequest.Prepare prepare() {
        return new WorkerRequest.Prepare(
                new StepPlan(3, List.of(), 1),
                3,
                1,
                2,
                1,
                0,
                "region",
                WorkerRequest.Origin.INIT,
                null,
                Digest.NONE,
                "",
                "");
    }

    private static JobSpec jobSpec() {
        return new JobSpec(
                "job-1", "job", 2, 1, 100, 1, "", 8, 4, 0, 1, 0, 0, "runtime", "runtime", "process",
                "");
    }
}
