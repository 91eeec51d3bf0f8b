package io.coxswain.coordinator.core.recovery;

import io.coxswain.coordinator.core.model.RestoreSource;
import io.coxswain.coordinator.core.model.View;

import java.util.List;

/** What to do next, and why. */
public sealed interface RecoveryDecision {
    RecoveryReason reason();

    /**
     * Install this view.
     *
     * @param view its base step is the target; how far that is below the completed step is for the
     *     caller to see and to book
     * @param sources by rank
     * @param expectedNanos estimate of the restore alone, by the cost model of {@link
     *     RecoveryPlanner}
     */
    record Recover(
            View view, List<RestoreSource> sources, long expectedNanos, RecoveryReason reason)
            implements RecoveryDecision {
        public Recover {
            sources = List.copyOf(sources);
        }
    }

    /** The state exists but {@code missing} ranks have no ready agent. */
    record NeedCapacity(int missing, RecoveryReason reason) implements RecoveryDecision {}

    /**
     * No step exists of which every shard has an intact, trusted instance. {@code shards}: those
     * that lack one, ascending.
     */
    record ShardLost(List<Integer> shards, RecoveryReason reason) implements RecoveryDecision {
        public ShardLost {
            shards = List.copyOf(shards);
        }
    }
}
