package io.coxswain.chaos.checker;

import java.util.Comparator;

/** Names the state of a shard after a step. Ordered by step, then by shard. */
public record StateKey(int shard, long step) implements Comparable<StateKey> {
    private static final Comparator<StateKey> ORDER =
            Comparator.comparingLong(StateKey::step).thenComparingInt(StateKey::shard);

    @Override
    public int compareTo(StateKey other) {
        return ORDER.compare(this, other);
    }
}
