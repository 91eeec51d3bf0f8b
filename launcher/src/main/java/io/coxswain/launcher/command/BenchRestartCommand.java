package io.coxswain.launcher.command;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.bench.BenchReport;
import io.coxswain.launcher.bench.BenchSettings;
import io.coxswain.launcher.bench.RestartBench;
import io.coxswain.launcher.config.ConfigException;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.Path;

/** {@code coxswain bench restart}. */
@Command(
        name = "restart",
        header =
                "Where PyTorch's processes reduce: recovery from the death of one of them under"
                        + " torchrun, which restarts all, and under Coxswain, in turns.",
        description = {
            "",
            "The digits with DistributedDataParallel over gloo, three processes. Under torchrun"
                    + " they load a checkpoint that is written to memory after each step. Measured"
                    + " is the time from SIGKILL to the first step that had not been made before."
        },
        footer = {
            "",
            "Examples:",
            "  coxswain bench restart --python venv/bin/python",
            "  coxswain bench restart --runs 5 --kills 3 --limit 900 --json restart.json"
        })
public final class BenchRestartCommand extends BenchBase {
    private static final String JOB = "examples/digits-torch/job-ddp.yaml";

    @Option(
            names = "--python",
            paramLabel = "PROGRAM",
            defaultValue = "python3",
            description = "The Python that has torch. Default: ${DEFAULT-VALUE}.")
    private String python = "python3";

    @Option(
            names = "--kills",
            paramLabel = "N",
            description = "Deaths in each run of either. Default: 2; with --quick 1.")
    private int kills;

    @Option(
            names = "--pause",
            paramLabel = "SECONDS",
            defaultValue = "12",
            description =
                    "Undisturbed time before each; on two cores the standby processes of three"
                            + " ranks need 10 s for their imports. Default: ${DEFAULT-VALUE}.")
    private int pause = 12;

    public BenchRestartCommand() {
        super(JOB);
    }

    @Override
    BenchReport measure(BenchSettings settings)
            throws ConfigException, EnvironmentException, InterruptedException, IOException {
        int each = kills == 0 ? quick() ? 1 : 2 : kills;
        if (each < 1 || each > 100) {
            throw wrong("--kills " + each + ": expected 1 to 100");
        }
        if (pause < 1 || pause > 600) {
            throw wrong("--pause " + pause + ": expected 1 to 600 seconds");
        }
        String program =
                python.contains("/") ? Path.of(python).toAbsolutePath().toString() : python;
        return RestartBench.run(
                settings,
                new RestartBench.Options(
                        program,
                        example("examples/digits-torch").toAbsolutePath(),
                        example("runtime-bridge/python").toAbsolutePath(),
                        runs(3, 1),
                        each,
                        pause));
    }
}
