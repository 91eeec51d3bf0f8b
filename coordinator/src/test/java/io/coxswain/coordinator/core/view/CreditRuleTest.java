package io.coxswain.coordinator.core.view;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CreditRuleTest {
    private static final long LEASE_NANOS = 10_000_000_000L;
    private static final long STEP_NANOS = 10_000_000L;

    private static StepTimes steady() {
        return StepTimes.NONE.observe(100, 100 * STEP_NANOS);
    }

    @Test
    void theCreditCoversTheLeaseAtAnyTime() {
        long completed = 0;
        long granted = 0;
        int messages = 0;
        while (completed < 20_000) {
            long through =
                    CreditRule.through(
                            completed, granted, steady(), LEASE_NANOS, 10, 1_000_000, false);
            assertThat(through).isGreaterThanOrEqualTo(granted);
            messages += through > granted ? 1 : 0;
            granted = through;
            assertThat((granted - completed) * STEP_NANOS).isGreaterThanOrEqualTo(LEASE_NANOS);
            completed += 10;
        }
        assertThat(messages).as("renewed when half is used, not at each report").isLessThan(25);
    }

    @Test
    void nothingIsGrantedBeyondTheLastStepNorTakenBack() {
        assertThat(CreditRule.through(590, 590, steady(), LEASE_NANOS, 10, 600, false))
                .isEqualTo(600);
        assertThat(CreditRule.through(590, 600, steady(), LEASE_NANOS, 10, 600, false))
                .isEqualTo(600);
        StepTimes slow = StepTimes.NONE.observe(300, 300 * 100 * LEASE_NANOS);
        assertThat(CreditRule.through(10, 500, slow, LEASE_NANOS, 1, 600, false)).isEqualTo(500);
    }

    @Test
    void theFirstCreditCoversTheLeaseHoweverShortStepsAre() {
        long through = CreditRule.through(40, 40, StepTimes.NONE, LEASE_NANOS, 10, 60_000, false);
        assertThat(through).isEqualTo(40 + 10_000 + 10);
        assertThat(CreditRule.through(40, 40, StepTimes.NONE, 1_000, 10, 60_000, false))
                .as("of a very short lease")
                .isEqualTo(40 + CreditRule.FIRST_STEPS + 10);
        assertThat(CreditRule.through(40, 40, StepTimes.NONE, Long.MAX_VALUE, 10, 60, false))
                .isEqualTo(60);
    }

    @Test
    void whatIsToChangeSoonWaitsForFewSteps() {
        assertThat(CreditRule.through(40, 40, StepTimes.NONE, LEASE_NANOS, 10, 600, true))
                .isEqualTo(40 + CreditRule.FIRST_STEPS + 10);
        StepTimes few = StepTimes.NONE.observe(4, 4 * STEP_NANOS);
        long through = CreditRule.through(48, 114, few, LEASE_NANOS, 10, 60_000, true);
        assertThat((through - 48) * STEP_NANOS).isBetween(LEASE_NANOS, 3 * LEASE_NANOS);
    }

    @Test
    void theFirstStepsOfAProgramThatWarmsUpAreNotBelieved() {
        StepTimes slow = StepTimes.NONE.observe(8, 8 * 50 * STEP_NANOS);
        long through = CreditRule.through(8, 8, slow, LEASE_NANOS, 4, 60_000, false);
        assertThat((through - 8) * STEP_NANOS).isGreaterThan(LEASE_NANOS);
        StepTimes later = StepTimes.NONE.observe(512, 512 * 50 * STEP_NANOS);
        assertThat(CreditRule.through(8, 8, later, LEASE_NANOS, 4, 60_000, false))
                .isEqualTo(8 + 2 * (LEASE_NANOS / (50 * STEP_NANOS) + 1 + 4));
    }

    @Test
    void veryShortStepsAreBounded() {
        StepTimes fast = StepTimes.NONE.observe(10, 0);
        assertThat(CreditRule.through(0, 0, fast, Long.MAX_VALUE / 2, 10, Long.MAX_VALUE, false))
                .isEqualTo(CreditRule.MOST_STEPS);
    }

    @Test
    void stepTimesFollowTheJob() {
        StepTimes times = steady();
        assertThat(times.meanNanos()).isEqualTo(STEP_NANOS);
        StepTimes afterPause = times.observe(1, 50 * STEP_NANOS);
        assertThat(afterPause.longestNanos()).isEqualTo(50 * STEP_NANOS);
        StepTimes later = afterPause;
        for (int i = 0; i < 1000; i++) {
            later = later.observe(1, STEP_NANOS);
        }
        assertThat(later.meanNanos()).isBetween(STEP_NANOS, STEP_NANOS + 10);
        assertThat(later.longestNanos()).as("an old pause is forgotten").isEqualTo(STEP_NANOS);
    }

    @Test
    void creditsThatCarryAFloorReachHalfASecondAhead() {
        StepTimes unknown = StepTimes.NONE;
        assertThat(CreditRule.throughWithFloor(0, 0, 0, unknown, 4, 1000)).isEqualTo(8);
        StepTimes fast = unknown.observe(1, 5_000_000);
        assertThat(CreditRule.throughWithFloor(0, 200, 208, fast, 20, 1000)).isEqualTo(320);
        StepTimes slow = unknown.observe(1, 3_000_000_000L);
        assertThat(CreditRule.throughWithFloor(0, 100, 100, slow, 1, 1000)).isEqualTo(103);
        assertThat(CreditRule.throughWithFloor(0, 100, 130, slow, 1, 1000)).isEqualTo(130);
        assertThat(CreditRule.throughWithFloor(0, 998, 1000, fast, 20, 1000)).isEqualTo(1000);
    }

    @Test
    void inAViewThatBeginsTheyReachAsFarAsItHasCome() {
        StepTimes fast = StepTimes.NONE.observe(1, 1_000);

        assertThat(CreditRule.throughWithFloor(100, 100, 100, fast, 4, 9000)).isEqualTo(112);
        assertThat(CreditRule.throughWithFloor(100, 130, 112, fast, 4, 9000)).isEqualTo(164);
    }
}
