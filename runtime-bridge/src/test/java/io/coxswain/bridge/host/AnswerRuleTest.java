package io.coxswain.bridge.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.proto.bridge.v1.Aborted;
import io.coxswain.proto.bridge.v1.Applied;
import io.coxswain.proto.bridge.v1.Apply;
import io.coxswain.proto.bridge.v1.Execute;
import io.coxswain.proto.bridge.v1.Executed;
import io.coxswain.proto.bridge.v1.Fault;
import io.coxswain.proto.bridge.v1.Finish;
import io.coxswain.proto.bridge.v1.Finished;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.JobLoaded;
import io.coxswain.proto.bridge.v1.LoadJob;
import io.coxswain.proto.bridge.v1.PrepareView;
import io.coxswain.proto.bridge.v1.Snapshot;
import io.coxswain.proto.bridge.v1.SnapshotCommitted;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.bridge.v1.ViewPrepared;

import org.junit.jupiter.api.Test;

class AnswerRuleTest {
    private static final ToWorker LOAD =
            ToWorker.newBuilder().setLoadJob(LoadJob.getDefaultInstance()).build();
    private static final ToWorker PREPARE =
            ToWorker.newBuilder()
                    .setPrepareView(PrepareView.newBuilder().setEpoch(4).setBaseStep(9))
                    .build();
    private static final ToWorker EXECUTE =
            ToWorker.newBuilder().setExecute(Execute.newBuilder().setEpoch(4).setStep(10)).build();
    private static final ToWorker APPLY =
            ToWorker.newBuilder().setApply(Apply.newBuilder().setEpoch(4).setStep(10)).build();
    private static final ToWorker APPLY_AND_SNAPSHOT =
            ToWorker.newBuilder()
                    .setApply(APPLY.getApply().toBuilder().setTakeSnapshot(true).setSlotIndex(2))
                    .build();
    private static final ToWorker SNAPSHOT =
            ToWorker.newBuilder()
                    .setSnapshot(Snapshot.newBuilder().setEpoch(4).setStep(10).setSlotIndex(2))
                    .build();
    private static final ToWorker FINISH =
            ToWorker.newBuilder().setFinish(Finish.newBuilder().setEpoch(4).setStep(10)).build();

    @Test
    void eachRequestHasItsAnswer() {
        assertThat(AnswerRule.complaint(LOAD, loaded())).isNull();
        assertThat(AnswerRule.complaint(PREPARE, prepared(4, 9))).isNull();
        assertThat(AnswerRule.complaint(EXECUTE, executed(4, 10))).isNull();
        assertThat(AnswerRule.complaint(APPLY, applied(4, 10))).isNull();
        assertThat(AnswerRule.complaint(APPLY_AND_SNAPSHOT, applied(4, 10))).isNull();
        assertThat(AnswerRule.complaint(APPLY_AND_SNAPSHOT, committed(4, 10, 2))).isNull();
        assertThat(AnswerRule.complaint(SNAPSHOT, committed(4, 10, 2))).isNull();
        assertThat(AnswerRule.complaint(FINISH, finished())).isNull();
    }

    @Test
    void aFaultAnswersEverythingAndAnAbortWhatHasAnEpoch() {
        FromWorker fault = FromWorker.newBuilder().setFault(Fault.getDefaultInstance()).build();
        for (ToWorker request :
                new ToWorker[] {LOAD, PREPARE, EXECUTE, APPLY, SNAPSHOT, FINISH, unknown()}) {
            assertThat(AnswerRule.complaint(request, fault)).isNull();
        }
        assertThat(AnswerRule.complaint(PREPARE, aborted(4, 9))).isNull();
        assertThat(AnswerRule.complaint(EXECUTE, aborted(4, 10))).isNull();
        assertThat(AnswerRule.complaint(LOAD, aborted(0, 0)))
                .isEqualTo("load_job was answered by aborted");
    }

    @Test
    void anAnswerOfAnotherEpochOrStepIsNone() {
        assertThat(AnswerRule.complaint(EXECUTE, executed(3, 10)))
                .isEqualTo(
                        "execute of epoch 4, step 10 was answered by executed of epoch 3, step 10");
        assertThat(AnswerRule.complaint(APPLY, applied(4, 9)))
                .isEqualTo("apply of epoch 4, step 10 was answered by applied of epoch 4, step 9");
        assertThat(AnswerRule.complaint(PREPARE, prepared(4, 10)))
                .isEqualTo(
                        "prepare_view of epoch 4, step 9 was answered by view_prepared of epoch 4,"
                                + " step 10");
        assertThat(AnswerRule.complaint(EXECUTE, aborted(-1, 10)))
                .endsWith("answered by aborted of epoch 18446744073709551615, step 10");
        assertThat(AnswerRule.complaint(SNAPSHOT, committed(4, 10, 1)))
                .isEqualTo(
                        "snapshot of epoch 4, step 10 into slot 2 was answered by"
                                + " snapshot_committed of slot 1");
    }

    @Test
    void anAnswerOfAnotherKindIsNone() {
        assertThat(AnswerRule.complaint(EXECUTE, applied(4, 10))).contains("answered by applied");
        assertThat(AnswerRule.complaint(APPLY, committed(4, 10, 0)))
                .contains("answered by snapshot_committed");
        assertThat(AnswerRule.complaint(unknown(), loaded())).contains("answered by job_loaded");
        assertThat(AnswerRule.complaint(EXECUTE, FromWorker.getDefaultInstance()))
                .isEqualTo("execute of epoch 4, step 10 was answered by a message of unknown kind");
    }

    private static ToWorker unknown() {
        return ToWorker.getDefaultInstance();
    }

    private static FromWorker loaded() {
        return FromWorker.newBuilder().setJobLoaded(JobLoaded.getDefaultInstance()).build();
    }

    private static FromWorker finished() {
        return FromWorker.newBuilder().setFinished(Finished.getDefaultInstance()).build();
    }

    private static FromWorker prepared(long epoch, long step) {
        return FromWorker.newBuilder()
                .setViewPrepared(ViewPrepared.newBuilder().setEpoch(epoch).setStep(step))
                .build();
    }

    private static FromWorker executed(long epoch, long step) {
        return FromWorker.newBuilder()
                .setExecuted(Executed.newBuilder().setEpoch(epoch).setStep(step))
                .build();
    }

    private static FromWorker applied(long epoch, long step) {
        return FromWorker.newBuilder()
                .setApplied(Applied.newBuilder().setEpoch(epoch).setStep(step))
                .build();
    }

    private static FromWorker aborted(long epoch, long step) {
        return FromWorker.newBuilder()
                .setAborted(Aborted.newBuilder().setEpoch(epoch).setStep(step))
                .build();
    }

    private static FromWorker committed(long epoch, long step, int slot) {
        return FromWorker.newBuilder()
                .setSnapshotCommitted(
                        SnapshotCommitted.newBuilder()
                                .setEpoch(epoch)
                                .setStep(step)
                                .setSlotIndex(slot))
                .build();
    }
}
