package io.coxswain.coordinator.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Prometheus' own opinion of the rules, where {@code promtool} is on the PATH. */
final class PromtoolIT {
    private final Path folder = MetricTable.root().resolve("deploy/prometheus");
    private String promtool = "";

    @BeforeEach
    void find() {
        for (String part : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
            Path tool = Path.of(part).resolve("promtool");
            if (Files.isExecutable(tool)) {
                promtool = tool.toString();
            }
        }
        if (promtool.isEmpty()) {
            System.out.println(
                    "SKIPPED: promtool is not installed (apt-get install prometheus), so the alert"
                            + " rules were not tested by Prometheus");
        }
        assumeTrue(!promtool.isEmpty(), "promtool is not installed: apt-get install prometheus");
    }

    @Test
    void theRulesAndTheExampleAreValid() throws IOException, InterruptedException {
        assertThat(run("check", "rules", "coxswain.rules.yml")).contains("SUCCESS");
        assertThat(run("check", "config", "prometheus.yml")).contains("SUCCESS");
    }

    @ParameterizedTest
    @ValueSource(strings = {"alerts", "account", "burn"})
    void theRulesDoWhatTheirTestsSay(String test) throws IOException, InterruptedException {
        assertThat(run("test", "rules", "tests/" + test + ".yml")).contains("SUCCESS");
    }

    private String run(String... arguments) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(promtool));
        command.addAll(List.of(arguments));
        Process process =
                new ProcessBuilder(command)
                        .directory(folder.toFile())
                        .redirectErrorStream(true)
                        .start();
        try {
            process.getOutputStream().close();
            String output =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor()).as(output).isZero();
            return output;
        } finally {
            process.destroyForcibly();
        }
    }
}
