package io.coxswain.chaos.process;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;

/** A program in plain Python that reduces by itself and whose state is cut over its ranks. */
class CutStateIT {
    private static final int STEPS = 60;

    @TempDir Path folder = Path.of("");

    @BeforeAll
    static void thereIsAPython() {
        PlainPython.require();
    }

    private Training job() throws IOException {
        return Training.of(PlainPython.writeCutJob(folder, STEPS)).mesh(2, 2);
    }

    @Test
    void whoeverDiesOfTwoReplicasTheFinalStateIsTheSame() throws Exception {
        String digest = job().spares(0).run().completed().digest();

        var killed = job().spares(1).kill("3@step:20").run().completed();
        assertThat(killed.digest()).isEqualTo(digest);
        assertThat(killed.incident().path("sources").findValuesAsString("source"))
                .as("%s", killed.incident())
                .hasSize(4)
                .doesNotContain("init");
        assertThat(job().spares(0).killWorker("1@step:30").run().completed().digest())
                .isEqualTo(digest);
    }

    @Test
    void aShardOfWhichThereIsOneReplicaComesBackFromAPeersMemory() throws Exception {
        String digest = job().mesh(1, 2).spares(0).run().completed().digest();

        var killed = job().mesh(1, 2).spares(1).kill("1@step:20").run().completed();
        assertThat(killed.digest()).isEqualTo(digest);
        assertThat(killed.incident().path("stepsLost").asLong()).isLessThan(40);
    }

    @Test
    void piecesThatDoNotFitEndTheRunBeforeItBegins() throws Exception {
        Training.Outcome gap = job().spares(0).set("runtime.config.wrong", "gap").run();
        Training.Outcome uncut = job().spares(0).set("runtime.config.wrong", "uncut").run();

        assertThat(gap.exit()).isNotZero();
        assertThat(gap.output()).contains("leaf w of shape [7, 7]: 7 of its 49 elements");
        assertThat(uncut.exit()).isNotZero();
        assertThat(uncut.output()).contains("give FusedProgram.shards the pieces of each");
    }
}
