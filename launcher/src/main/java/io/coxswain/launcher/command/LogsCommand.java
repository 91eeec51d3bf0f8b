package io.coxswain.launcher.command;

import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.launcher.evidence.LogTail;
import io.coxswain.proto.admin.v1.LookRequest;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.util.concurrent.Callable;

/** {@code coxswain logs}. */
@Command(
        name = "logs",
        header = "Show what a rank's worker printed last, and with --follow what it prints.",
        footer = {
            "",
            "Examples:",
            "  coxswain logs 3",
            "  coxswain logs host31 --lines 1000",
            "  coxswain logs 0 --job digits-20260101-120000 --follow"
        })
public final class LogsCommand extends Shared implements Callable<Integer> {
    private static final int MOST_LINES = 1_000_000;

    @Parameters(
            index = "0",
            paramLabel = "RANK|AGENT",
            description = "A rank of the running job, or an agent by its name.")
    private String whom = "";

    @Option(
            names = "--job",
            paramLabel = "JOB",
            defaultValue = "",
            description = "The rank is one of this job. Default: the running job.")
    private String job = "";

    @Option(names = "--follow", description = "Goes on until Ctrl-C.")
    private boolean follow;

    @Option(
            names = "--lines",
            paramLabel = "N",
            defaultValue = "100",
            description = "How many lines, at most 1 MiB of them. Default: ${DEFAULT-VALUE}.")
    private int lines;

    @Mixin private AdminOptions admin = new AdminOptions();

    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws Exception {
        if (lines < 1 || lines > MOST_LINES) {
            throw new ParameterException(
                    spec.commandLine(), "--lines " + lines + ": expected 1 to " + MOST_LINES);
        }
        LookRequest.Builder request = Whom.request(whom, job, spec);
        try (AdminClient client = AdminClient.connect(admin.address())) {
            return LogTail.print(client, request, lines, follow, System.out, System.err)
                    ? ExitCode.COMPLETED
                    : ExitCode.FAILED;
        }
    }
}
