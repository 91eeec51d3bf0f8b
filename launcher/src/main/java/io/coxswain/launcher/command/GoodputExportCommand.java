package io.coxswain.launcher.command;

import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.audit.JournalAudit;
import io.coxswain.launcher.audit.JournalAuditText;
import io.coxswain.launcher.audit.LedgerView;
import io.coxswain.launcher.console.Terminal;
import io.coxswain.launcher.local.RunFolder;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.nio.file.Path;
import java.util.concurrent.Callable;

/** {@code coxswain goodput export}. */
@Command(
        name = "export",
        header = "Export a run under Coxswain for ml-goodput-measurement, from its journal.",
        description = {
            "",
            "Writes what a program instrumented with that library would have logged of the run, and"
                    + " shows its goodput and Coxswain's side by side, with the reasons for the"
                    + " difference. docs/goodput.md says how events become entries."
        },
        footer = {
            "",
            "Examples:",
            "  coxswain goodput export --run-dir RUN --ml-goodput entries.jsonl",
            "  coxswain goodput export digits-20260101-120000 --journal events.jsonl"
                    + " --ml-goodput entries.jsonl --report report.json --json"
        })
public final class GoodputExportCommand extends Shared implements Callable<Integer> {
    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "JOB",
            description = "This job. Default: the last one in the journal.")
    private String job = "";

    @Option(
            names = "--ml-goodput",
            paramLabel = "FILE",
            required = true,
            description = "Writes the entries there, one JSON object a line.")
    private Path export = Path.of("");

    @Option(
            names = "--journal",
            paramLabel = "FILE",
            description = "The coordinator's journal, with the older files beside it.")
    private @Nullable Path journal;

    @Option(
            names = "--run-dir",
            paramLabel = "DIR",
            description = "The folder of a coxswain train, for the journal in it.")
    private @Nullable Path runFolder;

    @Option(
            names = "--report",
            paramLabel = "FILE",
            description =
                    "The job's report (train --report), for the ledger's account by categories.")
    private @Nullable Path report;

    @Option(names = "--json", description = "JSON instead of tables.")
    private boolean json;

    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws Exception {
        LedgerView ledger = report == null ? null : LedgerView.read(report);
        JournalAudit audit =
                JournalAudit.of(
                        file(),
                        job,
                        export,
                        complaint -> System.err.println("coxswain: " + complaint));
        if (json) {
            System.out.println(JournalAuditText.json(audit, ledger));
        } else {
            Terminal terminal = Terminal.standardOutput();
            JournalAuditText.of(audit, ledger).forEach(terminal::line);
        }
        return ExitCode.COMPLETED;
    }

    private Path file() {
        if ((journal == null) == (runFolder == null)) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(),
                    "one of --journal FILE and --run-dir DIR is needed: the run's events are"
                            + " there");
        }
        return journal != null ? journal : new RunFolder(runFolder).events();
    }
}
