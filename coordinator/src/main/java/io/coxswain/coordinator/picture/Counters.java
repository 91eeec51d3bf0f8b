package io.coxswain.coordinator.picture;

import io.coxswain.coordinator.core.ledger.Category;

import java.math.BigInteger;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * What only goes up while a job runs.
 *
 * @param productiveSlotNanos productive when it was booked; {@code retractedSlotNanos} of it were
 *     rolled back later
 * @param lossSlotNanos every category but {@link Category#PRODUCTIVE}. Together with productive
 *     less retracted they are what is booked: time that no report covers yet is in none of them
 * @param stepsCompleted each time a step was completed, also again after a rollback
 * @param recoveries views installed after the first
 * @param copyBytes of copies that holders verified
 * @param corruptions states that were offered and did not match
 * @param fencedMessages reports of older epochs, dropped
 * @param skippedSnapshots snapshots that all ranks left out for want of a free slot
 * @param views installed
 */
public record Counters(
        BigInteger productiveSlotNanos,
        BigInteger retractedSlotNanos,
        Map<Category, BigInteger> lossSlotNanos,
        long stepsCompleted,
        long stepsRolledBack,
        long incidents,
        long recoveries,
        long copyBytes,
        long copiesVerified,
        long corruptions,
        long fencedMessages,
        long skippedSnapshots,
        long views) {
    public Counters {
        var copy = new EnumMap<Category, BigInteger>(Category.class);
        copy.putAll(lossSlotNanos);
        lossSlotNanos = Collections.unmodifiableMap(copy);
    }
}
