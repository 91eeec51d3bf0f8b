package io.coxswain.security;

import java.util.concurrent.atomic.AtomicLongArray;

/** How many were not let in, by reason. Thread-safe. */
public final class Refusals {
    private final AtomicLongArray counts = new AtomicLongArray(Refusal.values().length);

    /** One more. */
    public void count(Refusal reason) {
        counts.incrementAndGet(reason.ordinal());
    }

    /** So many until now. */
    public long of(Refusal reason) {
        return counts.get(reason.ordinal());
    }
}
