package io.coxswain.launcher.command;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code coxswain goodput}. */
@Command(
        name = "goodput",
        header = "Account for where the time of a run went.",
        synopsisSubcommandLabel = "WHAT",
        subcommands = {GoodputAuditCommand.class},
        footer = {"", "Examples:", "  coxswain goodput audit run.json"})
public final class GoodputCommand extends Shared implements Runnable {
    @Spec private CommandSpec spec = CommandSpec.create();

    /** Without saying of what: says how to use it. */
    @Override
    public void run() {
        throw new CommandLine.ParameterException(
                spec.commandLine(), "Missing what to account for: audit LOG");
    }
}
