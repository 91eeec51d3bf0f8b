package io.coxswain.chaos.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The digits as scripts in JAX and in PyTorch, where {@code COXSWAIN_PYTHON}, or {@code python3},
 * has them.
 */
class FrameworkProgramIT {
    private static final int STEPS = 30;

    @ParameterizedTest
    @ValueSource(strings = {"jax", "torch"})
    void whateverDiesTheFinalStateIsTheSame(String framework) throws Exception {
        Frameworks.require(framework);

        String digest =
                job(framework)
                        .mesh(1, 1)
                        .spares(0)
                        .set("protect.copies", 0)
                        .run()
                        .completed()
                        .digest();

        var killed = job(framework).mesh(2, 1).spares(1).kill("1@step:12").run().completed();
        assertThat(killed.digest()).isEqualTo(digest);
        assertThat(killed.incident().path("stepsLost").asLong()).isZero();
        assertThat(
                        job(framework)
                                .mesh(1, 2)
                                .spares(0)
                                .killWorker("0@step:12")
                                .run()
                                .completed()
                                .digest())
                .isEqualTo(digest);
    }

    @Test
    void processesThatReduceAmongThemselvesComeToTheSameLoss() throws Exception {
        Frameworks.require("torch");

        var quiet = job("torch", "job-ddp.yaml").mesh(2, 1).spares(0).run().completed();
        var killed =
                job("torch", "job-ddp.yaml")
                        .mesh(2, 1)
                        .spares(1)
                        .kill("1@step:12")
                        .run()
                        .completed();

        assertThat(killed.report().path("finalLoss").asDouble())
                .isCloseTo(quiet.report().path("finalLoss").asDouble(), withinPercentage(1.0));
    }

    @Test
    void aStateThatIsCutByFullyShardComesToTheSameLoss() throws Exception {
        Frameworks.require("torch");

        var quiet = job("torch", "job-fsdp.yaml").mesh(1, 2).spares(0).run().completed();
        var killed =
                job("torch", "job-fsdp.yaml")
                        .mesh(1, 2)
                        .spares(1)
                        .kill("1@step:12")
                        .run()
                        .completed();

        assertThat(killed.report().path("finalLoss").asDouble())
                .isCloseTo(quiet.report().path("finalLoss").asDouble(), withinPercentage(1.0));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aStateThatIsCutOverTheProcessesOfHostsComesToTheSameLoss(boolean hybrid) throws Exception {
        Frameworks.require("torch");

        double quiet =
                cutGroups(hybrid).spares(0).run().completed().report().path("finalLoss").asDouble();
        var local = cutGroups(hybrid).spares(0).killWorker("1.1@step:12").run().completed();
        var host = cutGroups(hybrid).spares(1).kill("1@step:12").run().completed();

        assertThat(local.report().path("finalLoss").asDouble())
                .isCloseTo(quiet, withinPercentage(1.0));
        assertThat(local.incident().toString())
                .contains("local rank 1 of 2: worker died of signal 9");
        assertThat(host.report().path("finalLoss").asDouble())
                .isCloseTo(quiet, withinPercentage(1.0));
    }

    private static Training cutGroups(boolean hybrid) throws IOException {
        return job("torch", "job-fsdp.yaml")
                .mesh(hybrid ? 2 : 1, hybrid ? 1 : 2)
                .set("runtime.workersPerAgent", 2);
    }

    @Test
    void aStateOfJaxArraysThatIsCutComesToTheSameLoss(@TempDir Path folder) throws Exception {
        Frameworks.require("jax");
        Path file = folder.resolve("job.yaml");
        Files.writeString(
                file,
                """
                name: jax-cut
                mesh: {replicas: 1, shards: 2}
                steps: %d
                seed: 3
                data: job.yaml
                batch: 128
                microshards: 8
                collectives: {across: runtime}
                runtime:
                  kind: process
                  command: [%s, jax_cut_worker.py]
                  cwd: %s
                  state: 1MB
                """
                        .formatted(STEPS, Frameworks.PYTHON, PlainPython.programs()));

        var quiet = Training.of(file).spares(0).run().completed();
        var killed = Training.of(file).spares(1).kill("1@step:12").run().completed();

        assertThat(killed.report().path("finalLoss").asDouble())
                .isCloseTo(quiet.report().path("finalLoss").asDouble(), withinPercentage(1.0));
    }

    @Test
    void aJaxStateOverAllRanksDevicesComesToTheSameLoss() throws Exception {
        Frameworks.require("jax");

        var quiet = job("jax", "job-sharded.yaml").mesh(1, 2).spares(0).run().completed();
        var killed =
                job("jax", "job-sharded.yaml")
                        .mesh(1, 2)
                        .spares(1)
                        .kill("1@step:12")
                        .run()
                        .completed();

        assertThat(killed.report().path("finalLoss").asDouble())
                .isCloseTo(quiet.report().path("finalLoss").asDouble(), withinPercentage(1.0));
    }

    @Test
    void rankZeroOfAJaxProgramServesNobodyAndDiesAsTheOthersDo() throws Exception {
        Frameworks.require("jax");

        double quiet = sharded().spares(0).run().completed().report().path("finalLoss").asDouble();
        var process = sharded().spares(0).killWorker("0@step:12").run().completed();
        var host = sharded().spares(1).kill("0@step:12").run().completed();

        assertThat(process.report().path("finalLoss").asDouble())
                .isCloseTo(quiet, withinPercentage(1.0));
        assertThat(process.incident().toString()).contains("agent-0", "worker died of signal 9");
        assertThat(host.report().path("finalLoss").asDouble())
                .isCloseTo(quiet, withinPercentage(1.0));
    }

    private static Training sharded() throws IOException {
        return job("jax", "job-sharded.yaml").mesh(1, 2);
    }

    @Test
    void severalProcessesOfAHostComeToTheSameLoss() throws Exception {
        Frameworks.require("torch");

        double quiet = groups().spares(0).run().completed().report().path("finalLoss").asDouble();
        var local = groups().spares(0).killWorker("1.1@step:12").run().completed();
        var host = groups().spares(1).kill("1@step:12").run().completed();

        assertThat(local.report().path("finalLoss").asDouble())
                .isCloseTo(quiet, withinPercentage(1.0));
        assertThat(local.incident().toString())
                .contains("local rank 1 of 2: worker died of signal 9");
        assertThat(host.report().path("finalLoss").asDouble())
                .isCloseTo(quiet, withinPercentage(1.0));
    }

    @ParameterizedTest
    @CsvSource({
        "job-ddp.yaml, 2, 1, forward",
        "job-ddp.yaml, 2, 1, backward",
        "job-fsdp.yaml, 1, 2, forward",
        "job-fsdp.yaml, 1, 2, backward",
    })
    void aHangNamesWhoNeverEnteredAndWhere(
            String name, int replicas, int shards, String part, @TempDir Path folder)
            throws Exception {
        Frameworks.require("torch");

        var outcome =
                job("torch", name)
                        .mesh(replicas, shards)
                        .spares(0)
                        .set(
                                "runtime.command",
                                "["
                                        + Frameworks.PYTHON
                                        + ", "
                                        + PlainPython.programs().resolve("torch_hanging.py")
                                        + "]")
                        .set("runtime.env.HANG_IN", part)
                        .set("runtime.env.HANG_MARKER", folder.resolve("hung"))
                        .run()
                        .completed();

        assertThat(outcome.incident().path("cause").asString())
                .contains(
                        "rank 1 hangs in execute (" + part + "); 1 rank waits for it in collective",
                        "which rank 1 never entered");
        assertThat(outcome.report().path("evidence").toString())
                .contains("python-stacks.", "torch_hanging.py");
    }

    private static Training groups() throws IOException {
        return job("torch", "job-ddp.yaml").mesh(2, 1).set("runtime.workersPerAgent", 2);
    }

    private static Training job(String framework) throws IOException {
        return job(framework, "job.yaml");
    }

    private static Training job(String framework, String name) throws IOException {
        return Frameworks.digits(framework, name, STEPS);
    }
}
