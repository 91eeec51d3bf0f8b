package io.coxswain.agent.app;

import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.Phase;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * How an agent does, for those who watch it: one writer, its loop, and any number of readers.
 * Nothing is allocated for an event.
 */
public final class AgentPulse {
    // What was late longer ago says nothing of now.
    private static final long FORGET_NANOS = 10_000_000_000L;

    private final LongSupplier clock;
    // While it works: since when; otherwise Long.MAX_VALUE.
    private volatile long busyNanos = Long.MAX_VALUE;
    // While it sleeps: what it is to wake up for.
    private volatile long dueNanos = Long.MAX_VALUE;
    private volatile long lagNanos;
    private volatile long endNanos;
    private volatile long term;
    private volatile long epoch;
    private volatile long floor;
    private volatile long staleWords;
    private volatile Phase phase = Phase.NO_JOB;
    private final AtomicLong workerExits = new AtomicLong();
    private final AtomicLong copiesPushed = new AtomicLong();
    private final AtomicLong statesFetched = new AtomicLong();

    /**
     * @param clock the loop's, monotonic
     */
    public AgentPulse(LongSupplier clock) {
        this.clock = clock;
        endNanos = clock.getAsLong();
    }

    /** It goes to sleep, or takes what is there. */
    void waits(long deadlineNanos) {
        dueNanos = deadlineNanos;
    }

    void begin(long deadlineNanos) {
        long now = clock.getAsLong();
        lagNanos = Math.max(0, now - Math.min(deadlineNanos, now));
        busyNanos = now;
    }

    void end(AgentEvent event, EffectRunner after) {
        count(event);
        term = after.termSeen();
        epoch = after.promisedEpoch();
        floor = after.floor();
        staleWords = after.staleWords();
        phase = after.phase();
        endNanos = clock.getAsLong();
        busyNanos = Long.MAX_VALUE;
    }

    private void count(AgentEvent event) {
        if (event instanceof AgentEvent.WorkerExited) {
            workerExits.incrementAndGet();
        } else if (event instanceof AgentEvent.CopyPushed pushed && pushed.verified()) {
            copiesPushed.incrementAndGet();
        } else if (event instanceof AgentEvent.StateFetched fetched && fetched.ok()) {
            statesFetched.incrementAndGet();
        }
    }

    /** How late the loop is. */
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

    /** The newest term heard of. */
    public long term() {
        return term;
    }

    /** No message of an epoch below is followed. */
    public long epoch() {
        return epoch;
    }

    /** The newest step that everybody can go back to, as far as it knows. */
    public long floor() {
        return floor;
    }

    public Phase phase() {
        return phase;
    }

    /** Words of leaders that were succeeded, none of which was followed. */
    public long staleWords() {
        return staleWords;
    }

    /** Workers that ended. */
    public long workerExits() {
        return workerExits.get();
    }

    /** Own snapshots that a holder verified. */
    public long copiesPushed() {
        return copiesPushed.get();
    }

    /** States brought from peers and verified. */
    public long statesFetched() {
        return statesFetched.get();
    }
}
