package io.coxswain.agent.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.agent.core.model.SnapshotInterval;

import org.junit.jupiter.api.Test;

class SnapshotIntervalsTest {
    private final SnapshotIntervals intervals = new SnapshotIntervals();

    @Test
    void thePlanHoldsUpToAChange() {
        intervals.begin(4);
        intervals.take(SnapshotInterval.PLANNED);
        assertThat(intervals.at(100)).isEqualTo(4);
        intervals.take(new SnapshotInterval(64, 10));
        assertThat(intervals.at(64)).isEqualTo(4);
        assertThat(intervals.at(65)).isEqualTo(10);
    }

    @Test
    void theNextChangeLeavesTheStepsBeforeItAsTheyWere() {
        intervals.begin(1);
        intervals.take(new SnapshotInterval(64, 10));
        intervals.take(new SnapshotInterval(200, 3));
        assertThat(intervals.at(200)).isEqualTo(10);
        assertThat(intervals.at(201)).isEqualTo(3);
        assertThat(intervals.newest()).isEqualTo(new SnapshotInterval(200, 3));
    }

    @Test
    void whatIsSaidAgainOrLateChangesNothing() {
        intervals.begin(1);
        intervals.take(new SnapshotInterval(200, 3));
        intervals.take(new SnapshotInterval(200, 3));
        intervals.take(new SnapshotInterval(64, 10));
        intervals.take(SnapshotInterval.PLANNED);
        assertThat(intervals.at(200)).isEqualTo(1);
        assertThat(intervals.at(201)).isEqualTo(3);
    }

    @Test
    void aNewViewForgets() {
        intervals.begin(1);
        intervals.take(new SnapshotInterval(200, 3));
        intervals.begin(7);
        assertThat(intervals.at(1_000)).isEqualTo(7);
    }

    @Test
    void aPlanWithoutSnapshotsStaysWithout() {
        intervals.begin(0);
        intervals.take(new SnapshotInterval(64, 10));
        assertThat(intervals.at(100)).isZero();
    }
}
