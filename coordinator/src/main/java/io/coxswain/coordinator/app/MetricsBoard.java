package io.coxswain.coordinator.app;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a job's program measured: the newest value of each name. Where several ranks say one name,
 * that of the lowest rank is shown. Owned by the decision loop.
 */
final class MetricsBoard {
    /** Names that a job may have. */
    static final int MOST_NAMES = 32;

    private static final long BETWEEN_EVENTS_NANOS = 1_000_000_000L;

    private final TreeMap<String, Value> values = new TreeMap<>();
    private boolean told;
    private long toldNanos;

    private record Value(int rank, long step, double value) {}

    /**
     * Takes what a rank says.
     *
     * @return whether an event is due: one a second at most
     */
    boolean take(int rank, ProgramWord.Measured measured, long nowNanos) {
        boolean changed = false;
        for (Map.Entry<String, Double> one : measured.values().entrySet()) {
            Value before = values.get(one.getKey());
            boolean mine = before == null ? values.size() < MOST_NAMES : rank <= before.rank();
            if (mine) {
                values.put(one.getKey(), new Value(rank, measured.step(), one.getValue()));
                changed = true;
            }
        }
        if (!changed || (told && nowNanos - toldNanos < BETWEEN_EVENTS_NANOS)) {
            return false;
        }
        told = true;
        toldNanos = nowNanos;
        return true;
    }

    /** By name. */
    Map<String, Double> values() {
        var all = new LinkedHashMap<String, Double>();
        values.forEach((name, value) -> all.put(name, value.value()));
        return all;
    }

    /** In which the newest was measured; 0 before the first. */
    long step() {
        return values.values().stream().mapToLong(Value::step).max().orElse(0);
    }
}
