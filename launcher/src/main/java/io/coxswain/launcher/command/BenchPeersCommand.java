package io.coxswain.launcher.command;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.bench.BenchReport;
import io.coxswain.launcher.bench.BenchSettings;
import io.coxswain.launcher.bench.PeersBench;
import io.coxswain.launcher.config.ConfigException;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.Path;

/** {@code coxswain bench peers}. */
@Command(
        name = "peers",
        header =
                "The digits in PyTorch under torchft and under Coxswain: the same network, batch"
                        + " and deaths on four ranks.",
        description = {
            "",
            "Goodput is by time: the steps made, each by the share of the ranks that made it, ÷"
                    + " those that the same run's undisturbed rate would have made. What is not"
                    + " installed is left out and named."
        },
        footer = {
            "",
            "Examples:",
            "  coxswain bench peers --python venv/bin/python",
            "  coxswain bench peers --seconds 300 --every 30 --json peers.json"
        })
public final class BenchPeersCommand extends BenchBase {
    private static final String JOB = "examples/digits-torch/job.yaml";

    @Option(
            names = "--python",
            paramLabel = "PROGRAM",
            defaultValue = "python3",
            description = "The Python that has torch and torchft. Default: ${DEFAULT-VALUE}.")
    private String python = "python3";

    @Option(
            names = "--seconds",
            paramLabel = "N",
            description = "How long each runs. Default: 90; with --quick 20.")
    private int seconds;

    @Option(
            names = "--every",
            paramLabel = "N",
            description = "Seconds between two deaths. Default: 15; with --quick 8.")
    private int every;

    public BenchPeersCommand() {
        super(JOB);
    }

    @Override
    BenchReport measure(BenchSettings settings)
            throws ConfigException, EnvironmentException, InterruptedException, IOException {
        int length = seconds == 0 ? quick() ? 20 : 90 : seconds;
        int pause = every == 0 ? quick() ? 8 : 15 : every;
        if (pause < 1 || length <= pause || length > 3_600) {
            throw wrong(
                    "--seconds %d --every %d: expected a death or more in at most 3600 seconds"
                            .formatted(length, pause));
        }
        String program =
                python.contains("/") ? Path.of(python).toAbsolutePath().toString() : python;
        return PeersBench.run(
                settings,
                new PeersBench.Options(
                        program,
                        example("examples/digits-torch").toAbsolutePath(),
                        example("runtime-bridge/python").toAbsolutePath(),
                        length,
                        pause));
    }
}
