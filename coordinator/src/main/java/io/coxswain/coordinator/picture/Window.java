package io.coxswain.coordinator.picture;

import io.coxswain.coordinator.core.ledger.Category;

import java.math.BigInteger;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * The account of the newest stretch of a run. The categories add up to {@code slotNanos} exactly,
 * which is {@code nanos} times the slots.
 *
 * @param name {@code 5m}, {@code 1h}, {@code 24h} or {@code run}
 * @param nanos job time covered: less than the name says while the run is younger
 * @param ratio productive ÷ total, 0 where nothing ran
 * @param slotNanosByCategory all categories, those without time too. Time that was productive and
 *     was rolled back is in {@link Category#LOST_PROGRESS}, in the window in which it was spent
 */
public record Window(
        String name,
        long nanos,
        BigInteger slotNanos,
        double ratio,
        Map<Category, BigInteger> slotNanosByCategory) {
    public Window {
        var copy = new EnumMap<Category, BigInteger>(Category.class);
        copy.putAll(slotNanosByCategory);
        slotNanosByCategory = Collections.unmodifiableMap(copy);
    }
}
