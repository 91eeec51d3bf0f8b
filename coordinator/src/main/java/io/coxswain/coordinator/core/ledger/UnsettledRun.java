package io.coxswain.coordinator.core.ledger;

/** Productive time of steps that may yet be rolled back, in all slots together. */
public record UnsettledRun(long first, long last, long slotNanos) {
    public UnsettledRun {
        if (first < 1 || last < first || slotNanos < 0) {
            throw new IllegalArgumentException(
                    "an unsettled run needs 1 <= first <= last and no negative time, got "
                            + first
                            + ".."
                            + last
                            + " of "
                            + slotNanos);
        }
    }
}
