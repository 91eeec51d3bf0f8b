package io.coxswain.chaos.simulation.invariant;

import io.coxswain.chaos.simulation.worker.Arena;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which agents' hosts may have lost what they hold. A step that is protected from now on is so in
 * spite of those.
 */
final class Hurts {
    /** A coordinator that was away goes on with what came meanwhile. */
    private static final long CATCHING_UP_NANOS = 2_000_000_000L;

    private final TreeSet<Integer> ongoing = new TreeSet<>();
    private final List<Damaged> damaged = new ArrayList<>();

    /** Coordinators that are away, by host. */
    private final TreeSet<Integer> away = new TreeSet<>();

    /**
     * What was over before a coordinator was back: a step that it takes for protected then may have
     * been so before.
     */
    private final TreeSet<Integer> missed = new TreeSet<>();

    private long backNanos;

    private record Damaged(int host, Arena.Cell cell) {}

    void began(int host) {
        ongoing.add(host);
    }

    void ended(int host) {
        ongoing.remove(host);
        if (!away.isEmpty()) {
            missed.add(host);
        }
    }

    void damaged(int host, Arena.Cell cell) {
        damaged.add(new Damaged(host, cell));
    }

    void left(int coordinator) {
        away.add(coordinator);
    }

    void cameBack(int coordinator, long nowNanos) {
        away.remove(coordinator);
        backNanos = nowNanos;
    }

    /** Those that a step may not rely on that is told as protected now. */
    Set<Integer> at(long nowNanos) {
        if (away.isEmpty() && nowNanos - backNanos > CATCHING_UP_NANOS) {
            missed.clear();
        }
        damaged.removeIf(one -> !one.cell().isCommitted() || one.cell().isIntact());
        var hosts = new TreeSet<>(ongoing);
        hosts.addAll(missed);
        damaged.forEach(one -> hosts.add(one.host()));
        return hosts;
    }
}
