package io.coxswain.coordinator.core.ledger;

import org.jspecify.annotations.Nullable;

import java.math.BigInteger;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * A booking that a transition asks for. The ledger applies entries in order; time before a slot's
 * cursor is never booked again.
 */
public sealed interface LedgerEntry {
    /** The slots exist from now on; their cursors start here. */
    record Opened(int slots, long atNanos) implements LedgerEntry {}

    /**
     * The account of a leader before goes on: it was booked up to {@code cursorNanos}, where all
     * cursors start.
     *
     * @param openedNanos when it was opened, which may be before this clock began
     * @param categories what is booked, net of what was rolled back
     * @param unsettled what of the productive time may yet be rolled back, oldest first
     * @param history when it was spent, as it was kept last; null: that is not known
     */
    record Resumed(
            int slots,
            long openedNanos,
            long cursorNanos,
            Map<Category, BigInteger> categories,
            List<UnsettledRun> unsettled,
            @Nullable FrozenHistory history)
            implements LedgerEntry {
        /** When the time was spent is not known. */
        public Resumed(
                int slots,
                long openedNanos,
                long cursorNanos,
                Map<Category, BigInteger> categories,
                List<UnsettledRun> unsettled) {
            this(slots, openedNanos, cursorNanos, categories, unsettled, null);
        }

        public Resumed {
            categories = Collections.unmodifiableMap(new EnumMap<>(categories));
            unsettled = List.copyOf(unsettled);
        }
    }

    /** Slot {@code slot} was in {@code category} from its cursor until {@code untilNanos}. */
    record Stretch(int slot, Category category, long untilNanos) implements LedgerEntry {}

    /** Every slot was in {@code category} from its cursor until {@code untilNanos}. */
    record StretchOfAll(Category category, long untilNanos) implements LedgerEntry {}

    /**
     * Slot {@code slot} made steps {@code firstStep..lastStep} from its cursor until {@code
     * untilNanos}; of that, {@code losses} were losses and the rest was productive.
     */
    record Steps(int slot, long firstStep, long lastStep, long untilNanos, StepLosses losses)
            implements LedgerEntry {}

    /** {@link Steps} of every slot, each from its cursor. */
    record StepsOfAll(long firstStep, long lastStep, long untilNanos, StepLosses losses)
            implements LedgerEntry {}

    /**
     * The job went back to {@code toStep}: what was productive beyond it, in every slot, becomes
     * lost progress.
     */
    record RolledBack(long toStep) implements LedgerEntry {}

    /**
     * Steps up to {@code step} are rolled back only when more is lost than was provided for: their
     * detail may be folded, so that a rollback into them takes the mean of their steps.
     */
    record Settled(long step) implements LedgerEntry {}
}
