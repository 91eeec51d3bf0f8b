package io.coxswain.launcher.train;

import io.coxswain.coordinator.JobReport;
import io.coxswain.launcher.config.ConfigException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The {@code --report} file. */
public final class ReportFile {
    private ReportFile() {}

    /** Fails early where the file could not be written at the end. */
    public static void check(Path file) throws ConfigException {
        WholeFile.check("--report", file);
    }

    /** Writes the report so that a reader sees all of it or what was there before. */
    public static void write(Path file, JobReport report) throws IOException {
        WholeFile.write(
                file, draft -> Files.writeString(draft, report.toJson() + System.lineSeparator()));
    }
}
