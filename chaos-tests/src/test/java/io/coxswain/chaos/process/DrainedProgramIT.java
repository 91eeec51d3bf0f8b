package io.coxswain.chaos.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.launcher.admin.LeaderCalls;
import io.coxswain.launcher.admin.PlannedWork;
import io.coxswain.proto.admin.v1.AgentStatus;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Planned work at programs whose ranks reduce among themselves: a pause, a drain by an operator and
 * the notice of a machine's end, all in one run. No step is made twice, and the job ends as if
 * nothing had been.
 */
class DrainedProgramIT {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    /** With the steps below, what is planned comes long before the job's end. */
    private static final int STEP_MILLIS = 60;

    private static void workOn(Training.Started run) throws Exception {
        run.awaitLine(line -> line.startsWith("step "));
        String at = Files.readString(run.folder().resolve("logs/coordinator.address")).strip();
        var address = new AdminClient.Address(at, "", "");

        assertThat(LeaderCalls.pause(address, "", "a look").getPaused()).isTrue();
        assertThat(LeaderCalls.resume(address, "").getResumed()).isTrue();

        var said = new ByteArrayOutputStream();
        var out = new PrintStream(said, true, StandardCharsets.UTF_8);
        assertThat(
                        PlannedWork.run(
                                address,
                                new PlannedWork.Word(
                                        PlannedWork.Verb.DRAIN, "agent-1", "a new disk", false),
                                new PlannedWork.Manner(true, LIMIT, false),
                                out,
                                out))
                .as(() -> said.toString(StandardCharsets.UTF_8))
                .isEqualTo(ExitCode.COMPLETED);
        assertThat(said.toString(StandardCharsets.UTF_8)).contains("agent-1 is drained");

        ProcessHandle agent = ProcessHandle.of(pid(address, "agent-0")).orElseThrow();
        assertThat(agent.destroy()).isTrue();
        agent.onExit().get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        assertThat(run.process().waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS))
                .as(run.output())
                .isTrue();
    }

    private static long pid(AdminClient.Address address, String id) throws Exception {
        try (AdminClient client = AdminClient.connect(address)) {
            return client.ownStatus().getAgentsList().stream()
                    .filter(agent -> agent.getAgentId().equals(id))
                    .mapToLong(AgentStatus::getPid)
                    .findFirst()
                    .orElseThrow();
        }
    }

    /** The outcome of a run in which all of that was done. */
    private static Training.Outcome worked(Training job) throws Exception {
        Training.Started run = job.spares(2).set("runtime.minStepMillis", STEP_MILLIS).start();
        try {
            workOn(run);
        } finally {
            run.process().descendants().forEach(ProcessHandle::destroyForcibly);
            run.process().destroyForcibly();
        }
        Training.Outcome outcome = run.outcome().completed();
        assertThat(outcome.incidents())
                .as(outcome.output())
                .hasSize(3)
                .allSatisfy(incident -> {
                    assertThat(incident.path("kind").asString()).isEqualTo("planned");
                    assertThat(incident.path("stepsLost").asLong()).isZero();
                    assertThat(incident.path("closed").asBoolean()).isTrue();
                });
        assertThat(
                        outcome.report()
                                .path("goodput")
                                .path("categories")
                                .path("lost_progress")
                                .asLong())
                .isZero();
        assertThat(outcome.output()).contains("agent-0 ended with status 0");
        return outcome;
    }

    @Test
    void aProgramInPlainPythonEndsInTheSameState(@TempDir Path folder) throws Exception {
        PlainPython.require();
        Path file = PlainPython.writeReducingJob(folder, 120);

        String undisturbed = Training.of(file).spares(0).run().completed().digest();

        assertThat(worked(Training.of(file)).digest()).isEqualTo(undisturbed);
    }

    @ParameterizedTest
    @CsvSource({
        "torch, job-ddp.yaml, 2, 1",
        "torch, job-fsdp.yaml, 1, 2",
        "jax, job-sharded.yaml, 1, 2",
    })
    void aProgramOfAFrameworkComesToTheSameLoss(
            String framework, String name, int replicas, int shards) throws Exception {
        Frameworks.require(framework);
        Training quiet = Frameworks.digits(framework, name, 120).mesh(replicas, shards).spares(0);

        double loss = quiet.run().completed().report().path("finalLoss").asDouble();

        Training.Outcome worked =
                worked(Frameworks.digits(framework, name, 120).mesh(replicas, shards));
        assertThat(worked.report().path("finalLoss").asDouble())
                .isCloseTo(loss, withinPercentage(1.0));
    }
}
