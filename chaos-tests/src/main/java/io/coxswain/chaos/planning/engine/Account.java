package io.coxswain.chaos.planning.engine;

import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.coordinator.core.ledger.GoodputLedger;
import io.coxswain.coordinator.core.ledger.LedgerEntry;

import java.math.BigInteger;
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
     * What was booked up to an instant, in slot-seconds.
     *
     * @param productiveSeconds net of what was lost by then
     */
    public record Point(long atNanos, double productiveSeconds, double totalSeconds) {}

    private static final double SECOND = 1e9;

    private final EnumMap<Category, BigInteger> past = new EnumMap<>(Category.class);
    private final List<Point> timeline = new ArrayList<>();
    private GoodputLedger ledger = new GoodputLedger();

    /** Books in order. */
    public void book(List<LedgerEntry> entries) {
        for (int i = 0; i < entries.size(); i++) {
            ledger.apply(entries.get(i));
        }
    }

    /** Notes how things stand. */
    public void sample(long nowNanos) {
        double productive = seconds(past.getOrDefault(Category.PRODUCTIVE, BigInteger.ZERO));
        double total = seconds(totalNanos());
        timeline.add(
                new Point(
                        nowNanos,
                        productive + ledger.productiveSlotSeconds(),
                        total + ledger.slotSeconds()));
    }

    /**
     * A life of the job is over.
     *
     * @param running what unbooked time was
     * @param lostNanos of productive slot-time that its successor makes again
     */
    public void closeLife(long nowNanos, Category running, BigInteger lostNanos) {
        ledger.closeAt(nowNanos, running);
        ledger.totals().forEach(this::add);
        ledger = new GoodputLedger();
        BigInteger lost = lostNanos.min(past.getOrDefault(Category.PRODUCTIVE, BigInteger.ZERO));
        add(Category.PRODUCTIVE, lost.negate());
        add(Category.LOST_PROGRESS, lost);
        sample(nowNanos);
    }

    private void add(Category category, BigInteger nanos) {
        past.merge(category, nanos, BigInteger::add);
    }

    /** Slot-nanoseconds by category; only after {@link #closeLife}. */
    public Map<Category, BigInteger> totals() {
        var totals = new EnumMap<Category, BigInteger>(Category.class);
        for (Category category : Category.values()) {
            totals.put(category, past.getOrDefault(category, BigInteger.ZERO));
        }
        return totals;
    }

    /** Slot-nanoseconds of the lives that are over. */
    public BigInteger totalNanos() {
        return past.values().stream().reduce(BigInteger.ZERO, BigInteger::add);
    }

    public List<Point> timeline() {
        return List.copyOf(timeline);
    }

    private static double seconds(BigInteger nanos) {
        return nanos.doubleValue() / SECOND;
    }
}
