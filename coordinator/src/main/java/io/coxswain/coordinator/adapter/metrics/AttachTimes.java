package io.coxswain.coordinator.adapter.metrics;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Which agents come again and again. Agents are no labels of counters, so who flaps is judged here
 * and only how many is told.
 */
final class AttachTimes {
    /** An agent that attached so often within {@link #WINDOW_NANOS} flaps. */
    static final int OFTEN = 3;

    static final long WINDOW_NANOS = 15L * 60 * 1_000_000_000;
    // More names than a job has agents: beyond, all is forgotten and counted anew.
    private static final int MOST_AGENTS = 65_536;

    private final Map<String, ArrayDeque<Long>> byAgent = new HashMap<>();
    private final LongSupplier nanos;

    AttachTimes(LongSupplier nanos) {
        this.nanos = nanos;
    }

    synchronized void attached(String agent) {
        long now = nanos.getAsLong();
        if (byAgent.size() >= MOST_AGENTS && !byAgent.containsKey(agent)) {
            byAgent.clear();
        }
        ArrayDeque<Long> times = byAgent.computeIfAbsent(agent, _ -> new ArrayDeque<>(OFTEN));
        if (times.size() == OFTEN) {
            times.removeFirst();
        }
        times.addLast(now);
    }

    /** Agents that flap now. */
    synchronized int flapping() {
        long now = nanos.getAsLong();
        byAgent.values().removeIf(times -> now - times.getLast() > WINDOW_NANOS);
        int count = 0;
        for (ArrayDeque<Long> times : byAgent.values()) {
            if (times.size() == OFTEN && now - times.getFirst() <= WINDOW_NANOS) {
                count++;
            }
        }
        return count;
    }
}
