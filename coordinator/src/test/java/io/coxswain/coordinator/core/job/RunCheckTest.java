package io.coxswain.coordinator.core.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.coordinator.core.model.Digest;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Samples;
import io.coxswain.coordinator.core.model.StepRun;
import io.coxswain.coordinator.core.model.View;

import org.junit.jupiter.api.Test;

import java.util.List;

class RunCheckTest {
    private static final JobSpec AGENTS = Samples.job(2, 1, 1, 1);
    private static final Digest ONE = new Digest("01".repeat(32));
    private static final Digest OTHER = new Digest("02".repeat(32));

    private static Job job(JobSpec spec) {
        return new Job(spec, 1, JobLimits.defaults(), 0);
    }

    private static View view() {
        return Samples.view(
                3, AGENTS.mesh(), List.of(Samples.agent("a", "r0"), Samples.agent("b", "r1")));
    }

    /** A run of one step, of which a rank's share is 64 samples. */
    private static StepRun run(long samples, Digest digest) {
        return new StepRun(7, 7, 1, 1, 0, 0, 0, 0, samples, 0, 1, digest, 7, 0);
    }

    @Test
    void whatIsAsItMustBeHolds() {
        Job job = job(Samples.runtimeReduces(AGENTS));
        var check = new RunCheck(job, new DigestWindow(1));

        assertThat(check.holds(view(), 0, run(64, ONE))).isTrue();
        assertThat(check.holds(view(), 1, run(64, ONE))).isTrue();
        assertThat(check.holds(view(), 1, run(64, Digest.NONE))).isTrue();
        assertThat(job.phase).isEqualTo(JobPhase.WAITING);
    }

    @Test
    void whereAgentsReduceAnythingElseIsImpossible() {
        var check = new RunCheck(job(AGENTS), new DigestWindow(1));

        assertThatThrownBy(() -> check.holds(view(), 0, run(63, ONE)))
                .isInstanceOf(InvariantBroken.class)
                .hasMessageContaining("consumed 63 samples");
        assertThat(check.holds(view(), 0, run(64, ONE))).isTrue();
        assertThatThrownBy(() -> check.holds(view(), 1, run(64, OTHER)))
                .isInstanceOf(InvariantBroken.class)
                .hasMessageContaining("two digests after step 7");
    }

    @Test
    void whereTheRuntimeReducesTheProgramIsWrongAndTheJobFails() {
        Job job = job(Samples.runtimeReduces(AGENTS));
        var check = new RunCheck(job, new DigestWindow(1));

        assertThat(check.holds(view(), 0, run(64, ONE))).isTrue();
        assertThat(check.holds(view(), 1, run(64, OTHER))).isFalse();

        assertThat(job.phase).isEqualTo(JobPhase.RECORDING);
        JobResult result = job.finishing.result();
        assertThat(result == null ? "" : result.reason())
                .contains("two digests after step 7", "must hold the same state");
    }

    @Test
    void aProgramThatTakesOtherSamplesFailsToo() {
        Job job = job(Samples.runtimeReduces(AGENTS));

        assertThat(new RunCheck(job, new DigestWindow(1)).holds(view(), 0, run(65, ONE))).isFalse();
        JobResult result = job.finishing.result();
        assertThat(result == null ? "" : result.reason()).contains("its share is 64");
    }
}
