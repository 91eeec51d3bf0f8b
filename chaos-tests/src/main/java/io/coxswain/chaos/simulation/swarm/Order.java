package io.coxswain.chaos.simulation.swarm;

import io.coxswain.chaos.simulation.kernel.Randomness;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Something that a person wants of the newest job at that time. */
public record Order(Kind kind, long atNanos) {
    /** What people want. */
    public enum Kind {
        PAUSE,
        RESUME,
        /** Submits the job again, as one who lost the answer. */
        SUBMIT,
        /** Submits the next job, which waits in the queue. */
        QUEUE,
        CANCEL
    }

    private static final long SECOND = 1_000_000_000L;
    private static final double CHANCE = 0.4;
    private static final double AT_A_FAULT = 0.5;
    private static final int MOST = 8;

    private static final Set<FaultKind> OF_LEADERS =
            EnumSet.of(
                    FaultKind.STORE_OUTAGE,
                    FaultKind.STORE_CUT,
                    FaultKind.COORDINATOR_CRASH,
                    FaultKind.COORDINATOR_PAUSE,
                    FaultKind.LEADER_SESSION,
                    FaultKind.LEADER_CUT);

    /** Those of a drill: some at any time, others about when a leader or the store has a fault. */
    static List<Order> drawn(Randomness random, List<Fault> faults, long safetyNanos) {
        var orders = new ArrayList<Order>();
        if (!random.chance(CHANCE)) {
            return orders;
        }
        int some = (int) random.between(1, 4);
        for (int i = 0; i < some; i++) {
            orders.add(new Order(kind(random), random.between(0, safetyNanos)));
        }
        for (Fault fault : faults) {
            if (OF_LEADERS.contains(fault.kind()) && random.chance(AT_A_FAULT)) {
                long at = fault.atNanos() + random.between(-SECOND, 3 * SECOND);
                orders.add(new Order(kind(random), Math.max(0, at)));
            }
        }
        orders.sort(Comparator.comparingLong(Order::atNanos));
        return orders.subList(0, Math.min(MOST, orders.size()));
    }

    private static Kind kind(Randomness random) {
        double of = random.unit();
        return of < 0.45
                ? Kind.PAUSE
                : of < 0.75
                        ? Kind.RESUME
                        : of < 0.83 ? Kind.SUBMIT : of < 0.9 ? Kind.QUEUE : Kind.CANCEL;
    }

    /** For a person. */
    public String text() {
        return String.format(Locale.ROOT, "%s is asked for at %.3f s", kind, atNanos / 1e9);
    }
}
