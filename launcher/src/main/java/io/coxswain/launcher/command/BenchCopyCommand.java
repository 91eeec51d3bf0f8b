package io.coxswain.launcher.command;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.bench.BenchReport;
import io.coxswain.launcher.bench.BenchSettings;
import io.coxswain.launcher.bench.CopyBench;
import io.coxswain.launcher.config.ConfigException;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.io.IOException;

/** {@code coxswain bench copy}. */
@Command(
        name = "copy",
        header =
                "What copies cost: data plane, snapshot stall, and step rate with and without"
                        + " them.",
        footer = {
            "",
            "Examples:",
            "  coxswain bench copy",
            "  coxswain bench copy --state 10MB --step 50",
            "  coxswain bench copy --no-steps --copy 256"
        })
public final class BenchCopyCommand extends BenchBase {
    @Option(
            names = "--copy",
            paramLabel = "MB",
            description =
                    "Size of one copy over the data plane, in units of 2^20 bytes. Default: 64;"
                            + " with --quick 16.")
    private @Nullable Integer copyMebibytes;

    @Option(
            names = "--state",
            paramLabel = "SIZE",
            description =
                    "State per rank, for stall and step rate. Default: 100MB; with --quick 4MB.")
    private @Nullable String state;

    @Option(
            names = "--step",
            paramLabel = "MS",
            description =
                    "The step time at which the search for the shortest begins. Default: from what"
                            + " a copy takes.")
    private @Nullable Integer stepMillis;

    @Option(
            names = "--no-steps",
            description = "Leaves the step rates out, which take most of the time.")
    private boolean withoutSteps;

    @Override
    BenchReport measure(BenchSettings settings)
            throws ConfigException, EnvironmentException, InterruptedException, IOException {
        int mebibytes = copyMebibytes == null ? quick() ? 16 : 64 : copyMebibytes;
        if (mebibytes < 1 || mebibytes > 1_024) {
            throw wrong("--copy " + mebibytes + ": expected 1 to 1024");
        }
        return CopyBench.run(
                settings,
                new CopyBench.Options(
                        (long) mebibytes << 20,
                        state != null ? state : quick() ? "4MB" : "100MB",
                        runs(20, 4),
                        !withoutSteps,
                        stepMillis == null ? -1 : stepMillis,
                        quick() ? 1 : 4));
    }
}
