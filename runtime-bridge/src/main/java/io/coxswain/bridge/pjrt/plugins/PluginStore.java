package io.coxswain.bridge.pjrt.plugins;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Looks plugins up in the user's cache. Reads only, but for notes of digests. Thread-safe, and safe
 * beside other processes that install or remove.
 */
public final class PluginStore {
    /** What a plugin may be called; anything with a separator of folders is a path. */
    public static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");

    private final CacheFolder cache;
    private final List<KnownPlugin> known;
    private final Digests digests;

    /** The store in that cache, with the names of the plugins that this version knows. */
    public PluginStore(CacheFolder cache) {
        this(cache, KnownPlugins.all());
    }

    /** The store in that cache, with the names of another catalogue. */
    public PluginStore(CacheFolder cache, List<KnownPlugin> known) {
        this.cache = cache;
        this.known = List.copyOf(known);
        this.digests = new Digests(cache.digests());
    }

    /** This process's store. */
    public static PluginStore ofThisProcess() {
        return new PluginStore(CacheFolder.ofThisProcess());
    }

    /** Whether a job means a file by that, not a name. */
    public static boolean isPath(String plugin) {
        return plugin.indexOf('/') >= 0;
    }

    /**
     * Finds a plugin that can be loaded: its library is here, and has the bytes that were
     * installed. The digest is computed only if the file's size or time changed since it was last
     * computed, so this is quick; a first time reads the whole file.
     *
     * @param plugin a name, an alias ({@code cpu}) or the path of a library
     * @throws PluginException if it is not here or damaged; the message names the command that
     *     helps
     */
    public InstalledPlugin find(String plugin) throws PluginException {
        InstalledPlugin found = isPath(plugin) ? atPath(Path.of(plugin)) : recorded(plugin);
        return checked(found, false);
    }

    /**
     * Reads all of the library and compares.
     *
     * @throws PluginException if its bytes are not those that were installed
     */
    public void verify(InstalledPlugin plugin) throws PluginException {
        var _ = checked(plugin, true);
    }

    /**
     * The names of what is installed, damaged or not, in order.
     *
     * @throws PluginException if the cache cannot be looked into
     */
    public List<String> names() throws PluginException {
        try (var folders = Files.list(cache.plugins())) {
            return folders.filter(folder -> Files.isRegularFile(PluginRecord.in(folder)))
                    .map(folder -> folder.getFileName().toString())
                    .filter(name -> NAME.matcher(name).matches())
                    .sorted()
                    .toList();
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (IOException e) {
            throw new PluginException(
                    "cannot look into %s, where runtimes are installed: %s; name another folder with %s"
                            .formatted(cache.plugins(), e, CacheFolder.VARIABLE),
                    e);
        }
    }

    /** The name that a plugin is installed under, if that is one of its names. */
    public String properName(String called) {
        return known(called).map(KnownPlugin::name).orElse(called);
    }

    /** All that can be installed by name. */
    public List<KnownPlugin> known() {
        return known;
    }

    /** The one that is meant by that name or alias. */
    public Optional<KnownPlugin> known(String called) {
        return known.stream().filter(one -> one.answersTo(called)).findFirst();
    }

    /** Where it lies. */
    public CacheFolder cache() {
        return cache;
    }

    Digests digests() {
        return digests;
    }

    /** What {@code plugin.json} says, without a look at the library. */
    public InstalledPlugin recorded(String called) throws PluginException {
        String name = properName(called);
        if (!NAME.matcher(name).matches()) {
            throw new PluginException(missing(called, name));
        }
        Path folder = cache.plugins().resolve(name);
        try {
            PluginRecord record = PluginRecord.read(folder);
            Path library = folder.resolve(record.library()).normalize();
            if (!library.startsWith(folder)) {
                throw new IOException("the library is not in the plugin's folder");
            }
            return new InstalledPlugin(
                    name, library, record.sha256(), record.distribution(), record.version());
        } catch (NoSuchFileException e) {
            throw new PluginException(missing(called, name), e);
        } catch (IOException e) {
            throw damaged(name, PluginRecord.in(folder) + ": " + e.getMessage());
        }
    }

    private String missing(String called, String name) throws PluginException {
        if (known(called).isPresent()) {
            return "no runtime '%s' is installed here: %s".formatted(name, installCommand(name));
        }
        var names = new ArrayList<>(names());
        known.stream()
                .map(KnownPlugin::name)
                .filter(one -> !names.contains(one))
                .forEach(names::add);
        return "there is no runtime '%s'; expected %s, or the path of a library (with a '/')"
                .formatted(called, String.join(" or ", names));
    }

    private static InstalledPlugin atPath(Path path) throws PluginException {
        Path library = path.toAbsolutePath().normalize();
        if (Files.isDirectory(library)) {
            throw new PluginException(
                    "the plugin %s is a folder; expected the file of a library".formatted(library));
        }
        if (!Files.isReadable(library)) {
            throw new PluginException(
                    Files.exists(library)
                            ? "the plugin %s cannot be read".formatted(library)
                            : "there is no plugin %s".formatted(library));
        }
        return new InstalledPlugin(library.getFileName().toString(), library, "", "", "");
    }

    private InstalledPlugin checked(InstalledPlugin plugin, boolean whole) throws PluginException {
        String actual;
        try {
            actual = whole ? digests.compute(plugin.library()) : digests.of(plugin.library());
        } catch (IOException e) {
            String why = "%s cannot be read: %s".formatted(plugin.library(), e.getMessage());
            throw plugin.managed()
                    ? damaged(plugin.name(), why)
                    : new PluginException("the plugin " + why, e);
        }
        if (plugin.sha256().isEmpty()) {
            return new InstalledPlugin(plugin.name(), plugin.library(), actual, "", "");
        }
        if (!plugin.sha256().equals(actual)) {
            String why =
                    "%s has SHA-256 %s, not %s"
                            .formatted(plugin.library(), actual, plugin.sha256());
            throw plugin.managed()
                    ? damaged(plugin.name(), why)
                    : new PluginException("the plugin changed: " + why);
        }
        return plugin;
    }

    private PluginException damaged(String name, String why) {
        return new PluginException(
                "the runtime '%s' is damaged: %s; install it again: %s"
                        .formatted(name, why, installCommand(name) + " --force"));
    }

    private static String installCommand(String name) {
        return "./coxswain runtime install " + name;
    }
}
