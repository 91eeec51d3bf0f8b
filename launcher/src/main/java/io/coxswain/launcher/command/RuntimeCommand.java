package io.coxswain.launcher.command;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code coxswain runtime}. */
@Command(
        name = "runtime",
        header = "Install, list and remove the plugins of the PJRT runtime on this machine.",
        description = {
            "",
            "They lie in the cache of the user: $$COXSWAIN_CACHE, else"
                    + " $${XDG_CACHE_HOME:-~/.cache}/coxswain; so do the programs that were"
                    + " compiled with them."
        },
        synopsisSubcommandLabel = "WHAT",
        subcommands = {
            RuntimeInstallCommand.class,
            RuntimeListCommand.class,
            RuntimeRemoveCommand.class,
            RuntimePruneCommand.class
        },
        footer = {
            "",
            "Examples:",
            "  coxswain runtime install pjrt-cpu",
            "  coxswain runtime list",
            "  coxswain runtime remove pjrt-cpu",
            "  coxswain runtime prune"
        })
public final class RuntimeCommand extends Shared implements Runnable {
    @Spec private CommandSpec spec = CommandSpec.create();

    /** Without saying what to do: says how to use it. */
    @Override
    public void run() {
        throw new CommandLine.ParameterException(
                spec.commandLine(), "Missing what to do: install, list, remove or prune");
    }
}
