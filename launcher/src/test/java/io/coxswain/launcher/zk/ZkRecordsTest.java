package io.coxswain.launcher.zk;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.UnknownFieldSet;

import io.coxswain.proto.control.v1.JobSpec;
import io.coxswain.proto.store.v1.AccountRecord;
import io.coxswain.proto.store.v1.JobRecord;
import io.coxswain.proto.store.v1.PauseRecord;
import io.coxswain.proto.store.v1.ResultRecord;
import io.coxswain.proto.store.v1.Term;

import org.junit.jupiter.api.Test;

import java.util.Objects;

class ZkRecordsTest {
    private static String decoded(String path, byte[] data) {
        return Objects.requireNonNull(ZkRecords.decode(path, data)).toString();
    }

    @Test
    void recordsAreShownInTheirWords() {
        byte[] term = Term.newBuilder().setTerm(7).setCoordinatorId("c1").build().toByteArray();
        assertThat(decoded("/controller/term", term))
                .contains("\"record\":\"Term\"", "\"term\":7", "\"coordinator_id\":\"c1\"");
        byte[] pause =
                PauseRecord.newBuilder().setPaused(true).setReason("x").build().toByteArray();
        assertThat(decoded("/jobs/j/pause", pause)).contains("\"paused\":true");
    }

    @Test
    void whatMayHoldASecretIsNot() {
        byte[] spec =
                JobRecord.newBuilder()
                        .setJob(
                                JobSpec.newBuilder()
                                        .setJobId("j")
                                        .setRuntimeJson("{\"env\":{\"TOKEN\":\"hunter2\"}}"))
                        .build()
                        .toByteArray();
        assertThat(decoded("/jobs/j/spec", spec))
                .contains("characters, not shown")
                .doesNotContain("hunter2");
        byte[] result = ResultRecord.newBuilder().setReportJson("hunter2").build().toByteArray();
        assertThat(decoded("/jobs/j/result", result)).doesNotContain("hunter2");
        byte[] account =
                AccountRecord.newBuilder().addIncidentsJson("hunter2").build().toByteArray();
        assertThat(decoded("/jobs/j/account", account))
                .contains("1 entries, not shown")
                .doesNotContain("hunter2");
    }

    @Test
    void whatANewerVersionWroteIsShownAsSuch() {
        byte[] term =
                Term.newBuilder()
                        .setTerm(7)
                        .setUnknownFields(
                                UnknownFieldSet.newBuilder()
                                        .addField(
                                                777,
                                                UnknownFieldSet.Field.newBuilder()
                                                        .addVarint(1)
                                                        .build())
                                        .build())
                        .build()
                        .toByteArray();
        assertThat(decoded("/controller/term", term)).contains("ofANewerVersion", "field 777");
        assertThat(ZkRecords.decode("/jobs/j/of-tomorrow", new byte[] {1})).isNull();
        assertThat(ZkRecords.decode("/of-tomorrow", new byte[] {1})).isNull();
        assertThat(decoded("/controller/leader", new byte[] {-1, -1})).contains("unreadable");
    }

    @Test
    void longThingsAreCut() {
        byte[] term = Term.newBuilder().setCoordinatorId("x".repeat(100_000)).build().toByteArray();
        assertThat(decoded("/controller/term", term)).hasSizeLessThan(1_000).contains("100000");
    }
}
