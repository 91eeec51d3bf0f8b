package io.coxswain.launcher.command;

import io.coxswain.bridge.pjrt.plugins.PluginException;
import io.coxswain.bridge.pjrt.plugins.PluginStore;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.runtimes.ChildProbe;
import io.coxswain.launcher.runtimes.RuntimeList;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.util.concurrent.Callable;

/** {@code coxswain runtime list}. */
@Command(
        name = "list",
        header = "What is installed, whether its bytes are intact, and what can be installed.",
        footer = {"", "Examples:", "  coxswain runtime list", "  coxswain runtime list --json"})
public final class RuntimeListCommand extends Shared implements Callable<Integer> {
    @Option(names = "--json", description = "Prints JSON instead of a table.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        RuntimeList list;
        try {
            list = RuntimeList.of(PluginStore.ofThisProcess(), new ChildProbe());
        } catch (PluginException e) {
            throw new EnvironmentException(String.valueOf(e.getMessage()), e);
        }
        if (json) {
            System.out.println(list.json());
        } else {
            list.table().forEach(System.out::println);
            System.out.println();
            System.out.println(list.compiled());
        }
        return ExitCode.COMPLETED;
    }
}
