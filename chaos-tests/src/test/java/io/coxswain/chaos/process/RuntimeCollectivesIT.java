package io.coxswain.chaos.process;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;

/**
 * A program in plain Python whose ranks reduce among themselves, over sockets that they find
 * through the view's store.
 */
class RuntimeCollectivesIT {
    private static final int STEPS = 60;
    private static String undisturbed = "";

    @TempDir Path folder = Path.of("");

    @BeforeAll
    static void thereIsAPython() {
        PlainPython.require();
    }

    @BeforeEach
    void writeJob() throws IOException {
        PlainPython.writeReducingJob(folder, STEPS);
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
    void whoeverDiesTheFinalStateIsTheSame() throws Exception {
        String digest = undisturbed();

        assertThat(job().spares(1).kill("1@step:20").run().completed().digest()).isEqualTo(digest);
        assertThat(job().spares(0).killWorker("0@step:30").run().completed().digest())
                .isEqualTo(digest);
    }

    @Test
    void aProgramThatReformsGoesOnInItsProcess() throws Exception {
        String digest = undisturbed();

        Training.Outcome outcome =
                job().spares(1)
                        .set("runtime.config.reforms", true)
                        .kill("2@step:20")
                        .killWorker("1@step:40")
                        .run()
                        .completed();

        assertThat(outcome.digest()).isEqualTo(digest);
    }

    @Test
    void aProgramThatFailsAtTheSameStepEachTimeEndsTheRun() throws Exception {
        Training.Outcome outcome = job().spares(0).set("runtime.config.failAt", 7).run();

        assertThat(outcome.exit()).isNotZero();
        assertThat(outcome.output())
                .contains("the program failed 3 times at step 7", "ValueError: told to fail");
    }
}
