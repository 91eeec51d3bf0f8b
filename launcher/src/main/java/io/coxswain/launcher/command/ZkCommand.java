package io.coxswain.launcher.command;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code coxswain zk}. */
@Command(
        name = "zk",
        header = "Look at what stands in ZooKeeper.",
        synopsisSubcommandLabel = "WHAT",
        subcommands = ZkDumpCommand.class,
        footer = {"", "Examples:", "  coxswain zk dump --zookeeper zk1:2181,zk2:2181"})
public final class ZkCommand extends Shared implements Runnable {
    @Spec private CommandSpec spec = CommandSpec.create();

    /** Without saying what to do: says how to use it. */
    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "Missing what to do: dump");
    }
}
