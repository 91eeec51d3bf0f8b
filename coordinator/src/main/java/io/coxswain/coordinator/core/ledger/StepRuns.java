package io.coxswain.coordinator.core.ledger;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Productive time that may yet be rolled back: for each run of steps what it took in each slot.
 * Reports of all slots are cut at the same steps (design §5), so they share runs; and where
 * neighbours took equally long, one number stands for all of them.
 */
final class StepRuns {
    /**
     * Runs that are kept apart; beyond, the two oldest are merged, which makes a rollback into them
     * less exact in its split but never in its sum.
     */
    static final int MOST = 512;

    /** A slot's report belongs to one of the newest runs. */
    private static final int LOOK_BACK = 16;

    private final int slots;
    private final List<Run> runs = new ArrayList<>();

    StepRuns(int slots) {
        this.slots = slots;
    }

    /** Slot {@code slot} made steps {@code first..last} in {@code nanos}, at least 1. */
    void remember(int slot, long first, long last, long nanos) {
        int oldest = Math.max(0, runs.size() - LOOK_BACK);
        for (int i = runs.size() - 1; i >= oldest; i--) {
            Run run = runs.get(i);
            if (run.first == first && run.last == last && !run.has(slot)) {
                run.put(slot, nanos, slots);
                return;
            }
        }
        if (runs.size() == MOST) {
            runs.set(1, runs.get(0).merged(runs.get(1), slots));
            runs.removeFirst();
        }
        var run = new Run(first, last);
        run.put(slot, nanos, slots);
        runs.add(run);
    }

    /** Forgets what is beyond {@code toStep}; its time is added to {@code lost}. */
    void rollBack(long toStep, SlotNanos lost) {
        runs.removeIf(run -> {
            if (run.first > toStep) {
                run.addTo(lost);
                return true;
            }
            return false;
        });
        for (Run run : runs) {
            if (run.last > toStep) {
                run.cutAfter(toStep, lost);
            }
        }
    }

    /** Forgets what is up to {@code step}: it stays what it is. */
    void settle(long step) {
        runs.removeIf(run -> run.last <= step);
        for (Run run : runs) {
            if (run.first <= step) {
                run.cutBefore(step + 1);
            }
        }
    }

    /** How many are kept apart. */
    int kept() {
        return runs.size();
    }

    /** Steps {@code first..last} with the productive time booked for them, by slot. */
    private static final class Run {
        private long first;
        private long last;

        /** While {@link #bySlot} is null: slots {@code from..end - 1} took {@code each}. */
        private int from;

        private int end;
        private long each;

        /** 0: the slot has no part in it. */
        private long @Nullable [] bySlot;

        Run(long first, long last) {
            this.first = first;
            this.last = last;
        }

        boolean has(int slot) {
            return bySlot == null ? slot >= from && slot < end : bySlot[slot] != 0;
        }

        void put(int slot, long nanos, int slots) {
            if (bySlot == null && from == end) {
                from = slot;
                end = slot + 1;
                each = nanos;
            } else if (bySlot == null && slot == end && nanos == each) {
                end++;
            } else {
                bySlot(slots)[slot] = nanos;
            }
        }

        private long[] bySlot(int slots) {
            long[] single = bySlot;
            if (single == null) {
                single = new long[slots];
                Arrays.fill(single, from, end, each);
                bySlot = single;
            }
            return single;
        }

        Run merged(Run other, int slots) {
            var both = new Run(Math.min(first, other.first), Math.max(last, other.last));
            if (bySlot == null && other.bySlot == null && from == other.from && end == other.end) {
                both.from = from;
                both.end = end;
                both.each = each + other.each;
                return both;
            }
            long[] sum = bySlot(slots).clone();
            long[] more = other.bySlot(slots);
            for (int slot = 0; slot < slots; slot++) {
                sum[slot] += more[slot];
            }
            both.bySlot = sum;
            return both;
        }

        void addTo(SlotNanos sum) {
            if (bySlot == null) {
                sum.add(each, end - from);
                return;
            }
            for (long nanos : bySlot) {
                sum.add(nanos);
            }
        }

        /** Goes to {@code step} only; what is cut off is added to {@code lost}. */
        void cutAfter(long step, SlotNanos lost) {
            if (bySlot == null) {
                long kept = through(step, each);
                lost.add(each - kept, end - from);
                each = kept;
            } else {
                for (int slot = 0; slot < bySlot.length; slot++) {
                    long kept = through(step, bySlot[slot]);
                    lost.add(bySlot[slot] - kept);
                    bySlot[slot] = kept;
                }
            }
            last = step;
        }

        /** Begins with {@code step}. */
        void cutBefore(long step) {
            if (bySlot == null) {
                each -= through(step - 1, each);
            } else {
                for (int slot = 0; slot < bySlot.length; slot++) {
                    bySlot[slot] -= through(step - 1, bySlot[slot]);
                }
            }
            first = step;
        }

        /**
         * Nanos of the part up to {@code step}, pro rata, rounded down; the rest belongs to the
         * part beyond, so that both always sum to the whole.
         */
        private long through(long step, long nanos) {
            long all = last - first + 1;
            long part = step - first + 1;
            // floor(nanos · part / all) without the product, which may exceed 63 bits
            return nanos / all * part + nanos % all * part / all;
        }
    }
}
