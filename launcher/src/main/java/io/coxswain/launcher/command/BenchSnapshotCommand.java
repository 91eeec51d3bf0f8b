package io.coxswain.launcher.command;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.bench.BenchReport;
import io.coxswain.launcher.bench.BenchSettings;
import io.coxswain.launcher.bench.SnapshotBench;
import io.coxswain.launcher.config.ConfigSection;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.nio.file.Path;

/** {@code coxswain bench snapshot}. */
@Command(
        name = "snapshot",
        header =
                "How fast a state leaves its device, pinned and pageable, and how long the steps"
                        + " stand still for it.",
        description = {
            "",
            "Needs a CUDA device and PyTorch. Where there is none, the result says that it was not"
                    + " measured, and has copies in the processor's memory beside that."
        },
        footer = {
            "",
            "Examples:",
            "  coxswain bench snapshot --bytes 1GB --python venv/bin/python",
            "  coxswain bench snapshot --bytes 8GB --runs 10 --json snapshot.json"
        })
public final class BenchSnapshotCommand extends BenchBase {
    private static final long MOST_BYTES = 1L << 40;

    @Option(
            names = "--bytes",
            paramLabel = "SIZE",
            description = "Size of the state. Default: 1GB; with --quick 64MB.")
    private String bytes = "";

    @Option(
            names = "--python",
            paramLabel = "PROGRAM",
            defaultValue = "python3",
            description = "The Python that has torch. Default: ${DEFAULT-VALUE}.")
    private String python = "python3";

    @Override
    BenchReport measure(BenchSettings settings) throws EnvironmentException, InterruptedException {
        String size = bytes.isEmpty() ? quick() ? "64MB" : "1GB" : bytes;
        long count = ConfigSection.bytes(size);
        if (count < 1_000_000 || count > MOST_BYTES) {
            throw wrong("--bytes " + size + ": expected a size from 1MB to 1TiB, such as 4GB");
        }
        String program =
                python.contains("/") ? Path.of(python).toAbsolutePath().toString() : python;
        return SnapshotBench.run(
                settings,
                new SnapshotBench.Options(
                        program,
                        example("runtime-bridge/python").toAbsolutePath(),
                        count,
                        runs(5, 2)));
    }
}
