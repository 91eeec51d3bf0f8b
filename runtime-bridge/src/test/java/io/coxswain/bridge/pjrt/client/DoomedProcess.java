package io.coxswain.bridge.pjrt.client;

import io.coxswain.bridge.pjrt.client.CompileTarget.OneDevice;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A process that does something dangerous, and says so if it is still there. */
final class DoomedProcess {
    private static final Duration LIMIT = Duration.ofSeconds(50);

    private DoomedProcess() {}

    /** What to do, and the plugin to do it with. */
    public static void main(String[] args) throws Exception {
        PjrtPlugin plugin = PjrtPlugin.load(Path.of(args[1]));
        switch (args[0]) {
            case "abort-compile" -> run(plugin, Map.of("abort", "compile"), LIMIT);
            case "abort-execute" -> run(plugin, Map.of("abort", "execute"), LIMIT);
            case "hang-compile" -> {
                try {
                    run(plugin, Map.of("fail", "hang-compile"), Duration.ofMillis(10));
                } catch (PjrtException e) {
                    System.out.println(e.code());
                }
            }
            case "held" -> run(plugin, Map.of("events", "held"), LIMIT);
            case "deep-compile" -> run(plugin, Map.of("fail", "deep-compile"), LIMIT);
            case "chain" -> chain(plugin);
            default -> throw new IllegalArgumentException(args[0]);
        }
        System.out.println("survived");
    }

    // Closes nothing, on purpose.
    private static void run(PjrtPlugin plugin, Map<String, Object> options, Duration limit)
            throws PjrtException {
        PjrtClient client = plugin.createClient(options);
        PjrtDevice device = client.devices().getFirst();
        PjrtExecutable program =
                client.compile(MockContract.ADD_MODULE, PluginFixture.ADD, new OneDevice(0), limit);
        MemorySegment memory = Arena.global().allocate(24, 64);
        PjrtBuffer buffer =
                client.upload(memory, PluginFixture.MATRIX, device, HostSemantics.ZERO_COPY);
        Execution run = program.execute(List.of(buffer, buffer), device, Set.of(0));
        run.results().getFirst().copyTo(memory);
    }

    private static void chain(PjrtPlugin plugin) throws PjrtException {
        int length = 3000;
        StringBuilder module =
                new StringBuilder(
                        "module @chain { func.func public @main(%v0: tensor<4xf32>) ->"
                                + " tensor<4xf32> {\n");
        for (int i = 0; i < length; i++) {
            module.append("%v")
                    .append(i + 1)
                    .append(" = stablehlo.negate %v")
                    .append(i)
                    .append(" : tensor<4xf32>\n");
        }
        module.append("return %v").append(length).append(" : tensor<4xf32> } }");
        TensorType type = TensorType.of(ElementType.F32, 4);
        try (PjrtClient client = plugin.createClient(Map.of("cpu_device_count", 1L))) {
            client.compile(
                    module.toString().getBytes(StandardCharsets.UTF_8),
                    new Signature(List.of(type), List.of(type), Set.of()),
                    new OneDevice(0),
                    LIMIT);
        }
    }
}
