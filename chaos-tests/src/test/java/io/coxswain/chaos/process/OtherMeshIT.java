package io.coxswain.chaos.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * A job, in plain Python, whose state is cut over four processes leaves it in a folder, and jobs of
 * other meshes begin from it.
 */
class OtherMeshIT {
    private static final int STEPS = 40;

    @TempDir Path folder = Path.of("");

    @BeforeAll
    static void thereIsAPython() {
        PlainPython.require();
    }

    private Training job(int replicas, int shards, int processes) throws IOException {
        return Training.of(PlainPython.writeCutJob(folder, STEPS))
                .mesh(replicas, shards)
                .set("runtime.workersPerAgent", processes);
    }

    private Training from(Path left, int replicas, int shards, int processes) throws IOException {
        return job(replicas, shards, processes).set("runtime.initial", left);
    }

    private static double loss(Training.Outcome outcome) {
        return outcome.report().path("finalLoss").asDouble();
    }

    @Test
    void jobsOfOtherMeshesGoOnFromAStateThatAJobLeft() throws Exception {
        Path left = folder.resolve("left");
        double first = loss(job(1, 2, 2).spares(0).set("runtime.export.folder", left).run());
        assertThat(parts(left)).hasSize(4);

        // Each of the parts, over the same processes: to the bit, also if one of them dies.
        var same = from(left, 1, 2, 2).spares(0).run().completed();
        var killed = from(left, 1, 2, 2).spares(0).killWorker("1.0@step:15").run().completed();
        assertThat(killed.digest()).isEqualTo(same.digest());
        assertThat(loss(same)).isLessThan(first);

        // Sums in another order, of the same numbers.
        for (Training other :
                List.of(from(left, 1, 3, 1), from(left, 1, 1, 2), from(left, 2, 1, 1))) {
            assertThat(loss(other.spares(1).run().completed()))
                    .as("%s", other)
                    .isCloseTo(loss(same), withinPercentage(0.001));
        }
    }

    private static List<Path> parts(Path left) throws IOException {
        try (Stream<Path> files = Files.walk(left)) {
            return files.filter(Files::isRegularFile).toList();
        }
    }

    @Test
    void aStateIsLeftOnTheWayToo() throws Exception {
        Path left = folder.resolve("left");
        job(2, 1, 2)
                .spares(1)
                .set("runtime.export", "{folder: " + left + ", every: 10}")
                .kill("1@step:25")
                .run()
                .completed();

        assertThat(parts(left.resolve("step-%012d".formatted(STEPS)))).hasSize(2);
        try (Stream<Path> steps = Files.list(left)) {
            assertThat(steps.count()).isBetween(1L, 2L);
        }
    }

    @Test
    void aStateThatDoesNotFitEndsTheRunBeforeItBegins() throws Exception {
        Path left = Files.createDirectory(folder.resolve("left"));
        Training.Outcome none = from(left, 1, 2, 1).spares(0).run();
        job(1, 2, 1).spares(0).set("runtime.export.folder", left).run().completed();
        Files.delete(parts(left).getFirst());
        Training.Outcome half = from(left, 1, 2, 1).spares(0).run();

        assertThat(none.exit()).isNotZero();
        assertThat(none.output()).contains("is no whole state that a job exported");
        assertThat(half.exit()).isNotZero();
        assertThat(half.output()).contains("of 2 parts these are missing");
    }
}
