package io.coxswain.bridge.pjrt.runtime;

import static org.junit.jupiter.api.Assumptions.abort;

import io.coxswain.bridge.pjrt.plugins.PluginException;
import io.coxswain.bridge.pjrt.plugins.PluginStore;

import org.jspecify.annotations.Nullable;

import java.nio.file.Files;
import java.nio.file.Path;

/** The real CPU plugin, for tests that need one, and the example that it runs. */
public final class PjrtTestPlugin {
    /** Environment variable with the path of the plugin's library, if it is not installed. */
    public static final String VARIABLE = "COXSWAIN_PJRT_CPU";

    // Looked up once: a test may move the cache elsewhere.
    private static @Nullable String found;

    private PjrtTestPlugin() {}

    /** What a job's {@code plugin} says; the test is skipped if there is none. */
    public static synchronized String cpu() {
        String known = found == null ? find() : found;
        found = known;
        return known;
    }

    private static String find() {
        @Nullable String given = System.getenv(VARIABLE);
        if (given != null) {
            return given;
        }
        try {
            return PluginStore.ofThisProcess().find("pjrt-cpu").library().toString();
        } catch (PluginException e) {
            return abort(
                    "no CPU plugin (or set %s to its library): %s"
                            .formatted(VARIABLE, e.getMessage()));
        }
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
