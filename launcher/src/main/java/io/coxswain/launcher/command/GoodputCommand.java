package io.coxswain.launcher.command;

import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.launcher.console.Terminal;
import io.coxswain.launcher.goodput.GoodputTexts;
import io.coxswain.launcher.goodput.GoodputView;
import io.coxswain.proto.admin.v1.StatusResponse;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import tools.jackson.databind.node.ObjectNode;

import java.util.concurrent.Callable;

/** {@code coxswain goodput}. */
@Command(
        name = "goodput",
        header = "Show where the time of a run goes: goodput and every loss, by windows.",
        description = {
            "",
            "Asks the coordinator for the job that runs or ran last, or for the one that is named."
                    + " `goodput audit` accounts for a run that was not under Coxswain, `goodput"
                    + " export` hands one to ml-goodput-measurement."
        },
        subcommands = {GoodputAuditCommand.class, GoodputExportCommand.class},
        footer = {
            "",
            "Examples:",
            "  coxswain goodput",
            "  coxswain goodput --window 1h --coordinator 10.0.0.5:7400",
            "  coxswain goodput digits-3-1 --json",
            "  coxswain goodput audit run.json"
        })
public final class GoodputCommand extends Shared implements Callable<Integer> {
    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "JOB",
            description = "This job. Default: the one that runs, or ran last.")
    private String job = "";

    @Option(
            names = "--window",
            paramLabel = "WINDOW",
            description = "Only this window: 5m, 1h, 24h or run. Default: all four.")
    private @Nullable String window;

    @Option(names = "--json", description = "JSON instead of a table, with all digits.")
    private boolean json;

    @Mixin private AdminOptions admin = new AdminOptions();

    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws Exception {
        String only = window;
        if (only != null && !GoodputView.WINDOWS.contains(only)) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(),
                    "--window: found '"
                            + only
                            + "', expected one of "
                            + String.join(", ", GoodputView.WINDOWS));
        }
        StatusResponse status;
        try (AdminClient client = AdminClient.connect(admin.address())) {
            status = client.picture(job);
        }
        ObjectNode view = GoodputView.of(status, job);
        if (view == null) {
            System.err.println(
                    "coxswain: there is no account of "
                            + (job.isEmpty() ? "a job: none runs, none ran" : "job " + job)
                            + "; see coxswain jobs");
            return ExitCode.USAGE;
        }
        ObjectNode shown = only == null ? view : GoodputView.only(view, only);
        if (json) {
            System.out.println(GoodputView.json(shown));
        } else {
            Terminal terminal = Terminal.standardOutput();
            GoodputTexts.of(shown).forEach(terminal::line);
        }
        return ExitCode.COMPLETED;
    }
}
