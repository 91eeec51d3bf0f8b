package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.coordinator.core.ledger.LedgerEntry;
import io.coxswain.coordinator.core.ledger.StepLosses;
import io.coxswain.coordinator.core.model.StepRun;

import java.util.List;

/**
 * Books the slots' time. A slot is a rank of the job's mesh, whoever holds the rank. Each slot has
 * a cursor up to which its time is booked; bookings only move it forward, so that time is tiled
 * whatever is asked for.
 *
 * <p>Choices: everything before the first {@code StartView} is start-up (the part in which the
 * member compiled is {@code compile}); waiting for capacity, for a lost shard's holder and for the
 * end's paperwork is {@code controller_wait}.
 */
final class SlotClock {
    /** A word that comes so late waited on its way, or for this leader to listen. */
    private static final long LATE_NANOS = 500_000_000L;

    private static final long NEVER = Long.MIN_VALUE / 2;

    private final List<LedgerEntry> ledger;
    private final long[] cursor;

    /** Since when a slot's words come late; {@link #NEVER}: they do not. */
    private final long[] lateAtNanos;

    private Category running = Category.STARTUP;
    private boolean started;

    /** The job is paused: time that is no step's is nobody's fault. */
    private boolean stands;

    private long newestBooked;
    private long settleNext;
    private long settled;

    /** Whoever makes it books the opening, at {@code cursorNanos}. */
    SlotClock(int slots, long cursorNanos, List<LedgerEntry> ledger) {
        this.ledger = ledger;
        cursor = new long[slots];
        lateAtNanos = new long[slots];
        java.util.Arrays.fill(lateAtNanos, NEVER);
        java.util.Arrays.fill(cursor, cursorNanos);
    }

    /** Steps up to this are booked by another leader. */
    void inherit(long newestStep, long settledStep) {
        newestBooked = newestStep;
        settled = settledStep;
        settleNext = settledStep;
    }

    /** What time after the cursors will be booked as, if nothing else becomes known of it. */
    Category running() {
        return told(running);
    }

    /** From the cursors on, whatever is no step's counts as paused. */
    void stand() {
        stands = true;
    }

    /** The same, from now on. */
    void standFrom(long nowNanos) {
        if (started) {
            all(running, nowNanos);
        }
        stands = true;
    }

    /** True between {@link #stand} and {@link #moveOn}. */
    boolean stands() {
        return stands;
    }

    /** Slots do again what they would have done all the time. */
    void moveOn(long nowNanos) {
        if (stands && started) {
            all(running, nowNanos);
        }
        stands = false;
    }

    private Category told(Category category) {
        return stands && started ? Category.PAUSED : category;
    }

    /** From now on unbooked time counts as that. */
    void running(Category category) {
        running = category;
    }

    boolean started() {
        return started;
    }

    /**
     * The first view starts: each slot's past, by when its member was ready and how long that
     * compiled.
     */
    void startup(int slot, long readyAtNanos, long compileNanos, long untilNanos) {
        long ready = Math.min(readyAtNanos, untilNanos);
        stretch(slot, Category.STARTUP, ready - Math.max(0, compileNanos));
        stretch(slot, Category.COMPILE, ready);
        stretch(slot, Category.STARTUP, untilNanos);
    }

    void started(Category next) {
        started = true;
        running = next;
    }

    void stretch(int slot, Category category, long untilNanos) {
        if (untilNanos > cursor[slot]) {
            cursor[slot] = untilNanos;
            ledger.add(new LedgerEntry.Stretch(slot, told(category), untilNanos));
        }
    }

    /**
     * Books the running category for all slots, then lets {@code next} run. Before the first start
     * only notes nothing: start-up is booked when members are known.
     */
    void turn(Category next, long nowNanos) {
        if (started) {
            all(running, nowNanos);
            running = next;
        }
    }

    void all(Category category, long untilNanos) {
        boolean any = false;
        for (int slot = 0; slot < cursor.length; slot++) {
            any |= untilNanos > cursor[slot];
            cursor[slot] = Math.max(cursor[slot], untilNanos);
        }
        if (any) {
            ledger.add(new LedgerEntry.StretchOfAll(told(category), untilNanos));
        }
    }

    /** Everything up to now, at the end: also what was never started. */
    void close(Category category, long nowNanos) {
        all(started ? category : Category.STARTUP, nowNanos);
    }

    /**
     * {@code first..last} of {@code run} were made until {@code untilNanos}; {@code first} may be
     * later than the run's when its beginning was booked before, or earlier when a report before it
     * never came: the steps were made all the same.
     */
    void steps(int slot, long first, StepRun run, long untilNanos) {
        long until = Math.max(untilNanos, cursor[slot]);
        long total = run.last() - run.first() + 1;
        long part = Math.min(total, run.last() - first + 1);
        cursor[slot] = until;
        newestBooked = Math.max(newestBooked, run.last());
        ledger.add(new LedgerEntry.Steps(slot, first, run.last(), until, losses(run, part, total)));
    }

    /** The same for every slot, all of which are reported up to {@code first} - 1. */
    void stepsOfAll(long first, StepRun run, long untilNanos) {
        long total = run.last() - run.first() + 1;
        long part = Math.min(total, run.last() - first + 1);
        for (int slot = 0; slot < cursor.length; slot++) {
            cursor[slot] = Math.max(untilNanos, cursor[slot]);
        }
        newestBooked = Math.max(newestBooked, run.last());
        ledger.add(
                new LedgerEntry.StepsOfAll(
                        first, run.last(), untilNanos, losses(run, part, total)));
    }

    /**
     * Steps that a slot proved by what others could only do with it; nobody is left to say how its
     * time was spent.
     */
    void provenSteps(int slot, long first, long last, long untilNanos) {
        long until = Math.max(untilNanos, cursor[slot]);
        cursor[slot] = until;
        newestBooked = Math.max(newestBooked, last);
        ledger.add(new LedgerEntry.Steps(slot, first, last, until, StepLosses.NONE));
    }

    /** When a run that began at the slot's cursor ended, at the latest {@code capNanos}. */
    long endOf(int slot, StepRun run, long capNanos) {
        long elapsed = Math.max(0, run.elapsedNanos());
        return Math.min(capNanos, cursor[slot] + Math.min(elapsed, Long.MAX_VALUE / 4));
    }

    /**
     * When the newest run that a slot tells of ended. A word that comes in time says: now, which
     * keeps clocks that drift together. One that is late does not know what came after it, such as
     * a wait for credits: that is booked when the slot says so. Several that waited on their way
     * come at once. A slot whose words stay behind, though they come as fast as it works, lost time
     * before that run, and catches up.
     */
    long newestEnd(int slot, StepRun run, long nowNanos, long capNanos) {
        long end = endOf(slot, run, capNanos);
        boolean staysBehind =
                wasLate(slot)
                        && nowNanos - lateAtNanos[slot]
                                > Math.max(LATE_NANOS, run.elapsedNanos()) / 2;
        if (capNanos - end <= LATE_NANOS || staysBehind) {
            lateAtNanos[slot] = NEVER;
            return capNanos;
        }
        if (!wasLate(slot)) {
            lateAtNanos[slot] = nowNanos;
        }
        return end;
    }

    private boolean wasLate(int slot) {
        return lateAtNanos[slot] != NEVER;
    }

    long cursor(int slot) {
        return cursor[slot];
    }

    /** The job goes on from {@code base}: what was booked beyond becomes lost progress. */
    void goOnFrom(long base) {
        if (newestBooked > base) {
            ledger.add(new LedgerEntry.RolledBack(base));
            newestBooked = base;
        }
        settleNext = Math.min(settleNext, base);
    }

    /**
     * Lets detail fold. The protected step of the previous call is settled, not this one's: an
     * owner may still hold a snapshot from before the newest floor.
     */
    void settle(long protectedStep) {
        if (settleNext > settled) {
            settled = settleNext;
            ledger.add(new LedgerEntry.Settled(settled));
        }
        settleNext = Math.max(settleNext, protectedStep);
    }

    private static StepLosses losses(StepRun run, long part, long total) {
        return new StepLosses(
                share(run.creditWaitNanos(), part, total),
                share(run.dataWaitNanos(), part, total),
                share(run.snapshotStallNanos(), part, total),
                share(run.stragglerWaitNanos(), part, total));
    }

    private static long share(long nanos, long part, long total) {
        if (part == total || nanos <= 0) {
            return Math.max(0, nanos);
        }
        return (long) ((double) nanos * part / total);
    }
}
