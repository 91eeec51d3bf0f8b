package io.coxswain.coordinator.core.ledger;

/**
 * A booking that a transition asks for. The ledger applies entries in order; time before a slot's
 * cursor is never booked again.
 */
public sealed interface LedgerEntry {
    /** The slots exist from now on; their cursors start here. */
    record Opened(int slots, long atNanos) implements LedgerEntry {}

    /** Slot {@code slot} was in {@code category} from its cursor until {@code untilNanos}. */
    record Stretch(int slot, Category category, long untilNanos) implements LedgerEntry {}

    /** Every slot was in {@code category} from its cursor until {@code untilNanos}. */
    record StretchOfAll(Category category, long untilNanos) implements LedgerEntry {}

    /**
     * Slot {@code slot} made steps {@code firstStep..lastStep} from its cursor until {@code
     * untilNanos}; of that, the named parts were losses and the rest was productive. Parts that
     * exceed the stretch are cut, in the order of the fields.
     */
    record Steps(
            int slot,
            long firstStep,
            long lastStep,
            long untilNanos,
            long dataWaitNanos,
            long snapshotStallNanos,
            long stragglerWaitNanos)
            implements LedgerEntry {}

    /** {@link Steps} of every slot, each from its cursor. */
    record StepsOfAll(
            long firstStep,
            long lastStep,
            long untilNanos,
            long dataWaitNanos,
            long snapshotStallNanos,
            long stragglerWaitNanos)
            implements LedgerEntry {}

    /**
     * The job went back to {@code toStep}: what was productive beyond it, in every slot, becomes
     * lost progress.
     */
    record RolledBack(long toStep) implements LedgerEntry {}

    /** Steps up to {@code step} can no longer be rolled back: their detail may be folded. */
    record Settled(long step) implements LedgerEntry {}
}
