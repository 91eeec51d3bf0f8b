package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.ledger.LedgerEntry;

import java.util.List;

/** What one event led to: effects in order, and bookings. */
public record Transition(List<JobEffect> effects, List<LedgerEntry> ledger) {
    public static final Transition NONE = new Transition(List.of(), List.of());

    public Transition {
        effects = List.copyOf(effects);
        ledger = List.copyOf(ledger);
    }
}
