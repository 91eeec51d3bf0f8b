package io.coxswain.bridge.pjrt.bundle;

import io.coxswain.bridge.data.Sha256;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A small bundle whose programs are StableHLO text: parameters b of 3 and w of 5000 elements,
 * momenta of both, and a counter of 64 bits. A batch has 8 samples in microshards of 4; 5 are held
 * out. For 1 and 2 shards.
 */
public final class TestBundle {
    /** Where shard 1 of 2 begins: the second block of w. */
    public static final int CUT = 16 + ProgramBundle.BLOCK_ELEMENTS;

    /** Length of the flat vector. */
    public static final int ELEMENTS = 5024;

    private static final int B = 3;
    private static final int W = 5000;

    private final Path folder;
    private final boolean donate;
    private final int slowness;

    private TestBundle(Path folder, boolean donate, int slowness) {
        this.folder = folder;
        this.donate = donate;
        this.slowness = slowness;
    }

    /** Writes the pair. */
    public static Path pair(Path folder) throws IOException {
        return new TestBundle(folder, false, 0).write(false);
    }

    /** Writes the pair, whose updates may reuse the memory of the old state. */
    public static Path donating(Path folder) throws IOException {
        return new TestBundle(folder, true, 0).write(false);
    }

    /** Writes the pair, whose gradients take so many turns of a loop. */
    public static Path slow(Path folder, int turns) throws IOException {
        return new TestBundle(folder, false, turns).write(false);
    }

    /** Writes a fused step. */
    public static Path fused(Path folder) throws IOException {
        return new TestBundle(folder, true, 0).write(true);
    }

    /** Writes data that fit: 20 training samples. */
    public static Path data(Path file) throws IOException {
        return new TestTensors()
                .floats("train.x", List.of(20L), floats(20, 5))
                .floats("held_out.x", List.of(5L), floats(5, 6))
                .write(file);
    }

    private static float[] floats(int count, long seed) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = random.nextFloat() - 0.5f;
        }
        return values;
    }

    private Path write(boolean fused) throws IOException {
        Files.createDirectories(folder);
        List<String> programs = new ArrayList<>();
        if (fused) {
            programs.add(program("step", "", step(), state(B, W), "8", loss(state(B, W))));
        } else {
            programs.add(
                    program("grads", "", grads(), parameters(B, W), "4", loss(gradients(B, W))));
            programs.add(
                    "\"apply\": [%s, %s, %s]"
                            .formatted(
                                    apply("apply", 1, 0, 0, ELEMENTS, B, W),
                                    apply("apply-0-of-2", 2, 0, 0, CUT, B, 4096),
                                    apply("apply-1-of-2", 2, 1, CUT, ELEMENTS, 0, W - 4096)));
        }
        programs.add(
                program(
                        "evaluate",
                        "",
                        evaluate(),
                        parameters(B, W),
                        "5",
                        List.of(
                                "{\"role\": \"loss\", \"dtype\": \"f32\", \"shape\": []}",
                                "{\"role\": \"accuracy\", \"dtype\": \"f32\", \"shape\": []}")));
        Path initial =
                new TestTensors()
                        .longs("optimizer/['t']", List.of(), 0)
                        .floats("parameters/['b']", List.of(3L), floats(B, 1))
                        .floats("parameters/['w']", List.of(5000L), floats(W, 2))
                        .floats("optimizer/['m']['b']", List.of(3L), floats(B, 3))
                        .floats("optimizer/['m']['w']", List.of(5000L), floats(W, 4))
                        .write(folder.resolve("initial.safetensors"));
        Files.writeString(
                folder.resolve(ProgramBundle.MANIFEST),
                """
                {"format": "coxswain-bundle", "version": 1, "name": "small", "madeWith": {"hand": "1"},
                 "platforms": ["cpu"], "batch": 8, "microshardSamples": 4,
                 "parameters": [
                  {"path": "['b']", "dtype": "f32", "shape": [3], "begin": 0, "sharding": "replicated"},
                  {"path": "['w']", "dtype": "f32", "shape": [5000], "begin": 16, "sharding": "replicated"}],
                 "parameterElements": 5024,
                 "optimizer": [
                  {"path": "['m']['b']", "dtype": "f32", "shape": [3], "like": 0, "sharding": "replicated"},
                  {"path": "['m']['w']", "dtype": "f32", "shape": [5000], "like": 1, "sharding": "replicated"},
                  {"path": "['t']", "dtype": "i64", "shape": [], "like": null, "sharding": "replicated"}],
                 "batchArrays": [{"path": "['x']", "array": "x", "dtype": "f32", "shape": [4]}],
                 "heldOutSamples": 5,
                 "programs": {%s},
                 "initial": {"file": "initial.safetensors", %s}}
                """
                        .formatted(String.join(",\n", programs), identity(initial)));
        return folder;
    }

    private static String identity(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        return "\"bytes\": %d, \"sha256\": \"%s\"".formatted(bytes.length, Sha256.hex(bytes));
    }

    private String apply(String name, int shards, int shard, int begin, int end, int b, int w)
            throws IOException {
        List<String> takes = state(b, w);
        takes.addAll(gradients(b, w));
        String program =
                program(
                        name,
                        "\"shards\": %d, \"shard\": %d, \"begin\": %d, \"end\": %d, "
                                .formatted(shards, shard, begin, end),
                        update(b, w),
                        takes,
                        "",
                        state(b, w));
        return program.substring(program.indexOf(':') + 1);
    }

    private String program(
            String name,
            String more,
            String module,
            List<String> takes,
            String samples,
            List<String> gives)
            throws IOException {
        List<String> arguments = new ArrayList<>(takes);
        if (!samples.isEmpty()) {
            arguments.add(operand("batch", 0, "f32", samples));
        }
        boolean updates = gives.getFirst().contains("parameter");
        int donated =
                donate && updates ? (int) gives.stream().filter(TestBundle::isState).count() : 0;
        Path file = Files.writeString(folder.resolve(name + ".mlir"), module);
        return "\"%s\": {%s\"file\": \"%s.mlir\", %s, \"arguments\": [%s], \"kept\": %s, \"donated\": %s, \"results\": [%s]}"
                .formatted(
                        name,
                        more,
                        name,
                        identity(file),
                        String.join(",\n", arguments),
                        IntStream.range(0, arguments.size()).boxed().toList(),
                        IntStream.range(0, donated).boxed().toList(),
                        String.join(",\n", gives));
    }

    private static boolean isState(String operand) {
        return operand.contains("parameter") || operand.contains("optimizer");
    }

    private static List<String> parameters(int b, int w) {
        return both("parameter", b, w);
    }

    private static List<String> gradients(int b, int w) {
        return both("gradient", b, w);
    }

    private static List<String> state(int b, int w) {
        List<String> operands = both("parameter", b, w);
        operands.addAll(both("optimizer", b, w));
        operands.add(operand("optimizer", 2, "i64", ""));
        return operands;
    }

    private static List<String> both(String role, int b, int w) {
        List<String> operands = new ArrayList<>();
        if (b > 0) {
            operands.add(operand(role, 0, "f32", "" + b));
        }
        operands.add(operand(role, 1, "f32", "" + w));
        return operands;
    }

    private static List<String> loss(List<String> others) {
        List<String> operands = new ArrayList<>(others);
        String loss = "{\"role\": \"loss\", \"dtype\": \"f32\", \"shape\": []}";
        operands.add(others.getFirst().contains("gradient") ? 0 : others.size(), loss);
        return operands;
    }

    private static String operand(String role, int leaf, String dtype, String shape) {
        return "{\"role\": \"%s\", \"leaf\": %d, \"dtype\": \"%s\", \"shape\": [%s]}"
                .formatted(role, leaf, dtype, shape);
    }

    private static String sum(String result, int samples) {
        return """
            %%zero = stablehlo.constant dense<0.0> : tensor<f32>
            %%%s = stablehlo.reduce(%%x init: %%zero) applies stablehlo.add across dimensions = [0] : (tensor<%dxf32>, tensor<f32>) -> tensor<f32>
        """
                .formatted(result, samples);
    }

    private static String spread(String result, String scalar, int elements) {
        return "    %%%s = stablehlo.broadcast_in_dim %%%s, dims = [] : (tensor<f32>) -> tensor<%dxf32>\n"
                .formatted(result, scalar, elements);
    }

    private String grads() {
        String delay =
                slowness == 0
                        ? "    %s = stablehlo.add %sum, %zero : tensor<f32>\n"
                        : """
                            %%from = stablehlo.constant dense<0> : tensor<i32>
                            %%turns = stablehlo.constant dense<%d> : tensor<i32>
                            %%one = stablehlo.constant dense<1> : tensor<i32>
                            %%loop:2 = stablehlo.while(%%i = %%from, %%v = %%sum) : tensor<i32>, tensor<f32>
                             cond {
                              %%more = stablehlo.compare LT, %%i, %%turns : (tensor<i32>, tensor<i32>) -> tensor<i1>
                              stablehlo.return %%more : tensor<i1>
                            } do {
                              %%next = stablehlo.add %%i, %%one : tensor<i32>
                              %%sine = stablehlo.sine %%v : tensor<f32>
                              stablehlo.return %%next, %%sine : tensor<i32>, tensor<f32>
                            }
                            %%s = stablehlo.add %%loop#1, %%zero : tensor<f32>
                        """
                                .formatted(slowness);
        return """
        module @jit_grads {
          func.func public @main(%%b: tensor<3xf32>, %%w: tensor<5000xf32>, %%x: tensor<4xf32>) -> (tensor<f32>, tensor<3xf32>, tensor<5000xf32>) {
        %s    %%gb = stablehlo.multiply %%b, %%sb : tensor<3xf32>
            %%gw = stablehlo.multiply %%w, %%sw : tensor<5000xf32>
            return %%s, %%gb, %%gw : tensor<f32>, tensor<3xf32>, tensor<5000xf32>
          }
        }
        """
                .formatted(sum("sum", 4) + delay + spread("sb", "s", B) + spread("sw", "s", W));
    }

    private static String evaluate() {
        return """
        module @jit_evaluate {
          func.func public @main(%%b: tensor<3xf32>, %%w: tensor<5000xf32>, %%x: tensor<5xf32>) -> (tensor<f32>, tensor<f32>) {
        %s    %%a = stablehlo.constant dense<0.75> : tensor<f32>
            return %%s, %%a : tensor<f32>, tensor<f32>
          }
        }
        """
                .formatted(sum("s", 5));
    }

    /** m = m/2 + g; p = p - m/256; t = t + 1. */
    private String update(int b, int w) {
        List<String> leaves = b > 0 ? List.of("b", "w") : List.of("w");
        List<String> body = new ArrayList<>();
        for (String leaf : leaves) {
            body.add(change(leaf, leaf.equals("b") ? b : w));
        }
        return module("apply", leaves, b, w, false, String.join("", body));
    }

    /** The same with the gradient p · sum(x). */
    private String step() {
        String body = sum("s", 8);
        for (String leaf : List.of("b", "w")) {
            int elements = leaf.equals("b") ? B : W;
            body +=
                    spread("s" + leaf, "s", elements)
                            + "    %%g%s = stablehlo.multiply %%%s, %%s%s : tensor<%dxf32>\n"
                                    .formatted(leaf, leaf, leaf, elements)
                            + change(leaf, elements);
        }
        return module("step", List.of("b", "w"), B, W, true, body);
    }

    private static String change(String leaf, int n) {
        return """
            %%half_L = stablehlo.constant dense<0.5> : tensor<Nxf32>
            %%rate_L = stablehlo.constant dense<0.00390625> : tensor<Nxf32>
            %%kept_L = stablehlo.multiply %%mL, %%half_L : tensor<Nxf32>
            %%newm_L = stablehlo.add %%kept_L, %%gL : tensor<Nxf32>
            %%move_L = stablehlo.multiply %%newm_L, %%rate_L : tensor<Nxf32>
            %%new_L = stablehlo.subtract %%L, %%move_L : tensor<Nxf32>
        """
                .replace("%%", "%")
                .replace("tensor<N", "tensor<" + n)
                .replaceAll("_L\\b", "_" + leaf)
                .replaceAll("%([mg]?)L\\b", "%$1" + leaf);
    }

    private String module(
            String name, List<String> leaves, int b, int w, boolean fused, String body) {
        List<String> arguments = new ArrayList<>();
        List<String> types = new ArrayList<>();
        for (String prefix : List.of("", "m")) {
            for (String leaf : leaves) {
                String type = "tensor<%dxf32>".formatted(leaf.equals("b") ? b : w);
                arguments.add("%" + prefix + leaf + ": " + type + alias(types.size()));
                types.add(type);
            }
        }
        arguments.add("%t: tensor<i64>" + alias(types.size()));
        types.add("tensor<i64>");
        if (fused) {
            arguments.add("%x: tensor<8xf32>");
            types.add("tensor<f32>");
        } else {
            for (String leaf : leaves) {
                arguments.add("%%g%s: tensor<%dxf32>".formatted(leaf, leaf.equals("b") ? b : w));
            }
        }
        String results =
                leaves.stream().map(leaf -> "%new_" + leaf).collect(Collectors.joining(", "))
                        + ", "
                        + leaves.stream()
                                .map(leaf -> "%newm_" + leaf)
                                .collect(Collectors.joining(", "))
                        + ", %newt"
                        + (fused ? ", %s" : "");
        return """
        module @jit_%s {
          func.func public @main(%s) -> (%s) {
        %s    %%one = stablehlo.constant dense<1> : tensor<i64>
            %%newt = stablehlo.add %%t, %%one : tensor<i64>
            return %s : %s
          }
        }
        """
                .formatted(
                        name,
                        String.join(", ", arguments),
                        String.join(", ", types),
                        body,
                        results,
                        String.join(", ", types));
    }

    private String alias(int result) {
        return donate ? " {tf.aliasing_output = %d : i32}".formatted(result) : "";
    }
}
