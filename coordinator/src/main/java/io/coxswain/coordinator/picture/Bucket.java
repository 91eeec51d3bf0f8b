package io.coxswain.coordinator.picture;

import io.coxswain.coordinator.core.ledger.Category;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * A stretch of the timeline.
 *
 * @param fromMillis wall time
 * @param slotSeconds the categories that have any
 */
public record Bucket(long fromMillis, long untilMillis, Map<Category, Double> slotSeconds) {
    public Bucket {
        var copy = new EnumMap<Category, Double>(Category.class);
        copy.putAll(slotSeconds);
        slotSeconds = Collections.unmodifiableMap(copy);
    }
}
