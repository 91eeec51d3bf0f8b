package io.coxswain.launcher.command;

import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.launcher.admin.EventPrinter;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.util.concurrent.Callable;

/** {@code coxswain events}. */
@Command(
        name = "events",
        header = "Show what happened, and with --follow what happens.",
        footer = {
            "",
            "Examples:",
            "  coxswain events --follow",
            "  coxswain events digits-20260101-120000 --from 120 --json"
        })
public final class EventsCommand extends Shared implements Callable<Integer> {
    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "JOB",
            description = "Only events of this job.")
    private String job = "";

    @Option(names = "--follow", description = "Goes on until Ctrl-C.")
    private boolean follow;

    @Option(
            names = "--from",
            paramLabel = "N",
            defaultValue = "0",
            description = "The first sequence number. Default: the oldest event kept.")
    private long from;

    @Option(names = "--json", description = "One JSON object a line instead of words.")
    private boolean json;

    @Mixin private AdminOptions admin = new AdminOptions();

    @Override
    public Integer call() throws Exception {
        try (AdminClient client = AdminClient.connect(admin.address())) {
            EventPrinter.print(client, from, job, follow, json, System.out);
            return ExitCode.COMPLETED;
        }
    }
}
