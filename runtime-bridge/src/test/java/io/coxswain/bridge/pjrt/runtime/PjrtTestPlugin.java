package io.coxswain.bridge.pjrt.runtime;

import io.coxswain.bridge.pjrt.client.CpuPlugin;

import java.nio.file.Files;
import java.nio.file.Path;

/** The real CPU plugin, for tests that need one, and the example that it runs. */
public final class PjrtTestPlugin {
    private PjrtTestPlugin() {}

    /** What a job's {@code plugin} says; the test is skipped if there is none. */
    public static String cpu() {
        return CpuPlugin.required().toString();
    }

    /** A file or folder of {@code examples/digits-xla}. */
    public static Path example(String name) {
        Path fromModule = Path.of("..", "examples", "digits-xla", name);
        return (Files.exists(fromModule) ? fromModule : Path.of("examples", "digits-xla", name))
                .toAbsolutePath()
                .normalize();
    }

    /** A job's section. */
    public static String section(Path bundle, int devices, boolean donate, boolean cache) {
        return """
        {"kind": "pjrt", "bundle": "%s", "plugin": "%s", "devices": %d,
         "createOptions": {"cpu_device_count": %d}, "donate": %b, "cache": %b}\
        """
                .formatted(bundle, cpu(), devices, devices, donate, cache);
    }
}
