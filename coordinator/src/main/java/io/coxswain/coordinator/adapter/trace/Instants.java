package io.coxswain.coordinator.adapter.trace;

import io.coxswain.coordinator.SequencedEvent;

/** Instants of events as traces want them. */
final class Instants {
    private static final long NANOS_PER_MILLI = 1_000_000;

    private Instants() {}

    /** Wall nanoseconds since 1970, to the millisecond. */
    static long epochNanos(SequencedEvent event) {
        return event.wallMillis() * NANOS_PER_MILLI;
    }
}
