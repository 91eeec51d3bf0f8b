package io.coxswain.launcher.command;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.bench.BenchReport;
import io.coxswain.launcher.bench.BenchSettings;
import io.coxswain.launcher.bench.FloodBench;
import io.coxswain.launcher.config.ConfigException;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code coxswain bench flood}. */
@Command(
        name = "flood",
        header =
                "What strangers do to a running job: its step rate while connections that say"
                    + " nothing, dribble or announce too much flood every port, and without them,"
                    + " in turns.",
        footer = {
            "",
            "Examples:",
            "  coxswain bench flood",
            "  coxswain bench flood --connections 2000 --rate 500 --runs 6 --limit 200"
        })
public final class BenchFloodCommand extends BenchBase {
    @Option(
            names = "--connections",
            paramLabel = "N",
            defaultValue = "1000",
            description =
                    "At the control port, at the HTTP port and at the agents' data planes, each so"
                            + " many at once, 3 to 20000. Default: ${DEFAULT-VALUE}.")
    private int connections = 1_000;

    @Option(
            names = "--rate",
            paramLabel = "N",
            defaultValue = "500",
            description =
                    "Connections opened in a second, new ones and those that were closed, 10 to"
                            + " 10000. Default: ${DEFAULT-VALUE}.")
    private int rate = 500;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "5",
            description = "How long each rate is measured. Default: ${DEFAULT-VALUE}.")
    private int seconds = 5;

    @Override
    BenchReport measure(BenchSettings settings)
            throws ConfigException, EnvironmentException, InterruptedException {
        if (connections < 3 || connections > 20_000) {
            throw wrong("--connections " + connections + ": expected 3 to 20000");
        }
        if (rate < 10 || rate > 10_000) {
            throw wrong("--rate " + rate + ": expected 10 to 10000");
        }
        if (seconds < 1 || seconds > 600) {
            throw wrong("--seconds " + seconds + ": expected 1 to 600");
        }
        return FloodBench.run(
                settings,
                new FloodBench.Options(
                        quick() ? Math.min(connections, 300) : connections,
                        rate,
                        quick() ? 1 : seconds,
                        runs(4, 1)));
    }
}
