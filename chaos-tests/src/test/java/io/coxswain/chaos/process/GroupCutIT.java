package io.coxswain.chaos.process;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Two agents of two processes each, in plain Python, whose state is cut over the processes: over
 * all four, or over the two of an agent and held by both agents.
 */
class GroupCutIT {
    private static final int STEPS = 60;

    @TempDir Path folder = Path.of("");

    @BeforeAll
    static void thereIsAPython() {
        PlainPython.require();
    }

    private Training job(int replicas, int shards) throws IOException {
        return Training.of(PlainPython.writeCutJob(folder, STEPS))
                .mesh(replicas, shards)
                .set("runtime.workersPerAgent", 2);
    }

    @ParameterizedTest
    @CsvSource({"1, 2", "2, 1"})
    void whateverDiesTheFinalStateIsTheSame(int replicas, int shards) throws Exception {
        String digest = job(replicas, shards).spares(0).run().completed().digest();

        var local = job(replicas, shards).spares(0).killWorker("1.1@step:20").run().completed();
        assertThat(local.digest()).isEqualTo(digest);
        assertThat(local.incident().toString())
                .contains("local rank 1 of 2: worker died of signal 9");
        assertSourcesAreCopies(local);

        var host = job(replicas, shards).spares(1).kill("1@step:30").run().completed();
        assertThat(host.digest()).isEqualTo(digest);
        assertSourcesAreCopies(host);
        assertThat(host.incident().path("stepsLost").asLong()).isLessThan(STEPS / 2);
    }

    private static void assertSourcesAreCopies(Training.Outcome outcome) {
        assertThat(outcome.incident().path("sources").findValuesAsString("source"))
                .as("%s", outcome.incident())
                .hasSize(2)
                .doesNotContain("init");
    }

    @Test
    void aProcessThatIsKilledInASnapshotLeavesNoHalfOfIt() throws Exception {
        String digest = job(1, 2).spares(0).run().completed().digest();

        assertThat(
                        job(1, 2)
                                .spares(0)
                                .killWorker("0.0@step:20")
                                .killWorker("1.1@step:25:snapshot")
                                .run()
                                .completed()
                                .digest())
                .isEqualTo(digest);
    }

    @Test
    void howTheStateIsCutIsCheckedOverAllProcesses() throws Exception {
        Training.Outcome three = job(1, 2).spares(0).set("runtime.config.parts", 3).run();
        Training.Outcome gap = job(1, 2).spares(0).set("runtime.config.wrong", "gap").run();

        assertThat(three.exit()).isNotZero();
        assertThat(three.output())
                .contains(
                        "2 processes of each of 2 agents hold the state together",
                        "is cut into 3: give FusedProgram.shards the pieces of each of the 4");
        assertThat(gap.exit()).isNotZero();
        assertThat(gap.output()).contains("leaf w of shape [7, 7]: 7 of its 49 elements");
    }
}
