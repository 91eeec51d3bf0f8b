package io.coxswain.launcher.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.coordinator.core.model.FlopsLabels;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.launcher.config.ConfigException;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

class JobFileTest {
    private static final String GOOD =
            """
            name: tiny
            mesh:
              replicas: 2
              shards: 1
            steps: 10
            data: tiny.bin
            batch: 16
            runtime:
              kind: reference
              model:
                layers: [64, 8, 10]
            """;

    @TempDir private Path folder = Path.of("");

    @BeforeEach
    void makeData() throws IOException {
        Files.copy(example("digits/digits.bin"), folder.resolve("tiny.bin"));
        Files.writeString(folder.resolve("broken.bin"), "data");
    }

    private Path file(String text) throws IOException {
        return Files.writeString(folder.resolve("job.yaml"), text);
    }

    private List<String> complaints(String text, Map<String, String> sets) throws IOException {
        Path file = file(text);
        try {
            JobFile.read(file, sets);
        } catch (ConfigException e) {
            return e.complaints().stream().map(line -> line.replace(folder + "/", "")).toList();
        }
        return List.of();
    }

    @Test
    void snapshotsAreTakenAsOftenAsSaidOrAsTheCoordinatorChooses() throws Exception {
        Path file = file(GOOD);
        assertThat(JobFile.read(file, Map.of()).every()).isEqualTo(1);
        JobFile chosen = JobFile.read(file, Map.of("protect.every", "auto"));
        assertThat(chosen.spec("tiny-1").protectsAutomatically()).isTrue();
        assertThat(JobFile.read(file, Map.of("protect.every", "7")).every()).isEqualTo(7);
        assertThat(complaints(GOOD, Map.of("protect.every", "0")))
                .singleElement()
                .asString()
                .contains("protect.every")
                .contains("a whole number from 1 to 1000000, or 'auto'");
        assertThat(complaints(GOOD, Map.of("protect.every", "often"))).hasSize(1);
    }

    @Test
    void leavesOutWhatHasADefault() throws Exception {
        JobFile job = JobFile.read(file(GOOD), Map.of());

        JobSpec spec = job.spec("tiny-1");
        assertThat(spec)
                .isEqualTo(
                        new JobSpec(
                                "tiny-1",
                                "tiny",
                                new Mesh(2, 1),
                                10,
                                0,
                                folder.resolve("tiny.bin").toString(),
                                16,
                                8,
                                1,
                                1,
                                15,
                                Duration.ofSeconds(60).toNanos(),
                                "runtime",
                                "agent",
                                "reference",
                                "{\"kind\":\"reference\",\"model\":{\"kind\":\"mlp\",\"layers\":[64,8,10]},\"optimizer\":{\"kind\":\"adam\","
                                    + "\"learningRate\":0.001,\"beta1\":0.9,\"beta2\":0.999,\"epsilon\":1.0E-8},\"ballast\":0,\"minStepMillis\":0}"));
        assertThat(job.parameters()).isEqualTo(65 * 8 + 9 * 10);
        assertThat(job.runtime().stateBytes(1)).isEqualTo(3 * 4 * (65 * 8 + 9 * 10));
    }

    @Test
    void readsTheExample() throws Exception {
        JobFile job = JobFile.read(example("digits/job.yaml"), Map.of());

        assertThat(job.mesh()).isEqualTo(new Mesh(2, 2));
        assertThat(job.steps()).isEqualTo(600);
        assertThat(job.batch()).isEqualTo(128);
        assertThat(job.microshards()).isEqualTo(8);
        assertThat(job.parameters()).isEqualTo(65 * 256 + 257 * 256 + 257 * 10);
    }

    private static Path example(String name) {
        return Path.of("..", "examples").resolve(name).toAbsolutePath().normalize();
    }

    static List<Arguments> mistakes() {
        return List.of(
                change(
                        "name: tiny",
                        "name: a b",
                        "job.yaml:1:7: name: found 'a b', expected a name of letters"),
                change(
                        "name: tiny",
                        "nmae: tiny",
                        "job.yaml:1:1: nmae: unknown field; did you mean 'name'?"),
                change(
                        "replicas: 2",
                        "replicas: two",
                        "job.yaml:3:13: mesh.replicas: found 'two', expected a whole number from 1"
                                + " to 1048576"),
                change(
                        "replicas: 2",
                        "replica: 2",
                        "job.yaml:3:3: mesh.replica: unknown field; did you mean 'replicas'?"),
                change(
                        "replicas: 2",
                        "replicas: 9",
                        "job.yaml:3:13: mesh.replicas: 9 × 1 = 9 ranks, but only 8 microshards"),
                change(
                        "steps: 10",
                        "steps: 0",
                        "job.yaml:5:8: steps: found '0', expected a whole number from 1 to"),
                change("steps: 10", "", "job.yaml:1:1: steps: is missing"),
                change(
                        "data: tiny.bin",
                        "data: other.bin",
                        "job.yaml:6:7: data: no such file: other.bin; expected a data file"),
                change("data: tiny.bin", "data: .", "job.yaml:6:7: data: cannot be read"),
                change("data: tiny.bin", "data: broken.bin", "job.yaml:6:7: data: data file "),
                change(
                        "layers: [64, 8, 10]",
                        "layers: [64, 8, 9]",
                        "job.yaml:11:13: runtime.model.layers: model 64-8-9 does not fit the data"),
                change(
                        "batch: 16",
                        "batch: 4\nmicroshards: 8",
                        "job.yaml:8:14: microshards: 8 microshards in a batch of 4"),
                change(
                        "batch: 16",
                        "batch: 16\nprotect: {copies: 17}",
                        "job.yaml:8:19: protect.copies: found '17', expected a whole number from 0"
                                + " to 16"),
                change(
                        "batch: 16",
                        "batch: 16\nprotect: {returnWait: 60}",
                        "job.yaml:8:23: protect.returnWait: found '60', expected a time from 0s"
                                + " to"),
                change(
                        "batch: 16",
                        "batch: 16\nprotect: 3",
                        "job.yaml:8:10: protect: found '3', expected a group of fields"),
                change(
                        "batch: 16",
                        "batch: 16\nbatch: 17",
                        "job.yaml:8:1: batch: stands twice; first at line 7"),
                change(
                        "kind: reference",
                        "kind: referense",
                        "job.yaml:9:9: runtime.kind: found 'referense', expected one of reference,"
                                + " pjrt, process; did you mean 'reference'?"),
                change(
                        "layers: [64, 8, 10]",
                        "layers: [4]",
                        "job.yaml:11:13: runtime.model.layers: found a list, expected a list of 2"
                                + " to 64"),
                change(
                        "layers: [64, 8, 10]",
                        "layers: [64, 0, 10]",
                        "job.yaml:11:18: runtime.model.layers: found '0' in the list"),
                change(
                        "layers: [64, 8, 10]",
                        "layer: [64, 8, 10]",
                        "job.yaml:11:5: runtime.model.layer: unknown field; did you mean"
                                + " 'layers'?"),
                change(
                        "kind: reference",
                        "kind: reference\n  ballast: 5XB",
                        "job.yaml:10:12: runtime.ballast: found '5XB', expected a size from 0 to"),
                change(
                        "kind: reference",
                        "kind: reference\n  optimizer: {kind: sgd, beta1: 0.5}",
                        "job.yaml:10:26: runtime.optimizer.beta1: unknown field"),
                change(
                        "kind: reference",
                        "kind: reference\n  minStepMillis: -1",
                        "job.yaml:10:18: runtime.minStepMillis: found '-1', expected a whole number"
                                + " from 0"),
                change(
                        "batch: 16",
                        "batch: 16\ncollectives: {across: runtime}",
                        "job.yaml:8:23: collectives.across: the reference runtime has none of its"
                                + " own"),
                change(
                        "batch: 16",
                        "batch: 16\nlabels:\n  -chaos: allowed",
                        "job.yaml:9:11: labels.-chaos: expected a key of 1 to 63"),
                change(
                        "batch: 16",
                        "batch: 16\nlabels:\n  chaos: not allowed",
                        "job.yaml:9:10: labels.chaos: found 'not allowed', expected a value of 1"
                                + " to 63"),
                change(
                        "batch: 16",
                        "batch: 16\nlabels:\n  chaos: [allowed]",
                        "job.yaml:9:10: labels.chaos: found a list, expected a text"),
                change(
                        "batch: 16",
                        "batch: 16\nlabels: chaos",
                        "job.yaml:8:9: labels: found 'chaos', expected a group of fields"),
                change(
                        "batch: 16",
                        "batch: 16\nlabels:\n  flopsPerStep: many",
                        "job.yaml:9:17: labels.flopsPerStep: found 'many', expected a positive"
                                + " number such as 1.5e15"),
                change(
                        "kind: reference",
                        "kind: reference\n  stalls:\n    - {what: data, firstStep: 5, lastStep: 4,"
                                + " millis: 1}",
                        "job.yaml:11:44: runtime.stalls[0].lastStep: found 4, expected at least"
                                + " firstStep, 5"),
                change("  replicas: 2", "\treplicas: 2", "job.yaml:3:1: not valid YAML"),
                change("name: tiny", "- tiny", "job.yaml"));
    }

    private static Arguments change(String from, String to, String complaint) {
        return Arguments.of(GOOD.replace(from, to), complaint);
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void namesThePlaceOfEachMistake(String text, String complaint) throws IOException {
        assertThat(complaints(text, Map.of()))
                .anySatisfy(line -> assertThat(line).startsWith(complaint));
    }

    @Test
    void complainsOfEverythingAtOnce() throws IOException {
        String text =
                GOOD.replace("steps: 10", "steps: none")
                        .replace("shards: 1", "shard: 1")
                        .replace("batch: 16", "batch: -3");

        assertThat(complaints(text, Map.of()))
                .satisfiesExactlyInAnyOrder(
                        line -> assertThat(line).startsWith("job.yaml:4:3: mesh.shard: "),
                        line -> assertThat(line).startsWith("job.yaml:5:8: steps: "),
                        line -> assertThat(line).startsWith("job.yaml:7:8: batch: "));
    }

    @Test
    void overridesAnyField() throws Exception {
        JobFile job =
                JobFile.read(
                        file(GOOD),
                        Map.of(
                                "mesh.replicas",
                                "1",
                                "runtime.ballast",
                                "64MiB",
                                "protect.returnWait",
                                "500ms",
                                "runtime.model.layers",
                                "[64, 10]"));

        assertThat(job.mesh()).isEqualTo(new Mesh(1, 1));
        assertThat(job.ballastBytes()).isEqualTo(64L << 20);
        assertThat(job.returnWait()).isEqualTo(Duration.ofMillis(500));
        assertThat(job.parameters()).isEqualTo(650);
    }

    @Test
    void carriesStallsAndWhatUtilisationIsReckonedFrom() throws Exception {
        String text =
                GOOD.replace(
                                "kind: reference",
                                "kind: reference\n  stalls:\n    - {what: compute, rank: 1,"
                                        + " firstStep: 2, lastStep: 4, millis: 50}")
                        + "labels: {flopsPerStep: 1.5e15, peakFlops: 3e14}\n";
        var spec = JobFile.read(file(text), Map.of()).spec("j");
        assertThat(spec.runtimeJson())
                .contains(
                        "\"stalls\":[{\"what\":\"compute\",\"rank\":1,\"firstStep\":2,"
                                + "\"lastStep\":4,\"millis\":50}]");
        assertThat(FlopsLabels.flopsPerStep(spec.labels())).isEqualTo(1.5e15);
        assertThat(FlopsLabels.peakFlops(spec.labels())).isEqualTo(3e14);
    }

    @Test
    void carriesLabels() throws Exception {
        String text = GOOD + "labels: {chaos: allowed, example.com/team: vision}\n";
        assertThat(JobFile.read(file(text), Map.of()).spec("j").labels())
                .isEqualTo(Map.of("chaos", "allowed", "example.com/team", "vision"));
        assertThat(JobFile.read(file(text), Map.of("labels.chaos", "never")).labels())
                .containsEntry("chaos", "never");
        assertThat(JobFile.read(file(GOOD), Map.of("labels.chaos", "allowed")).labels())
                .isEqualTo(Map.of("chaos", "allowed"));
        assertThat(JobFile.read(file(GOOD), Map.of()).labels()).isEmpty();
        assertThat(JobFile.read(example("digits/job.yaml"), Map.of()).labels())
                .isEqualTo(Map.of("chaos", "allowed"));

        var many = new StringBuilder(GOOD).append("labels:\n");
        for (int i = 1; i <= 33; i++) {
            many.append("  key").append(i).append(": v\n");
        }
        assertThat(complaints(many.toString(), Map.of()))
                .containsExactly(
                        "job.yaml:45:10: labels.key33: one label too many; expected at most 32");
    }

    @Test
    void namesTheOptionWhereAnOverrideIsWrong() throws IOException {
        assertThat(complaints(GOOD, Map.of("mesh.replics", "1")))
                .containsExactly(
                        "--set mesh.replics=1: mesh.replics: unknown field; did you mean"
                                + " 'replicas'?; the fields here are replicas, shards");
        assertThat(complaints(GOOD, Map.of("steps", "many")))
                .singleElement()
                .asString()
                .startsWith("--set steps=many: steps: found 'many'");
        assertThat(complaints(GOOD, Map.of("name.first", "x")))
                .singleElement()
                .asString()
                .contains("it has no field first");
        assertThat(complaints(GOOD, Map.of("mesh..x", "1")))
                .singleElement()
                .asString()
                .contains("is not a field's path");
    }

    @Test
    void namesTheNearestFileWhereThereIsNone() throws IOException {
        file(GOOD);
        assertThatThrownBy(() -> JobFile.read(folder.resolve("jbo.yaml"), Map.of()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("no such file")
                .hasMessageContaining("did you mean " + folder.resolve("job.yaml"));
    }

    @Test
    void aJobForOtherHostsNeedsNoDataHere() throws Exception {
        Path file = file(GOOD.replace("tiny.bin", "elsewhere.bin"));

        JobFile job = JobFile.readForOtherHosts(file, Map.of());

        assertThat(job.data()).isEqualTo(folder.resolve("elsewhere.bin"));
    }

    @Test
    void refusesANetworkThatNobodyCanIndex() throws IOException {
        assertThat(complaints(GOOD.replace("[64, 8, 10]", "[64, 1000000, 1000000, 10]"), Map.of()))
                .singleElement()
                .asString()
                .startsWith("job.yaml:11:13: runtime.model.layers: a network of ");
    }
}
