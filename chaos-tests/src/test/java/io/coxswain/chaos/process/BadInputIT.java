package io.coxswain.chaos.process;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a user does wrong is answered with what to do, an exit code, and nothing left running. */
class BadInputIT {
    @TempDir Path folder;

    @Test
    void misspelledField() throws Exception {
        Path job = folder.resolve("job.yaml");
        Files.writeString(
                job,
                Files.readString(Training.home().resolve("examples/digits/job.yaml"))
                        .replace("microshards: 8", "microshard: 8"));
        Training.Outcome outcome = Training.of(job).run();
        assertThat(outcome.exit()).isEqualTo(2);
        assertThat(outcome.output())
                .containsPattern(
                        "job\\.yaml:\\d+:1: microshard: unknown field; did you mean"
                                + " 'microshards'\\?");
    }

    @Test
    void unreadableData() throws Exception {
        Training.Outcome outcome = Training.digits(10).set("data", "nowhere.bin").run();
        assertThat(outcome.exit()).isEqualTo(2);
        assertThat(outcome.output()).contains("nowhere.bin").contains("no such file");
    }

    @Test
    void damagedData() throws Exception {
        byte[] data = Files.readAllBytes(Training.home().resolve("examples/digits/digits.bin"));
        data[5_000] ^= 1;
        Files.write(folder.resolve("damaged.bin"), data);
        Training.Outcome outcome =
                Training.digits(10).set("data", folder.resolve("damaged.bin")).run();
        assertThat(outcome.exit()).isNotZero();
        assertThat(outcome.output()).contains("damaged.bin");
    }

    @Test
    void moreRanksThanAgents() throws Exception {
        Training.Outcome outcome = Training.digits(10).with("--local", "3").run();
        assertThat(outcome.exit()).isEqualTo(2);
        assertThat(outcome.output()).contains("4").contains("3");
    }

    @Test
    void moreStateThanSharedMemory() throws Exception {
        Training.Outcome outcome = Training.digits(10).set("runtime.ballast", "900GiB").run();
        assertThat(outcome.exit()).isEqualTo(3);
        assertThat(outcome.output()).containsIgnoringCase("shared memory");
    }

    @Test
    void faultForAnAgentThatIsNotThere() throws Exception {
        Training.Outcome outcome = Training.digits(10).kill("9@step:5").run();
        assertThat(outcome.exit()).isEqualTo(2);
        assertThat(outcome.output()).contains("agent 9");
    }

    @Test
    void shardLostForGood() throws Exception {
        Training.Outcome outcome =
                Training.digits(1_000_000)
                        .mesh(1, 2)
                        .spares(1)
                        .set("protect.copies", 0)
                        .set("protect.returnWait", "1s")
                        .kill("1@step:20")
                        .run();
        assertThat(outcome.exit()).isEqualTo(1);
        assertThat(outcome.output()).contains("shard 1");
        assertThat(outcome.report().path("completed").asBoolean(true)).isFalse();
    }

    @Test
    void reportThatCannotBeWritten() throws IOException, InterruptedException {
        Training.Outcome outcome =
                Training.digits(10)
                        .with("--report", folder.resolve("no/such/folder/report.json").toString())
                        .run();
        assertThat(outcome.exit()).isEqualTo(2);
        assertThat(outcome.output()).contains("no/such/folder");
    }
}
