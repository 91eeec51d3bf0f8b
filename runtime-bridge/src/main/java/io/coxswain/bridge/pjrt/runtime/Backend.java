package io.coxswain.bridge.pjrt.runtime;

import io.coxswain.bridge.pjrt.bundle.ProgramBundle;
import io.coxswain.bridge.pjrt.client.PjrtClient;
import io.coxswain.bridge.pjrt.client.PjrtDevice;
import io.coxswain.bridge.pjrt.client.PjrtException;
import io.coxswain.bridge.pjrt.client.PjrtPlugin;
import io.coxswain.bridge.pjrt.plugins.CacheFolder;
import io.coxswain.bridge.pjrt.plugins.HostOptions;
import io.coxswain.bridge.pjrt.plugins.InstalledPlugin;
import io.coxswain.bridge.pjrt.plugins.PluginException;
import io.coxswain.bridge.pjrt.plugins.PluginStore;
import io.coxswain.bridge.spi.RuntimeFault;

import org.jspecify.annotations.Nullable;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A plugin's client with the devices that a job uses, and what compiles for them. The runtime's
 * thread.
 *
 * @param identity what the bits of results depend on, besides programs and data
 * @param isDeterministic whether the same program gives the same bits each time
 */
record Backend(
        PjrtClient client,
        List<PjrtDevice> devices,
        ProgramCompiler compiler,
        RegionTransfers regionTransfers,
        String identity,
        boolean isDeterministic)
        implements AutoCloseable {
    private static final String CPU = "cpu";
    private static final String FLAGS = "XLA_FLAGS";

    /**
     * Makes the plugin's client.
     *
     * @param node its place among others; null for one that is alone
     */
    static Backend open(PjrtConfig config, ProgramBundle bundle, @Nullable Node node)
            throws RuntimeFault {
        InstalledPlugin plugin;
        PjrtClient client;
        Map<String, Object> options = config.createOptions(HostOptions.ofThisProcess(), node);
        try {
            plugin = PluginStore.ofThisProcess().find(config.plugin());
            PjrtPlugin loaded = PjrtPlugin.load(plugin.library());
            client =
                    node == null
                            ? loaded.createClient(options)
                            : loaded.createClient(options, node.keyValues());
        } catch (PjrtException e) {
            // Alone it could be made: what fails now is the meeting, not the job's section.
            throw node == null
                    ? wrong(config, e)
                    : Faults.of(
                            "rank %d of %d cannot join the other ranks' clients"
                                    .formatted(node.rank(), node.ranks()),
                            e);
        } catch (PluginException e) {
            throw wrong(config, e);
        }
        boolean complete = false;
        try {
            Backend backend = of(config, bundle, plugin.sha256(), client);
            complete = true;
            return backend;
        } finally {
            if (!complete) {
                client.close();
            }
        }
    }

    private static Backend of(
            PjrtConfig config, ProgramBundle bundle, String pluginSha256, PjrtClient client)
            throws RuntimeFault {
        String platform = client.platformName();
        if (!bundle.platforms().contains(platform)) {
            throw wrong(
                    "the plugin '%s' has the platform %s, and bundle %s was exported for %s: use another plugin, or export the bundle with `--platform %s`"
                            .formatted(
                                    config.plugin(),
                                    platform,
                                    bundle.folder(),
                                    bundle.platforms(),
                                    platform));
        }
        List<PjrtDevice> devices = client.devices();
        if (devices.size() < config.devices()) {
            throw wrong(
                    "field `runtime.devices` is %d, and the plugin '%s' has %d here: %s%s"
                            .formatted(
                                    config.devices(),
                                    config.plugin(),
                                    devices.size(),
                                    devices,
                                    platform.equals(CPU)
                                            ? "; set `runtime.createOptions.cpu_device_count`"
                                            : ""));
        }
        boolean cpu = platform.equals(CPU);
        String flags = environment(FLAGS);
        String instructions = cpu ? HostCpu.instructions() : "";
        Path folder = config.cache() ? CacheFolder.ofThisProcess().executables() : null;
        return new Backend(
                client,
                List.copyOf(devices.subList(0, config.devices())),
                new ProgramCompiler(
                        client,
                        new ExecutableCache(folder),
                        pluginSha256,
                        flags,
                        instructions,
                        config.compileLimit()),
                new RegionTransfers(client, cpu),
                String.join("\n", "plugin " + pluginSha256, "flags " + flags, instructions),
                cpu);
    }

    @Override
    public void close() {
        client.close();
    }

    private static String environment(String name) {
        @Nullable String value = System.getenv(name);
        return value == null ? "" : value;
    }

    private static RuntimeFault wrong(PjrtConfig config, Exception e) {
        return Faults.invalid("field `runtime.plugin` is '%s'".formatted(config.plugin()), e);
    }

    private static RuntimeFault wrong(String what) {
        return new RuntimeFault(RuntimeFault.Code.PROGRAM_INVALID, what);
    }
}
