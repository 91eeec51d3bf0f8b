package io.coxswain.launcher.audit;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.journal.JournalLine;
import io.coxswain.coordinator.journal.JournalReader;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.config.ConfigException;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The account of a run under Coxswain by the events of its journal, as the account of any other run
 * is made, so that ml-goodput-measurement's figure of the same history can stand beside it.
 *
 * @param audit by the events alone
 * @param slots ranks of the job's largest view
 * @param ledgerRatio the ledger's share of the run as the newest event tells it; −1: none does
 * @param notes what a reader has to know
 */
public record JournalAudit(
        String job, Audit audit, int slots, double ledgerRatio, List<String> notes) {
    public JournalAudit {
        notes = List.copyOf(notes);
    }

    /**
     * Reads the journal twice and writes what the other library would have logged to {@code
     * export}; nothing is written if there is no such job in it.
     *
     * @param job empty: the last one that the journal has
     * @param complaints told of each line that is none
     * @throws EnvironmentException if a file cannot be read or written, or has no such job
     */
    public static JournalAudit of(
            Path journal, String job, Path export, Consumer<String> complaints)
            throws ConfigException, EnvironmentException {
        var jobs = new LinkedHashMap<String, Integer>();
        read(journal, line -> slots(line, jobs), _ -> {});
        if (jobs.isEmpty() || (!job.isEmpty() && !jobs.containsKey(job))) {
            throw new EnvironmentException(
                    (job.isEmpty()
                                    ? "no job that made steps"
                                    : "no job " + job + " that made steps")
                            + " is in the journal "
                            + journal
                            + (jobs.isEmpty()
                                    ? ""
                                    : "; there are " + String.join(", ", jobs.keySet())));
        }
        String wanted = job.isEmpty() ? List.copyOf(jobs.keySet()).getLast() : job;
        int slots = jobs.getOrDefault(wanted, 1);
        var made = new @Nullable JournalRun[1];
        Audit audit =
                Audit.export(
                        export,
                        wanted,
                        entries -> {
                            var pipeline = new Audit.Pipeline(journal.toString(), known(entries));
                            var run = new JournalRun(wanted, slots, pipeline.history()::accept);
                            made[0] = run;
                            feed(journal, run, complaints);
                            run.finish();
                            return pipeline.finish();
                        });
        JournalRun run = made[0];
        if (run == null) {
            throw new IllegalStateException("an audit was made of a run");
        }
        return new JournalAudit(wanted, audit, slots, run.ledgerRatio(), run.notes());
    }

    // A step of the journal says nothing of its data.
    private static Consumer<MlEntry> known(Consumer<MlEntry> entries) {
        return entry -> {
            if (!(entry instanceof MlEntry.Mark mark) || mark.what() != MlEntry.What.DATA_LOADING) {
                entries.accept(entry);
            }
        };
    }

    private static void slots(JournalLine line, Map<String, Integer> jobs) {
        if (line.kind().equals("ViewActivated")
                && line.event() instanceof CoordinatorEvent.ViewActivated view) {
            jobs.merge(line.job(), view.members().size(), Math::max);
        }
    }

    private static void feed(Path journal, JournalRun run, Consumer<String> complaints)
            throws ConfigException, EnvironmentException {
        var wrong = new @Nullable ConfigException[1];
        read(
                journal,
                line -> {
                    try {
                        if (wrong[0] == null) {
                            run.accept(line);
                        }
                    } catch (ConfigException contradiction) {
                        wrong[0] = contradiction;
                    }
                },
                complaints);
        ConfigException contradiction = wrong[0];
        if (contradiction != null) {
            throw contradiction;
        }
    }

    private static void read(Path journal, Consumer<JournalLine> lines, Consumer<String> complaints)
            throws EnvironmentException {
        try {
            JournalReader.read(journal, lines, complaints);
        } catch (NoSuchFileException missing) {
            throw new EnvironmentException("there is no journal " + journal, missing);
        } catch (IOException e) {
            throw new EnvironmentException(
                    "cannot read the journal " + journal + ": " + e.getMessage(), e);
        }
    }
}
