package io.coxswain.launcher.command;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code coxswain bench}. */
@Command(
        name = "bench",
        header =
                "Measure what this version promises, each figure beside the limit that the same run"
                        + " measured.",
        description = {
            "",
            "JSON goes to standard output, or with --json FILE there; a table for people goes"
                    + " beside it."
        },
        synopsisSubcommandLabel = "WHAT",
        subcommands = {
            BenchRecoveryCommand.class,
            BenchCopyCommand.class,
            BenchCollectiveCommand.class,
            BenchMemoryCommand.class,
            BenchRuntimeCommand.class,
            BenchPythonCommand.class,
            BenchPeersCommand.class,
            BenchRestartCommand.class,
            BenchSnapshotCommand.class,
            BenchPageCommand.class,
            BenchTlsCommand.class,
            BenchFloodCommand.class
        },
        footer = {
            "",
            "Examples:",
            "  coxswain bench recovery",
            "  coxswain bench recovery --state 1MB --kind worker --kills 10 --json recovery.json",
            "  coxswain bench copy --quick",
            "  coxswain bench collective --json -"
        })
public final class BenchCommand extends Shared implements Runnable {
    @Spec private CommandSpec spec = CommandSpec.create();

    /** Without saying what to measure: says how to use it. */
    @Override
    public void run() {
        throw new CommandLine.ParameterException(
                spec.commandLine(),
                "Missing what to measure: recovery, copy, collective, memory, runtime, python,"
                        + " peers, restart, snapshot, page, tls or flood");
    }
}
