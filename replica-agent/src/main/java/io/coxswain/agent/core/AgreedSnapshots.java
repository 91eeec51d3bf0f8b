package io.coxswain.agent.core;

import java.util.ArrayDeque;
import java.util.List;

/**
 * Which snapshots of one view are taken. Whatever goes in is agreed by all ranks: the view's base,
 * the floor, the interval that plan and grants name, and where the runtime reduces the floors that
 * came with grants.
 */
final class AgreedSnapshots {
    private final ArrayDeque<Long> newerThanFloor = new ArrayDeque<>();

    /** Where the runtime reduces: by which floors the steps of this view are decided. */
    final GrantedFloors floors = new GrantedFloors();

    /** At which steps snapshots are due. */
    final SnapshotIntervals intervals = new SnapshotIntervals();

    private long floor;
    private long baseStep;

    /** A view begins; its base is snapshotted. {@code planned} 0: its plan has no snapshots. */
    void begin(long base, int planned) {
        floor = 0;
        baseStep = base;
        newerThanFloor.clear();
        newerThanFloor.add(base);
        floors.clear();
        intervals.begin(planned);
    }

    void raiseFloor(long to) {
        floor = Math.max(floor, to);
        while (!newerThanFloor.isEmpty() && newerThanFloor.getFirst() <= floor) {
            newerThanFloor.removeFirst();
        }
    }

    long floor() {
        return floor;
    }

    /** Whether {@code step} is taken, if a snapshot is due then. */
    boolean takes(long step, boolean whole) {
        return SnapshotSlotRule.takes(
                        step, intervals.at(step), baseStep, floor, newerThanFloor.size())
                && (!whole
                        || SnapshotSlotRule.isApart(
                                step,
                                newerThanFloor.isEmpty() ? -1 : newerThanFloor.getLast(),
                                floors.at(step)));
    }

    /** The steps that all ranks took and that are above the floor, oldest first. */
    List<Long> aboveFloor() {
        return List.copyOf(newerThanFloor);
    }

    /** All ranks take it. */
    void taken(long step) {
        newerThanFloor.addLast(step);
    }
}
