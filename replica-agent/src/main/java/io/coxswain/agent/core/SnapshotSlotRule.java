package io.coxswain.agent.core;

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
}
