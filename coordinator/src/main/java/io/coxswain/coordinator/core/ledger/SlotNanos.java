package io.coxswain.coordinator.core.ledger;

import java.math.BigInteger;

/**
 * A sum of slot-nanoseconds in 127 bits: 16,384 slots fill 63 bits in 6.5 days. Never negative, and
 * mutable, since a report of every slot is added to it.
 */
final class SlotNanos {
    private long high;
    private long low;

    /** {@code nanos} must not be negative. */
    void add(long nanos) {
        addUnsigned(0, nanos);
    }

    /** {@code nanos} of each of so many slots; neither may be negative. */
    void add(long nanos, int slots) {
        addUnsigned(Math.multiplyHigh(nanos, (long) slots), nanos * slots);
    }

    /** Not negative, and of 127 bits at most. */
    void add(BigInteger nanos) {
        addUnsigned(nanos.shiftRight(Long.SIZE).longValueExact(), nanos.longValue());
    }

    void add(SlotNanos other) {
        addUnsigned(other.high, other.low);
    }

    private void addUnsigned(long otherHigh, long otherLow) {
        low += otherLow;
        boolean carry = Long.compareUnsigned(low, otherLow) < 0;
        high = Math.addExact(high, otherHigh + (carry ? 1 : 0));
    }

    BigInteger exact() {
        return exact(high, low);
    }

    /** The number of these two halves. */
    static BigInteger exact(long high, long low) {
        BigInteger upper = BigInteger.valueOf(high).shiftLeft(Long.SIZE);
        // The lower half has no sign.
        return upper.add(BigInteger.valueOf(low >>> 1).shiftLeft(1))
                .add(BigInteger.valueOf(low & 1));
    }

    double approximate() {
        return high == 0 && low >= 0 ? low : exact().doubleValue();
    }
}
