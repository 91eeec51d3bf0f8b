package io.coxswain.coordinator.core.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.coxswain.coordinator.core.model.Digest;
import io.coxswain.coordinator.core.model.StepRun;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayDeque;
import java.util.Random;

class RunStatisticsTest {
    private static final long MILLI = 1_000_000L;
    private static final long SECOND = 1_000 * MILLI;

    private static StepRun run(long first, long last, long elapsed, long execute, long skipped) {
        return new StepRun(
                first, last, elapsed, execute, 0, 0, 0, 0, 1, 1, 0.5f, Digest.NONE, 0, skipped);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void quantilesAreThoseOfTheNewestSamples(long seed) {
        var random = new Random(seed);
        var samples = new NewestSamples(64);
        var newest = new ArrayDeque<Long>();
        for (int i = 0; i < 500; i++) {
            long sample = random.nextLong(20);
            samples.add(sample);
            newest.addLast(sample);
            if (newest.size() > 64) {
                newest.removeFirst();
            }
            long[] sorted = newest.stream().mapToLong(Long::longValue).sorted().toArray();
            for (double part : new double[] {0.01, 0.5, 0.95, 1}) {
                assertThat(samples.quantile(part))
                        .isEqualTo(sorted[(int) Math.ceil(part * sorted.length) - 1]);
            }
        }
        samples.clear();
        assertThat(samples.median()).isZero();
    }

    @Test
    void aStragglerIsJudgedByItsOwnTime() {
        var statistics = new RunStatistics(4);
        assertThat(statistics.straggler()).isEqualTo(RunStatistics.Straggler.NONE);
        for (int step = 1; step <= 5; step++) {
            for (int rank = 0; rank < 4; rank++) {
                // All steps take equally long: the others wait.
                statistics.reported(
                        rank, run(step, step, 200 * MILLI, (rank == 2 ? 180 : 100) * MILLI, 0));
            }
        }

        RunStatistics.Straggler straggler = statistics.straggler();
        assertThat(straggler.rank()).isEqualTo(2);
        assertThat(straggler.text()).isEqualTo("rank 2, 1.8 × the median");
        assertThat(statistics.ranks())
                .hasSize(4)
                .allMatch(rank -> rank.medianNanos() == 200 * MILLI);
        assertThat(statistics.ranks().get(2).executeMedianNanos()).isEqualTo(180 * MILLI);

        statistics.replaced(2);
        assertThat(statistics.straggler()).isEqualTo(RunStatistics.Straggler.NONE);
        assertThat(statistics.ranks()).hasSize(3);
    }

    @Test
    void smallDifferencesAreNobodysFault() {
        var statistics = new RunStatistics(2);
        for (int step = 1; step <= 5; step++) {
            statistics.reported(0, run(step, step, MILLI, MILLI / 10, 0));
            statistics.reported(1, run(step, step, MILLI, MILLI / 2, 0));
        }
        assertThat(statistics.straggler()).isEqualTo(RunStatistics.Straggler.NONE);
    }

    @Test
    void whereTheRuntimeReducesNobodyCanBeToldUnlessItSays() {
        var statistics = new RunStatistics(2);
        for (int step = 1; step <= 5; step++) {
            statistics.reported(0, run(step, step, 100 * MILLI, 0, 0));
            statistics.reported(1, run(step, step, 100 * MILLI, 0, 0));
        }
        assertThat(statistics.straggler().text()).isEqualTo("not measurable");
        assertThat(statistics.ranks().getFirst().executeMedianNanos()).isZero();

        // But for what its program says.
        for (int step = 6; step <= 10; step++) {
            statistics.reported(0, run(step, step, 100 * MILLI, 20 * MILLI, 0));
            statistics.reported(1, run(step, step, 100 * MILLI, 90 * MILLI, 0));
        }
        assertThat(statistics.straggler().text()).isEqualTo("rank 1, 4.5 × the median");
    }

    @Test
    void slowdownIsAgainstTheJobsOwnBest() {
        var statistics = new RunStatistics(8);
        long now = 0;
        long step = 0;
        assertThat(statistics.slowdown()).isNaN();
        statistics.completed(++step, true, 1, now);
        for (; now < 60 * SECOND; now += 100 * MILLI) {
            // One lucky step is no standard.
            statistics.completed(++step, true, 1, step == 30 ? now + MILLI : now + 100 * MILLI);
        }
        assertThat(statistics.bestMedianNanos()).isEqualTo(100.0 * MILLI);
        assertThat(statistics.slowdown()).isCloseTo(0, within(1e-9));
        assertThat(statistics.slowSlotNanos()).isZero();
        long slow = 0;
        for (; slow < 200; slow++) {
            now += 110 * MILLI;
            statistics.completed(++step, true, 1, now);
        }

        assertThat(statistics.slowdown()).isCloseTo(0.1, within(1e-6));
        // What is not a whole stretch yet is not in it.
        assertThat(statistics.slowSlotNanos().doubleValue() / (8 * 10.0 * MILLI))
                .isBetween(90.0, 200.0);
    }

    @Test
    void aRecoveryIsNoStepTime() {
        var statistics = new RunStatistics(1);
        statistics.completed(1, true, 1, 0);
        statistics.completed(2, true, 1, 100 * MILLI);
        statistics.stopped();
        statistics.completed(3, false, 1, 20 * SECOND);
        statistics.completed(4, true, 1, 21 * SECOND);
        statistics.completed(6, true, 1, 21 * SECOND + 200 * MILLI);

        assertThat(statistics.p95Nanos()).isEqualTo(100 * MILLI);
        assertThat(statistics.stepsPerSecond()).isEqualTo(10);
        assertThat(statistics.stepsCompleted()).isEqualTo(6);
    }

    @Test
    void stepsThatAreMadeAgainCountAgain() {
        var statistics = new RunStatistics(1);
        for (int step = 1; step <= 10; step++) {
            statistics.completed(step, true, 1, step * SECOND);
        }
        assertThat(statistics.lagNanos(7)).isEqualTo(3 * SECOND);
        assertThat(statistics.lagNanos(10)).isZero();

        statistics.rolledBack(7);
        assertThat(statistics.lagNanos(7)).isZero();
        statistics.completed(8, true, 1, 30 * SECOND);

        assertThat(statistics.stepsCompleted()).isEqualTo(11);
        assertThat(statistics.stepsRolledBack()).isEqualTo(3);
        assertThat(statistics.lagNanos(7)).isEqualTo(23 * SECOND);
        assertThat(statistics.curve().stream().map(RunStatistics.CurvePoint::step))
                .containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L);
    }

    @Test
    void memoryIsBoundedOverAMillionSteps() {
        var statistics = new RunStatistics(1);
        for (int step = 1; step <= 1_000_000; step++) {
            statistics.completed(step, true, 1, step * MILLI);
        }
        assertThat(statistics.curve().size()).isBetween(Curve.MOST / 2, Curve.MOST);
        assertThat(statistics.curve().getLast().step()).isEqualTo(1_000_000);
        assertThat(statistics.curve().getFirst().step()).isEqualTo(1);
        assertThat(statistics.lagNanos(999_990)).isBetween(10 * MILLI, 3_000 * MILLI);
    }

    @Test
    void skippedSnapshotsAreEverybodys() {
        var statistics = new RunStatistics(2);
        statistics.reported(0, run(1, 4, 4 * MILLI, MILLI, 2));
        statistics.reported(1, run(1, 4, 4 * MILLI, MILLI, 2));
        assertThat(statistics.skippedSnapshots()).isEqualTo(2);
    }
}
