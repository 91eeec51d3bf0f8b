package io.coxswain.launcher.command;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.bench.BenchReport;
import io.coxswain.launcher.bench.BenchSettings;
import io.coxswain.launcher.bench.MemoryBench;
import io.coxswain.launcher.config.ConfigException;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.io.IOException;

/** {@code coxswain bench memory}. */
@Command(
        name = "memory",
        header = "What agents and workers hold in memory beside the state.",
        footer = {"", "Examples:", "  coxswain bench memory --state 100MB"})
public final class BenchMemoryCommand extends BenchBase {
    @Option(
            names = "--state",
            paramLabel = "SIZE",
            description = "State per rank. Default: 100MB; with --quick 4MB.")
    private @Nullable String state;

    @Override
    BenchReport measure(BenchSettings settings)
            throws ConfigException, EnvironmentException, InterruptedException, IOException {
        return MemoryBench.run(
                settings, state != null ? state : quick() ? "4MB" : "100MB", quick() ? 20 : 100);
    }
}
