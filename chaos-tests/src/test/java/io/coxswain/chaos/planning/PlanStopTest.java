package io.coxswain.chaos.planning;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import picocli.CommandLine;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A process of its own, stopped by a signal in the middle. */
final class PlanStopTest {
    @TempDir Path folder;

    /** As the launcher runs it. */
    static final class Start {
        private Start() {}

        public static void main(String[] args) {
            System.exit(new CommandLine(new SimulateCommand()).execute(args));
        }
    }

    private Process start(Path report) throws IOException {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(
                List.of(
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Start.class.getName(),
                        // The disk's run takes a moment, the other one would take an hour.
                        "--agents",
                        "512",
                        "--spares",
                        "32",
                        "--days",
                        "3650",
                        "--failure-scale",
                        "30",
                        "--policy",
                        "disk,copies+spares",
                        "--sweep",
                        "spares=0..32",
                        "--report",
                        report.toString()));
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }

    @Test
    @Timeout(120)
    void aSignalPrintsWhatIsThereAndEnds() throws Exception {
        Path report = folder.resolve("plan.json");
        Process process = start(report);
        var said = new StringBuilder();
        try (var out = process.inputReader(StandardCharsets.UTF_8)) {
            String line;
            boolean told = false;
            while ((line = out.readLine()) != null) {
                said.append(line).append('\n');
                // Said now and then by a run of the coordinator, so the disk's is over.
                if (!told && line.startsWith("… copies+spares")) {
                    told = true;
                    process.toHandle().destroy();
                }
            }
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("%s", said).isTrue();
        } finally {
            process.destroyForcibly();
        }
        assertThat(process.exitValue()).as("%s", said).isEqualTo(128 + 15);
        assertThat(said)
                .contains("Stopped: copies+spares was at ")
                .contains("of the 1 run that were over")
                .contains("goodput")
                .doesNotContain("Exception");
        JsonNode json = JsonMapper.builder().build().readTree(Files.readString(report));
        assertThat(json.get("policies")).hasSize(1);
        assertThat(json.get("policies").get(0).get("policy").asString()).isEqualTo("disk");
        try (var left = Files.list(folder)) {
            assertThat(left).as("no draft stays").containsExactly(report);
        }
    }
}
