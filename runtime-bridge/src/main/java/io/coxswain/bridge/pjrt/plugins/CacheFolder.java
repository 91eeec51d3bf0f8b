package io.coxswain.bridge.pjrt.plugins;

import java.nio.file.Path;
import java.util.Map;

/**
 * The folder in which a user's plugins and compiled programs are kept. It may be deleted at any
 * time when nothing runs: what was there is installed and compiled again. It need not exist yet.
 *
 * @param path absolute
 */
public record CacheFolder(Path path) {
    /** System property with the folder; agents hand it to their workers, which inherit nothing. */
    public static final String PROPERTY = "coxswain.cache";

    /** Environment variable with the folder, for people. */
    public static final String VARIABLE = "COXSWAIN_CACHE";

    public CacheFolder {
        path = path.toAbsolutePath().normalize();
    }

    /**
     * This process's: the property {@value #PROPERTY}, else the variable {@value #VARIABLE}, else
     * {@code coxswain} in {@code XDG_CACHE_HOME}, else {@code ~/.cache/coxswain}.
     */
    public static CacheFolder ofThisProcess() {
        String property = System.getProperty(PROPERTY, "");
        return property.isEmpty()
                ? of(System.getenv(), Path.of(System.getProperty("user.home", ".")))
                : new CacheFolder(Path.of(property));
    }

    /** The folder that an environment names, without looking at properties. */
    static CacheFolder of(Map<String, String> environment, Path home) {
        String own = environment.getOrDefault(VARIABLE, "");
        if (!own.isEmpty()) {
            return new CacheFolder(Path.of(own));
        }
        String caches = environment.getOrDefault("XDG_CACHE_HOME", "");
        Path base = caches.isEmpty() ? home.resolve(".cache") : Path.of(caches);
        return new CacheFolder(base.resolve("coxswain"));
    }

    /** Installed plugins, each in a folder of its name. */
    public Path plugins() {
        return path.resolve("plugins");
    }

    /** Compiled programs. */
    public Path executables() {
        return path.resolve("executables");
    }

    /** What is known of the digests of large files. */
    Path digests() {
        return path.resolve("digests");
    }
}
