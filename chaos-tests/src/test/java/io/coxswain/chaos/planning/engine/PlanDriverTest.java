package io.coxswain.chaos.planning.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.chaos.planning.failure.Failure;
import io.coxswain.chaos.planning.failure.FailureModel;
import io.coxswain.chaos.planning.failure.FailureTrace;
import io.coxswain.chaos.planning.failure.Fleet;
import io.coxswain.chaos.planning.failure.Scope;
import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.view.CreditRule;
import io.coxswain.coordinator.core.view.StepTimes;

import org.junit.jupiter.api.Test;

import java.math.BigInteger;
import java.util.List;

/** The production job machine against small traces. */
final class PlanDriverTest {
    static final long SECOND = 1_000_000_000L;
    static final long HOUR = 3_600 * SECOND;
    private static final long STATE = 60_000_000_000L;

    static Conditions conditions(int ranks, int spares, int copies, long duration) {
        return new Conditions(
                new Fleet(ranks + spares, 16, 8, 4),
                1,
                ranks,
                duration,
                5 * SECOND,
                STATE,
                copies,
                Fleet.RACK_LEVEL,
                6,
                100_000_000L,
                5e9,
                10e9,
                20e9,
                2e9,
                STATE * (4 + 3L * (copies + 1)),
                3 * HOUR,
                600 * SECOND,
                Costs.assumed());
    }

    private static Outcome play(Conditions conditions, Failure... failures) throws Exception {
        var trace = new FailureTrace(List.of(failures), conditions.durationNanos());
        Outcome outcome = JobDriver.run(conditions, trace, at -> {});
        BigInteger sum =
                outcome.categories().values().stream().reduce(BigInteger.ZERO, BigInteger::add);
        assertThat(sum).isEqualTo(outcome.totalSlotNanos());
        assertThat(sum)
                .isEqualTo(
                        BigInteger.valueOf(conditions.durationNanos())
                                .multiply(BigInteger.valueOf(conditions.ranks())));
        assertThat(outcome.categories().get(Category.OTHER)).isEqualTo(BigInteger.ZERO);
        return outcome;
    }

    @Test
    void oneDeathCostsSecondsWithASpare() throws Exception {
        Outcome outcome =
                play(
                        conditions(64, 4, 1, 10 * HOUR),
                        new Failure(HOUR, "gpu", Scope.AGENT, 5, 24 * HOUR));
        assertThat(outcome.interruptions()).isEqualTo(1);
        assertThat(outcome.stateLosses()).isZero();
        assertThat(outcome.shortages()).isEmpty();
        assertThat(outcome.leastIdleSpares()).isEqualTo(3);
        assertThat(outcome.phases().incidents()).isEqualTo(1);
        assertThat(outcome.phases().detect()).isEqualTo(2 * SECOND);
        // At most a snapshot's interval of 6 steps and a copy of 12 s are made again.
        assertThat(outcome.stepsLost()).isBetween(1L, 9L);
        assertThat(outcome.survival().domains().get(1).fatal()).isZero();
    }

    /** Else each of ten million steps is a message to each agent. */
    @Test
    void oneGrantCoversAQuietStretch() {
        Conditions year = conditions(64, 4, 1, 365 * 24 * HOUR);
        var submission = new Submission(year);
        JobSpec spec = submission.spec(1);
        assertThat(spec.runtimeReduces()).isFalse();
        StepTimes known = StepTimes.NONE.observe(1_000, 5_000 * SECOND);
        long steps = 365 * 24 * HOUR / (5 * SECOND);
        assertThat(
                        CreditRule.through(
                                1_000,
                                1_000,
                                known,
                                submission.limits().leaseNanos(),
                                1,
                                spec.steps(),
                                spec.protectsAutomatically()))
                .isGreaterThan(Math.min(steps, CreditRule.MOST_STEPS - 1));
    }

    @Test
    void withoutASpareTheJobWaitsForTheRepair() throws Exception {
        Outcome outcome =
                play(
                        conditions(64, 0, 1, 10 * HOUR),
                        new Failure(HOUR, "gpu", Scope.AGENT, 5, 2 * HOUR));
        assertThat(outcome.shortages()).hasSize(1);
        assertThat(outcome.shortages().getFirst().missing()).isEqualTo(1);
        assertThat(outcome.share(Category.CONTROLLER_WAIT)).isBetween(0.19, 0.21);
        assertThat(outcome.leastIdleSpares()).isEqualTo(-1);
    }

    /** A wait lasts as long as any machine is missing, yet a smaller job lacks only those. */
    @Test
    void shrinkingLeavesTheMissingMachinesIdleAndNoMore() throws Exception {
        Failure[] failures = {
            new Failure(HOUR, "gpu", Scope.AGENT, 5, 2 * HOUR),
            new Failure(2 * HOUR, "gpu", Scope.AGENT, 40, 3 * HOUR)
        };
        Outcome outcome = play(conditions(64, 0, 1, 10 * HOUR), failures);
        assertThat(outcome.shortages()).hasSize(1);
        assertThat(outcome.shortages().getFirst().missing()).isEqualTo(2);
        // 2 h of one machine and 3 h of the other; the wait began with the detection.
        assertThat(outcome.shortages().getFirst().idleSeconds()).isBetween(17_990.0, 18_001.0);
        // The same where both had a shard that is lost with them.
        Outcome lost = play(conditions(64, 0, 0, 10 * HOUR), failures);
        assertThat(lost.stateLosses()).isPositive();
        assertThat(lost.shortages()).allMatch(one -> one.missing() <= 2);
        assertThat(lost.shortages().stream().mapToDouble(Outcome.Shortage::idleSeconds).sum())
                .isBetween(17_900.0, 18_001.0);
    }

    @Test
    void aRackIsSurvivedWithCopiesElsewhereAndNotWithoutAny() throws Exception {
        var rack = new Failure(5 * HOUR, "rack", Scope.RACK, 1, HOUR);
        Outcome kept = play(conditions(64, 32, 1, 10 * HOUR), rack);
        assertThat(kept.stateLosses()).isZero();
        Outcome lost = play(conditions(64, 32, 0, 10 * HOUR), rack);
        assertThat(lost.stateLosses()).isEqualTo(1);
        // The last export was 2 hours old.
        assertThat(lost.share(Category.LOST_PROGRESS)).isBetween(0.18, 0.21);
        assertThat(lost.goodput()).isLessThan(kept.goodput());
    }

    @Test
    void aWorkersCrashMovesNoMachineAndACorruptionGoesBackToTheAuditedState() throws Exception {
        Outcome crash =
                play(
                        conditions(64, 2, 1, 4 * HOUR),
                        new Failure(HOUR, "software", Scope.WORKER, 3, 0),
                        new Failure(2 * HOUR, "nccl", Scope.HANG, 9, 0));
        assertThat(crash.interruptions()).isEqualTo(2);
        assertThat(crash.leastIdleSpares()).isEqualTo(2);
        Outcome corrupt =
                play(
                        conditions(64, 2, 1, 4 * HOUR),
                        new Failure(HOUR, "sdc", Scope.CORRUPTION, 3, 24 * HOUR));
        // Audited up to 10 minutes before, found 5 minutes after: 180 steps.
        assertThat(corrupt.stepsLost()).isBetween(175L, 190L);
        assertThat(corrupt.leastIdleSpares()).isEqualTo(1);
    }

    @Test
    void aFailureDuringARecoveryIsPartOfIt() throws Exception {
        Outcome outcome =
                play(
                        conditions(64, 8, 2, 4 * HOUR),
                        new Failure(HOUR, "gpu", Scope.AGENT, 3, 24 * HOUR),
                        new Failure(HOUR + 3 * SECOND, "gpu", Scope.AGENT, 9, 24 * HOUR),
                        new Failure(HOUR + 6 * SECOND, "gpu", Scope.AGENT, 30, 24 * HOUR));
        assertThat(outcome.interruptions()).isEqualTo(1);
        assertThat(outcome.stateLosses()).isZero();
        assertThat(outcome.leastIdleSpares()).isEqualTo(5);
    }

    @Test
    void theSameSeedGivesTheSameOutcome() throws Exception {
        var conditions = conditions(128, 8, 1, 240 * HOUR);
        FailureModel model = FailureModel.llama3().scaled(60);
        FailureTrace trace = model.draw(conditions.fleet(), 240 * HOUR, 11);
        Outcome one = JobDriver.run(conditions, trace, at -> {});
        Outcome two =
                JobDriver.run(conditions, model.draw(conditions.fleet(), 240 * HOUR, 11), at -> {});
        assertThat(two).isEqualTo(one);
        assertThat(one.interruptions()).isGreaterThan(20);
    }

    @Test
    void tooLittleMemoryIsRefusedInTheCoordinatorsWords() {
        Conditions enough = conditions(32, 2, 1, HOUR);
        Conditions tooMany = enough.with(enough.fleet(), 4, 6);
        assertThatThrownBy(
                        () -> JobDriver.run(tooMany, new FailureTrace(List.of(), HOUR), at -> {}))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("copies: 4");
    }

    @Test
    void aStallLongerThanTheRunIsCountedWithoutOverflow() {
        long days = 3_650 * 24 * HOUR;
        var clock = new StepClock(1_000_000L, days, 7);
        assertThat(clock.reached(100, days)).isEqualTo(104);
        assertThat(clock.reached(100, 3 * days)).isEqualTo(104 + 2 * 7);
        assertThat(clock.nanos(0, 1_000_000_000_000L)).isPositive();
        assertThat(new StepClock(5, 3, Long.MAX_VALUE / 4).reached(0, 5_000)).isEqualTo(1_000);
    }
}
