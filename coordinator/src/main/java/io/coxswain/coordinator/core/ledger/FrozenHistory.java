package io.coxswain.coordinator.core.ledger;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.List;

/**
 * When the time of a ledger was spent, in a form to keep: small whatever the run's length and the
 * number of slots, and with times since the opening, so that no clock is in it. Each sum is rounded
 * down to a {@value #PARTS}th of its bucket; whoever goes on from it fills up what is missing by
 * the totals, so that nothing is lost and nothing counts twice.
 *
 * @param rings the rolling windows, shortest first, and the timeline
 */
public record FrozenHistory(List<Ring> rings) {
    /** Of a bucket. */
    static final int PARTS = 1 << 14;

    public FrozenHistory {
        rings = List.copyOf(rings);
    }

    /**
     * Buckets of one width.
     *
     * @param newest number of the newest bucket, from the opening on
     * @param cells {@code bucket} (counted back from the newest), {@code category} (its place in
     *     {@link Category}) and {@code parts}, three numbers each; cells without time are left out
     */
    @SuppressWarnings("ArrayRecordComponent") // thousands of small numbers
    public record Ring(long widthNanos, long newest, int[] cells) {
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Ring(long width, long last, int[] numbers)
                    && width == widthNanos
                    && last == newest
                    && Arrays.equals(numbers, cells);
        }

        @Override
        public int hashCode() {
            return Long.hashCode(widthNanos) + 31 * Long.hashCode(newest) + Arrays.hashCode(cells);
        }
    }
}
