package io.coxswain.chaos.process;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Agents whose worker is two processes that reduce among themselves, in plain Python: they step,
 * snapshot and restart as one, whoever starts them.
 */
class WorkerGroupIT {
    private static final int STEPS = 60;
    private static String undisturbed = "";

    @TempDir Path folder = Path.of("");
    private final List<Process> started = new ArrayList<>();

    @BeforeAll
    static void thereIsAPython() {
        PlainPython.require();
    }

    @BeforeEach
    void writeJob() throws IOException {
        Files.writeString(
                folder.resolve("job.yaml"),
                """
                name: groups
                mesh: {replicas: 2, shards: 1}
                steps: %d
                seed: 3
                data: job.yaml
                batch: 128
                microshards: 8
                collectives: {across: runtime}
                runtime:
                  kind: process
                  command: [python3, allreduce_worker.py]
                  cwd: %s
                  env: {MASTER_ADDR: stale, RANK: "7"}
                  workersPerAgent: 2
                  state: 1MB
                """
                        .formatted(STEPS, PlainPython.programs()));
    }

    @AfterEach
    void endWorkers() {
        for (Process one : started) {
            one.descendants().forEach(ProcessHandle::destroyForcibly);
            one.destroyForcibly();
        }
    }

    private Training job() throws IOException {
        return Training.of(folder.resolve("job.yaml"));
    }

    /** The final state of a run that nothing happened to, made once. */
    private String undisturbed() throws Exception {
        if (undisturbed.isEmpty()) {
            undisturbed = job().spares(0).run().completed().digest();
        }
        return undisturbed;
    }

    @Test
    void whicheverProcessDiesTheFinalStateIsTheSame() throws Exception {
        String digest = undisturbed();

        Training.Outcome local = job().spares(0).killWorker("1.1@step:20").run().completed();
        assertThat(local.digest()).isEqualTo(digest);
        assertThat(local.incident().toString())
                .contains("local rank 1 of 2: worker died of signal 9");
        assertThat(job().spares(1).kill("1@step:30").run().completed().digest()).isEqualTo(digest);
        assertThat(
                        job().spares(0)
                                .killWorker("0.0@step:20")
                                .killWorker("1.1@step:20:snapshot")
                                .run()
                                .completed()
                                .digest())
                .isEqualTo(digest);
    }

    @Test
    void aProcessThatFailsTakesTheGroupWithItAndIsNamed() throws Exception {
        Training.Outcome outcome = job().spares(0).set("runtime.config.failAt", 7).run();

        assertThat(outcome.exit()).isNotZero();
        assertThat(outcome.output())
                .contains(
                        "the program failed 3 times at step 7",
                        "local rank 1 of 2: ValueError: told to fail");
    }

    @Test
    void aProcessThatHangsTakesTheGroupWithIt() throws Exception {
        String digest = undisturbed();

        Training.Outcome outcome =
                job().spares(0)
                        .set("runtime.config.hangAt", 20)
                        .set("runtime.config.marker", folder.resolve("hung"))
                        .run()
                        .completed();

        assertThat(outcome.digest()).isEqualTo(digest);
        assertThat(outcome.incident().toString())
                .contains("collective 1 of step 20, which rank 0 never entered");
    }

    @Test
    void somebodyElseMayStartTheProcesses() throws Exception {
        String digest = undisturbed();
        String text =
                Files.readString(folder.resolve("job.yaml"))
                        .replaceAll("(?m)^  (command|cwd|env): .*\n", "");
        Files.writeString(folder.resolve("job.yaml"), text);

        Training.Started run =
                job().spares(0)
                        .set("runtime.launch", "attach")
                        .set("runtime.config.dieAt", 20)
                        .set("runtime.config.marker", folder.resolve("died"))
                        .start();
        for (int agent = 0; agent < 2; agent++) {
            for (int local = 0; local < 2; local++) {
                started.add(worker(run.folder(), agent, local));
            }
        }

        assertThat(run.process().waitFor(2, TimeUnit.MINUTES)).as(run.output()).isTrue();
        Training.Outcome outcome = run.outcome().completed();
        assertThat(outcome.digest()).isEqualTo(digest);
        assertThat(folder.resolve("died")).exists();
        assertThat(printed(run.folder())).contains("was not made, the group of epoch 1 broke");
        for (Process one : started) {
            // Its last worker was told that the job is over.
            assertThat(one.waitFor(1, TimeUnit.MINUTES)).isTrue();
            assertThat(one.exitValue()).isZero();
        }
    }

    /** What agents that see no output of their workers were told of it. */
    private static String printed(Path run) throws IOException {
        var all = new StringBuilder();
        try (Stream<Path> logs = Files.walk(run.resolve("logs"))) {
            for (Path log : logs.filter(file -> file.toString().endsWith(".log")).toList()) {
                all.append(Files.readString(log));
            }
        }
        return all.toString();
    }

    /** Starts a process again and again until it ends with status 0, as batch systems do. */
    private static Process worker(Path run, int agent, int local) throws IOException {
        var builder =
                new ProcessBuilder(
                        "sh", "-c", "until python3 allreduce_worker.py; do sleep 0.1; done");
        builder.directory(PlainPython.programs().toFile());
        builder.environment()
                .put(
                        "COXSWAIN_ATTACH",
                        run.resolve("logs/agent-" + agent + "-workers/attach").toString());
        builder.environment().put("LOCAL_RANK", Integer.toString(local));
        builder.environment().put("MASTER_ADDR", "stale");
        builder.redirectErrorStream(true);
        builder.redirectOutput(run.resolve("worker-" + agent + "-" + local + ".txt").toFile());
        return builder.start();
    }
}
