package io.coxswain.bridge.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.bridge.vectors.ProjectFiles;
import io.coxswain.bridge.vectors.Python;
import io.coxswain.proto.control.v1.JobSpec;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** The kit against a program in plain Python that reduces by itself, over sockets. */
@Execution(ExecutionMode.CONCURRENT)
class WholeConformanceIT {
    /** A loaded machine stretches everything. */
    private static final int PATIENCE = 10;

    private static final Path SCRIPT =
            ProjectFiles.file("runtime-bridge", "python", "tests", "allreduce_worker.py");

    @Test
    void aProgramThatReformsKeepsAllRules() throws IOException, InterruptedException {
        Report report = kit("{\"reforms\": true}").run(Listener.NONE);

        assertThat(report.failureText()).isEmpty();
        assertThat(report.results())
                .hasSameSizeAs(Conformance.checksOfWholeSteps())
                .allSatisfy(result ->
                        assertThat(result.outcome())
                                .as(result.check().name())
                                .isInstanceOf(Outcome.Passed.class));
    }

    @Test
    void ofOneThatDoesNotItIsNotAskedToKeepWhatItsProcessHad()
            throws IOException, InterruptedException {
        Report report =
                kit("{}")
                        .only(Set.of("abort", "abort-waiting", "keep-live", "peer-dies", "order"))
                        .run(Listener.NONE);

        assertThat(report.failureText()).isEmpty();
        assertThat(report.results())
                .filteredOn(result -> result.outcome() instanceof Outcome.Skipped)
                .extracting(result -> result.check().name())
                .containsExactlyInAnyOrder("keep-live", "abort-waiting");
    }

    @Test
    void ranksWhoseStatesDifferAreFound() throws IOException, InterruptedException {
        assertThat(failure("{\"differAt\": 2}", "ranks"))
                .contains("the same state in both ranks after step 2");
    }

    @Test
    void aProgramThatBlamesItselfForAnothersDeathIsFound()
            throws IOException, InterruptedException {
        assertThat(failure("{\"blames\": true}", "peer-dies")).contains("group_broken");
    }

    @Test
    void processesThatHoldAPartEachKeepTheRules() throws IOException, InterruptedException {
        Report report =
                kit("{}", SCRIPT.resolveSibling("sharded_worker.py"))
                        .only(Set.of("group", "group-pieces"))
                        .run(Listener.NONE);

        assertThat(report.failureText()).isEmpty();
        assertThat(report.results())
                .filteredOn(result -> result.check().name().equals("group-pieces"))
                .singleElement()
                .extracting(Result::outcome)
                .isEqualTo(new Outcome.Passed("each holds a part"));
    }

    private static String failure(String config, String check)
            throws IOException, InterruptedException {
        Report report = kit(config).only(Set.of(check)).run(Listener.NONE);
        assertThat(report.failures())
                .extracting(result -> result.check().name())
                .containsExactly(check);
        return report.failureText();
    }

    private static Conformance kit(String config) throws IOException, InterruptedException {
        return kit(config, SCRIPT);
    }

    private static Conformance kit(String config, Path script)
            throws IOException, InterruptedException {
        JobSpec job =
                JobSpec.newBuilder()
                        .setJobId("conformance")
                        .setSteps(100)
                        .setSeed(7)
                        .setBatch(30)
                        .setMicroshards(4)
                        .setCollectivesAcross("runtime")
                        .setRuntimeKind("process")
                        .setRuntimeJson("{\"config\": " + config + "}")
                        .build();
        return Conformance.of(List.of(Python.require().toString(), script.toString()))
                .job(job)
                .slowJob(
                        job.toBuilder()
                                .setRuntimeJson(
                                        "{\"config\": " + config + ", \"minStepMillis\": 3600000}")
                                .build())
                .limits(Limits.DEFAULT.times(PATIENCE))
                .rounds(4);
    }
}
