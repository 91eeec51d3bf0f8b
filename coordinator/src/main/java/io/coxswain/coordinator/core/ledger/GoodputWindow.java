package io.coxswain.coordinator.core.ledger;

import java.math.BigInteger;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * The account of one stretch of job time: {@code categories} sum exactly to {@code slotNanos},
 * which is the stretch's length times the slots.
 *
 * @param categories those without time may be left out
 */
public record GoodputWindow(
        long fromNanos,
        long untilNanos,
        BigInteger slotNanos,
        Map<Category, BigInteger> categories) {
    public GoodputWindow {
        categories = Collections.unmodifiableMap(new EnumMap<>(categories));
    }

    public long nanos() {
        return untilNanos - fromNanos;
    }

    /** Productive over total; 0 for a stretch without time. */
    public double ratio() {
        return slotNanos.signum() == 0
                ? 0
                : of(Category.PRODUCTIVE).doubleValue() / slotNanos.doubleValue();
    }

    public BigInteger of(Category category) {
        return categories.getOrDefault(category, BigInteger.ZERO);
    }
}
