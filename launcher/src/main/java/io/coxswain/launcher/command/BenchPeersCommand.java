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
import java.util.List;

/** {@code coxswain bench peers}. */
@Command(
        name = "peers",
        header =
                "The digits in PyTorch under torchft and under Coxswain: the same network, batch"
                        + " and deaths on four ranks, in turns.",
        description = {
            "",
            "A training process is killed by SIGKILL at the same instants under each; under"
                    + " torchft a supervisor starts it again at once. Goodput is by time: the"
                    + " steps made, each by the share of the ranks that made it, ÷ those that the"
                    + " same run's undisturbed rate would have made. What is not installed is"
                    + " skipped and named."
        },
        footer = {
            "",
            "Examples:",
            "  python3 -m venv venv && venv/bin/pip install torch numpy torchft",
            "  coxswain bench peers --python venv/bin/python",
            "  coxswain bench peers --python venv/bin/python --runs 3 --limit 600 --hosts",
            "  coxswain bench peers --seconds 300 --every 30 --timeouts tuned --json peers.json"
        })
public final class BenchPeersCommand extends BenchBase {
    private static final String JOB = "examples/digits-torch/job.yaml";
    private static final List<String> TIMEOUTS = List.of("readme", "tuned");

    @Option(
            names = "--python",
            paramLabel = "PROGRAM",
            defaultValue = "python3",
            description = "The Python that has torch and torchft. Default: ${DEFAULT-VALUE}.")
    private String python = "python3";

    @Option(
            names = "--seconds",
            paramLabel = "N",
            description = "How long each runs. Default: 40; with --quick 20.")
    private int seconds;

    @Option(
            names = "--every",
            paramLabel = "N",
            description = "Seconds between two deaths. Default: 15; with --quick 8.")
    private int every;

    @Option(
            names = "--timeouts",
            paramLabel = "NAME",
            split = ",",
            description =
                    "torchft's time-outs, one or more: those of its README, or tuned for one"
                            + " machine. Default: readme,tuned.")
    private List<String> timeouts = TIMEOUTS;

    @Option(
            names = "--hosts",
            description = "Under Coxswain kills whole hosts too, with one spare.")
    private boolean hosts;

    public BenchPeersCommand() {
        super(JOB);
    }

    @Override
    BenchReport measure(BenchSettings settings)
            throws ConfigException, EnvironmentException, InterruptedException, IOException {
        int length = seconds == 0 ? quick() ? 20 : 40 : seconds;
        int pause = every == 0 ? quick() ? 8 : 15 : every;
        if (pause < 1 || length <= pause || length > 3_600) {
            throw wrong(
                    "--seconds %d --every %d: expected a death or more in at most 3600 seconds"
                            .formatted(length, pause));
        }
        for (String name : timeouts) {
            if (!TIMEOUTS.contains(name)) {
                throw wrong("--timeouts " + name + ": expected " + String.join(" or ", TIMEOUTS));
            }
        }
        String program =
                python.contains("/") ? Path.of(python).toAbsolutePath().toString() : python;
        return PeersBench.run(
                settings,
                new PeersBench.Options(
                        program,
                        example("examples/digits-torch").toAbsolutePath(),
                        example("runtime-bridge/python").toAbsolutePath(),
                        timeouts.stream().distinct().toList(),
                        hosts,
                        runs(1, 1),
                        length,
                        pause,
                        quick() ? 2 : 5));
    }
}
