package io.coxswain.launcher.command;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.bench.BenchReport;
import io.coxswain.launcher.bench.BenchSettings;
import io.coxswain.launcher.bench.RuntimeBench;
import io.coxswain.launcher.config.ConfigException;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.io.IOException;

/** {@code coxswain bench runtime}. */
@Command(
        name = "runtime",
        header =
                "What the bridge costs: an order and its answer, tensors through shared memory, and"
                        + " a step of an XLA program beside a bare loop.",
        footer = {
            "",
            "Examples:",
            "  coxswain bench runtime",
            "  coxswain bench runtime --job examples/digits-xla/job.yaml --steps 1500",
            "  coxswain bench runtime --no-steps --json runtime.json"
        })
public final class BenchRuntimeCommand extends BenchBase {
    private static final long TENSOR_BYTES = 64L << 20;

    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "Steps of the job and of the loop. Default: 400; with --quick 30.")
    private @Nullable Integer steps;

    @Option(
            names = "--no-steps",
            description = "Leaves the steps out, which need a plugin and take most of the time.")
    private boolean withoutSteps;

    public BenchRuntimeCommand() {
        super("examples/tiny-lm/job.yaml");
    }

    @Override
    BenchReport measure(BenchSettings settings)
            throws ConfigException, EnvironmentException, InterruptedException, IOException {
        int each = steps == null ? quick() ? 30 : 400 : steps;
        if (each < 15) {
            throw wrong("--steps " + each + ": expected 15 or more");
        }
        return RuntimeBench.run(
                settings,
                new RuntimeBench.Options(
                        quick() ? 1_000 : 20_000,
                        quick() ? 4 : 40,
                        quick() ? TENSOR_BYTES / 16 : TENSOR_BYTES,
                        each,
                        withoutSteps ? 0 : runs(3, 1)));
    }
}
