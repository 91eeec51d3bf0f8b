package io.coxswain.chaos.planning.engine;

import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.coordinator.core.ledger.GoodputLedger;
import io.coxswain.coordinator.core.ledger.LedgerEntry;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * The production ledger over the lives of a job: one that lost a shard for good is submitted again
 * from its last export, with a ledger of its own.
 */
public final class Account {
    /**
     * What was booked up to an instant, in slot-nanoseconds.
     *
     * @param productiveNanos net of what was lost by then
     */
    public record Point(long atNanos, long productiveNanos, long totalNanos) {}

    private final EnumMap<Category, Long> past = new EnumMap<>(Category.class);
    private final List<Point> timeline = new ArrayList<>();
    private GoodputLedger ledger = new GoodputLedger();
    private long pastTotal;

    /** Books in order. */
    public void book(List<LedgerEntry> entries) {
        for (int i = 0; i < entries.size(); i++) {
            ledger.apply(entries.get(i));
        }
    }

    /** Notes how things stand. */
    public void sample(long nowNanos) {
        long productive =
                past.getOrDefault(Category.PRODUCTIVE, 0L)
                        + ledger.productiveBookedNanos()
                        - ledger.retractedNanos();
        timeline.add(new Point(nowNanos, productive, pastTotal + ledger.totalSlotNanos()));
    }

    /**
     * A life of the job is over.
     *
     * @param running what unbooked time was
     * @param lostNanos of productive slot-time that its successor makes again
     */
    public void closeLife(long nowNanos, Category running, long lostNanos) {
        if (ledger.slots() == 0) {
            return;
        }
        ledger.closeAt(nowNanos, running);
        ledger.totals().forEach((category, nanos) -> past.merge(category, nanos, Long::sum));
        pastTotal += ledger.totalSlotNanos();
        long lost = Math.min(lostNanos, past.getOrDefault(Category.PRODUCTIVE, 0L));
        past.merge(Category.PRODUCTIVE, -lost, Long::sum);
        past.merge(Category.LOST_PROGRESS, lost, Long::sum);
        ledger = new GoodputLedger();
        sample(nowNanos);
    }

    /** Slot-nanoseconds by category; only after {@link #closeLife}. */
    public Map<Category, Long> totals() {
        var totals = new EnumMap<Category, Long>(Category.class);
        for (Category category : Category.values()) {
            totals.put(category, past.getOrDefault(category, 0L));
        }
        return totals;
    }

    public long totalNanos() {
        return pastTotal;
    }

    public List<Point> timeline() {
        return List.copyOf(timeline);
    }
}
