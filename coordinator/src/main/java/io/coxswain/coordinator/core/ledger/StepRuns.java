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

    /** Settled runs that are kept apart, as far as their slots' numbers are not more than this. */
    private static final int SETTLED = 64;

    private static final int SETTLED_NUMBERS = 1 << 20;

    /** What one run may stand for, in all slots together. */
    private static final long LONGEST = Long.MAX_VALUE / 2;

    private final int slots;
    private final int settledRuns;
    private final List<Run> runs = new ArrayList<>();

    StepRuns(int slots) {
        this.slots = slots;
        this.settledRuns = Math.clamp(SETTLED_NUMBERS / Math.max(1, slots), 4, SETTLED);
    }

    /**
     * Slot {@code slot} made steps {@code first..last} in {@code nanos}, at least 1, from that
     * instant on.
     */
    void remember(int slot, long first, long last, long nanos, long fromNanos) {
        int oldest = Math.max(0, runs.size() - LOOK_BACK);
        for (int i = runs.size() - 1; i >= oldest; i--) {
            Run run = runs.get(i);
            if (run.first == first && run.last == last && !run.inherited && !run.has(slot)) {
                run.put(slot, nanos, fromNanos, slots);
                return;
            }
        }
        if (runs.size() == MOST) {
            fold();
        }
        var run = new Run(first, last);
        run.put(slot, nanos, fromNanos, slots);
        runs.add(run);
    }

    /**
     * Forgets what is beyond {@code toStep}; its time is added to {@code lost} and taken back in
     * the history, where one is kept.
     */
    void rollBack(long toStep, SlotNanos lost, @Nullable GoodputHistory history) {
        runs.removeIf(run -> {
            if (run.first > toStep) {
                run.lose(lost, history);
                return true;
            }
            return false;
        });
        for (int i = 0; i < runs.size(); i++) {
            if (runs.get(i).last > toStep) {
                runs.get(i).cutAfter(toStep, slots).lose(lost, history);
            }
        }
    }

    /**
     * Puts the oldest of those together that do not go beyond {@code step}. They are not forgotten:
     * when more dies than the copies survive, what was protected is lost as well.
     */
    void settle(long step) {
        while (runs.size() > settledRuns && runs.get(settledRuns).last <= step) {
            fold();
        }
    }

    // Centuries of slots fit no number: what is older stays what it is.
    private void fold() {
        Run oldest = runs.removeFirst();
        Run next = runs.getFirst();
        if (oldest.roughly() + next.roughly() < LONGEST) {
            runs.set(0, oldest.merged(next, slots));
        }
    }

    /**
     * Takes what another leader booked of all slots together. When it was spent is not known here,
     * so that a history is none of it.
     */
    void inherit(UnsettledRun told) {
        var run = new Run(told.first(), told.last());
        run.inherited = true;
        run.end = 1;
        run.each = told.slotNanos();
        runs.add(run);
    }

    /** What is kept, oldest first, in {@code most} runs at most: the oldest are put together. */
    List<UnsettledRun> unsettled(int most) {
        var all = new ArrayList<UnsettledRun>(runs.size());
        for (Run run : runs) {
            if (run.roughly() < LONGEST) {
                all.add(new UnsettledRun(run.first, run.last, run.allSlots()));
            } else {
                all.clear();
            }
        }
        int extra = all.size() - most;
        if (extra <= 0) {
            return all;
        }
        UnsettledRun oldest = all.getFirst();
        for (UnsettledRun next : all.subList(1, extra + 1)) {
            oldest =
                    oldest.slotNanos() > LONGEST - next.slotNanos()
                            ? next
                            : new UnsettledRun(
                                    Math.min(oldest.first(), next.first()),
                                    Math.max(oldest.last(), next.last()),
                                    oldest.slotNanos() + next.slotNanos());
        }
        var kept = new ArrayList<UnsettledRun>(most);
        kept.add(oldest);
        kept.addAll(all.subList(extra + 1, all.size()));
        return kept;
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

        /** When the first slot began with it and the last one ended; equal: nobody did yet. */
        private long fromNanos;

        private long untilNanos;

        /** Another leader booked it, all slots as one. */
        private boolean inherited;

        /** 0: the slot has no part in it. */
        private long @Nullable [] bySlot;

        Run(long first, long last) {
            this.first = first;
            this.last = last;
        }

        boolean has(int slot) {
            return bySlot == null ? slot >= from && slot < end : bySlot[slot] != 0;
        }

        void put(int slot, long nanos, long beganNanos, int slots) {
            boolean none = fromNanos == untilNanos;
            fromNanos = none ? beganNanos : Math.min(fromNanos, beganNanos);
            untilNanos = none ? beganNanos + nanos : Math.max(untilNanos, beganNanos + nanos);
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

        long allSlots() {
            return bySlot == null ? each * (end - from) : Arrays.stream(bySlot).sum();
        }

        /** The same where it may not fit. */
        double roughly() {
            return bySlot == null
                    ? (double) each * (end - from)
                    : Arrays.stream(bySlot).asDoubleStream().sum();
        }

        Run merged(Run other, int slots) {
            var both = new Run(Math.min(first, other.first), Math.max(last, other.last));
            both.inherited = inherited || other.inherited;
            both.fromNanos = Math.min(fromNanos, other.fromNanos);
            both.untilNanos = Math.max(untilNanos, other.untilNanos);
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

        /** All of its time is lost. */
        void lose(SlotNanos sum, @Nullable GoodputHistory keptHistory) {
            GoodputHistory history = inherited ? null : keptHistory;
            if (inherited && keptHistory != null) {
                keptHistory.loseInherited(allSlots());
            }
            if (bySlot == null) {
                sum.add(each, end - from);
                if (history != null && each > 0) {
                    history.retract(fromNanos, untilNanos, each, end - from);
                }
                return;
            }
            for (long nanos : bySlot) {
                sum.add(nanos);
                if (history != null && nanos > 0) {
                    history.retract(fromNanos, untilNanos, nanos, 1);
                }
            }
        }

        /** Goes to {@code step} only; gives what is cut off. */
        Run cutAfter(long step, int slots) {
            var cut = new Run(step + 1, last);
            cut.inherited = inherited;
            long border = fromNanos + through(step, untilNanos - fromNanos);
            cut.fromNanos = border;
            cut.untilNanos = untilNanos;
            untilNanos = border;
            if (bySlot == null) {
                long kept = through(step, each);
                cut.from = from;
                cut.end = end;
                cut.each = each - kept;
                each = kept;
            } else {
                long[] rest = new long[slots];
                for (int slot = 0; slot < bySlot.length; slot++) {
                    long kept = through(step, bySlot[slot]);
                    rest[slot] = bySlot[slot] - kept;
                    bySlot[slot] = kept;
                }
                cut.bySlot = rest;
            }
            last = step;
            return cut;
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
