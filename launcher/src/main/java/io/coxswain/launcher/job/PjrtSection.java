package io.coxswain.launcher.job;

import io.coxswain.bridge.pjrt.bundle.ProgramBundle;
import io.coxswain.bridge.pjrt.bundle.StatePart;
import io.coxswain.bridge.pjrt.plugins.PluginException;
import io.coxswain.bridge.pjrt.plugins.PluginStore;
import io.coxswain.bridge.pjrt.runtime.JobCheck;
import io.coxswain.bridge.spi.RuntimeFault;
import io.coxswain.bridge.spi.TrainingJob;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.config.ConfigSection;

import org.jspecify.annotations.Nullable;

import tools.jackson.databind.json.JsonMapper;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;

/**
 * The {@code runtime} section of {@code kind: pjrt}: a program bundle and the plugin that runs it.
 * Plugin and bundle are those of each worker's own host, at the same name and path.
 *
 * @param plugin a name of an installed plugin, or an absolute path
 * @param bundle null if it is not here
 */
record PjrtSection(String json, String plugin, @Nullable ProgramBundle bundle)
        implements RuntimeSection {
    private static final int MAX_DEVICES = 1_024;

    /** About what the table of a snapshot has of a piece, its path included. */
    private static final int ENTRY_BYTES = 512;

    /** Reads the section, and renders it as the JSON that the runtime takes. */
    static RuntimeSection read(RuntimeKind.Around around) {
        around.refuseRuntimeCollectives(
                "a program bundle leaves the reduction to the agents; expected 'agent'");
        ConfigSection runtime = around.runtime();
        runtime.require("bundle");
        Path folder = around.folder().resolve(runtime.text("bundle", "."));
        String plugin = plugin(runtime, around.folder());
        var json = new LinkedHashMap<String, Object>();
        json.put("kind", "pjrt");
        json.put("bundle", folder.toString());
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
        json.put("multiProcess", runtime.flag("multiProcess", false));
        json.put("minStepMillis", runtime.whole("minStepMillis", 0, 0, 3_600_000));
        String text = JsonMapper.shared().writeValueAsString(json);
        ProgramBundle bundle = null;
        if (around.root().faultless() && runtime.has("bundle")) {
            bundle = bundle(around, folder, text);
        }
        return new PjrtSection(text, plugin, bundle);
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

    private static @Nullable ProgramBundle bundle(
            RuntimeKind.Around around, Path folder, String json) {
        if (!around.mustBeHere() && !Files.exists(folder)) {
            return null;
        }
        ConfigSection runtime = around.runtime();
        if (!Files.isDirectory(folder)) {
            runtime.complain(
                    "bundle",
                    "no such folder: "
                            + folder
                            + "; expected a bundle that ./coxswain bundle wrote, relative to the"
                            + " job file's folder");
            return null;
        }
        ProgramBundle bundle;
        try {
            bundle = ProgramBundle.open(folder);
            JobCheck.check(job(around, json), bundle);
        } catch (RuntimeFault e) {
            runtime.complain("bundle", String.valueOf(e.getMessage()));
            return null;
        }
        if (around.dataIsHere()) {
            try {
                JobCheck.checkData(around.data().toString(), bundle);
            } catch (RuntimeFault e) {
                around.root().complain("data", String.valueOf(e.getMessage()));
            }
        }
        return bundle;
    }

    private static TrainingJob job(RuntimeKind.Around around, String json) {
        return new TrainingJob(
                "check",
                around.replicas(),
                around.shards(),
                1,
                0,
                around.data().toString(),
                around.batch(),
                around.microshards(),
                json);
    }

    @Override
    public long parameters() {
        // A fused step runs on one rank, and no agent sees its parameters.
        return bundle == null || !bundle.isPair() ? 0 : bundle.parameterElements();
    }

    @Override
    public long stateBytes(int shards) {
        if (bundle == null) {
            return 0;
        }
        if (!bundle.isPair()) {
            return bytes(bundle.parts(1, 0, bundle.parameterElements()));
        }
        return bundle.apply(shards).stream()
                .mapToLong(one -> bytes(bundle.parts(shards, one.begin(), one.end())))
                .max()
                .orElse(0);
    }

    private static long bytes(List<StatePart> parts) {
        return parts.stream().mapToLong(part -> part.type().byteSize() + ENTRY_BYTES).sum();
    }

    @Override
    public void requireHere() throws EnvironmentException {
        try {
            var _ = PluginStore.ofThisProcess().find(plugin);
        } catch (PluginException e) {
            throw new EnvironmentException(String.valueOf(e.getMessage()), e);
        }
    }
}
