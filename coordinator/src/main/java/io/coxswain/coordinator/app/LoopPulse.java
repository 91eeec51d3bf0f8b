package io.coxswain.coordinator.app;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * How a decision loop keeps up, for those who watch it: one writer, the loop, and any number of
 * readers.
 */
public final class LoopPulse {
    // What was late longer ago says nothing of now.
    private static final long FORGET_NANOS = 10_000_000_000L;

    private final LongSupplier clock;
    // While it works: since when; otherwise Long.MAX_VALUE.
    private volatile long busyNanos = Long.MAX_VALUE;
    // While it sleeps: what it is to wake up for.
    private volatile long dueNanos = Long.MAX_VALUE;
    private volatile long lagNanos;
    private volatile long endNanos;
    private final AtomicLong fencedWrites = new AtomicLong();

    LoopPulse(LongSupplier clock) {
        this.clock = clock;
    }

    /** Work begins, for an input that came then and a deadline that was due then. */
    void begin(long inputNanos, long deadlineNanos) {
        long now = clock.getAsLong();
        lagNanos = Math.max(0, now - Math.min(Math.min(inputNanos, deadlineNanos), now));
        busyNanos = now;
    }

    void take(CoordinatorInput input) {
        if (input instanceof CoordinatorInput.StoreAnswered answered
                && answered.outcome() == WriteOutcome.REFUSED) {
            fencedWrites.incrementAndGet();
        }
    }

    void end(long nextDeadlineNanos) {
        dueNanos = nextDeadlineNanos;
        endNanos = clock.getAsLong();
        busyNanos = Long.MAX_VALUE;
    }

    /** How late it is: of the work at hand, of what it slept through, or of what it did last. */
    public long lagNanos() {
        long now = clock.getAsLong();
        long busy = busyNanos;
        if (busy != Long.MAX_VALUE) {
            return Math.max(lagNanos, now - busy);
        }
        long due = dueNanos;
        long last = now - endNanos > FORGET_NANOS ? 0 : lagNanos;
        return Math.max(last, due == Long.MAX_VALUE ? 0 : now - due);
    }

    /** Writes that the store refused because another coordinator leads. */
    public long fencedWrites() {
        return fencedWrites.get();
    }
}
