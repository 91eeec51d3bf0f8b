package io.coxswain.launcher.command;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.bench.BenchReport;
import io.coxswain.launcher.bench.BenchSettings;
import io.coxswain.launcher.bench.PythonBench;
import io.coxswain.launcher.config.ConfigException;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** {@code coxswain bench python}. */
@Command(
        name = "python",
        header =
                "What Coxswain adds to a step of a Python program: its own loop beside the same"
                        + " program as a worker, with and without a snapshot of each step.",
        description = {
            "",
            "Takes the small language model in JAX and in PyTorch, each if its Python has it. A"
                    + " program of your own (--job) must take --steps N and --warm N where no agent"
                    + " started it, and say at last how many 'ms a step' took after the warm ones."
        },
        footer = {
            "",
            "Examples:",
            "  coxswain bench python",
            "  coxswain bench python --python venv/bin/python --runs 5 --limit 600",
            "  coxswain bench python --job examples/tiny-lm/job-torch.yaml --json torch.json"
        })
public final class BenchPythonCommand extends BenchBase {
    private static final List<String> JOBS =
            List.of("examples/tiny-lm/job-jax.yaml", "examples/tiny-lm/job-torch.yaml");

    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "Steps of the job and of the loop. Default: 150; with --quick 30.")
    private @Nullable Integer steps;

    @Option(
            names = "--python",
            paramLabel = "PROGRAM",
            description = "Takes the place of the job files' python3.")
    private @Nullable String python;

    public BenchPythonCommand() {
        super(JOBS.getFirst());
    }

    @Override
    BenchReport measure(BenchSettings settings)
            throws ConfigException, EnvironmentException, InterruptedException, IOException {
        int each = steps == null ? quick() ? 30 : 150 : steps;
        if (each < 15) {
            throw wrong("--steps " + each + ": expected 15 or more");
        }
        List<Path> jobs =
                givenJob() != null
                        ? List.of(settings.job())
                        : JOBS.stream().map(BenchBase::example).toList();
        return PythonBench.run(
                settings,
                new PythonBench.Options(
                        jobs,
                        python == null || !python.contains("/")
                                ? python
                                : Path.of(python).toAbsolutePath().toString(),
                        each,
                        runs(3, 1)));
    }
}
