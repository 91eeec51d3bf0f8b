package io.coxswain.chaos.checker;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;

/**
 * A time in which no ZooKeeper server served anybody, as the servers themselves say; monotonic.
 *
 * @param lostNanos when the first of them was asked in vain
 * @param backNanos when one answered again: the quorum was there; empty: not any more
 * @param normalNanos when, after that, the leader said that it decides again and the job's view was
 *     active, or the job was over; empty: not any more
 */
public record StoreOutage(long lostNanos, OptionalLong backNanos, OptionalLong normalNanos) {
    private static final double NANOS_PER_MILLI = 1e6;

    /** From the quorum's return until everything was normal; empty: it never was. */
    public OptionalLong recoveryNanos() {
        return backNanos.isPresent() && normalNanos.isPresent()
                ? OptionalLong.of(normalNanos.getAsLong() - backNanos.getAsLong())
                : OptionalLong.empty();
    }

    /** The outages of a scenario as lines of the table. */
    public static List<Row> rows(String scenario, List<StoreOutage> outages) {
        return outages.stream().map(outage -> new Row(scenario, outage)).toList();
    }

    /** One line of the table of outages. */
    public record Row(String scenario, StoreOutage outage) {}

    /** The table as Markdown; empty if ZooKeeper was always there. */
    public static List<String> table(List<Row> rows) {
        if (rows.isEmpty()) {
            return List.of();
        }
        var cells = new ArrayList<List<String>>();
        cells.add(List.of("scenario", "no ZooKeeper for", "normal again after its return"));
        for (Row row : rows) {
            StoreOutage outage = row.outage();
            OptionalLong away =
                    outage.backNanos().isPresent()
                            ? OptionalLong.of(outage.backNanos().getAsLong() - outage.lostNanos())
                            : OptionalLong.empty();
            cells.add(List.of(row.scenario(), millis(away), millis(outage.recoveryNanos())));
        }
        return FaultRow.aligned(cells);
    }

    static String millis(OptionalLong nanos) {
        return nanos.isEmpty()
                ? "–"
                : String.format(Locale.ROOT, "%.0f ms", nanos.getAsLong() / NANOS_PER_MILLI);
    }
}
