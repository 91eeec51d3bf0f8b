package io.coxswain.launcher.command;

import io.coxswain.bridge.pjrt.plugins.PluginException;
import io.coxswain.bridge.pjrt.plugins.PluginInstaller;
import io.coxswain.bridge.pjrt.plugins.PluginStore;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.ExitCode;

import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

import java.util.concurrent.Callable;

/** {@code coxswain runtime remove}. */
@Command(
        name = "remove",
        header = "Remove a plugin from the cache; what runs with it goes on.",
        footer = {"", "Examples:", "  coxswain runtime remove pjrt-cpu"})
public final class RuntimeRemoveCommand extends Shared implements Callable<Integer> {
    @Parameters(
            index = "0",
            paramLabel = "NAME",
            description = "The plugin, as runtime list shows it.")
    private String name = "";

    @Override
    public Integer call() throws Exception {
        PluginStore store = PluginStore.ofThisProcess();
        String proper = store.properName(name);
        try (PluginInstaller installer = PluginInstaller.begin(store)) {
            if (installer.remove(name)) {
                System.out.println("removed " + proper);
                return ExitCode.COMPLETED;
            }
        } catch (PluginException e) {
            throw new EnvironmentException(String.valueOf(e.getMessage()), e);
        }
        throw new EnvironmentException("no runtime '" + proper + "' is installed here");
    }
}
