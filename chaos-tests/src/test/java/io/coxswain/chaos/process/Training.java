package io.coxswain.chaos.process;

import static org.assertj.core.api.Assertions.assertThat;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/**
 * One {@code coxswain train} as a user would run it: the packaged command in a process of its own.
 */
final class Training {
    private static final AtomicInteger RUNS = new AtomicInteger();
    private static final long LIMIT_SECONDS = 120;

    private final List<String> arguments = new ArrayList<>();
    private final Path folder;
    private final String label;

    private Training(String job) throws IOException {
        this.label = "run-" + ProcessHandle.current().pid() + "-" + RUNS.incrementAndGet();
        this.folder = scratch().resolve(label);
        Files.createDirectories(folder);
        arguments.addAll(List.of("train", job, "--run-dir", folder.resolve("logs").toString()));
    }

    /** The digits job, shortened: the same model and data. */
    static Training digits(int steps) throws IOException {
        return new Training(home().resolve("examples/digits/job.yaml").toString())
                .with("--steps", Integer.toString(steps));
    }

    static Training of(Path job) throws IOException {
        return new Training(job.toString());
    }

    Training mesh(int replicas, int shards) {
        return with("--set", "mesh.replicas=" + replicas, "--set", "mesh.shards=" + shards);
    }

    Training spares(int spares) {
        return with("--spares", Integer.toString(spares));
    }

    Training set(String key, Object value) {
        return with("--set", key + "=" + value);
    }

    Training kill(String... coordinates) {
        for (String coordinate : coordinates) {
            with("--kill", coordinate);
        }
        return this;
    }

    Training killWorker(String coordinate) {
        return with("--kill-worker", coordinate);
    }

    Training with(String... more) {
        arguments.addAll(List.of(more));
        return this;
    }

    /** The JVM of the command, as the {@code coxswain} script starts it. */
    static List<String> java() {
        var words = new ArrayList<String>();
        words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        words.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"));
        // Made for the command's jar at just that path.
        Path archive = jar().resolveSibling("coxswain.jsa");
        if (Files.isReadable(archive)) {
            words.addAll(
                    List.of(
                            "-XX:SharedArchiveFile=" + archive,
                            "-XX:+UnlockDiagnosticVMOptions",
                            "-XX:ArchiveRelocationMode=0",
                            "-Xlog:cds*=off",
                            "-Xlog:aot*=off"));
        }
        words.add("-Dcoxswain.home=" + home());
        return words;
    }

    /** Runs to the end. */
    Outcome run() throws IOException, InterruptedException {
        Started started = start();
        if (!started.process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
            started.process.descendants().forEach(ProcessHandle::destroyForcibly);
            started.process.destroyForcibly();
            throw new AssertionError(
                    this
                            + " did not end within "
                            + LIMIT_SECONDS
                            + " s\n"
                            + started.output()
                            + "\nlogs: "
                            + folder);
        }
        return started.outcome();
    }

    /** Starts and returns at once. */
    Started start() throws IOException {
        Path report = folder.resolve("report.json");
        Path output = folder.resolve("output.txt");
        var command = new ArrayList<String>();
        command.addAll(java());
        command.addAll(List.of("-jar", jar().toString()));
        command.addAll(arguments);
        if (!arguments.contains("--report")) {
            command.addAll(List.of("--report", report.toString()));
        }
        var process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                        .start();
        return new Started(process, report, output, folder, toString());
    }

    @Override
    public String toString() {
        return "coxswain " + String.join(" ", arguments);
    }

    private static Path jar() {
        return Path.of(System.getProperty("coxswain.jar", "coxswain.jar"))
                .toAbsolutePath()
                .normalize();
    }

    static Path home() {
        return Path.of(System.getProperty("coxswain.home")).toAbsolutePath().normalize();
    }

    static Path scratch() {
        return Path.of(System.getProperty("coxswain.scratch")).toAbsolutePath().normalize();
    }

    /** A run under way. */
    record Started(Process process, Path report, Path outputFile, Path folder, String command) {
        String output() throws IOException {
            return Files.readString(outputFile, StandardCharsets.UTF_8);
        }

        Outcome outcome() throws IOException {
            JsonNode json =
                    Files.exists(report)
                            ? JsonMapper.shared().readTree(Files.readString(report))
                            : JsonMapper.shared().createObjectNode();
            return new Outcome(process.exitValue(), output(), json, command, folder);
        }

        /** Blocks until a line of the output fits. */
        void awaitLine(Predicate<String> fits) throws IOException, InterruptedException {
            // The output is a file of another process: there is no event to wait for but its end.
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
            while (output().lines().noneMatch(fits)) {
                assertThat(process.waitFor(20, TimeUnit.MILLISECONDS))
                        .as("%s ended early:%n%s", command, output())
                        .isFalse();
                assertThat(System.nanoTime())
                        .as("%s: the line never came:%n%s", command, output())
                        .isLessThan(deadline);
            }
        }
    }

    /** How a run ended. */
    record Outcome(int exit, String output, JsonNode report, String command, Path folder) {
        Outcome completed() {
            assertThat(exit).as("%s%n%s%nlogs: %s", command, output, folder).isZero();
            assertThat(report.path("completed").asBoolean()).isTrue();
            assertLedgerExact();
            assertSamplesOnce();
            return this;
        }

        String digest() {
            return report.path("finalDigest").asString();
        }

        List<JsonNode> incidents() {
            return report.path("incidents").valueStream().toList();
        }

        /** The only incident. */
        JsonNode incident() {
            assertThat(incidents()).as(command).hasSize(1);
            return incidents().getFirst();
        }

        private void assertLedgerExact() {
            JsonNode goodput = report.path("goodput");
            long sum = goodput.path("categories").valueStream().mapToLong(JsonNode::asLong).sum();
            assertThat(sum)
                    .as("categories of %s", command)
                    .isEqualTo(goodput.path("totalSlotNanos").asLong());
            assertThat(goodput.path("elapsedNanos").asLong() * goodput.path("slots").asLong())
                    .isEqualTo(sum);
        }

        private void assertSamplesOnce() {
            long steps = report.path("steps").asLong();
            long batch = 128;
            long training = 1438;
            assertThat(report.path("samplesSeen").asLong()).isEqualTo(steps * batch);
            List<Long> distinct =
                    report.path("samplesDistinctPerPass")
                            .valueStream()
                            .map(JsonNode::asLong)
                            .toList();
            long full = steps * batch / training;
            assertThat(distinct).hasSize((int) (full + (steps * batch % training == 0 ? 0 : 1)));
            for (int pass = 0; pass < full; pass++) {
                assertThat(distinct.get(pass))
                        .as("distinct samples in pass %s", pass)
                        .isEqualTo(training);
            }
        }
    }
}
