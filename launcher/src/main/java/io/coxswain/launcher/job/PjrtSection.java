package io.coxswain.launcher.job;

import io.coxswain.bridge.pjrt.plugins.PluginException;
import io.coxswain.bridge.pjrt.plugins.PluginStore;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.config.ConfigSection;

import tools.jackson.databind.json.JsonMapper;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;

/**
 * The {@code runtime} section of {@code kind: pjrt}: a program bundle and the plugin that runs it.
 *
 * @param plugin a name of an installed plugin, or an absolute path
 */
record PjrtSection(String json, String plugin, long parameters) implements RuntimeSection {
    private static final String MANIFEST = "bundle.json";
    private static final int MAX_DEVICES = 1_024;

    static RuntimeSection read(RuntimeKind.Around around) {
        ConfigSection runtime = around.runtime();
        runtime.require("bundle", "plugin");
        var json = new LinkedHashMap<String, Object>();
        json.put("kind", "pjrt");
        Path bundle = around.folder().resolve(runtime.text("bundle", "."));
        json.put("bundle", bundle.toString());
        String plugin = plugin(runtime, around.folder());
        json.put("plugin", plugin);
        json.put("devices", runtime.whole("devices", 1, 1, MAX_DEVICES));
        json.put("createOptions", runtime.values("createOptions"));
        json.put("donate", runtime.flag("donate", false));
        json.put(
                "compileLimitMillis",
                runtime.duration(
                                "compileLimit",
                                Duration.ofMinutes(10),
                                Duration.ofSeconds(1),
                                Duration.ofHours(24))
                        .toMillis());
        json.put("cache", runtime.flag("cache", true));
        json.put("minStepMillis", runtime.whole("minStepMillis", 0, 0, 3_600_000));
        if (runtime.has("bundle") && around.root().faultless()) {
            checkBundle(around, bundle);
        }
        return new PjrtSection(JsonMapper.shared().writeValueAsString(json), plugin, 0);
    }

    private static String plugin(ConfigSection runtime, Path folder) {
        String plugin = runtime.text("plugin", "cpu");
        if (PluginStore.isPath(plugin)) {
            return folder.resolve(plugin).normalize().toString();
        }
        if (!PluginStore.NAME.matcher(plugin).matches()) {
            runtime.complain(
                    "plugin",
                    "found '"
                            + plugin
                            + "', expected a name that ./coxswain runtime list shows, or the path"
                            + " of a library (with a '/')");
        }
        return plugin;
    }

    private static void checkBundle(RuntimeKind.Around around, Path bundle) {
        if (!Files.isDirectory(bundle)) {
            if (around.mustBeHere() || Files.exists(bundle)) {
                around.runtime()
                        .complain(
                                "bundle",
                                "no such folder: "
                                        + bundle
                                        + "; expected a bundle that ./coxswain bundle wrote,"
                                        + " relative to the job file's folder");
            }
            return;
        }
        if (!Files.isReadable(bundle.resolve(MANIFEST))) {
            around.runtime()
                    .complain(
                            "bundle",
                            bundle + " is no bundle: it has no " + MANIFEST + " that can be read");
        }
    }

    @Override
    public long stateBytes(int shards) {
        return 0;
    }

    @Override
    public void requireHere() throws EnvironmentException {
        try {
            var unused = PluginStore.ofThisProcess().find(plugin);
        } catch (PluginException e) {
            throw new EnvironmentException(String.valueOf(e.getMessage()), e);
        }
    }
}
