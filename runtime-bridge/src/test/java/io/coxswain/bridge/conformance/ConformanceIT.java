package io.coxswain.bridge.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.bridge.host.WorkerJvm;
import io.coxswain.bridge.vectors.ProjectFiles;
import io.coxswain.bridge.vectors.Python;
import io.coxswain.proto.control.v1.JobSpec;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The kit against our own workers: nothing fails, nothing is skipped. */
@Execution(ExecutionMode.CONCURRENT)
class ConformanceIT {
    /** A loaded machine stretches everything. */
    private static final int PATIENCE = 10;

    @Test
    void theReferenceWorkerKeepsAllRules() throws IOException, InterruptedException {
        List<String> command =
                WorkerJvm.reference(
                        Path.of(System.getProperty("java.home")),
                        System.getProperty("java.class.path"));
        requireAllPass(command, job(0), job(3_600_000));
    }

    /** {@code docs/bridge.md} is enough to write a worker from. */
    @Test
    void theMinimalWorkerInPythonKeepsAllRules() throws IOException, InterruptedException {
        Path script = ProjectFiles.file("runtime-bridge", "python", "tests", "minimal_worker.py");
        Path python = Python.require();
        JobSpec job =
                job(0).toBuilder()
                        .setRuntimeKind("minimal")
                        .setRuntimeJson("{\"bulk\": 100000}")
                        .build();
        JobSpec slow = job.toBuilder().setRuntimeJson("{\"bulk\": 100000, \"slow\": true}").build();
        requireAllPass(List.of(python.toString(), script.toString()), job, slow);
    }

    /** The Python package's host, with a trainer in plain Python. */
    @Test
    void theSdkInPythonKeepsAllRules() throws IOException, InterruptedException {
        Path script = ProjectFiles.file("runtime-bridge", "python", "tests", "linear_worker.py");
        Path python = Python.require();
        JobSpec job =
                job(0).toBuilder()
                        .setRuntimeKind("process")
                        .setRuntimeJson("{\"config\": {\"ballast\": 102400}}")
                        .build();
        JobSpec slow =
                job.toBuilder()
                        .setRuntimeJson(
                                "{\"config\": {\"ballast\": 102400}, \"minStepMillis\": 3600000}")
                        .build();
        requireAllPass(List.of(python.toString(), script.toString()), job, slow);
    }

    private static void requireAllPass(List<String> command, JobSpec job, JobSpec slow)
            throws IOException, InterruptedException {
        Report report =
                Conformance.of(command)
                        .job(job)
                        .slowJob(slow)
                        .limits(Limits.DEFAULT.times(PATIENCE))
                        .rounds(4)
                        .run(Listener.NONE);

        assertThat(report.failureText()).isEmpty();
        assertThat(report.runtimeKind()).isEqualTo(job.getRuntimeKind());
        assertThat(report.results())
                .hasSameSizeAs(Conformance.checks())
                .allSatisfy(result ->
                        assertThat(result.outcome())
                                .as(result.check().name())
                                .isInstanceOf(Outcome.Passed.class));
    }

    private static JobSpec job(long minStepMillis) {
        return JobSpec.newBuilder()
                .setJobId("conformance")
                .setSteps(100)
                .setSeed(7)
                .setData(ProjectFiles.file("examples", "digits", "digits.bin").toString())
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
