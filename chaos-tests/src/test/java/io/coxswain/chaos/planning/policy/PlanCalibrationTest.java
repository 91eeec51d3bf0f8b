package io.coxswain.chaos.planning.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.coxswain.chaos.planning.engine.Conditions;
import io.coxswain.chaos.planning.engine.Costs;
import io.coxswain.chaos.planning.engine.Outcome;
import io.coxswain.chaos.planning.failure.Component;
import io.coxswain.chaos.planning.failure.Failure;
import io.coxswain.chaos.planning.failure.FailureModel;
import io.coxswain.chaos.planning.failure.FailureTrace;
import io.coxswain.chaos.planning.failure.Fleet;
import io.coxswain.chaos.planning.failure.Scope;
import io.coxswain.coordinator.core.ledger.Category;

import org.junit.jupiter.api.Test;

import java.math.BigInteger;
import java.util.List;

/**
 * The disk policy against the closed formula (HPCA 2025), where its assumptions hold: failures rare
 * against a restart, a spare always at hand.
 */
final class PlanCalibrationTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long HOUR = 3_600 * SECOND;
    private static final long DAY = 24 * HOUR;

    private static Conditions conditions(long durationNanos) {
        return new Conditions(
                new Fleet(1_000 + 200, 16, 8, 4),
                1,
                1_000,
                durationNanos,
                5 * SECOND,
                60_000_000_000L,
                1,
                Fleet.RACK_LEVEL,
                1,
                0,
                5e9,
                10e9,
                20e9,
                2e9,
                1L << 40,
                0,
                600 * SECOND,
                Costs.assumed());
    }

    @Test
    void agreesWithTheClosedFormulaWithinAPoint() {
        // Ten traces of 100 days, so that their own luck is small.
        var conditions = conditions(100 * DAY);
        long[][] cases = {
            // failures a day, interval s, stall s, restart s
            {2, 1_800, 30, 300},
            {4, 900, 20, 600},
            {1, 7_200, 120, 900},
            {8, 600, 5, 120},
            {6, 3_600, 60, 300},
        };
        for (long[] one : cases) {
            double perThousand = one[0] * 1_000.0 / conditions.fleet().machines();
            var model =
                    new FailureModel(
                            "even", List.of(new Component("gpu", Scope.AGENT, perThousand, HOUR)));
            double simulated = 0;
            double formula = 0;
            int seeds = 10;
            for (long seed = 1; seed <= seeds; seed++) {
                FailureTrace trace = model.draw(conditions.fleet(), 100 * DAY, seed);
                var disk =
                        new DiskSettings(
                                one[1] * SECOND, one[2] * SECOND, one[3] * SECOND, 30 * SECOND);
                Outcome outcome = DiskRestart.run(conditions, disk, trace);
                simulated += outcome.goodput() / seeds;
                formula +=
                        ClosedForm.effective(
                                        outcome.interruptions() / (double) (100 * DAY),
                                        2.0 * SECOND + (one[3] + 30.0) * SECOND,
                                        (double) one[1] * SECOND,
                                        (double) one[2] * SECOND)
                                / seeds;
                assertThat(outcome.shortages()).isEmpty();
            }
            assertThat(simulated).as("case %d s", one[1]).isCloseTo(formula, within(0.01));
        }
    }

    @Test
    void categoriesSumToElapsedTimesSlots() {
        var conditions = conditions(30 * DAY);
        FailureTrace trace = FailureModel.llama3().scaled(30).draw(conditions.fleet(), 30 * DAY, 5);
        var disk = new DiskSettings(1_800 * SECOND, 30 * SECOND, 300 * SECOND, 30 * SECOND);
        Outcome outcome = DiskRestart.run(conditions, disk, trace);
        BigInteger sum =
                outcome.categories().values().stream().reduce(BigInteger.ZERO, BigInteger::add);
        assertThat(sum).isEqualTo(BigInteger.valueOf(30 * DAY).multiply(BigInteger.valueOf(1_000)));
        assertThat(outcome.categories().get(Category.OTHER)).isEqualTo(BigInteger.ZERO);
        assertThat(outcome.interruptions()).isPositive();
    }

    @Test
    void withoutFailuresOnlyCheckpointsCost() {
        var conditions = conditions(10 * DAY);
        var disk = new DiskSettings(1_000 * SECOND, 10 * SECOND, 300 * SECOND, 30 * SECOND);
        Outcome outcome = DiskRestart.run(conditions, disk, new FailureTrace(List.of(), 10 * DAY));
        assertThat(outcome.share(Category.SNAPSHOT_STALL)).isCloseTo(0.0099, within(0.0002));
        assertThat(outcome.interruptions()).isZero();
    }

    @Test
    void aRunThatEndsWhileAFailureIsDetectedSumsToItsLength() {
        var conditions = conditions(2 * DAY);
        Outcome outcome = struck(conditions, new Failure(2 * DAY - 1, "gpu", Scope.AGENT, 3, HOUR));
        assertThat(outcome.totalSlotNanos())
                .isEqualTo(BigInteger.valueOf(2 * DAY).multiply(BigInteger.valueOf(1_000)));
        assertThat(outcome.share(Category.DETECTION)).isPositive();
    }

    @Test
    void everyStepThatCorruptionUndoesIsLostProgress() {
        var conditions = conditions(2 * DAY);
        long at = 10 * HOUR;
        var corrupt = new Failure(at, "corruption", Scope.CORRUPTION, 3, HOUR);
        var dead = new Failure(at + 180 * SECOND, "gpu", Scope.AGENT, 4, HOUR);
        for (Failure[] failures : new Failure[][] {{corrupt}, {corrupt, dead}}) {
            Outcome outcome = struck(conditions, failures);
            // The audit comes 300 s later, beyond two checkpoints: all since before the corruption
            // goes.
            assertThat(outcome.stepsLost()).isGreaterThan(30);
            assertThat(outcome.categories().get(Category.LOST_PROGRESS))
                    .isEqualTo(BigInteger.valueOf(outcome.stepsLost() * 5 * SECOND * 1_000));
        }
    }

    /** With a checkpoint every two minutes. */
    private static Outcome struck(Conditions conditions, Failure... failures) {
        var disk = new DiskSettings(120 * SECOND, SECOND, 300 * SECOND, 30 * SECOND);
        var trace = new FailureTrace(List.of(failures), conditions.durationNanos());
        return DiskRestart.run(conditions, disk, trace);
    }

    @Test
    void youngsInterval() {
        assertThat(ClosedForm.bestInterval(1.0 / 20_000, 10)).isCloseTo(632.5, within(0.1));
        assertThat(ClosedForm.bestInterval(0, 10)).isInfinite();
    }
}
