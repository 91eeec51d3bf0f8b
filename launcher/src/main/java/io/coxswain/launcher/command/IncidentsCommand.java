package io.coxswain.launcher.command;

import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.admin.IncidentTexts;
import io.coxswain.launcher.admin.Incidents;
import io.coxswain.launcher.console.Terminal;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.nio.file.Path;
import java.util.concurrent.Callable;

/** {@code coxswain incidents}. */
@Command(
        name = "incidents",
        header = "List what interrupted a job; of one incident, each phase and why.",
        footer = {
            "",
            "Examples:",
            "  coxswain incidents",
            "  coxswain incidents 3 --job digits-20260101-120000",
            "  coxswain incidents 3 --journal events.jsonl --json"
        })
public final class IncidentsCommand extends Shared implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "ID",
            description = "The incident's number. Default: a list of all.")
    private int id;

    @Option(
            names = "--job",
            paramLabel = "JOB",
            description = "The job. Default: the one that runs, or ended last.")
    private String job = "";

    @Option(
            names = "--journal",
            paramLabel = "FILE",
            description = "Reads this journal instead of asking a coordinator.")
    private @Nullable Path journal;

    @Option(names = "--json", description = "JSON instead of words.")
    private boolean json;

    @Mixin private AdminOptions admin = new AdminOptions();

    @Override
    public Integer call() throws Exception {
        boolean one = spec.commandLine().getParseResult().hasMatchedPositional(0);
        if (one && id < 1) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(), "incidents are numbered from 1, got " + id);
        }
        Incidents found =
                journal == null
                        ? Incidents.ask(admin.address(), job, id)
                        : Incidents.read(journal, job, System.err);
        if (!one) {
            if (json) {
                System.out.println(IncidentTexts.json(found));
            } else {
                IncidentTexts.list(found).forEach(System.out::println);
            }
            return ExitCode.COMPLETED;
        }
        var wanted =
                found.incidents().stream().filter(told -> told.report().id() == id).findFirst();
        if (wanted.isEmpty()) {
            System.err.println(
                    "coxswain: job "
                            + found.job()
                            + " has no incident "
                            + id
                            + "; see coxswain incidents");
            return ExitCode.USAGE;
        }
        if (json) {
            System.out.println(IncidentTexts.json(found.job(), wanted.get()));
        } else {
            IncidentTexts.waterfall(found.job(), wanted.get(), Terminal.standardOutput().unicode())
                    .forEach(System.out::println);
        }
        return ExitCode.COMPLETED;
    }
}
