package io.coxswain.coordinator.core.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;

/** Windows and timeline: whatever is booked, they tile time, and they agree with the account. */
class GoodputHistoryTest {
    private static final long SECOND = 1_000_000_000L;

    private static GoodputLedger open(int slots, long atNanos) {
        GoodputLedger ledger = GoodputLedger.withHistory();
        ledger.apply(new LedgerEntry.Opened(slots, atNanos));
        return ledger;
    }

    private static BigInteger sum(Map<Category, BigInteger> categories) {
        return categories.values().stream().reduce(BigInteger.ZERO, BigInteger::add);
    }

    private static GoodputWindow of(Map<Span, GoodputWindow> windows, Span span) {
        return Objects.requireNonNull(windows.get(span));
    }

    private static BigInteger wide(long nanos) {
        return BigInteger.valueOf(nanos);
    }

    @Test
    void aYoungRunFillsEveryWindowAlike() {
        GoodputLedger ledger = open(2, 100);
        ledger.apply(new LedgerEntry.StretchOfAll(Category.STARTUP, 100 + 3 * SECOND));
        ledger.apply(
                new LedgerEntry.StepsOfAll(
                        1, 10, 100 + 10 * SECOND, new StepLosses(0, SECOND, 2 * SECOND, SECOND)));

        Map<Span, GoodputWindow> windows = ledger.windows(100 + 12 * SECOND, Category.DETECTION);

        assertThat(windows.keySet()).containsExactly(Span.values());
        for (GoodputWindow window : windows.values()) {
            assertThat(window.nanos()).isEqualTo(12 * SECOND);
            assertThat(window.slotNanos()).isEqualTo(24 * SECOND);
            assertThat(window.of(Category.STARTUP)).isEqualTo(6 * SECOND);
            assertThat(window.of(Category.DATA_WAIT)).isEqualTo(2 * SECOND);
            assertThat(window.of(Category.SNAPSHOT_STALL)).isEqualTo(4 * SECOND);
            assertThat(window.of(Category.STRAGGLER_WAIT)).isEqualTo(2 * SECOND);
            assertThat(window.of(Category.PRODUCTIVE)).isEqualTo(6 * SECOND);
            assertThat(window.of(Category.DETECTION)).isEqualTo(4 * SECOND);
            assertThat(window.ratio()).isEqualTo(0.25);
        }
    }

    @Test
    void aWindowForgetsWhatIsOlder() {
        GoodputLedger ledger = open(1, 0);
        ledger.apply(new LedgerEntry.StretchOfAll(Category.STARTUP, 100 * SECOND));
        ledger.apply(new LedgerEntry.StretchOfAll(Category.PRODUCTIVE, 350 * SECOND));

        GoodputWindow window = of(ledger.windows(350 * SECOND, Category.OTHER), Span.FIVE_MINUTES);

        // The newest of its 300 seconds is the one that begins just now.
        assertThat(window.fromNanos()).isEqualTo(51 * SECOND);
        assertThat(window.of(Category.STARTUP)).isEqualTo(49 * SECOND);
        assertThat(window.of(Category.PRODUCTIVE)).isEqualTo(250 * SECOND);

        GoodputWindow later =
                of(ledger.windows(100_000 * SECOND, Category.PAUSED), Span.FIVE_MINUTES);
        assertThat(later.categories()).containsOnlyKeys(Category.PAUSED);
        assertThat(later.slotNanos()).isEqualTo(later.of(Category.PAUSED));
    }

    @Test
    void whatIsRolledBackIsLostInTheWindowInWhichItWasSpent() {
        GoodputLedger ledger = open(3, 0);
        ledger.apply(new LedgerEntry.StepsOfAll(1, 100, 1_000 * SECOND, StepLosses.NONE));
        ledger.apply(new LedgerEntry.StepsOfAll(101, 110, 1_010 * SECOND, StepLosses.NONE));
        ledger.apply(new LedgerEntry.StretchOfAll(Category.DETECTION, 1_400 * SECOND));
        ledger.apply(new LedgerEntry.RolledBack(100));

        Map<Span, GoodputWindow> windows = ledger.windows(1_400 * SECOND, Category.OTHER);

        assertThat(of(windows, Span.FIVE_MINUTES).of(Category.LOST_PROGRESS)).isZero();
        GoodputWindow hour = of(windows, Span.HOUR);
        assertThat(hour.of(Category.LOST_PROGRESS)).isEqualTo(30 * SECOND);
        assertThat(hour.of(Category.PRODUCTIVE)).isEqualTo(3_000 * SECOND);
        GoodputWindow lost =
                ledger.timeline(1_400 * SECOND, Category.OTHER).stream()
                        .filter(bucket -> bucket.of(Category.LOST_PROGRESS).signum() > 0)
                        .findFirst()
                        .orElseThrow();
        assertThat(lost.fromNanos()).isLessThanOrEqualTo(1_000 * SECOND);
        assertThat(lost.untilNanos()).isGreaterThan(1_000 * SECOND);
    }

    @Test
    void withoutHistoryThereIsTheRunAlone() {
        var ledger = new GoodputLedger();
        assertThat(ledger.windows(5, Category.OTHER)).isEmpty();
        ledger.apply(new LedgerEntry.Opened(1, 0));
        ledger.apply(new LedgerEntry.StretchOfAll(Category.STARTUP, 7));

        assertThat(ledger.windows(9, Category.OTHER)).containsOnlyKeys(Span.RUN);
        assertThat(ledger.timeline(9, Category.OTHER)).isEmpty();
    }

    @Test
    void weeksOfManySlotsFitTheTimeline() {
        int slots = 16_384;
        GoodputLedger ledger = open(slots, 5);
        long day = 86_400 * SECOND;
        for (int days = 1; days <= 60; days++) {
            ledger.apply(
                    new LedgerEntry.StepsOfAll(
                            days, days, 5 + days * day, new StepLosses(0, 1_000, 0, 0)));
        }

        List<GoodputWindow> timeline = ledger.timeline(5 + 60 * day, Category.OTHER);

        assertThat(timeline.size()).isBetween(100, GoodputHistory.TIMELINE);
        BigInteger all =
                timeline.stream()
                        .map(GoodputWindow::slotNanos)
                        .reduce(BigInteger.ZERO, BigInteger::add);
        assertThat(all).isEqualTo(wide(60 * day).multiply(wide(slots)));
        assertThat(all.bitLength()).isGreaterThan(63);
    }

    /** A random run, and at random instants a look at it. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void tilesTimeWhateverIsBooked(long seed) {
        var random = new Random(seed);
        int slots = 1 + random.nextInt(5);
        long now = random.nextLong(-5 * SECOND, 5 * SECOND);
        GoodputLedger ledger = open(slots, now);
        long openedAt = now;
        long step = 1;
        long settled = 0;
        for (int round = 0; round < 400; round++) {
            long length =
                    random.nextInt(10) == 0
                            ? random.nextLong(5_000 * SECOND)
                            : random.nextLong(4 * SECOND);
            now += length;
            int more = 1 + random.nextInt(4);
            switch (random.nextInt(8)) {
                case 0 ->
                        ledger.apply(
                                new LedgerEntry.Stretch(random.nextInt(slots), any(random), now));
                case 1 -> ledger.apply(new LedgerEntry.StretchOfAll(any(random), now));
                case 2, 3 -> {
                    ledger.apply(
                            new LedgerEntry.StepsOfAll(
                                    step,
                                    step + more - 1,
                                    now,
                                    new StepLosses(
                                            0,
                                            random.nextLong(SECOND),
                                            random.nextLong(SECOND),
                                            random.nextLong(SECOND))));
                    step += more;
                }
                case 4, 5 -> {
                    for (int slot = 0; slot < slots; slot++) {
                        ledger.apply(
                                new LedgerEntry.Steps(
                                        slot,
                                        step,
                                        step + more - 1,
                                        now - random.nextLong(SECOND),
                                        new StepLosses(
                                                0,
                                                random.nextLong(SECOND),
                                                random.nextLong(SECOND),
                                                random.nextLong(SECOND))));
                    }
                    step += more;
                }
                case 6 -> {
                    settled = settled + (step - 1 - settled) / 2;
                    ledger.apply(new LedgerEntry.Settled(settled));
                }
                default -> {
                    long to = settled + random.nextLong(step - settled);
                    ledger.apply(new LedgerEntry.RolledBack(to));
                    step = to + 1;
                }
            }
            if (random.nextInt(4) == 0) {
                look(ledger, slots, openedAt, now + random.nextLong(2 * SECOND), any(random));
            }
        }
    }

    private static Category any(Random random) {
        Category[] all = Category.values();
        return all[random.nextInt(all.length)];
    }

    private static void look(
            GoodputLedger ledger, int slots, long openedAt, long now, Category running) {
        GoodputLedger.Totals totals = ledger.openTotals(now, running);
        Map<Span, GoodputWindow> windows = ledger.windows(now, running);
        windows.forEach((span, window) -> {
            assertThat(window.untilNanos()).isEqualTo(openedAt + totals.elapsedNanos());
            assertThat(sum(window.categories()))
                    .isEqualTo(window.slotNanos())
                    .isEqualTo(wide(window.nanos()).multiply(wide(slots)));
            assertThat(window.categories().values()).allMatch(nanos -> nanos.signum() >= 0);
        });
        assertThat(of(windows, Span.RUN).categories()).isEqualTo(totals.categories());
        assertThat(of(windows, Span.FIVE_MINUTES).nanos()).isLessThanOrEqualTo(300 * SECOND);
        assertThat(of(windows, Span.HOUR).nanos()).isLessThanOrEqualTo(3_600 * SECOND);
        assertThat(of(windows, Span.DAY).nanos()).isLessThanOrEqualTo(86_400 * SECOND);

        List<GoodputWindow> timeline = ledger.timeline(now, running);
        assertThat(timeline.size()).isLessThanOrEqualTo(GoodputHistory.TIMELINE);
        var sums = new EnumMap<Category, BigInteger>(Category.class);
        for (Category category : Category.values()) {
            sums.put(category, BigInteger.ZERO);
        }
        long at = openedAt;
        for (GoodputWindow bucket : timeline) {
            assertThat(bucket.fromNanos()).isEqualTo(at);
            at = bucket.untilNanos();
            assertThat(sum(bucket.categories())).isEqualTo(bucket.slotNanos());
            assertThat(bucket.categories().values()).allMatch(nanos -> nanos.signum() >= 0);
            bucket.categories()
                    .forEach((category, nanos) -> sums.merge(category, nanos, BigInteger::add));
        }
        assertThat(at).isEqualTo(openedAt + totals.elapsedNanos());
        assertThat(sums).isEqualTo(totals.categories());
    }

    /** Against a list of all that was booked. */
    @ParameterizedTest
    @ValueSource(longs = {21, 22, 23, 24})
    void bookingsFallWhereTheyBelong(long seed) {
        var random = new Random(seed);
        GoodputLedger ledger = open(1, 0);
        record Booked(Category category, long from, long until) {}
        var all = new ArrayList<Booked>();
        long now = 0;
        for (int round = 0; round < 2_000; round++) {
            long until = now + 1 + random.nextLong(round % 50 == 0 ? 900 * SECOND : 3 * SECOND);
            Category category = any(random);
            ledger.apply(new LedgerEntry.Stretch(0, category, until));
            all.add(new Booked(category, now, until));
            now = until;
        }
        long end = now;
        ledger.windows(end, Category.OTHER)
                .forEach((span, window) -> {
                    var truth = new EnumMap<Category, Long>(Category.class);
                    for (Booked one : all) {
                        long inside = one.until() - Math.max(one.from(), window.fromNanos());
                        if (inside > 0) {
                            truth.merge(one.category(), inside, Long::sum);
                        }
                    }
                    for (Category category : Category.values()) {
                        assertThat(window.of(category))
                                .as("%s in %s", category, span)
                                .isEqualTo(wide(truth.getOrDefault(category, 0L)));
                    }
                });
    }

    @Test
    void anIncidentCostsWhatIsLostWhileItLasts() {
        GoodputLedger ledger = open(4, 0);
        var costs = new IncidentCosts();
        ledger.apply(
                new LedgerEntry.StepsOfAll(1, 10, 10 * SECOND, new StepLosses(0, SECOND, 0, 0)));
        costs.began(1, ledger.lossNanos());
        ledger.apply(new LedgerEntry.StretchOfAll(Category.DETECTION, 12 * SECOND));
        costs.began(1, ledger.lossNanos());
        ledger.apply(new LedgerEntry.RolledBack(5));
        ledger.apply(new LedgerEntry.StepsOfAll(6, 7, 14 * SECOND, StepLosses.NONE));

        // Half of 9 productive seconds were taken back.
        BigInteger cost = wide(4 * 2 * SECOND + 4 * 9 * SECOND / 2);
        assertThat(costs.of(1, ledger.lossNanos())).isEqualTo(cost);
        costs.closed(1, ledger.lossNanos());
        ledger.apply(new LedgerEntry.StretchOfAll(Category.DATA_WAIT, 20 * SECOND));

        assertThat(costs.of(1, ledger.lossNanos())).isEqualTo(cost);
        assertThat(costs.of(2, ledger.lossNanos())).isZero();
    }
}
