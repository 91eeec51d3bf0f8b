package io.coxswain.launcher.command;

import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.audit.Audit;
import io.coxswain.launcher.audit.AuditJson;
import io.coxswain.launcher.audit.AuditText;
import io.coxswain.launcher.console.Terminal;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.nio.file.Path;
import java.util.concurrent.Callable;

/** {@code coxswain goodput audit}. */
@Command(
        name = "audit",
        header = "Account for a run that was not under Coxswain, from its event log.",
        description = {
            "",
            "The log's format is described in docs/goodput.md. What ml-goodput-measurement would"
                    + " have made of the same run stands beside it, with the reasons for the"
                    + " difference."
        },
        footer = {
            "",
            "Examples:",
            "  coxswain goodput audit run.json",
            "  coxswain goodput audit run.json --json",
            "  coxswain goodput audit run.json --export-mlgoodput entries.jsonl"
        })
public final class GoodputAuditCommand extends Shared implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "LOG", description = "The event log, a JSON file.")
    private Path log = Path.of("");

    @Option(names = "--json", description = "JSON instead of tables.")
    private boolean json;

    @Option(
            names = "--export-mlgoodput",
            paramLabel = "FILE",
            description =
                    "Writes the entries that ml-goodput-measurement would have logged there, one"
                            + " JSON object a line.")
    private @Nullable Path export;

    @Override
    public Integer call() throws Exception {
        Audit audit = export == null ? Audit.of(log) : Audit.of(log, export);
        if (json) {
            System.out.println(AuditJson.of(audit));
        } else {
            Terminal terminal = Terminal.standardOutput();
            AuditText.of(audit).forEach(terminal::line);
        }
        return ExitCode.COMPLETED;
    }
}
