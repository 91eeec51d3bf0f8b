package io.coxswain.coordinator.core.ledger;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;

/**
 * Slot time by category, in buckets of equal width from the opening on. At most {@code count}
 * buckets are kept: where time goes beyond them either the oldest is forgotten (a rolling window),
 * or neighbours are added up and the width doubles (a timeline).
 *
 * <p>A bucket's categories never sum to more than its width times the slots; what is missing was
 * not booked yet.
 */
@SuppressWarnings("EnumOrdinal") // cells are numbered by category; what is stored says by which
final class TimeBuckets {
    private static final Category[] CATEGORIES = Category.values();
    private static final int PRODUCTIVE = Category.PRODUCTIVE.ordinal();
    private static final int LOST = Category.LOST_PROGRESS.ordinal();

    private final int count;
    private final boolean folds;
    private final long originNanos;
    private long widthNanos;

    /** Sums in 127 bits, by bucket and category. */
    private final long[] low;

    private final long[] high;

    /** The newest bucket that was booked into. */
    private long newest;

    private TimeBuckets(int count, boolean folds, long originNanos, long widthNanos) {
        this.count = count;
        this.folds = folds;
        this.originNanos = originNanos;
        this.widthNanos = widthNanos;
        low = new long[count * CATEGORIES.length];
        high = new long[count * CATEGORIES.length];
    }

    /** The newest {@code count} buckets of that width. */
    static TimeBuckets rolling(long originNanos, long widthNanos, int count) {
        return new TimeBuckets(count, false, originNanos, widthNanos);
    }

    /** All time since the origin; {@code count} is even. */
    static TimeBuckets timeline(long originNanos, long widthNanos, int count) {
        return new TimeBuckets(count, true, originNanos, widthNanos);
    }

    /** {@code slots} slots were in {@code category} from one instant to the other. */
    void add(Category category, long fromNanos, long untilNanos, int slots) {
        if (untilNanos <= fromNanos) {
            return;
        }
        reach(untilNanos - 1);
        long at = Math.max(fromNanos, startOf(oldest()));
        long bucket = bucketOf(at);
        while (at < untilNanos) {
            long end = Math.min(untilNanos, startOf(bucket + 1));
            addTo(cell(bucket, category.ordinal()), end - at, slots);
            at = end;
            bucket++;
        }
    }

    /**
     * {@code nanos} of each of {@code slots} slots, productive somewhere between these instants,
     * became lost progress. They are taken evenly from the buckets of that time; what a bucket does
     * not have, for another rank's time was a little different, is taken from the nearest that has.
     * What was before the oldest bucket is passed over. The product must fit 63 bits.
     */
    void retract(long fromNanos, long untilNanos, long nanos, int slots) {
        long span = untilNanos - fromNanos;
        long last = Math.min(newest, bucketOf(Math.max(fromNanos, untilNanos - 1)));
        long oldest = oldest();
        long done = 0;
        long left = 0;
        long first = bucketOf(fromNanos);
        if (first < oldest) {
            first = oldest;
            done = share(nanos, startOf(oldest) - fromNanos, span);
        }
        for (long bucket = first; bucket <= last; bucket++) {
            long upTo =
                    bucket == last ? nanos : share(nanos, startOf(bucket + 1) - fromNanos, span);
            left = moveToLost(bucket, left + (upTo - done) * slots);
            done = upTo;
        }
        for (long bucket = last - 1; left > 0 && bucket >= oldest; bucket--) {
            left = moveToLost(bucket, left);
        }
        for (long bucket = Math.max(oldest, last + 1); left > 0 && bucket <= newest; bucket++) {
            left = moveToLost(bucket, left);
        }
    }

    // A double's rounding moves nanoseconds to a neighbour: the last bucket takes what is left.
    private static long share(long nanos, long part, long span) {
        if (part <= 0 || span <= 0) {
            return 0;
        }
        return part >= span
                ? nanos
                : Math.min(nanos, (long) ((double) nanos * ((double) part / span)));
    }

    private long moveToLost(long bucket, long nanos) {
        int from = cell(bucket, PRODUCTIVE);
        long available = high[from] > 0 || low[from] < 0 ? Long.MAX_VALUE : low[from];
        long moved = Math.min(nanos, available);
        if (Long.compareUnsigned(low[from], moved) < 0) {
            high[from]--;
        }
        low[from] -= moved;
        addTo(cell(bucket, LOST), moved, 1);
        return nanos - moved;
    }

    /** Makes room for that instant. */
    void reach(long nanos) {
        long bucket = bucketOf(nanos);
        if (bucket <= newest) {
            return;
        }
        if (folds) {
            while (bucket >= count) {
                fold();
                bucket = bucketOf(nanos);
            }
        } else if (bucket - newest >= count) {
            Arrays.fill(low, 0);
            Arrays.fill(high, 0);
        } else {
            for (long cleared = newest + 1; cleared <= bucket; cleared++) {
                int from = cell(cleared, 0);
                Arrays.fill(low, from, from + CATEGORIES.length, 0);
                Arrays.fill(high, from, from + CATEGORIES.length, 0);
            }
        }
        newest = bucket;
    }

    private void fold() {
        for (int to = 0; to < count; to++) {
            for (int category = 0; category < CATEGORIES.length; category++) {
                int cell = to * CATEGORIES.length + category;
                long foldedLow = 0;
                long foldedHigh = 0;
                for (int from = 2 * to; from <= 2 * to + 1 && from < count; from++) {
                    int part = from * CATEGORIES.length + category;
                    foldedLow += low[part];
                    boolean carry = Long.compareUnsigned(foldedLow, low[part]) < 0;
                    foldedHigh += high[part] + (carry ? 1 : 0);
                }
                low[cell] = foldedLow;
                high[cell] = foldedHigh;
            }
        }
        widthNanos *= 2;
        newest /= 2;
    }

    private void addTo(int cell, long nanos, int slots) {
        long more = nanos * slots;
        low[cell] += more;
        boolean carry = Long.compareUnsigned(low[cell], more) < 0;
        high[cell] += Math.multiplyHigh(nanos, (long) slots) + (carry ? 1 : 0);
    }

    private long bucketOf(long nanos) {
        return Math.max(0, nanos - originNanos) / widthNanos;
    }

    /** When that bucket begins. */
    long startOf(long bucket) {
        return originNanos + bucket * widthNanos;
    }

    private long oldest() {
        return folds ? 0 : Math.max(0, newest - count + 1);
    }

    private int cell(long bucket, int category) {
        return (int) (bucket % count) * CATEGORIES.length + category;
    }

    /** The first bucket that a reader at that instant sees. */
    long firstAt(long nowNanos) {
        return folds ? 0 : Math.max(0, bucketOf(nowNanos) - count + 1);
    }

    /** The bucket of that instant, or the one before where a bucket begins just then. */
    long lastAt(long nowNanos) {
        return bucketOf(Math.max(originNanos, nowNanos - 1));
    }

    /**
     * What is booked in buckets {@code first} to {@code last} by category, those without time left
     * out.
     */
    EnumMap<Category, BigInteger> sums(long first, long last) {
        var sums = new EnumMap<Category, BigInteger>(Category.class);
        long end = Math.min(last, newest);
        for (int category = 0; category < CATEGORIES.length; category++) {
            long sumLow = 0;
            long sumHigh = 0;
            for (long bucket = Math.max(first, oldest()); bucket <= end; bucket++) {
                int cell = cell(bucket, category);
                sumLow += low[cell];
                boolean carry = Long.compareUnsigned(sumLow, low[cell]) < 0;
                sumHigh += high[cell] + (carry ? 1 : 0);
            }
            if (sumLow != 0 || sumHigh != 0) {
                sums.put(CATEGORIES[category], SlotNanos.exact(sumHigh, sumLow));
            }
        }
        return sums;
    }

    /** Its buckets in a form to keep. */
    FrozenHistory.Ring freeze(int slots) {
        BigInteger unit = unit(widthNanos, slots);
        var cells = new ArrayList<Integer>();
        for (long bucket = newest; bucket >= oldest(); bucket--) {
            for (int category = 0; category < CATEGORIES.length; category++) {
                int cell = cell(bucket, category);
                int parts = parts(cell, unit);
                if (parts > 0) {
                    cells.add((int) (newest - bucket));
                    cells.add(category);
                    cells.add(parts);
                }
            }
        }
        return new FrozenHistory.Ring(
                widthNanos, newest, cells.stream().mapToInt(Integer::intValue).toArray());
    }

    private int parts(int cell, BigInteger unit) {
        if (high[cell] == 0 && low[cell] >= 0 && unit.bitLength() < Long.SIZE) {
            return (int) (low[cell] / unit.longValue());
        }
        return SlotNanos.exact(high[cell], low[cell]).divide(unit).intValue();
    }

    // A little more than a part, so that parts never are more than they came from.
    private static BigInteger unit(long widthNanos, int slots) {
        return BigInteger.valueOf(widthNanos)
                .multiply(BigInteger.valueOf(slots))
                .divide(BigInteger.valueOf(FrozenHistory.PARTS))
                .add(BigInteger.ONE);
    }

    /**
     * Takes what was kept, into buckets without any time.
     *
     * @return false: it does not fit, and nothing was taken
     */
    boolean thaw(FrozenHistory.Ring ring, int slots) {
        boolean fits =
                ring.widthNanos() > 0
                        && ring.newest() >= 0
                        && ring.cells().length % 3 == 0
                        && (folds ? ring.newest() < count : ring.widthNanos() == widthNanos);
        int[] cells = ring.cells();
        for (int i = 0; fits && i < cells.length; i += 3) {
            fits =
                    cells[i] >= 0
                            && cells[i] < count
                            && cells[i] <= ring.newest()
                            && cells[i + 1] >= 0
                            && cells[i + 1] < CATEGORIES.length
                            && cells[i + 2] > 0
                            && cells[i + 2] <= FrozenHistory.PARTS;
        }
        if (!fits) {
            return false;
        }
        widthNanos = ring.widthNanos();
        newest = ring.newest();
        BigInteger unit = unit(widthNanos, slots);
        for (int i = 0; i < cells.length; i += 3) {
            addTo(
                    cell(newest - cells[i], cells[i + 1]),
                    unit.multiply(BigInteger.valueOf(cells[i + 2])));
        }
        return true;
    }

    private void addTo(int cell, BigInteger nanos) {
        BigInteger sum = SlotNanos.exact(high[cell], low[cell]).add(nanos);
        low[cell] = sum.longValue();
        high[cell] = sum.shiftRight(Long.SIZE).longValueExact();
    }

    /**
     * So much that was productive before an instant became lost, the newest first, as far as it is
     * kept here.
     */
    void loseNewest(long untilNanos, BigInteger nanos) {
        BigInteger left = nanos;
        long last = untilNanos > originNanos ? Math.min(newest, bucketOf(untilNanos - 1)) : -1;
        for (long bucket = last; left.signum() > 0 && bucket >= oldest(); bucket--) {
            int from = cell(bucket, PRODUCTIVE);
            BigInteger moved = left.min(SlotNanos.exact(high[from], low[from]));
            addTo(from, moved.negate());
            addTo(cell(bucket, LOST), moved);
            left = left.subtract(moved);
        }
    }

    /**
     * Fills what is free up to an instant with a mixture: buckets that are full take nothing, the
     * others each the same shares, and what there is of the mixture is used up where all of the
     * free time is here.
     */
    void fill(Map<Category, BigInteger> mixture, long untilNanos, int slots) {
        reach(untilNanos - 1);
        var left = new EnumMap<Category, BigInteger>(Category.class);
        mixture.forEach((category, nanos) -> {
            if (nanos.signum() > 0) {
                left.put(category, nanos);
            }
        });
        BigInteger all = left.values().stream().reduce(BigInteger.ZERO, BigInteger::add);
        BigInteger free = BigInteger.ZERO;
        for (long bucket = oldest(); bucket <= newest; bucket++) {
            free = free.add(free(bucket, untilNanos, slots));
        }
        // Where more is to be filled than there is, as it may be by rounding, nothing is made up.
        BigInteger whole = all.max(free);
        for (long bucket = oldest(); bucket <= newest && whole.signum() > 0; bucket++) {
            BigInteger room = free(bucket, untilNanos, slots);
            fill(bucket, room, left, whole);
            whole = whole.subtract(room);
        }
    }

    private BigInteger free(long bucket, long untilNanos, int slots) {
        long nanos = Math.min(untilNanos, startOf(bucket + 1)) - startOf(bucket);
        BigInteger room =
                BigInteger.valueOf(Math.max(0, nanos)).multiply(BigInteger.valueOf(slots));
        for (int category = 0; category < CATEGORIES.length; category++) {
            int cell = cell(bucket, category);
            room = room.subtract(SlotNanos.exact(high[cell], low[cell]));
        }
        return room.max(BigInteger.ZERO);
    }

    private void fill(
            long bucket, BigInteger room, EnumMap<Category, BigInteger> left, BigInteger whole) {
        BigInteger open = room;
        for (Map.Entry<Category, BigInteger> some : left.entrySet()) {
            BigInteger share = some.getValue().multiply(room).divide(whole).min(open);
            addTo(cell(bucket, some.getKey().ordinal()), share);
            some.setValue(some.getValue().subtract(share));
            open = open.subtract(share);
        }
        // What rounding left, a nanosecond of each category at most.
        for (Map.Entry<Category, BigInteger> some : left.entrySet()) {
            BigInteger rest = some.getValue().min(open).min(BigInteger.ONE);
            addTo(cell(bucket, some.getKey().ordinal()), rest);
            some.setValue(some.getValue().subtract(rest));
            open = open.subtract(rest);
        }
    }
}
