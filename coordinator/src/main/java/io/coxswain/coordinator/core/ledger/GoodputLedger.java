package io.coxswain.coordinator.core.ledger;

import org.jspecify.annotations.Nullable;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
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

    private final boolean withHistory;
    private @Nullable GoodputHistory history;

    /** By slot. */
    private long[] cursors = NONE;

    private StepRuns runs = new StepRuns(0);
    private long openedAtNanos;
    private long newestCursorNanos;

    private GoodputLedger(boolean withHistory) {
        this.withHistory = withHistory;
    }

    /** An account without {@link #windows} and {@link #timeline}, which cost time and memory. */
    public GoodputLedger() {
        this(false);
    }

    /** An account that knows when its time was spent. */
    public static GoodputLedger withHistory() {
        return new GoodputLedger(true);
    }

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
            case LedgerEntry.Opened opened -> {
                open(opened.slots(), opened.atNanos(), opened.atNanos());
                begin(opened.atNanos());
            }
            case LedgerEntry.Resumed resumed -> resume(resumed);
            case LedgerEntry.Stretch stretch -> {
                int slot = slot(stretch.slot());
                book(slot, slot + 1, stretch.category(), stretch.untilNanos());
            }
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

    /** Up to where the slot is booked that is booked furthest. */
    public long newestNanos() {
        return newestCursorNanos;
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

    /** All losses so far, progress that was taken back included. */
    public BigInteger lossNanos() {
        return total.exact().subtract(productiveBookedNanos()).add(retracted.exact());
    }

    /**
     * The account of the newest stretches up to {@code nowNanos}, or the newest cursor; time that
     * is open counts as {@code running}. Of {@link Span#RUN} alone where no history is kept; empty
     * before the ledger is opened.
     */
    public Map<Span, GoodputWindow> windows(long nowNanos, Category running) {
        if (cursors.length == 0) {
            return Map.of();
        }
        long instant = Math.max(nowNanos, newestCursorNanos);
        var windows = new EnumMap<Span, GoodputWindow>(Span.class);
        if (history != null) {
            windows.putAll(history.windows(instant, running));
        }
        Totals totals = openTotals(instant, running);
        windows.put(
                Span.RUN,
                new GoodputWindow(
                        openedAtNanos, instant, totals.totalSlotNanos(), totals.categories()));
        return windows;
    }

    /**
     * The run in equal stretches, oldest first: at most {@value GoodputHistory#TIMELINE}, of which
     * the newest may be shorter. Empty where no history is kept.
     */
    public List<GoodputWindow> timeline(long nowNanos, Category running) {
        return history == null
                ? List.of()
                : history.timeline(Math.max(nowNanos, newestCursorNanos), running);
    }

    /** Runs that are kept because they may be rolled back. */
    int runsKept() {
        return runs.kept();
    }

    private void open(int slots, long openedNanos, long cursorNanos) {
        if (cursors.length > 0) {
            throw new IllegalStateException(
                    "the ledger is open already, with " + cursors.length + " slots");
        }
        if (slots < 1) {
            throw new IllegalArgumentException("a ledger needs at least one slot, got " + slots);
        }
        cursors = new long[slots];
        Arrays.fill(cursors, cursorNanos);
        runs = new StepRuns(slots);
        openedAtNanos = openedNanos;
        newestCursorNanos = cursorNanos;
    }

    private void begin(long fromNanos) {
        history = withHistory ? new GoodputHistory(cursors.length, fromNanos) : null;
    }

    // What another leader booked: its sum is what all slots have up to the cursor, to the
    // nanosecond.
    private void resume(LedgerEntry.Resumed resumed) {
        BigInteger sum = BigInteger.ZERO;
        for (BigInteger nanos : resumed.categories().values()) {
            if (nanos.signum() < 0) {
                throw new IllegalArgumentException("a category cannot be negative: " + resumed);
            }
            sum = sum.add(nanos);
        }
        BigInteger elapsed =
                BigInteger.valueOf(
                        Math.subtractExact(resumed.cursorNanos(), resumed.openedNanos()));
        if (!sum.equals(elapsed.multiply(BigInteger.valueOf(resumed.slots())))) {
            throw new IllegalArgumentException(
                    "an account of "
                            + sum
                            + " slot-nanoseconds cannot go on as that of "
                            + resumed.slots()
                            + " slots for "
                            + elapsed
                            + " ns");
        }
        open(resumed.slots(), resumed.openedNanos(), resumed.cursorNanos());
        resumed.categories().forEach((category, nanos) -> booked(category).add(nanos));
        total.add(sum);
        resumed.unsettled().forEach(runs::inherit);
        FrozenHistory frozen = resumed.history();
        if (withHistory && frozen != null) {
            history =
                    GoodputHistory.thaw(
                            frozen,
                            resumed.slots(),
                            resumed.openedNanos(),
                            resumed.cursorNanos(),
                            resumed.categories());
        }
        if (history == null) {
            begin(resumed.cursorNanos());
        }
    }

    /** When the time was spent, in a form to keep; null where no history is kept. */
    public @Nullable FrozenHistory frozenHistory() {
        return history == null ? null : history.freeze();
    }

    /** Productive time that may yet be rolled back, oldest first, in so many runs at most. */
    public List<UnsettledRun> unsettled(int most) {
        return runs.unsettled(most);
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
        for (int slot = 0; slot < cursors.length; ) {
            int end = together(slot);
            book(slot, end, category, untilNanos);
            slot = end;
        }
    }

    // Slots that are booked up to the same instant are booked as one: nearly always all of them.
    private int together(int slot) {
        long cursor = cursors[slot];
        int end = slot + 1;
        while (end < cursors.length && cursors[end] == cursor) {
            end++;
        }
        return end;
    }

    /** Slots {@code first..end - 1}, whose cursors are equal. */
    private void book(int first, int end, Category category, long untilNanos) {
        long from = cursors[first];
        if (untilNanos > from) {
            advance(first, end, untilNanos);
            charge(category, from, untilNanos, end - first);
        }
    }

    /** Moves cursors that are equal; what they moved over is the caller's to charge. */
    private void advance(int first, int end, long untilNanos) {
        total.add(untilNanos - cursors[first], end - first);
        Arrays.fill(cursors, first, end, untilNanos);
        newestCursorNanos = Math.max(newestCursorNanos, untilNanos);
    }

    private void charge(Category category, long fromNanos, long untilNanos, int slots) {
        if (untilNanos > fromNanos) {
            booked(category).add(untilNanos - fromNanos, slots);
            if (history != null) {
                history.add(category, fromNanos, untilNanos, slots);
            }
        }
    }

    private void steps(LedgerEntry.Steps steps) {
        int slot = slot(steps.slot());
        check(steps.firstStep(), steps.lastStep());
        bookSteps(
                slot,
                slot + 1,
                steps.firstStep(),
                steps.lastStep(),
                steps.untilNanos(),
                steps.losses());
    }

    private void steps(LedgerEntry.StepsOfAll steps) {
        checkOpen();
        check(steps.firstStep(), steps.lastStep());
        for (int slot = 0; slot < cursors.length; ) {
            int end = together(slot);
            bookSteps(
                    slot,
                    end,
                    steps.firstStep(),
                    steps.lastStep(),
                    steps.untilNanos(),
                    steps.losses());
            slot = end;
        }
    }

    private static void check(long first, long last) {
        if (first < 1 || last < first) {
            throw new IllegalArgumentException(
                    "steps need 1 <= first <= last: " + first + ".." + last);
        }
    }

    /** Steps of slots whose cursors are equal. */
    private void bookSteps(
            int firstSlot,
            int endSlot,
            long firstStep,
            long lastStep,
            long untilNanos,
            StepLosses losses) {
        long from = cursors[firstSlot];
        if (untilNanos <= from) {
            return;
        }
        long rest = untilNanos - from;
        long creditWait = Math.min(losses.creditWaitNanos(), rest);
        rest -= creditWait;
        long dataWait = Math.min(losses.dataWaitNanos(), rest);
        rest -= dataWait;
        long stall = Math.min(losses.snapshotStallNanos(), rest);
        rest -= stall;
        long straggler = Math.min(losses.stragglerWaitNanos(), rest);
        long productive = rest - straggler;

        int slots = endSlot - firstSlot;
        advance(firstSlot, endSlot, untilNanos);
        long dataFrom = from + creditWait;
        long productiveFrom = dataFrom + dataWait;
        long stragglerFrom = productiveFrom + productive;
        long stallFrom = stragglerFrom + straggler;
        charge(Category.CONTROLLER_WAIT, from, dataFrom, slots);
        charge(Category.DATA_WAIT, dataFrom, productiveFrom, slots);
        charge(Category.PRODUCTIVE, productiveFrom, stragglerFrom, slots);
        charge(Category.STRAGGLER_WAIT, stragglerFrom, stallFrom, slots);
        charge(Category.SNAPSHOT_STALL, stallFrom, untilNanos, slots);
        for (int slot = firstSlot; productive > 0 && slot < endSlot; slot++) {
            runs.remember(slot, firstStep, lastStep, productive, productiveFrom);
        }
    }

    private void rollBack(long toStep) {
        var lost = new SlotNanos();
        runs.rollBack(toStep, lost, history);
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
