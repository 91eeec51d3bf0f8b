package io.coxswain.launcher.command;

import io.coxswain.bridge.pjrt.plugins.KnownPlugin;
import io.coxswain.bridge.pjrt.plugins.PluginException;
import io.coxswain.bridge.pjrt.plugins.PluginStore;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.config.Nearest;
import io.coxswain.launcher.console.Terminal;
import io.coxswain.launcher.runtimes.RuntimeInstall;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;

/** {@code coxswain runtime install}. */
@Command(
        name = "install",
        header = "Fetch a plugin's wheel with pip, by pinned version and SHA-256.",
        description = {
            "",
            "Only the library and its licences are kept; no Python is needed afterwards. Does"
                    + " nothing if the plugin is there and intact."
        },
        footer = {
            "",
            "Examples:",
            "  coxswain runtime install pjrt-cpu",
            "  coxswain runtime install pjrt-cpu --force",
            "  coxswain runtime install pjrt-cpu --wheel lammps_jax_pjrt_cpu-0.11.2-…whl"
        })
public final class RuntimeInstallCommand extends Shared implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Parameters(
            index = "0",
            paramLabel = "NAME",
            description = "The plugin, as runtime list shows it.")
    private String name = "";

    @Option(names = "--force", description = "Installs it anew, whatever is there.")
    private boolean force;

    @Option(
            names = "--wheel",
            paramLabel = "FILE",
            description = "Takes the wheel from there, without pip; it must be the pinned one.")
    private @Nullable Path wheel;

    @Override
    public Integer call() throws Exception {
        PluginStore store = PluginStore.ofThisProcess();
        if (store.known(name).isEmpty()) {
            throw new CommandLine.ParameterException(spec.commandLine(), unknown(store));
        }
        try {
            new RuntimeInstall(store, System.getenv(), Terminal.standardOutput())
                    .run(name, force, wheel);
        } catch (PluginException e) {
            if (wheel != null) {
                throw new CommandLine.ParameterException(
                        spec.commandLine(), String.valueOf(e.getMessage()), e);
            }
            throw new EnvironmentException(String.valueOf(e.getMessage()), e);
        }
        return ExitCode.COMPLETED;
    }

    private String unknown(PluginStore store) {
        List<String> names = store.known().stream().map(KnownPlugin::name).toList();
        return "there is no runtime '%s' to install; expected one of %s%s"
                .formatted(
                        name,
                        String.join(", ", names),
                        Nearest.of(name, names)
                                .map(found -> "; did you mean '" + found + "'?")
                                .orElse(""));
    }
}
