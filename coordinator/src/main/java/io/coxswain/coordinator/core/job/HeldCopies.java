package io.coxswain.coordinator.core.job;

import java.util.AbstractSet;
import java.util.Arrays;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Set;

/** The newest verified copy of each shard that one agent holds: few, so two small arrays. */
final class HeldCopies {
    private static final int[] NO_SHARDS = {};
    private static final long[] NO_STEPS = {};

    /** Ascending. */
    private int[] shards = NO_SHARDS;

    private long[] steps = NO_STEPS;
    private int size;

    boolean isEmpty() {
        return size == 0;
    }

    void clear() {
        size = 0;
    }

    /** A copy of that step; an older one changes nothing. */
    void note(int shard, long step) {
        int at = Arrays.binarySearch(shards, 0, size, shard);
        if (at >= 0) {
            steps[at] = Math.max(steps[at], step);
            return;
        }
        at = -1 - at;
        if (size == shards.length) {
            shards = Arrays.copyOf(shards, Math.max(2, 2 * size));
            steps = Arrays.copyOf(steps, shards.length);
        }
        System.arraycopy(shards, at, shards, at + 1, size - at);
        System.arraycopy(steps, at, steps, at + 1, size - at);
        shards[at] = shard;
        steps[at] = step;
        size++;
    }

    /** Ascending; changes with what is held. */
    Set<Integer> shards() {
        return new Shards();
    }

    private final class Shards extends AbstractSet<Integer> {
        @Override
        public int size() {
            return size;
        }

        @Override
        public boolean contains(Object shard) {
            return shard instanceof Integer number
                    && Arrays.binarySearch(shards, 0, size, number) >= 0;
        }

        @Override
        public Iterator<Integer> iterator() {
            return new Iterator<>() {
                private int next;

                @Override
                public boolean hasNext() {
                    return next < size;
                }

                @Override
                public Integer next() {
                    if (next >= size) {
                        throw new NoSuchElementException();
                    }
                    return shards[next++];
                }
            };
        }
    }
}
