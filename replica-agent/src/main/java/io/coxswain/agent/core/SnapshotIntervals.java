package io.coxswain.agent.core;

import io.coxswain.agent.core.model.SnapshotInterval;

/**
 * At which steps of one view snapshots are due: at multiples of the plan's interval, until a grant
 * changes it for steps that nobody could make before. The leader makes the next change only when
 * all ranks have made steps of the one before, so the newest is enough.
 */
final class SnapshotIntervals {
    private int before;
    private SnapshotInterval change = SnapshotInterval.PLANNED;

    /** A view begins. {@code planned} 0: no snapshots at all. */
    void begin(int planned) {
        before = planned;
        change = SnapshotInterval.PLANNED;
    }

    /** What came with a grant; said again, it changes nothing. */
    void take(SnapshotInterval interval) {
        if (!interval.isChange() || before == 0) {
            return;
        }
        if (!change.isChange() || interval.after() > change.after()) {
            before = change.isChange() ? change.every() : before;
            change = interval;
        }
    }

    /** The interval that holds at {@code step}; 0: no snapshots at all. */
    int at(long step) {
        return change.isChange() && step > change.after() ? change.every() : before;
    }

    /** The interval up to the newest change; 0: no snapshots at all. */
    int before() {
        return before;
    }

    /** The newest change of this view. */
    SnapshotInterval newest() {
        return change;
    }
}
