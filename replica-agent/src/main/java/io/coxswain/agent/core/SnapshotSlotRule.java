package io.coxswain.agent.core;

import io.coxswain.agent.core.model.GrantedFloor;

/**
 * Decides whether a step is snapshotted. All ranks of a view decide alike, because only agreed
 * quantities go in: the step, the plan, the view's base, the floor after the step's reduction and
 * the steps that this same rule let be taken before.
 *
 * <p>Three slots are enough for it: one for the floor, two for what is newer. In a view's beginning
 * the slots may still hold what the members could go back to before, so nothing is taken until the
 * view's base itself is protected, that is, until the floor has reached it.
 */
public final class SnapshotSlotRule {
    /** Snapshots newer than the floor that may exist at a time. */
    public static final int NEWER_THAN_FLOOR = 2;

    private SnapshotSlotRule() {}

    /**
     * Whether {@code step} is snapshotted.
     *
     * @param every snapshot at multiples of this, at least 1
     * @param floor the agreed floor after the step's reduction
     * @param newerThanFloor agreed snapshots of this view, its base included, whose step is above
     *     the floor
     */
    public static boolean takes(
            long step, int every, long baseStep, long floor, int newerThanFloor) {
        return step % Math.max(1, every) == 0
                && floor >= baseStep
                && newerThanFloor < NEWER_THAN_FLOOR;
    }

    /**
     * Whether {@code step} is far enough from the newest snapshot, where floors come with grants. A
     * floor is known so many steps later that both snapshots above it would lie side by side, and
     * then none for long: half of that delay apart, they lie evenly.
     *
     * @param newest the newest agreed snapshot above the floor; negative if there is none
     * @param granted the floor's entry: by it this step is decided
     */
    public static boolean isApart(long step, long newest, GrantedFloor granted) {
        return newest < 0 || step - newest >= (granted.through() - granted.floor()) / 2;
    }
}
