package io.coxswain.chaos.planning.engine;

/**
 * Step times of a view as arithmetic, so that a quiet stretch costs the same whatever its length.
 * After each step whose number is a multiple of {@code every} there is a snapshot's stall.
 *
 * @param every steps between snapshots
 */
public record StepClock(long stepNanos, long stallNanos, long every) {
    private static final long NEVER = Long.MAX_VALUE / 4;

    /** From the begin after {@code base} to the end of step {@code n}, its stall included. */
    public long nanos(long base, long n) {
        long snapshots = snapshots(base, n);
        long stalls = snapshots * stallNanos;
        boolean countable = Math.multiplyHigh(snapshots, stallNanos) == 0 && stalls < NEVER;
        return (n - base) * stepNanos + (countable ? stalls : NEVER);
    }

    /** The newest step that ends within {@code elapsed} of the begin after {@code base}. */
    public long reached(long base, long elapsed) {
        long low = base + elapsed / (stepNanos + stallNanos);
        long high = base + elapsed / stepNanos;
        if (stallNanos > 0 && elapsed / stallNanos < (high - base) / every) {
            // No more stalls than fit: what they take is countable however long one is.
            high = Math.min(high, (base / every + elapsed / stallNanos + 1) * every);
        }
        while (low < high) {
            long middle = low + (high - low + 1) / 2;
            if (nanos(base, middle) <= elapsed) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    /** Snapshots taken by steps {@code base + 1 .. n}. */
    public long snapshots(long base, long n) {
        return n / every - base / every;
    }

    /**
     * The newest step whose snapshot was {@code copyNanos} old at {@code elapsed}; {@code base}
     * when none after it was.
     */
    public long copied(long base, long elapsed, long copyNanos) {
        if (elapsed < copyNanos) {
            return base;
        }
        long newest = reached(base, elapsed - copyNanos);
        return Math.max(base, newest / every * every);
    }
}
