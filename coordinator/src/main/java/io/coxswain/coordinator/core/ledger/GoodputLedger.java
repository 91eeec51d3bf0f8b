package io.coxswain.coordinator.core.ledger;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * The account of slot-nanoseconds (design §8): a fold over {@link LedgerEntry}s. Each slot has a
 * cursor; an entry books the time from the cursor to its end in one go, so that time is neither
 * counted twice nor left out, and the categories always sum to {@link #totalSlotNanos()}.
 *
 * <p>O(1) per entry, amortized. Memory is bounded: a slot keeps the runs of steps that may still be
 * rolled back, at most {@value #MOST_RUNS}; beyond that the two oldest are merged, which makes a
 * rollback into them less exact in its split but never in its sum.
 *
 * <p>Not thread-safe: the decision loop owns it.
 */
public final class GoodputLedger {
    /** Runs that a slot keeps apart. */
    static final int MOST_RUNS = 256;

    private final List<Slot> slots = new ArrayList<>();
    private final EnumMap<Category, Long> booked = new EnumMap<>(Category.class);
    private long openedAtNanos;
    private long newestCursorNanos;
    private long totalNanos;
    private long retractedNanos;

    /** One slot's account. */
    private static final class Slot {
        private long cursorNanos;
        private final ArrayDeque<Run> runs = new ArrayDeque<>();

        Slot(long cursorNanos) {
            this.cursorNanos = cursorNanos;
        }
    }

    /** Steps {@code first..last} with the productive time booked for them. */
    private record Run(long first, long last, long productiveNanos) {
        /**
         * Nanos of the part up to {@code step}, pro rata, rounded down; the rest belongs to the
         * part beyond, so that both always sum to the whole.
         */
        long nanosThrough(long step) {
            long all = last - first + 1;
            long part = step - first + 1;
            // floor(nanos · part / all) without the product, which may exceed 63 bits
            return productiveNanos / all * part + productiveNanos % all * part / all;
        }
    }

    /**
     * The account at one instant: {@code categories} sum exactly to {@code totalSlotNanos}, which
     * is {@code elapsedNanos · slots}.
     */
    public record Totals(
            int slots,
            long elapsedNanos,
            long totalSlotNanos,
            Map<Category, Long> categories,
            long productiveBookedNanos,
            long retractedNanos) {
        public Totals {
            categories = Collections.unmodifiableMap(new EnumMap<>(categories));
        }

        /** Productive over total; 0 for an account without time. */
        public double ratio() {
            return ratioOf(categories.getOrDefault(Category.PRODUCTIVE, 0L), totalSlotNanos);
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
            case LedgerEntry.Steps steps -> steps(steps);
            case LedgerEntry.RolledBack back -> rollBack(back.toStep());
            case LedgerEntry.Settled settled -> settle(settled.step());
        }
    }

    /** Number of slots; 0 before {@link LedgerEntry.Opened}. */
    public int slots() {
        return slots.size();
    }

    /** Nanos from the opening to the newest cursor. */
    public long elapsedNanos() {
        return newestCursorNanos - openedAtNanos;
    }

    /**
     * Slot-nanos booked so far, always the sum of {@link #totals()}; {@code elapsed · slots} once
     * all slots are closed to one instant.
     */
    public long totalSlotNanos() {
        return totalNanos;
    }

    /** Every category with what is booked in it, net of retractions. Unmodifiable copy. */
    public Map<Category, Long> totals() {
        return Collections.unmodifiableMap(net());
    }

    /** Productive over total, of what is booked; 0 for an account without time. */
    public double ratio() {
        return ratioOf(booked(Category.PRODUCTIVE) - retractedNanos, totalNanos);
    }

    /**
     * Productive nanos ever booked; only grows. Productive time is this less {@link
     * #retractedNanos()}.
     */
    public long productiveBookedNanos() {
        return booked(Category.PRODUCTIVE);
    }

    /** Nanos that were productive and became lost progress; only grows. */
    public long retractedNanos() {
        return retractedNanos;
    }

    /** Up to where {@code slot} is booked. */
    public long cursorNanos(int slot) {
        return slot(slot).cursorNanos;
    }

    /**
     * Books what is open in every slot to {@code category}, up to {@code nowNanos} or the newest
     * cursor, whichever is later, and returns that instant: then all cursors are equal.
     */
    public long closeAt(long nowNanos, Category category) {
        long instant = Math.max(nowNanos, newestCursorNanos);
        for (Slot slot : slots) {
            book(slot, category, instant);
        }
        return instant;
    }

    /** What {@link #totals()} would be after {@link #closeAt}, without booking anything. */
    public Totals openTotals(long nowNanos, Category category) {
        long instant = Math.max(nowNanos, newestCursorNanos);
        long elapsed = slots.isEmpty() ? 0 : instant - openedAtNanos;
        long all = Math.multiplyExact(elapsed, (long) slots.size());
        EnumMap<Category, Long> categories = net();
        categories.merge(category, all - totalNanos, Long::sum);
        long productive =
                productiveBookedNanos() + (category == Category.PRODUCTIVE ? all - totalNanos : 0);
        return new Totals(slots.size(), elapsed, all, categories, productive, retractedNanos);
    }

    /** Runs that are kept because they may be rolled back, over all slots. */
    int runsKept() {
        return slots.stream().mapToInt(slot -> slot.runs.size()).sum();
    }

    private void open(LedgerEntry.Opened opened) {
        if (!slots.isEmpty()) {
            throw new IllegalStateException(
                    "the ledger is open already, with " + slots.size() + " slots");
        }
        if (opened.slots() < 1) {
            throw new IllegalArgumentException(
                    "a ledger needs at least one slot, got " + opened.slots());
        }
        for (int i = 0; i < opened.slots(); i++) {
            slots.add(new Slot(opened.atNanos()));
        }
        openedAtNanos = opened.atNanos();
        newestCursorNanos = opened.atNanos();
    }

    private Slot slot(int index) {
        if (slots.isEmpty()) {
            throw new IllegalStateException("nothing can be booked before the ledger is opened");
        }
        if (index < 0 || index >= slots.size()) {
            throw new IllegalArgumentException(
                    "slot " + index + " is not in 0.." + (slots.size() - 1));
        }
        return slots.get(index);
    }

    private void book(Slot slot, Category category, long untilNanos) {
        long nanos = advance(slot, untilNanos);
        add(category, nanos);
    }

    /** Moves the cursor, never back; the nanos it moved over are the caller's to book. */
    private long advance(Slot slot, long untilNanos) {
        long nanos = Math.max(0, untilNanos - slot.cursorNanos);
        slot.cursorNanos += nanos;
        newestCursorNanos = Math.max(newestCursorNanos, slot.cursorNanos);
        totalNanos += nanos;
        return nanos;
    }

    private void steps(LedgerEntry.Steps steps) {
        if (steps.dataWaitNanos() < 0
                || steps.snapshotStallNanos() < 0
                || steps.stragglerWaitNanos() < 0) {
            throw new IllegalArgumentException("a part of a stretch cannot be negative: " + steps);
        }
        if (steps.firstStep() < 1 || steps.lastStep() < steps.firstStep()) {
            throw new IllegalArgumentException("steps need 1 <= first <= last: " + steps);
        }
        Slot slot = slot(steps.slot());
        long rest = advance(slot, steps.untilNanos());
        rest = take(Category.DATA_WAIT, steps.dataWaitNanos(), rest);
        rest = take(Category.SNAPSHOT_STALL, steps.snapshotStallNanos(), rest);
        rest = take(Category.STRAGGLER_WAIT, steps.stragglerWaitNanos(), rest);
        add(Category.PRODUCTIVE, rest);
        if (rest > 0) {
            remember(slot, new Run(steps.firstStep(), steps.lastStep(), rest));
        }
    }

    private long take(Category category, long nanos, long rest) {
        long taken = Math.min(nanos, rest);
        add(category, taken);
        return rest - taken;
    }

    private static void remember(Slot slot, Run run) {
        if (slot.runs.size() == MOST_RUNS) {
            Run oldest = slot.runs.removeFirst();
            Run next = slot.runs.removeFirst();
            slot.runs.addFirst(
                    new Run(
                            Math.min(oldest.first(), next.first()),
                            Math.max(oldest.last(), next.last()),
                            oldest.productiveNanos() + next.productiveNanos()));
        }
        slot.runs.addLast(run);
    }

    private void rollBack(long toStep) {
        for (Slot slot : slots) {
            long lost = 0;
            // Runs come in order of steps, but an out-of-order one must not hide what is behind it:
            // look at each.
            for (int left = slot.runs.size(); left > 0; left--) {
                Run run = slot.runs.removeFirst();
                if (run.last() <= toStep) {
                    slot.runs.addLast(run);
                } else if (run.first() > toStep) {
                    lost += run.productiveNanos();
                } else {
                    long kept = run.nanosThrough(toStep);
                    lost += run.productiveNanos() - kept;
                    slot.runs.addLast(new Run(run.first(), toStep, kept));
                }
            }
            retractedNanos += lost;
            add(Category.LOST_PROGRESS, lost);
        }
    }

    private void settle(long step) {
        for (Slot slot : slots) {
            while (!slot.runs.isEmpty() && slot.runs.getFirst().first() <= step) {
                Run run = slot.runs.removeFirst();
                if (run.last() > step) {
                    slot.runs.addFirst(
                            new Run(
                                    step + 1,
                                    run.last(),
                                    run.productiveNanos() - run.nanosThrough(step)));
                }
            }
        }
    }

    private void add(Category category, long nanos) {
        booked.merge(category, nanos, Long::sum);
    }

    private long booked(Category category) {
        return booked.getOrDefault(category, 0L);
    }

    private EnumMap<Category, Long> net() {
        var net = new EnumMap<Category, Long>(Category.class);
        for (Category category : Category.values()) {
            net.put(category, booked(category));
        }
        net.merge(Category.PRODUCTIVE, -retractedNanos, Long::sum);
        return net;
    }

    private static double ratioOf(long productive, long total) {
        return total == 0 ? 0 : (double) productive / total;
    }
}
