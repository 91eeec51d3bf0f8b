package io.coxswain.launcher.train;

import io.coxswain.coordinator.JobReport;
import io.coxswain.launcher.config.ConfigException;

import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/** The {@code --report} file. */
public final class ReportFile {
    private ReportFile() {}

    /** Fails early where the file could not be written at the end. */
    public static void check(Path file) throws ConfigException {
        Path folder = file.toAbsolutePath().getParent();
        if (folder == null
                || !Files.isDirectory(folder)
                || !Files.isWritable(folder)
                || Files.isDirectory(file)) {
            throw new ConfigException(
                    List.of(
                            "--report: the report cannot be written to "
                                    + file
                                    + ": expected a file name in an existing folder that can be"
                                    + " written to"));
        }
    }

    /** Writes the report so that a reader sees all of it or what was there before. */
    public static void write(Path file, JobReport report) throws IOException {
        Path target = file.toAbsolutePath();
        Path draft = Files.createTempFile(target.getParent(), ".report-", ".json");
        try {
            Files.writeString(draft, report.toJson() + System.lineSeparator());
            try {
                Files.move(draft, target, StandardCopyOption.ATOMIC_MOVE);
            } catch (AtomicMoveNotSupportedException e) {
                Files.move(draft, target, StandardCopyOption.REPLACE_EXISTING);
            }
        } finally {
            Files.deleteIfExists(draft);
        }
    }
}
