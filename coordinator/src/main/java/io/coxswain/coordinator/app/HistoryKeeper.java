package io.coxswain.coordinator.app;

import io.coxswain.coordinator.core.ledger.FrozenHistory;
import io.coxswain.coordinator.core.ledger.GoodputLedger;

import org.jspecify.annotations.Nullable;

/**
 * When a job's time was spent, for its account records. It takes a millisecond to make, so that
 * records which follow each other closely carry the same one: the totals beside it say what is
 * missing. Owned by the decision loop.
 */
final class HistoryKeeper {
    private static final long LEAST_NANOS = 10_000_000_000L;

    private @Nullable FrozenHistory kept;
    private long keptNanos;

    /** The newest, or one that is some seconds old; null where the ledger keeps none. */
    @Nullable FrozenHistory kept(GoodputLedger ledger, long nowNanos) {
        if (kept == null || nowNanos - keptNanos >= LEAST_NANOS) {
            kept = ledger.frozenHistory();
            keptNanos = nowNanos;
        }
        return kept;
    }
}
