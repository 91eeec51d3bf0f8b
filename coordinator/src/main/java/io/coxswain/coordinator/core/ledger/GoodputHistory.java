package io.coxswain.coordinator.core.ledger;

import org.jspecify.annotations.Nullable;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * When the ledger's time was spent: rolling windows and a timeline of the whole run. Memory is
 * bounded, about 310 kB, however long the run and however many the slots. A booking costs O(1) per
 * window: a report covers a bucket or two.
 *
 * <p>Where a report of steps names parts, they are laid out in its time one after the other: data
 * wait, productive, straggler wait, snapshot stall. Time that is rolled back becomes lost progress
 * in the buckets in which it was spent.
 */
final class GoodputHistory {
    private static final long SECOND = 1_000_000_000L;

    /** Buckets of a rolling window: it is exact to a 300th of its length. */
    private static final int ROLLING = 300;

    /** Buckets of the timeline, at most. */
    static final int TIMELINE = 240;

    private final int slots;
    private final TimeBuckets fiveMinutes;
    private final TimeBuckets hour;
    private final TimeBuckets day;
    private final TimeBuckets timeline;
    private final TimeBuckets[] all;

    /** What was spent before that was booked by another leader; the opening: nothing. */
    private long inheritedUntilNanos;

    GoodputHistory(int slots, long openedAtNanos) {
        this.slots = slots;
        fiveMinutes = TimeBuckets.rolling(openedAtNanos, SECOND, ROLLING);
        hour = TimeBuckets.rolling(openedAtNanos, 12 * SECOND, ROLLING);
        day = TimeBuckets.rolling(openedAtNanos, 288 * SECOND, ROLLING);
        timeline = TimeBuckets.timeline(openedAtNanos, SECOND / 4, TIMELINE);
        inheritedUntilNanos = openedAtNanos;
        all = new TimeBuckets[] {fiveMinutes, hour, day, timeline};
    }

    void add(Category category, long fromNanos, long untilNanos, int ofSlots) {
        for (TimeBuckets buckets : all) {
            buckets.add(category, fromNanos, untilNanos, ofSlots);
        }
    }

    /** {@code nanos} of each of so many slots, productive between these instants, are lost. */
    void retract(long fromNanos, long untilNanos, long nanos, int ofSlots) {
        // One by one where their product is too large: years of time that was never settled.
        boolean fits = Math.multiplyHigh(nanos, (long) ofSlots) == 0 && nanos * ofSlots >= 0;
        for (int i = 0; i < (fits ? 1 : ofSlots); i++) {
            for (TimeBuckets buckets : all) {
                buckets.retract(fromNanos, untilNanos, nanos, fits ? ofSlots : 1);
            }
        }
    }

    /** The newest 5 minutes, hour and day, as far as the run is that old. */
    Map<Span, GoodputWindow> windows(long nowNanos, Category running) {
        var windows = new EnumMap<Span, GoodputWindow>(Span.class);
        windows.put(Span.FIVE_MINUTES, window(fiveMinutes, nowNanos, running));
        windows.put(Span.HOUR, window(hour, nowNanos, running));
        windows.put(Span.DAY, window(day, nowNanos, running));
        return windows;
    }

    private GoodputWindow window(TimeBuckets buckets, long nowNanos, Category running) {
        return stretch(
                buckets, buckets.firstAt(nowNanos), buckets.lastAt(nowNanos), nowNanos, running);
    }

    /** The whole run, oldest first. */
    List<GoodputWindow> timeline(long nowNanos, Category running) {
        timeline.reach(nowNanos - 1);
        var list = new ArrayList<GoodputWindow>();
        for (long bucket = 0; bucket <= timeline.lastAt(nowNanos); bucket++) {
            list.add(stretch(timeline, bucket, bucket, nowNanos, running));
        }
        return list;
    }

    // What is not booked of a stretch is what the slots are said to do now.
    private GoodputWindow stretch(
            TimeBuckets buckets, long first, long last, long nowNanos, Category running) {
        long from = Math.min(nowNanos, buckets.startOf(first));
        long until = Math.min(nowNanos, buckets.startOf(last + 1));
        BigInteger whole = BigInteger.valueOf(until - from).multiply(BigInteger.valueOf(slots));
        EnumMap<Category, BigInteger> sums = buckets.sums(first, last);
        BigInteger open = whole;
        for (BigInteger sum : sums.values()) {
            open = open.subtract(sum);
        }
        sums.merge(running, open, BigInteger::add);
        return new GoodputWindow(from, until, whole, sums);
    }

    /** In a form to keep. */
    FrozenHistory freeze() {
        var rings = new ArrayList<FrozenHistory.Ring>();
        for (TimeBuckets buckets : all) {
            rings.add(buckets.freeze(slots));
        }
        return new FrozenHistory(rings);
    }

    /**
     * What was kept, filled up: totals are newer and exact. What they have more is spread over the
     * time that has nothing yet, which is the time since; what became lost since is taken from the
     * newest that is productive.
     *
     * @param totals of all slots up to {@code untilNanos}, in sum all of their time
     * @return null where what was kept does not fit
     */
    static @Nullable GoodputHistory thaw(
            FrozenHistory frozen,
            int slots,
            long openedAtNanos,
            long untilNanos,
            Map<Category, BigInteger> totals) {
        var history = new GoodputHistory(slots, openedAtNanos);
        if (frozen.rings().size() != history.all.length) {
            return null;
        }
        for (int i = 0; i < history.all.length; i++) {
            if (!history.all[i].thaw(frozen.rings().get(i), slots)) {
                return null;
            }
        }
        history.fillUp(untilNanos, totals);
        history.inheritedUntilNanos = untilNanos;
        return history;
    }

    /** So much of what another leader booked is lost, of all slots together. */
    void loseInherited(long nanos) {
        for (TimeBuckets buckets : all) {
            buckets.loseNewest(inheritedUntilNanos, BigInteger.valueOf(nanos));
        }
    }

    private void fillUp(long untilNanos, Map<Category, BigInteger> totals) {
        var missing = new EnumMap<Category, BigInteger>(Category.class);
        missing.putAll(totals);
        timeline.sums(0, Long.MAX_VALUE)
                .forEach((category, nanos) ->
                        missing.merge(category, nanos.negate(), BigInteger::add));
        BigInteger less = missing.getOrDefault(Category.PRODUCTIVE, BigInteger.ZERO).negate();
        if (less.signum() > 0) {
            for (TimeBuckets buckets : all) {
                buckets.loseNewest(untilNanos, less);
            }
            missing.put(Category.PRODUCTIVE, BigInteger.ZERO);
            missing.merge(Category.LOST_PROGRESS, less.negate(), BigInteger::add);
        }
        for (TimeBuckets buckets : all) {
            buckets.fill(missing, untilNanos, slots);
        }
    }
}
