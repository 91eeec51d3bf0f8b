package io.coxswain.chaos.simulation.swarm;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * How a seed went.
 *
 * @param invariant the one that broke; null: none
 * @param lastEvents the newest lines of the trace, of a seed that failed
 */
public record SeedResult(
        Drill drill,
        @Nullable String invariant,
        String message,
        List<String> lastEvents,
        long traceHash,
        long events,
        long simulatedNanos,
        int jobs,
        Coverage coverage) {
    public SeedResult {
        lastEvents = List.copyOf(lastEvents);
    }

    public boolean failed() {
        return invariant != null;
    }
}
