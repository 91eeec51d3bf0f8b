package io.coxswain.launcher.command;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.bench.BenchReport;
import io.coxswain.launcher.bench.BenchSettings;
import io.coxswain.launcher.bench.PageBench;
import io.coxswain.launcher.config.ConfigException;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code coxswain bench page}. */
@Command(
        name = "page",
        header =
                "What it costs a run to be looked at: the step rate while nobody looks, with a"
                    + " scrape each second, with the journal, with viewers of the page, and with"
                    + " all of it, in turns.",
        footer = {
            "",
            "Examples:",
            "  coxswain bench page",
            "  coxswain bench page --runs 12 --limit 400",
            "  coxswain bench page --viewers 60 --seconds 5 --runs 10 --limit 400"
        })
public final class BenchPageCommand extends BenchBase {
    @Option(
            names = "--viewers",
            paramLabel = "N",
            defaultValue = "20",
            description = "Open pages at once, 1 to 60. Default: ${DEFAULT-VALUE}.")
    private int viewers = 20;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "4",
            description = "How long each rate is measured. Default: ${DEFAULT-VALUE}.")
    private int seconds = 4;

    @Override
    BenchReport measure(BenchSettings settings)
            throws ConfigException, EnvironmentException, InterruptedException {
        if (viewers < 1 || viewers > 60) {
            throw wrong("--viewers " + viewers + ": expected 1 to 60");
        }
        if (seconds < 1 || seconds > 600) {
            throw wrong("--seconds " + seconds + ": expected 1 to 600");
        }
        return PageBench.run(
                settings, new PageBench.Options(viewers, quick() ? 1 : seconds, runs(8, 2)));
    }
}
