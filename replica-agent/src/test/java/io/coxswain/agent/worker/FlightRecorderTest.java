package io.coxswain.agent.worker;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

class FlightRecorderTest {
    @TempDir private Path folder = Path.of("");

    @Test
    void whereToIsSaidWhereABufferIsAskedForUnlessTheProgramSays() {
        assertThat(FlightRecorder.environment(Map.of("A", "b"), folder))
                .isEqualTo(Map.of("A", "b"));
        assertThat(FlightRecorder.environment(Map.of(FlightRecorder.BUFFER, "0"), folder))
                .isEqualTo(Map.of(FlightRecorder.BUFFER, "0"));

        Map<String, String> told =
                FlightRecorder.environment(
                        Map.of(FlightRecorder.BUFFER, "2000", FlightRecorder.ON_TIMEOUT, "0"),
                        folder);
        assertThat(told)
                .containsEntry(FlightRecorder.BUFFER, "2000")
                .containsEntry(FlightRecorder.ON_TIMEOUT, "0")
                .containsEntry(FlightRecorder.FILE, folder.resolve("nccl_trace_rank_").toString())
                .containsEntry(FlightRecorder.PIPE, folder.resolve("nccl_ask_rank_").toString());
    }

    @Test
    void itIsAskedByItsPipeAndWaitedFor() throws Exception {
        Path pipe = folder.resolve("nccl_ask_rank_3.pipe");
        Path file = folder.resolve("nccl_trace_rank_3");
        // As PyTorch does: it reads what was wished, then writes.
        Process process =
                new ProcessBuilder(
                                "/bin/sh",
                                "-c",
                                "mkfifo '%s' && touch '%s.there' && head -c 1 '%s' > /dev/null && echo collectives > '%s'"
                                        .formatted(pipe, pipe, pipe, file))
                        .start();
        while (!Files.exists(folder.resolve("nccl_ask_rank_3.pipe.there"))) {
            assertThat(process.isAlive()).isTrue();
        }
        FlightRecorder.ask(folder);
        assertThat(process.waitFor()).isZero();
        assertThat(file).hasContent("collectives");
    }

    @Test
    void whereNobodyListensNothingIsDone() throws Exception {
        FlightRecorder.ask(folder);
        FlightRecorder.ask(folder.resolve("none"));
        assertThat(folder).isEmptyDirectory();
    }
}
