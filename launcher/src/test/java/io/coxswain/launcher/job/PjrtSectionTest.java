package io.coxswain.launcher.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.local.MemoryPlan;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

class PjrtSectionTest {
    private static final Path EXAMPLE =
            Path.of("..", "examples", "digits-xla").toAbsolutePath().normalize();
    private static final String GOOD =
            """
            name: tiny
            mesh: {replicas: 1, shards: 2}
            steps: 10
            data: %s/digits.safetensors
            batch: 128
            runtime:
              kind: pjrt
              bundle: %s/bundle
            """
                    .formatted(EXAMPLE, EXAMPLE);

    @TempDir private Path folder = Path.of("");

    private JobFile read(String text) throws Exception {
        return JobFile.read(Files.writeString(folder.resolve("job.yaml"), text), Map.of());
    }

    @Test
    void leavesOutWhatHasADefault() throws Exception {
        JsonNode json = JsonMapper.shared().readTree(read(GOOD).runtime().json());

        assertThat(json)
                .isEqualTo(
                        JsonMapper.shared()
                                .readTree(
                                        """
                                        {"kind": "pjrt", "bundle": "%s/bundle", "plugin": "cpu", "devices": 1, "createOptions": {},
                                         "donate": false, "compileLimitMillis": 600000, "cache": true, "multiProcess": false, "minStepMillis": 0}
                                        """
                                                .formatted(EXAMPLE)));
    }

    @Test
    void readsEveryField() throws Exception {
        JobFile job =
                read(
                        GOOD
                                + """
                                  plugin: libs/other.so
                                  devices: 2
                                  createOptions: {cpu_device_count: 2, fraction: 0.5, verbose: true}
                                  donate: true
                                  compileLimit: 90s
                                  cache: false
                                  multiProcess: true
                                  minStepMillis: 5
                                """);

        JsonNode json = JsonMapper.shared().readTree(job.runtime().json());
        assertThat(json.path("plugin").asString())
                .isEqualTo(folder.resolve("libs/other.so").toString());
        assertThat(json.path("createOptions").toString())
                .isEqualTo("{\"cpu_device_count\":2,\"fraction\":0.5,\"verbose\":true}");
        assertThat(json.path("compileLimitMillis").asLong()).isEqualTo(90_000);
        assertThat(json.path("donate").asBoolean()).isTrue();
        assertThat(json.path("cache").asBoolean()).isFalse();
        assertThat(json.path("multiProcess").asBoolean()).isTrue();
        assertThat(json.path("devices").asInt()).isEqualTo(2);
    }

    @Test
    void readsTheExample() throws Exception {
        JobFile job = JobFile.read(EXAMPLE.resolve("job.yaml"), Map.of());

        assertThat(job.runtimeKind()).isEqualTo("pjrt");
        assertThat(job.parameters()).isEqualTo(64 * 256 + 256 + 256 * 10 + 16 + 256 * 256 + 256);
    }

    @Test
    void theStatesSizeStandsInTheManifest() throws Exception {
        JobFile job = read(GOOD);

        // Adam: the parameters and two moments, and a step counter; and the table of 19 pieces.
        long whole = 3L * 4 * (65 * 256 + 257 * 256 + 257 * 10) + 4;
        long table = 19 * 512;
        assertThat(job.runtime().stateBytes(1)).isEqualTo(whole + table);
        assertThat(job.runtime().stateBytes(2))
                .isBetween(whole / 2, whole / 2 + 3 * 4 * 4096 + 4 + table);
        assertThat(MemoryPlan.of(job, 3).total()).isGreaterThan(2 * 3 * whole / 2);
    }

    static List<Arguments> mistakes() {
        return List.of(
                change("  bundle: ", "  # ", "job.yaml:7:3: runtime.bundle: is missing"),
                change(
                        "/bundle\n",
                        "/bundel\n",
                        "job.yaml:8:11: runtime.bundle: no such folder: "
                                + EXAMPLE
                                + "/bundel; expected a bundle that ./coxswain bundle wrote"),
                change(
                        "/bundle\n",
                        "\n",
                        "job.yaml:8:11: runtime.bundle: " + EXAMPLE + "/bundle.json"),
                change(
                        "batch: 128",
                        "batch: 64",
                        "job.yaml:8:11: runtime.bundle: field `batch` is 64, and bundle "),
                change(
                        "batch: 128",
                        "batch: 128\nmicroshards: 4",
                        "job.yaml:9:11: runtime.bundle: field `microshards` is 4, and bundle "),
                change(
                        "shards: 2",
                        "shards: 3",
                        "job.yaml:8:11: runtime.bundle: field `mesh.shards` is 3, and bundle "),
                change(
                        "digits.safetensors",
                        "bundle/initial.safetensors",
                        "job.yaml:4:7: data: "
                                + EXAMPLE
                                + "/bundle/initial.safetensors: array train.x is missing"),
                change(
                        "batch: 128",
                        "batch: 128\ncollectives: {across: runtime}",
                        "job.yaml:6:23: collectives.across: a program bundle leaves the"),
                change(
                        "kind: pjrt",
                        "kind: pjrt\n  plugin: a b",
                        "job.yaml:8:11: runtime.plugin: found 'a b', expected a name"),
                change(
                        "kind: pjrt",
                        "kind: pjrt\n  devices: 0",
                        "job.yaml:8:12: runtime.devices: found '0', expected a whole number from"
                                + " 1"),
                change(
                        "kind: pjrt",
                        "kind: pjrt\n  donat: true",
                        "job.yaml:8:3: runtime.donat: unknown field; did you mean 'donate'?"),
                change(
                        "kind: pjrt",
                        "kind: pjrt\n  donate: yes",
                        "job.yaml:8:11: runtime.donate: found 'yes', expected one of true, false"),
                change(
                        "kind: pjrt",
                        "kind: pjrt\n  compileLimit: 10",
                        "job.yaml:8:17: runtime.compileLimit: found '10', expected a time from"),
                change(
                        "kind: pjrt",
                        "kind: pjrt\n  createOptions: {a: {b: 1}}",
                        "job.yaml:8:22: runtime.createOptions.a: found a group of fields"));
    }

    private static Arguments change(String from, String to, String complaint) {
        return Arguments.of(GOOD.replace(from, to), complaint);
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void namesThePlaceOfEachMistake(String text, String complaint) throws Exception {
        try {
            read(text);
        } catch (ConfigException e) {
            assertThat(e.complaints())
                    .map(line -> line.replace(folder + "/", ""))
                    .anySatisfy(line -> assertThat(line).startsWith(complaint));
            return;
        }
        assertThat(complaint).as("nobody complained").isEmpty();
    }

    @Test
    void aJobForOtherHostsNeedsNoBundleHere() throws Exception {
        Path file =
                Files.writeString(
                        folder.resolve("job.yaml"), GOOD.replace("/bundle\n", "/elsewhere\n"));

        JobFile job = JobFile.readForOtherHosts(file, Map.of());

        assertThat(job.runtime().parameters()).isZero();
    }

    @Test
    void aFlippedByteInAProgramIsSeenBeforeAnythingStarts() throws Exception {
        Path copy = copyOfTheBundle();
        byte[] program = Files.readAllBytes(copy.resolve("grads.mlir"));
        program[program.length / 2] ^= 1;
        Files.write(copy.resolve("grads.mlir"), program);

        namesThePlaceOfEachMistake(
                GOOD.replace(EXAMPLE + "/bundle\n", copy + "\n"),
                "job.yaml:8:11: runtime.bundle: copy/grads.mlir: the program grads has SHA-256 ");
    }

    private Path copyOfTheBundle() throws IOException {
        Path copy = Files.createDirectory(folder.resolve("copy"));
        try (var files = Files.list(EXAMPLE.resolve("bundle"))) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(file.getFileName()));
            }
        }
        return copy;
    }
}
