package io.coxswain.chaos.process;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Programs in Python without any framework: where they are, and whether they can be run. */
final class PlainPython {
    private PlainPython() {}

    /** Skips the test, and says so, where there is no Python. */
    static void require() {
        String path = System.getenv().getOrDefault("PATH", "");
        assumeTrue(
                Arrays.stream(path.split(File.pathSeparator, -1))
                        .anyMatch(place -> Files.isExecutable(Path.of(place, "python3"))),
                "there is no python3 in PATH");
    }

    /** The folder of the programs. */
    static Path programs() {
        return Training.home().resolve("runtime-bridge/python/tests");
    }

    /**
     * Writes the job of a program whose three ranks reduce among themselves into {@code folder}.
     *
     * @return the job file
     */
    static Path writeReducingJob(Path folder, int steps) throws IOException {
        return Files.writeString(
                folder.resolve("job.yaml"),
                """
                name: allreduce
                mesh: {replicas: 3, shards: 1}
                steps: %d
                seed: 3
                data: job.yaml
                batch: 128
                microshards: 6
                collectives: {across: runtime}
                runtime:
                  kind: process
                  command: [python3, allreduce_worker.py]
                  cwd: %s
                  state: 1MB
                """
                        .formatted(steps, programs()));
    }

    /**
     * Writes the job of a state that is cut over two shards, one process each, into {@code folder}.
     *
     * @return the job file
     */
    static Path writeCutJob(Path folder, int steps) throws IOException {
        return Files.writeString(
                folder.resolve("job.yaml"),
                """
                name: cut
                mesh: {replicas: 1, shards: 2}
                steps: %d
                seed: 3
                data: job.yaml
                batch: 128
                microshards: 8
                collectives: {across: runtime}
                runtime:
                  kind: process
                  command: [python3, sharded_worker.py]
                  cwd: %s
                  state: 1MB
                """
                        .formatted(steps, programs()));
    }
}
