package io.coxswain.launcher.command;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.bench.BenchReport;
import io.coxswain.launcher.bench.BenchSettings;
import io.coxswain.launcher.bench.CollectiveBench;
import io.coxswain.launcher.config.ConfigException;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.io.IOException;

/** {@code coxswain bench collective}. */
@Command(
        name = "collective",
        header =
                "Steps per second of the digits job on four ranks, and what an exchange of"
                        + " gradients takes.",
        footer = {
            "",
            "Examples:",
            "  coxswain bench collective",
            "  coxswain bench collective --steps 3000 --runs 5 --json collective.json"
        })
public final class BenchCollectiveCommand extends BenchBase {
    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "Steps of a job. Default: 1500; with --quick 90.")
    private @Nullable Integer steps;

    @Override
    BenchReport measure(BenchSettings settings)
            throws ConfigException, EnvironmentException, InterruptedException, IOException {
        int each = steps == null ? quick() ? 90 : 1_500 : steps;
        if (each < 30) {
            throw wrong("--steps " + each + ": expected 30 or more");
        }
        return CollectiveBench.run(
                settings, new CollectiveBench.Options(each, runs(3, 1), quick() ? 50 : 1_000));
    }
}
