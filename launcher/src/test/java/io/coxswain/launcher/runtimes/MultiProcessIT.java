package io.coxswain.launcher.runtimes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import io.coxswain.launcher.Main;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * Workers whose plugin wants to know of the others: the mock plugin in C publishes its node's name
 * in the key-value store and waits for all others', in real processes, through agents and
 * coordinator. Skipped without a C compiler.
 */
@ResourceLock(Resources.SYSTEM_PROPERTIES)
class MultiProcessIT {
    private static final String SCALAR =
            "{\"role\": \"%s\", \"leaf\": 0, \"dtype\": \"f32\", \"shape\": []}";

    @TempDir private Path folder = Path.of("");

    private Path plugin = Path.of("");

    @BeforeEach
    void compile() throws IOException, InterruptedException {
        plugin = folder.resolve("mock_pjrt.so");
        Path source = Path.of("..", "runtime-bridge", "src", "test", "native", "mock_pjrt.c");
        Process compiler;
        try {
            compiler =
                    new ProcessBuilder(
                                    "cc",
                                    "-std=gnu11",
                                    "-shared",
                                    "-fPIC",
                                    "-pthread",
                                    "-DMOCK_MINOR=115",
                                    "-o",
                                    plugin.toString(),
                                    source.toString())
                            .redirectErrorStream(true)
                            .start();
        } catch (IOException e) {
            abort("no C compiler 'cc' on this machine: the mock plugin cannot be made");
            return;
        }
        String said = new String(compiler.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(compiler.waitFor()).as(said).isZero();
    }

    private static void tensors(Path file, String header, int bytes) throws IOException {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer all =
                ByteBuffer.allocate(Long.BYTES + text.length + bytes)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(text.length)
                        .put(text);
        for (int at = 0; at + Float.BYTES <= bytes; at += Float.BYTES) {
            all.putFloat(0.5f);
        }
        Files.write(file, all.array());
    }

    private static String file(Path file) throws Exception {
        byte[] bytes = Files.readAllBytes(file);
        return "\"file\": \"%s\", \"bytes\": %d, \"sha256\": \"%s\""
                .formatted(
                        file.getFileName(),
                        bytes.length,
                        HexFormat.of()
                                .formatHex(MessageDigest.getInstance("SHA-256").digest(bytes)));
    }

    /** One parameter that grows by its gradients, which are itself. */
    private Path job(String createOptions) throws Exception {
        Path bundle = Files.createDirectories(folder.resolve("bundle"));
        Path grads =
                Files.writeString(
                        bundle.resolve("grads.mlir"),
                        "arguments 2\nresult copy 0 as 11\nresult copy 0 as 11\nend\n");
        Path apply =
                Files.writeString(
                        bundle.resolve("apply.mlir"),
                        "arguments 2\nresult add 0 1 as 11\nalias 0 0\nend\n");
        Path initial = bundle.resolve("initial.safetensors");
        tensors(
                initial,
                "{\"parameters/['s']\": {\"dtype\": \"F32\", \"shape\": [], \"data_offsets\": [0,"
                        + " 4]}}",
                4);
        tensors(
                folder.resolve("data.safetensors"),
                "{\"train.x\": {\"dtype\": \"F32\", \"shape\": [9], \"data_offsets\": [0, 36]}}",
                36);
        Files.writeString(
                bundle.resolve("bundle.json"),
                """
                {"format": "coxswain-bundle", "version": 1, "name": "mock", "platforms": ["mock"],
                 "batch": 8, "microshardSamples": 4,
                 "parameters": [{"path": "['s']", "dtype": "f32", "shape": [], "begin": 0}],
                 "parameterElements": 16, "optimizer": [],
                 "batchArrays": [{"path": "['x']", "array": "x", "dtype": "f32", "shape": [4]}],
                 "programs": {
                  "grads": {%s, "arguments": [%s, {"role": "batch", "leaf": 0, "dtype": "f32", "shape": [4]}], "kept": [0, 1],
                    "donated": [], "results": [{"role": "loss", "dtype": "f32", "shape": []}, %s]},
                  "apply": [{"shards": 1, "shard": 0, "begin": 0, "end": 16, %s,
                    "arguments": [%s, %s], "kept": [0, 1], "donated": [0], "results": [%s]}]},
                 "initial": {%s}}
                """
                        .formatted(
                                file(grads),
                                SCALAR.formatted("parameter"),
                                SCALAR.formatted("gradient"),
                                file(apply),
                                SCALAR.formatted("parameter"),
                                SCALAR.formatted("gradient"),
                                SCALAR.formatted("parameter"),
                                file(initial)));
        return Files.writeString(
                folder.resolve("job.yaml"),
                """
                name: meet
                labels: {chaos: allowed}
                mesh: {replicas: 2, shards: 1}
                steps: 12
                data: data.safetensors
                batch: 8
                microshards: 2
                protect: {copies: 1}
                runtime:
                  kind: pjrt
                  bundle: bundle
                  plugin: ./mock_pjrt.so
                  cache: false
                  multiProcess: true
                  createOptions: %s
                """
                        .formatted(createOptions));
    }

    private JsonNode train(Path job, String... more) throws IOException {
        Path report = folder.resolve("report.json");
        var command =
                new ArrayList<>(
                        List.of(
                                "train",
                                job.toString(),
                                "--quiet",
                                "--run-dir",
                                folder.resolve("run-" + more.length).toString(),
                                "--report",
                                report.toString()));
        command.addAll(List.of(more));
        assertThat(Main.execute(command.toArray(String[]::new))).as("exit code").isZero();
        return JsonMapper.shared().readTree(Files.readString(report));
    }

    @Test
    void clientsMeetInEachViewAndTheResultIsTheSameWithADeath() throws Exception {
        Path job = job("{kv_node: \"{rank}\", kv_of: \"{ranks}\"}");

        JsonNode quiet = train(job);
        JsonNode disturbed = train(job, "--kill", "1@step:6");

        assertThat(quiet.path("finalDigest").asString()).hasSize(64);
        assertThat(disturbed.path("finalDigest")).isEqualTo(quiet.path("finalDigest"));
        assertThat(disturbed.path("incidents")).hasSize(1);
        assertThat(quiet.path("accuracy").isNull()).as("nothing is evaluated").isTrue();
    }
}
