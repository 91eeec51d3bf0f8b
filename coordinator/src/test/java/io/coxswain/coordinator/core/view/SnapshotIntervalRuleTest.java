package io.coxswain.coordinator.core.view;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.coxswain.coordinator.core.view.SnapshotIntervalRule.Choice;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SnapshotIntervalRuleTest {
    private static final long MILLI = 1_000_000L;
    private static final long SECOND = 1_000 * MILLI;
    private static final long HOUR = 3_600 * SECOND;

    private static Choice choose(
            long stepNanos, long stallNanos, long copyNanos, long failureNanos) {
        return SnapshotIntervalRule.choose(
                new IntervalFigures(stepNanos, stallNanos, copyNanos, true, 3, failureNanos));
    }

    @Test
    void theLeastLossFollowsFromStallAndFailures() {
        // √(2 · 1 s · 100 s) and a little.
        Choice choice = choose(SECOND, SECOND, 0, 100 * SECOND);
        assertThat(choice.every()).isEqualTo(15);
        assertThat(choice.reason()).isInstanceOf(IntervalReason.FailureRate.class);
        assertThat(choice.reason().text()).contains("100.0 s").contains("stall 1.0 s");
    }

    @Test
    void whatCostsNextToNothingIsDoneMoreOften() {
        // By the failure rate 2,683 s; at a thousandth of the time 1,000 s.
        Choice choice = choose(SECOND, SECOND, 0, 1_000 * HOUR);
        assertThat(choice.every()).isEqualTo(1_000);
        assertThat(choice.reason()).isInstanceOf(IntervalReason.NextToNothing.class);
    }

    @Test
    void neverShorterThanACopyTakes() {
        Choice choice = choose(100 * MILLI, MILLI, 20 * SECOND + 1, 100 * SECOND);
        assertThat(choice.every()).isEqualTo(201);
        assertThat(choice.reason()).isInstanceOf(IntervalReason.CopyTime.class);
        assertThat(choose(100 * MILLI, MILLI, 90 * MILLI, 100 * SECOND).every()).isLessThan(10);
    }

    @Test
    void withoutAStallEachStep() {
        Choice choice = choose(10 * MILLI, 0, 5 * MILLI, HOUR);
        assertThat(choice.every()).isEqualTo(1);
        assertThat(choice.reason()).isInstanceOf(IntervalReason.EachStep.class);
    }

    @Test
    void failuresFasterThanSnapshots() {
        assertThat(choose(SECOND, 60 * SECOND, 0, 10 * SECOND).every()).isEqualTo(10);
    }

    @Test
    void extremesStayInBounds() {
        assertThat(choose(1, Long.MAX_VALUE, Long.MAX_VALUE, Long.MAX_VALUE).every())
                .isEqualTo(SnapshotIntervalRule.MOST_STEPS);
        assertThat(choose(Long.MAX_VALUE, 1, 1, 1).every()).isEqualTo(1);
    }

    @Test
    void moreFailuresNeverMakeItLonger() {
        int before = Integer.MAX_VALUE;
        for (long failures = 0; failures < 200; failures++) {
            int every =
                    choose(
                                    10 * MILLI,
                                    200 * MILLI,
                                    0,
                                    SnapshotIntervalRule.failureNanos(failures, HOUR, 8))
                            .every();
            assertThat(every).isLessThanOrEqualTo(before);
            before = every;
        }
        assertThat(before).isLessThan(500);
    }

    @Test
    void whatWasSeenSoonOutweighsWhatWasBelieved() {
        // Nothing seen: eight hosts that fail each 5,000 h.
        assertThat((double) SnapshotIntervalRule.failureNanos(0, 0, 8))
                .isCloseTo(5_000.0 / 8 * HOUR, within(1.0 * HOUR));
        // Two failures in an hour of eight ranks.
        assertThat((double) SnapshotIntervalRule.failureNanos(2, HOUR, 8))
                .isCloseTo(0.56 * HOUR, within(0.01 * HOUR));
        // None in a thousand hours: rarer than believed.
        assertThat(SnapshotIntervalRule.failureNanos(0, 1_000 * HOUR, 8))
                .isGreaterThan(1_000 * HOUR);
    }

    @ParameterizedTest
    @CsvSource({"1,1,false", "1,2,true", "100,120,false", "100,125,true", "125,100,true"})
    void smallDifferencesAreNotWorthAChange(int now, int then, boolean worth) {
        assertThat(SnapshotIntervalRule.isWorthIt(now, then)).isEqualTo(worth);
    }
}
