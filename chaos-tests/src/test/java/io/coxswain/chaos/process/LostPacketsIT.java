package io.coxswain.chaos.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.chaos.checker.Oracles;
import io.coxswain.chaos.checker.Outcome;
import io.coxswain.chaos.cluster.Cluster;
import io.coxswain.chaos.cluster.ScenarioCheck;
import io.coxswain.chaos.scenario.Scenario;
import io.coxswain.chaos.scenario.ScenarioFile;
import io.coxswain.launcher.config.ConfigException;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Packets that are lost, in network namespaces: with root, ip and nft; skipped without. */
class LostPacketsIT {
    @TempDir Path folder;

    private static Scenario scenario(String name) throws ConfigException {
        return ScenarioFile.read(
                Path.of("scenarios", name + ".yaml").toAbsolutePath(), Oracles.names());
    }

    private static String namespaces() throws Exception {
        Process list = new ProcessBuilder("ip", "netns", "list").start();
        return new String(list.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @ValueSource(strings = {"lost-packets-partition", "lost-packets-for-a-moment"})
    void theJobGoesOnAndNoNamespaceStays(String name) throws Exception {
        Scenario scenario = scenario(name);
        String missing = ScenarioCheck.missing(scenario);
        Assumptions.assumeTrue(missing.isEmpty(), missing);
        try (Cluster cluster =
                Cluster.builder(scenario.setup()).folder(folder.resolve("run")).start()) {
            assertThat(namespaces()).contains("coxswain-");
            Outcome outcome = cluster.play(scenario, 1);
            assertThat(outcome.verdicts())
                    .allSatisfy(verdict -> assertThat(verdict.holds()).as(verdict.says()).isTrue());
        }
        assertThat(namespaces()).doesNotContain("coxswain-");
    }
}
