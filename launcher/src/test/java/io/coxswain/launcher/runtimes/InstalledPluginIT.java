package io.coxswain.launcher.runtimes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.coxswain.bridge.pjrt.plugins.CacheFolder;
import io.coxswain.bridge.pjrt.plugins.InstalledPlugin;
import io.coxswain.bridge.pjrt.plugins.PluginStore;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.Main;
import io.coxswain.launcher.console.Terminal;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;

import tools.jackson.databind.json.JsonMapper;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Installs the real CPU plugin as a user does, and trains with it. Skipped without pip or a package
 * index.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@ResourceLock(Resources.SYSTEM_PROPERTIES)
class InstalledPluginIT {
    private static final String NAME = "pjrt-cpu";

    @TempDir private static Path folder = Path.of("");

    @BeforeAll
    static void install() throws Exception {
        System.setProperty(CacheFolder.PROPERTY, folder.resolve("cache").toString());
        assumeTrue(
                Pip.find(System.getenv()).isPresent(),
                "no pip here: install Python 3 with pip to run this test");
        var said = new ByteArrayOutputStream();
        var terminal = new Terminal(new PrintStream(said, true, StandardCharsets.UTF_8), false);
        try {
            new RuntimeInstall(PluginStore.ofThisProcess(), System.getenv(), terminal)
                    .run(NAME, false, null);
        } catch (EnvironmentException e) {
            abort("the plugin's wheel cannot be had here: " + e.getMessage());
        }
        assertThat(said.toString(StandardCharsets.UTF_8)).contains("installed pjrt-cpu 0.11.2");
    }

    @AfterAll
    static void restore() {
        System.clearProperty(CacheFolder.PROPERTY);
    }

    @Test
    @Order(1)
    void isListedAsWhatItIs() throws Exception {
        RuntimeList.Entry entry =
                RuntimeList.of(PluginStore.ofThisProcess(), new ChildProbe()).entries().getFirst();

        assertThat(entry.name()).isEqualTo(NAME);
        assertThat(entry.state()).isEqualTo(RuntimeList.State.VERIFIED);
        assertThat(entry.answer().apiVersion()).isEqualTo("0.115");
        assertThat(entry.answer().platform()).isEqualTo("cpu");
        assertThat(entry.answer().devices()).isNotEmpty();
    }

    @Test
    @Order(2)
    void aProcessThatAPluginEndsIsTheProbesOnly() throws Exception {
        Path broken = Files.writeString(folder.resolve("broken.so"), "no library");

        PluginProbe.Answer answer =
                new ChildProbe().ask(new InstalledPlugin("broken", broken, "", "", ""));

        assertThat(answer.failure()).contains(broken.toString());
        assertThat(answer.apiVersion()).isEmpty();
    }

    @Test
    @Order(3)
    void keepsAllRulesOfTheBridge() throws Exception {
        Path report = folder.resolve("conformance.json");

        int code =
                Main.execute(
                        "conformance",
                        "--job",
                        Path.of("..", "examples", "digits-xla", "job.yaml").toString(),
                        "--rounds",
                        "2",
                        "--patience",
                        "10",
                        "--json",
                        report.toString());

        assertThat(code).as(Files.readString(report)).isZero();
        assertThat(JsonMapper.shared().readTree(Files.readString(report)).path("results"))
                .as("no check fails, and none is skipped")
                .isNotEmpty()
                .allSatisfy(result ->
                        assertThat(result.path("outcome").asString())
                                .as(result.path("check").asString())
                                .isEqualTo("pass"));
    }

    @Test
    @Order(4)
    void trainsToTheSameBitsWithADeath() throws Exception {
        List<String> digests = new ArrayList<>();
        for (List<String> faults : List.of(List.<String>of(), List.of("--kill", "1@step:15"))) {
            Path report = folder.resolve("report-" + faults.size() + ".json");
            var command =
                    new ArrayList<>(
                            List.of(
                                    "train",
                                    Path.of("..", "examples", "digits-xla", "job.yaml").toString(),
                                    "--steps",
                                    "30",
                                    "--set",
                                    "mesh.shards=1",
                                    "--quiet",
                                    "--run-dir",
                                    folder.resolve("run-" + faults.size()).toString(),
                                    "--report",
                                    report.toString()));
            command.addAll(faults);
            assertThat(Main.execute(command.toArray(String[]::new))).as("exit code").isZero();
            digests.add(
                    JsonMapper.shared()
                            .readTree(Files.readString(report))
                            .path("finalDigest")
                            .asString());
        }

        assertThat(digests.getFirst()).hasSize(64).isEqualTo(digests.getLast());
        try (var kept = Files.list(folder.resolve("cache/executables"))) {
            assertThat(kept).as("compiled programs").isNotEmpty();
        }
    }

    @Test
    @Order(5)
    void isGoneWhenItIsRemoved() throws Exception {
        assertThat(Main.execute("runtime", "remove", "cpu")).isZero();

        assertThat(PluginStore.ofThisProcess().names()).isEmpty();
        assertThat(
                        Main.execute(
                                "train",
                                Path.of("..", "examples", "digits-xla", "job.yaml").toString()))
                .isEqualTo(3);
    }
}
