package io.coxswain.coordinator.core.model;

/**
 * Steps above {@code after} are snapshotted at multiples of {@code every}, whatever the view's plan
 * says. It comes with the grant of the first such steps, which no rank could make before, so that
 * all ranks change at the same step however late a grant reaches them.
 */
public record SnapshotInterval(long after, int every) {
    /** Nothing has changed in this view: its plan holds. */
    public static final SnapshotInterval PLANNED = new SnapshotInterval(0, 0);

    public SnapshotInterval {
        if (after < 0 || every < 0) {
            throw new IllegalArgumentException(
                    "a snapshot interval cannot be negative, got every "
                            + every
                            + " steps after step "
                            + after);
        }
    }

    /** True if it says something else than the plan. */
    public boolean isChange() {
        return every > 0;
    }
}
