package io.coxswain.coordinator.core.ledger;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * The account of slot-nanoseconds (design §8): a fold over {@link LedgerEntry}s. Each slot has a
 * cursor; an entry books the time from the cursor to its end in one go, so that time is neither
 * counted twice nor left out, and the categories always sum to {@link #totalSlotNanos()}.
 *
 * <p>O(1) per entry of one slot; entries of all slots cost O(slots), by a few loads each. Memory is
 * bounded: the runs of steps that may still be rolled back are kept, at most {@value
 * StepRuns#MOST}; beyond that the two oldest are merged, which makes a rollback into them less
 * exact in its split but never in its sum.
 *
 * <p>Slots' times are {@code long}s, up to 292 years; sums over slots are exact whatever their
 * size.
 *
 * <p>Not thread-safe: the decision loop owns it.
 */
public final class GoodputLedger {
    private static final double SECOND = 1e9;
    private static final long[] NONE = {};

    private final EnumMap<Category, SlotNanos> booked = new EnumMap<>(Category.class);
    private final SlotNanos retracted = new SlotNanos();
    private final SlotNanos total = new SlotNanos();

    /** By slot. */
    private long[] cursors = NONE;

    private StepRuns runs = new StepRuns(0);
    private long openedAtNanos;
    private long newestCursorNanos;

    /**
     * The account at one instant: {@code categories} sum exactly to {@code totalSlotNanos}, which
     * is {@code elapsedNanos · slots}.
     */
    public record Totals(
            int slots,
            long elapsedNanos,
            BigInteger totalSlotNanos,
            Map<Category, BigInteger> categories,
            BigInteger productiveBookedNanos,
            BigInteger retractedNanos) {
        public Totals {
            categories = Collections.unmodifiableMap(new EnumMap<>(categories));
        }

        /** Productive over total; 0 for an account without time. */
        public double ratio() {
            return ratioOf(
                    categories.getOrDefault(Category.PRODUCTIVE, BigInteger.ZERO).doubleValue(),
                    totalSlotNanos.doubleValue());
        }
    }

    /**
     * Books one entry.
     *
     * @throws IllegalStateException if nothing is open yet, or is opened twice
     * @throws IllegalArgumentException for a slot that does not exist or a negative part
     */
    public void apply(LedgerEntry entry) {
        switch (entry) {
            case LedgerEntry.Opened opened -> open(opened);
            case LedgerEntry.Stretch stretch ->
                    book(slot(stretch.slot()), stretch.category(), stretch.untilNanos());
            case LedgerEntry.StretchOfAll stretch -> {
                checkOpen();
                all(stretch.category(), stretch.untilNanos());
            }
            case LedgerEntry.Steps steps -> steps(steps);
            case LedgerEntry.StepsOfAll steps -> steps(steps);
            case LedgerEntry.RolledBack back -> rollBack(back.toStep());
            case LedgerEntry.Settled settled -> runs.settle(settled.step());
        }
    }

    /** Number of slots; 0 before {@link LedgerEntry.Opened}. */
    public int slots() {
        return cursors.length;
    }

    /** Nanos from the opening to the newest cursor. */
    public long elapsedNanos() {
        return newestCursorNanos - openedAtNanos;
    }

    /**
     * Slot-nanos booked so far, always the sum of {@link #totals()}; {@code elapsed · slots} once
     * all slots are closed to one instant.
     */
    public BigInteger totalSlotNanos() {
        return total.exact();
    }

    /** Every category with what is booked in it, net of retractions. Unmodifiable copy. */
    public Map<Category, BigInteger> totals() {
        return Collections.unmodifiableMap(net());
    }

    /** Productive over total, of what is booked; 0 for an account without time. */
    public double ratio() {
        return ratioOf(productiveSlotSeconds(), slotSeconds());
    }

    /** What is booked, roughly, for a plot or a page. */
    public double slotSeconds() {
        return total.approximate() / SECOND;
    }

    /** What is productive by now, roughly. */
    public double productiveSlotSeconds() {
        return (booked(Category.PRODUCTIVE).approximate() - retracted.approximate()) / SECOND;
    }

    /**
     * Productive nanos ever booked; only grows. Productive time is this less {@link
     * #retractedNanos()}.
     */
    public BigInteger productiveBookedNanos() {
        return booked(Category.PRODUCTIVE).exact();
    }

    /** Nanos that were productive and became lost progress; only grows. */
    public BigInteger retractedNanos() {
        return retracted.exact();
    }

    /** Up to where {@code slot} is booked. */
    public long cursorNanos(int slot) {
        return cursors[slot(slot)];
    }

    /**
     * Books what is open in every slot to {@code category}, up to {@code nowNanos} or the newest
     * cursor, whichever is later, and returns that instant: then all cursors are equal.
     */
    public long closeAt(long nowNanos, Category category) {
        long instant = Math.max(nowNanos, newestCursorNanos);
        all(category, instant);
        return instant;
    }

    /** What {@link #totals()} would be after {@link #closeAt}, without booking anything. */
    public Totals openTotals(long nowNanos, Category category) {
        long instant = Math.max(nowNanos, newestCursorNanos);
        long elapsed = cursors.length == 0 ? 0 : instant - openedAtNanos;
        BigInteger all = BigInteger.valueOf(elapsed).multiply(BigInteger.valueOf(cursors.length));
        BigInteger open = all.subtract(total.exact());
        EnumMap<Category, BigInteger> categories = net();
        categories.merge(category, open, BigInteger::add);
        BigInteger productive = productiveBookedNanos();
        return new Totals(
                cursors.length,
                elapsed,
                all,
                categories,
                category == Category.PRODUCTIVE ? productive.add(open) : productive,
                retracted.exact());
    }

    /** Runs that are kept because they may be rolled back. */
    int runsKept() {
        return runs.kept();
    }

    private void open(LedgerEntry.Opened opened) {
        if (cursors.length > 0) {
            throw new IllegalStateException(
                    "the ledger is open already, with " + cursors.length + " slots");
        }
        if (opened.slots() < 1) {
            throw new IllegalArgumentException(
                    "a ledger needs at least one slot, got " + opened.slots());
        }
        cursors = new long[opened.slots()];
        Arrays.fill(cursors, opened.atNanos());
        runs = new StepRuns(opened.slots());
        openedAtNanos = opened.atNanos();
        newestCursorNanos = opened.atNanos();
    }

    private void checkOpen() {
        if (cursors.length == 0) {
            throw new IllegalStateException("nothing can be booked before the ledger is opened");
        }
    }

    private int slot(int index) {
        checkOpen();
        if (index < 0 || index >= cursors.length) {
            throw new IllegalArgumentException(
                    "slot " + index + " is not in 0.." + (cursors.length - 1));
        }
        return index;
    }

    private void all(Category category, long untilNanos) {
        SlotNanos sum = booked(category);
        for (int slot = 0; slot < cursors.length; slot++) {
            long nanos = advance(slot, untilNanos);
            sum.add(nanos);
        }
    }

    private void book(int slot, Category category, long untilNanos) {
        booked(category).add(advance(slot, untilNanos));
    }

    /** Moves the cursor, never back; the nanos it moved over are the caller's to book. */
    private long advance(int slot, long untilNanos) {
        long nanos = Math.max(0, untilNanos - cursors[slot]);
        cursors[slot] += nanos;
        newestCursorNanos = Math.max(newestCursorNanos, cursors[slot]);
        total.add(nanos);
        return nanos;
    }

    private void steps(LedgerEntry.Steps steps) {
        new Booking(
                        steps.firstStep(),
                        steps.lastStep(),
                        steps.untilNanos(),
                        steps.dataWaitNanos(),
                        steps.snapshotStallNanos(),
                        steps.stragglerWaitNanos())
                .book(slot(steps.slot()));
    }

    private void steps(LedgerEntry.StepsOfAll steps) {
        checkOpen();
        var booking =
                new Booking(
                        steps.firstStep(),
                        steps.lastStep(),
                        steps.untilNanos(),
                        steps.dataWaitNanos(),
                        steps.snapshotStallNanos(),
                        steps.stragglerWaitNanos());
        for (int slot = 0; slot < cursors.length; slot++) {
            booking.book(slot);
        }
    }

    /** Steps of one slot after the other, with what they took. */
    private final class Booking {
        private final long first;
        private final long last;
        private final long untilNanos;
        private final long dataWaitNanos;
        private final long stallNanos;
        private final long stragglerNanos;
        private final SlotNanos dataWait = booked(Category.DATA_WAIT);
        private final SlotNanos stall = booked(Category.SNAPSHOT_STALL);
        private final SlotNanos straggler = booked(Category.STRAGGLER_WAIT);
        private final SlotNanos productive = booked(Category.PRODUCTIVE);

        Booking(
                long first,
                long last,
                long untilNanos,
                long dataWaitNanos,
                long stallNanos,
                long stragglerNanos) {
            if (dataWaitNanos < 0 || stallNanos < 0 || stragglerNanos < 0) {
                throw new IllegalArgumentException(
                        "a part of a stretch cannot be negative: data "
                                + dataWaitNanos
                                + ", stall "
                                + stallNanos
                                + ", straggler "
                                + stragglerNanos);
            }
            if (first < 1 || last < first) {
                throw new IllegalArgumentException(
                        "steps need 1 <= first <= last: " + first + ".." + last);
            }
            this.first = first;
            this.last = last;
            this.untilNanos = untilNanos;
            this.dataWaitNanos = dataWaitNanos;
            this.stallNanos = stallNanos;
            this.stragglerNanos = stragglerNanos;
        }

        void book(int slot) {
            long rest = advance(slot, untilNanos);
            rest = take(dataWait, dataWaitNanos, rest);
            rest = take(stall, stallNanos, rest);
            rest = take(straggler, stragglerNanos, rest);
            productive.add(rest);
            if (rest > 0) {
                runs.remember(slot, first, last, rest);
            }
        }

        private static long take(SlotNanos category, long nanos, long rest) {
            long taken = Math.min(nanos, rest);
            category.add(taken);
            return rest - taken;
        }
    }

    private void rollBack(long toStep) {
        var lost = new SlotNanos();
        runs.rollBack(toStep, lost);
        retracted.add(lost);
        booked(Category.LOST_PROGRESS).add(lost);
    }

    private SlotNanos booked(Category category) {
        return booked.computeIfAbsent(category, _ -> new SlotNanos());
    }

    private EnumMap<Category, BigInteger> net() {
        var net = new EnumMap<Category, BigInteger>(Category.class);
        for (Category category : Category.values()) {
            net.put(category, booked(category).exact());
        }
        net.merge(Category.PRODUCTIVE, retracted.exact(), BigInteger::subtract);
        return net;
    }

    private static double ratioOf(double productive, double total) {
        return total == 0 ? 0 : productive / total;
    }
}
