package io.coxswain.bridge.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.bridge.host.WorkerJvm;
import io.coxswain.proto.control.v1.JobSpec;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The kit against the reference runtime's worker: nothing fails, nothing is skipped. */
class ConformanceIT {
    /** A loaded machine stretches everything. */
    private static final int PATIENCE = 10;

    @Test
    void theReferenceWorkerKeepsAllRules() throws IOException, InterruptedException {
        List<String> command =
                WorkerJvm.reference(
                        Path.of(System.getProperty("java.home")),
                        System.getProperty("java.class.path"));
        Report report =
                Conformance.of(command)
                        .job(job(0))
                        .slowJob(job(3_600_000))
                        .limits(Limits.DEFAULT.times(PATIENCE))
                        .rounds(4)
                        .run(Listener.NONE);

        assertThat(report.failureText()).isEmpty();
        assertThat(report.runtimeKind()).isEqualTo("reference");
        assertThat(report.results())
                .hasSameSizeAs(Conformance.checks())
                .allSatisfy(result ->
                        assertThat(result.outcome())
                                .as(result.check().name())
                                .isInstanceOf(Outcome.Passed.class));
    }

    private static JobSpec job(long minStepMillis) {
        Path fromModule = Path.of("..", "examples", "digits", "digits.bin");
        Path data =
                Files.exists(fromModule) ? fromModule : Path.of("examples", "digits", "digits.bin");
        return JobSpec.newBuilder()
                .setJobId("conformance")
                .setSteps(100)
                .setSeed(7)
                .setData(data.toAbsolutePath().toString())
                .setBatch(30)
                .setMicroshards(4)
                .setRuntimeKind("reference")
                .setRuntimeJson(
                        """
                        {"kind": "reference", "model": {"kind": "mlp", "layers": [64, 16, 10]},
                         "ballast": 8000001, "minStepMillis": %d}\
                        """
                                .formatted(minStepMillis))
                .build();
    }
}
