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
 *
 * <p>A ledger counts slot-nanoseconds in 63 bits, which 16,384 slots fill in 6.5 days. So the slots
 * are dealt to ledgers of a few slots each, and their sums are added without a bound.
 */
public final class Account {
    /**
     * What was booked up to an instant, in slot-seconds.
     *
     * @param productiveSeconds net of what was lost by then
     */
    public record Point(long atNanos, double productiveSeconds, double totalSeconds) {}

    private static final double SECOND = 1e9;

    /** Slots to a ledger; 2⁹ slots fill it in 208 days. */
    private static final int GROUP = 512;

    /** No run is longer than what a ledger can count. */
    public static final long LONGEST_NANOS = Long.MAX_VALUE / GROUP;

    private final EnumMap<Category, BigInteger> past = new EnumMap<>(Category.class);
    private final List<Point> timeline = new ArrayList<>();
    private final List<GoodputLedger> ledgers = new ArrayList<>();

    /** Books in order. */
    public void book(List<LedgerEntry> entries) {
        for (int i = 0; i < entries.size(); i++) {
            book(entries.get(i));
        }
    }

    private void book(LedgerEntry entry) {
        switch (entry) {
            case LedgerEntry.Opened opened -> {
                for (int first = 0; first < opened.slots(); first += GROUP) {
                    var ledger = new GoodputLedger();
                    int slots = Math.min(GROUP, opened.slots() - first);
                    ledger.apply(new LedgerEntry.Opened(slots, opened.atNanos()));
                    ledgers.add(ledger);
                }
            }
            case LedgerEntry.Stretch stretch ->
                    ledgers.get(stretch.slot() / GROUP)
                            .apply(
                                    new LedgerEntry.Stretch(
                                            stretch.slot() % GROUP,
                                            stretch.category(),
                                            stretch.untilNanos()));
            case LedgerEntry.Steps steps ->
                    ledgers.get(steps.slot() / GROUP)
                            .apply(
                                    new LedgerEntry.Steps(
                                            steps.slot() % GROUP,
                                            steps.firstStep(),
                                            steps.lastStep(),
                                            steps.untilNanos(),
                                            steps.dataWaitNanos(),
                                            steps.snapshotStallNanos(),
                                            steps.stragglerWaitNanos()));
            case LedgerEntry.RolledBack back -> ledgers.forEach(ledger -> ledger.apply(back));
            case LedgerEntry.Settled settled -> ledgers.forEach(ledger -> ledger.apply(settled));
        }
    }

    /** Notes how things stand. */
    public void sample(long nowNanos) {
        double productive = seconds(past.getOrDefault(Category.PRODUCTIVE, BigInteger.ZERO));
        double total = seconds(totalNanos());
        for (GoodputLedger ledger : ledgers) {
            productive += (ledger.productiveBookedNanos() - ledger.retractedNanos()) / SECOND;
            total += ledger.totalSlotNanos() / SECOND;
        }
        timeline.add(new Point(nowNanos, productive, total));
    }

    /**
     * A life of the job is over.
     *
     * @param running what unbooked time was
     * @param lostNanos of productive slot-time that its successor makes again
     */
    public void closeLife(long nowNanos, Category running, BigInteger lostNanos) {
        for (GoodputLedger ledger : ledgers) {
            ledger.closeAt(nowNanos, running);
            ledger.totals().forEach((category, nanos) -> add(category, BigInteger.valueOf(nanos)));
        }
        ledgers.clear();
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
