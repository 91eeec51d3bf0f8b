package io.coxswain.bridge.pjrt.client;

import static org.junit.jupiter.api.Assumptions.abort;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Where the real CPU plugin is, if it is anywhere. */
public final class CpuPlugin {
    static final String VARIABLE = "COXSWAIN_PJRT_CPU";

    private static final Pattern LIBRARY = Pattern.compile("\"library\"\\s*:\\s*\"([^\"]+)\"");

    private CpuPlugin() {}

    /** Named by {@value #VARIABLE} (variable or system property), or installed in the cache. */
    public static Path required() {
        try {
            @Nullable String named = System.getProperty(VARIABLE, System.getenv(VARIABLE));
            if (named != null) {
                return Path.of(named);
            }
            Path description = cache().resolve("plugins/pjrt-cpu/plugin.json");
            if (Files.exists(description)) {
                Matcher library = LIBRARY.matcher(Files.readString(description));
                if (library.find()) {
                    return description.resolveSibling(library.group(1));
                }
            }
        } catch (IOException e) {
            return abort("the installed CPU plugin cannot be found: " + e);
        }
        return abort(
                "no CPU plugin: install it with 'coxswain runtime install pjrt-cpu', or name the"
                        + " library in "
                        + VARIABLE);
    }

    private static Path cache() {
        @Nullable String own = System.getenv("COXSWAIN_CACHE");
        if (own != null) {
            return Path.of(own);
        }
        @Nullable String caches = System.getenv("XDG_CACHE_HOME");
        return caches != null
                ? Path.of(caches, "coxswain")
                : Path.of(System.getProperty("user.home"), ".cache", "coxswain");
    }
}
