package io.coxswain.launcher.bench;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.job.JobFile;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * What all benches are told.
 *
 * @param job the job file that is varied
 * @param arenas folder for shared memory
 * @param runFolder for logs; null: the usual one
 * @param limitSeconds after which nothing new is begun
 * @param progress hears, in words, how it goes
 */
public record BenchSettings(
        Path job,
        Path arenas,
        @Nullable Path runFolder,
        int limitSeconds,
        Consumer<String> progress) {
    /** The job file with some fields set. */
    public JobFile job(Map<String, String> sets) throws ConfigException {
        return JobFile.read(job, new LinkedHashMap<>(sets));
    }

    /** The same for another job file. */
    BenchSettings of(Path file) {
        return new BenchSettings(file, arenas, runFolder, limitSeconds, progress);
    }

    /** When nothing new is begun any more, in monotonic nanoseconds from now. */
    long deadline() {
        return System.nanoTime() + TimeUnit.SECONDS.toNanos(limitSeconds);
    }

    /**
     * A folder for arenas of this process; whoever makes a file there unlinks it at once, and the
     * empty folder goes with the process, so that nothing is left.
     */
    Path scratch() throws EnvironmentException {
        try {
            Path folder = Files.createTempDirectory(arenas, "coxswain-bench-");
            folder.toFile().deleteOnExit();
            return folder;
        } catch (IOException e) {
            throw new EnvironmentException(
                    "cannot make a folder for shared memory in "
                            + arenas
                            + ": "
                            + e.getMessage()
                            + "; name another (best on tmpfs) with --arena-dir",
                    e);
        }
    }
}
