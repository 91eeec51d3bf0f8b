package io.coxswain.launcher.audit;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.config.ConfigException;

import org.jspecify.annotations.Nullable;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.function.Consumer;

/**
 * Accounts for the run that an event log tells of.
 *
 * @param run the account
 * @param mlGoodput what ml-goodput-measurement would have made of it
 */
public record Audit(RunAudit run, MlGoodputView mlGoodput) {
    /**
     * Reads the log once, from begin to end. What is kept grows with its steps only: 32 bytes for
     * each that was not rolled back, and 32 for each since the last disruption.
     *
     * @throws ConfigException if the log is malformed or contradicts itself, with line and reason
     */
    public static Audit of(Path log) throws ConfigException {
        return of(log, _ -> {});
    }

    /**
     * The same, and writes the log that ml-goodput-measurement would have had to {@code export}.
     * Nothing is written if the log cannot be accounted for.
     *
     * @throws ConfigException as above
     * @throws EnvironmentException if the file cannot be written
     */
    public static Audit of(Path log, Path export) throws ConfigException, EnvironmentException {
        return export(export, jobName(log), entries -> of(log, entries));
    }

    /** Makes an audit and hands out what the other library would have logged. */
    @FunctionalInterface
    interface Source {
        Audit audit(Consumer<MlEntry> export) throws ConfigException, EnvironmentException;
    }

    /** Writes what the other library would have logged of {@code source}; nothing if it fails. */
    static Audit export(Path export, String jobName, Source source)
            throws ConfigException, EnvironmentException {
        Path target = export.toAbsolutePath();
        @Nullable Path draft = null;
        try {
            draft = Files.createTempFile(target.getParent(), ".export-", ".jsonl");
            Audit audit;
            try (var out = new BufferedOutputStream(Files.newOutputStream(draft));
                    var file = new MlGoodputFile(jobName, out)) {
                audit = source.audit(file::write);
            }
            Files.move(draft, target, StandardCopyOption.REPLACE_EXISTING);
            draft = null;
            return audit;
        } catch (IOException | UncheckedIOException e) {
            throw new EnvironmentException(
                    "the export cannot be written to " + export + ": " + e.getMessage(), e);
        } finally {
            remove(draft);
        }
    }

    private static void remove(@Nullable Path draft) throws EnvironmentException {
        try {
            if (draft != null) {
                Files.deleteIfExists(draft);
            }
        } catch (IOException e) {
            throw new EnvironmentException(draft + " cannot be removed: " + e.getMessage(), e);
        }
    }

    private static Audit of(Path log, Consumer<MlEntry> export) throws ConfigException {
        var pipeline = new Pipeline(log.toString(), export);
        LogReader.read(log, pipeline.history::accept);
        return pipeline.finish();
    }

    /** {@code runs/a.json} is the log of job {@code a}. */
    private static String jobName(Path log) {
        String name = String.valueOf(log.getFileName());
        int dot = name.lastIndexOf('.');
        return dot > 0 ? name.substring(0, dot) : name;
    }

    /** The history, and behind it the other's log, its count and its file. */
    static final class Pipeline implements RunHistory.Observer {
        private final MlGoodputCount count = new MlGoodputCount();
        private final MlGoodputLog log;
        private final RunHistory history;

        Pipeline(String source, Consumer<MlEntry> export) {
            this.log =
                    new MlGoodputLog(entry -> {
                        count.accept(entry);
                        export.accept(entry);
                    });
            this.history = new RunHistory(source, this);
        }

        RunHistory history() {
            return history;
        }

        @Override
        public void spent(AuditCategory category, long nanos) {
            count.spent(category, nanos);
        }

        @Override
        public void happened(LogEntry entry) {
            log.happened(entry);
            if (entry.event() instanceof LogEvent.StepEnd) {
                count.stepEnded();
            }
        }

        Audit finish() throws ConfigException {
            RunAudit run = history.finish();
            return new Audit(run, count.finish(run));
        }
    }
}
