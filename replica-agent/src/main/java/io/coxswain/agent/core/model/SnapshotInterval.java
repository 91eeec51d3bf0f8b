package io.coxswain.agent.core.model;

/**
 * Steps above {@code after} are snapshotted at multiples of {@code every}, whatever the view's plan
 * says. It comes with the grant of the first such steps.
 */
public record SnapshotInterval(long after, int every) {
    /** Nothing has changed in this view: its plan holds. */
    public static final SnapshotInterval PLANNED = new SnapshotInterval(0, 0);

    /** True if it says something else than the plan. */
    public boolean isChange() {
        return every > 0;
    }
}
