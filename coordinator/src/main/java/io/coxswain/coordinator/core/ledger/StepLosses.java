package io.coxswain.coordinator.core.ledger;

/**
 * What of a stretch in which steps were made was no work, in slot-nanos. Parts that exceed the
 * stretch are cut, in the order of the fields.
 *
 * @param creditWaitNanos before the steps: they were not granted yet
 */
public record StepLosses(
        long creditWaitNanos,
        long dataWaitNanos,
        long snapshotStallNanos,
        long stragglerWaitNanos) {
    public static final StepLosses NONE = new StepLosses(0, 0, 0, 0);

    /**
     * @throws IllegalArgumentException for a negative part
     */
    public StepLosses {
        if (creditWaitNanos < 0
                || dataWaitNanos < 0
                || snapshotStallNanos < 0
                || stragglerWaitNanos < 0) {
            throw new IllegalArgumentException(
                    "a part of a stretch cannot be negative: credits "
                            + creditWaitNanos
                            + ", data "
                            + dataWaitNanos
                            + ", stall "
                            + snapshotStallNanos
                            + ", straggler "
                            + stragglerWaitNanos);
        }
    }
}
