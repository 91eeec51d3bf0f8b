package io.coxswain.coordinator.adapter.zookeeper;

import io.coxswain.coordinator.app.StoreRecord;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;

/** How often this coordinator wrote to ZooKeeper, and what for. Tries count. Thread-safe. */
public final class ZkWrites {
    /** A term that is taken. */
    static final String TERM = "term";

    /** The node that says who leads. */
    static final String LEADER = "leader";

    /** A look whether the term is held still, which changes nothing. */
    static final String CHECK = "check";

    /** What writes are for. */
    public static final List<String> PURPOSES =
            List.of(
                    TERM,
                    LEADER,
                    CHECK,
                    "spec",
                    "view",
                    "account",
                    "result",
                    "pause",
                    "forget",
                    "maintenance");

    private final Map<String, LongAdder> counts = new TreeMap<>();

    ZkWrites() {
        PURPOSES.forEach(purpose -> counts.put(purpose, new LongAdder()));
    }

    void count(String purpose) {
        LongAdder count = counts.get(purpose);
        if (count == null) {
            throw new IllegalArgumentException("nothing is written for " + purpose);
        }
        count.increment();
    }

    void count(StoreRecord.Kind kind) {
        count(purpose(kind));
    }

    static String purpose(StoreRecord.Kind kind) {
        return switch (kind) {
            case SPEC -> "spec";
            case VIEW -> "view";
            case ACCOUNT -> "account";
            case RESULT -> "result";
            case PAUSE -> "pause";
            case FORGOTTEN -> "forget";
            case TERM_CHECK -> "check";
            case SET_ASIDES -> "maintenance";
        };
    }

    /** Writes for one of {@link #PURPOSES} so far; 0 for anything else. */
    public long of(String purpose) {
        LongAdder count = counts.get(purpose);
        return count == null ? 0 : count.sum();
    }

    /** All so far. */
    public long total() {
        return counts.values().stream().mapToLong(LongAdder::sum).sum();
    }
}
