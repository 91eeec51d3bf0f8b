package io.coxswain.launcher.command;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.bench.BenchReport;
import io.coxswain.launcher.bench.BenchSettings;
import io.coxswain.launcher.config.ConfigException;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;

/** What all benches take, and where their results go. */
@Command(sortOptions = false)
abstract class BenchBase extends Shared implements Callable<Integer> {
    private final String usualJob;

    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--json",
            paramLabel = "FILE",
            description = "Writes the JSON there instead of to standard output ('-').")
    private Path json = Path.of("-");

    @Option(
            names = "--runs",
            paramLabel = "N",
            description = "Measurements of each figure. Default: as suits the bench.")
    private @Nullable Integer runs;

    @Option(
            names = "--quick",
            description =
                    "Few measurements of small things: shows that it works, not how fast it is.")
    private boolean quick;

    @Option(
            names = "--limit",
            paramLabel = "SECONDS",
            defaultValue = "90",
            description = "Begins nothing new after that. Default: ${DEFAULT-VALUE}.")
    private int limitSeconds = 90;

    @Option(
            names = "--job",
            paramLabel = "FILE",
            description = "The job file that is varied. Default: an example of this checkout.")
    private @Nullable Path job;

    @Option(names = "--run-dir", paramLabel = "DIR", description = "Folder for logs, as of train.")
    private @Nullable Path runFolder;

    @Option(
            names = "--arena-dir",
            paramLabel = "DIR",
            defaultValue = "/dev/shm",
            description = "Folder for shared memory, on tmpfs. Default: ${DEFAULT-VALUE}.")
    private Path arenas = Path.of("/dev/shm");

    BenchBase() {
        this("examples/digits/job.yaml");
    }

    /**
     * For a bench of its own job.
     *
     * @param usualJob the job file, relative to the checkout
     */
    BenchBase(String usualJob) {
        this.usualJob = usualJob;
    }

    /** Measures. */
    abstract BenchReport measure(BenchSettings settings)
            throws ConfigException, EnvironmentException, InterruptedException, IOException;

    boolean quick() {
        return quick;
    }

    /** The job file that was asked for; null if none was. */
    @Nullable Path givenJob() {
        return job;
    }

    /** A file of this checkout. */
    static Path example(String file) {
        return Path.of(System.getProperty("coxswain.home", ".")).resolve(file);
    }

    /** How often to measure. */
    int runs(int usual, int whenQuick) {
        return runs != null ? runs : quick ? whenQuick : usual;
    }

    @Override
    public Integer call() throws Exception {
        if (runs != null && (runs < 1 || runs > 10_000)) {
            throw wrong("--runs " + runs + ": expected 1 to 10000");
        }
        if (limitSeconds < 1) {
            throw wrong("--limit " + limitSeconds + ": expected 1 or more seconds");
        }
        boolean toOutput = json.toString().equals("-");
        PrintStream people = toOutput ? System.err : System.out;
        var settings =
                new BenchSettings(
                        jobFile(),
                        arenas.toAbsolutePath(),
                        runFolder,
                        limitSeconds,
                        line -> System.err.println("… " + line));
        BenchReport report = measure(settings);
        report.table().forEach(people::println);
        if (toOutput) {
            System.out.println(report.toJson());
        } else {
            try {
                Files.writeString(json, report.toJson() + System.lineSeparator());
            } catch (IOException e) {
                throw new EnvironmentException(
                        "the results cannot be written to " + json + ": " + e.getMessage(), e);
            }
        }
        return ExitCode.COMPLETED;
    }

    CommandLine.ParameterException wrong(String message) {
        return new CommandLine.ParameterException(spec.commandLine(), message);
    }

    private Path jobFile() {
        return job != null ? job : example(usualJob);
    }
}
