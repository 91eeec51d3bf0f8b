package io.coxswain.chaos.process;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A job of kind {@code process}: a trainer in plain Python, on the Python package's host. */
class PythonProgramIT {
    private static final int STEPS = 24;

    @TempDir Path folder = Path.of("");

    @BeforeAll
    static void thereIsAPython() {
        PlainPython.require();
    }

    @BeforeEach
    void writeJob() throws IOException {
        Files.writeString(
                folder.resolve("job.yaml"),
                """
                name: linear
                mesh: {replicas: 2, shards: 1}
                steps: %d
                seed: 3
                data: job.yaml
                batch: 128
                microshards: 4
                runtime:
                  kind: process
                  command: [python3, linear_worker.py]
                  cwd: %s
                  state: 1MB
                """
                        .formatted(STEPS, PlainPython.programs()));
    }

    private Training job() throws IOException {
        return Training.of(folder.resolve("job.yaml"));
    }

    @Test
    void whateverDiesTheFinalStateIsTheSame() throws Exception {
        String digest =
                job().mesh(1, 1).spares(0).set("protect.copies", 0).run().completed().digest();

        assertThat(job().spares(1).kill("1@step:9").run().completed().digest()).isEqualTo(digest);
        assertThat(job().spares(0).killWorker("0@step:9").run().completed().digest())
                .isEqualTo(digest);
        assertThat(job().mesh(1, 2).spares(0).run().completed().digest()).isEqualTo(digest);
    }

    /** A worker that differs from {@code linear_worker.py} by these methods. */
    private Training wrong(String methods) throws IOException {
        Path program = folder.resolve("failing.py");
        Files.writeString(
                program,
                """
                import sys

                sys.path.insert(0, ".")
                import linear_worker
                import coxswain


                class Failing(linear_worker.Linear):
                %s


                coxswain.run(Failing())
                """
                        .formatted(methods.indent(4).stripTrailing()));
        return job().spares(0).set("runtime.command", "[python3, " + program + "]");
    }

    @Test
    void aProgramThatInterruptsItselfIsAWorkerThatDied() throws Exception {
        String digest = job().spares(0).run().completed().digest();
        Training.Outcome outcome =
                job().spares(0)
                        .set("runtime.config.interruptAt", 9)
                        .set("runtime.config.once", folder.resolve("interrupted"))
                        .run()
                        .completed();

        assertThat(outcome.digest()).isEqualTo(digest);
        assertThat(outcome.incident().toString()).contains("worker died of signal 2 (SIGINT)");
    }

    @Test
    void processesThatDoNotAgreeAreRefused() throws Exception {
        Training.Outcome outcome =
                wrong(
                                """
                                def build(self, job):
                                    import dataclasses, os
                                    return dataclasses.replace(super().build(job), fingerprint=f"state {os.getpid()}")
                                """)
                        .run();

        assertThat(outcome.exit()).isNotZero();
        assertThat(outcome.output()).contains("its program or layout (fingerprint ", "(state ");
    }

    @Test
    void anInitialStateThatIsNotFiniteEndsTheRun() throws Exception {
        Training.Outcome outcome =
                wrong(
                                """
                                def initialize(self, shard):
                                    super().initialize(shard)
                                    self.w[0][1] = float("nan")
                                """)
                        .run();

        assertThat(outcome.exit()).isNotZero();
        assertThat(outcome.output())
                .contains(
                        "the program failed 3 times to make its initial state",
                        "is not finite in the initial state: element 1");
    }

    @Test
    void aProgramThatFailsAtTheSameStepEachTimeEndsTheRun() throws Exception {
        Training.Outcome outcome =
                wrong(
                                """
                                def apply(self, gradient):
                                    if self.step == 4:
                                        raise ValueError("cannot make this step")
                                    super().apply(gradient)
                                """)
                        .run();

        assertThat(outcome.exit()).isNotZero();
        assertThat(outcome.output())
                .contains(
                        "the job cannot go on",
                        "the program failed 3 times at step 5",
                        "ValueError: cannot make this step (failing.py:11 in apply)");
    }
}
