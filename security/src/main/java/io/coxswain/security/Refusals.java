package io.coxswain.security;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;

/** How many were not let in, by reason. Thread-safe. */
public final class Refusals {
    private final Map<Refusal, AtomicLong> counts = new EnumMap<>(Refusal.class);

    public Refusals() {
        for (Refusal reason : Refusal.values()) {
            counts.put(reason, new AtomicLong());
        }
    }

    /** One more. */
    public void count(Refusal reason) {
        at(reason).incrementAndGet();
    }

    /** So many until now. */
    public long of(Refusal reason) {
        return at(reason).get();
    }

    private AtomicLong at(Refusal reason) {
        return Objects.requireNonNull(counts.get(reason));
    }
}
