package io.coxswain.launcher.command;

import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.admin.EventFilter;
import io.coxswain.launcher.admin.EventPrinter;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/** {@code coxswain events}. */
@Command(
        name = "events",
        header = "Show what happened, and with --follow what happens.",
        description = {
            "",
            "With --follow it goes on with whoever leads next when the connection or the leader is"
                    + " lost."
        },
        footer = {
            "",
            "Examples:",
            "  coxswain events --follow",
            "  coxswain events digits-20260101-120000 --from 120 --json",
            "  coxswain events --journal events.jsonl --kind IncidentClosed --kind RolledBack"
        })
public final class EventsCommand extends Shared implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "JOB",
            description = "Only events of this job.")
    private String job = "";

    @Option(names = "--job", paramLabel = "JOB", description = "The same.")
    private String jobOption = "";

    @Option(
            names = "--kind",
            paramLabel = "KIND",
            description = "Only events of this kind, such as IncidentClosed. Repeatable.")
    private List<String> kinds = new ArrayList<>();

    @Option(names = "--follow", description = "Goes on until Ctrl-C.")
    private boolean follow;

    @Option(
            names = "--from",
            paramLabel = "N",
            defaultValue = "0",
            description = "The first sequence number. Default: the oldest event kept.")
    private long from;

    @Option(
            names = "--journal",
            paramLabel = "FILE",
            description = "Reads this journal instead of asking a coordinator.")
    private @Nullable Path journal;

    @Option(names = "--json", description = "One JSON object a line, as in a journal.")
    private boolean json;

    @Mixin private AdminOptions admin = new AdminOptions();

    @Override
    public Integer call() throws Exception {
        if (!job.isEmpty() && !jobOption.isEmpty() && !job.equals(jobOption)) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(), "two jobs, " + job + " and " + jobOption + ": name one");
        }
        if (follow && journal != null) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(),
                    "--follow asks a coordinator; of a journal: tail -F " + journal);
        }
        var filter = EventFilter.of(from, job.isEmpty() ? jobOption : job, kinds);
        var printer = new EventPrinter(filter, json, System.out, System.err);
        if (journal != null) {
            printer.print(journal);
        } else {
            printer.print(admin.address(), follow);
        }
        return ExitCode.COMPLETED;
    }
}
