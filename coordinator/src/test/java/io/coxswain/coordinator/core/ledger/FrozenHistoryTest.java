package io.coxswain.coordinator.core.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.math.BigInteger;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

class FrozenHistoryTest {
    private static final long SECOND = 1_000_000_000L;
    private static final Category[] SPENT = {
        Category.PRODUCTIVE, Category.DATA_WAIT, Category.STRAGGLER_WAIT, Category.DETECTION
    };

    private final Map<Category, BigInteger> totals = new EnumMap<>(Category.class);

    private void spend(GoodputHistory history, Category category, long from, long until, int of) {
        history.add(category, from, until, of);
        totals.merge(
                category,
                BigInteger.valueOf(until - from).multiply(BigInteger.valueOf(of)),
                BigInteger::add);
    }

    /** Some hours of a run of so many slots; returns when they end. */
    private long live(GoodputHistory history, Random random, int slots, long from, int stretches) {
        long at = from;
        for (int i = 0; i < stretches; i++) {
            long until = at + 1 + random.nextLong(20 * SECOND);
            int some = random.nextInt(slots + 1);
            spend(history, SPENT[random.nextInt(SPENT.length)], at, until, some);
            spend(history, SPENT[random.nextInt(SPENT.length)], at, until, slots - some);
            at = until;
        }
        return at;
    }

    private static void tiles(GoodputHistory history, long now, int slots) {
        for (GoodputWindow window : history.windows(now, Category.OTHER).values()) {
            BigInteger sum =
                    window.categories().values().stream().reduce(BigInteger.ZERO, BigInteger::add);
            assertThat(sum).isEqualTo(window.slotNanos());
            for (BigInteger nanos : window.categories().values()) {
                assertThat(nanos.signum()).isNotNegative();
            }
            assertThat(share(window, Category.OTHER)).isLessThan(0.001);
        }
        assertThat(slots).isPositive();
    }

    private static double share(GoodputWindow window, Category category) {
        return window.of(category).doubleValue() / window.slotNanos().doubleValue();
    }

    private Map<Category, BigInteger> timeline(GoodputHistory history, long now) {
        var sum = new EnumMap<Category, BigInteger>(Category.class);
        for (GoodputWindow stretch : history.timeline(now, Category.OTHER)) {
            stretch.categories()
                    .forEach((category, nanos) -> sum.merge(category, nanos, BigInteger::add));
        }
        sum.values().removeIf(nanos -> nanos.signum() == 0);
        totals.values().removeIf(nanos -> nanos.signum() == 0);
        return sum;
    }

    private static GoodputHistory thawed(
            FrozenHistory frozen, int slots, long opened, long now, Map<Category, BigInteger> all) {
        GoodputHistory history = GoodputHistory.thaw(frozen, slots, opened, now, all);
        assertThat(history).isNotNull();
        return history == null ? new GoodputHistory(slots, opened) : history;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 1_000, 16_384})
    void whatIsKeptComesBack(int slots) {
        var random = new Random(slots);
        long opened = -7 * SECOND;
        var history = new GoodputHistory(slots, opened);
        long now = live(history, random, slots, opened, 4_000);

        long moved = 1_000 * SECOND;
        GoodputHistory back = thawed(history.freeze(), slots, opened + moved, now + moved, totals);

        assertThat(timeline(back, now + moved)).isEqualTo(totals);
        tiles(back, now + moved, slots);
        Map<Span, GoodputWindow> before = history.windows(now, Category.OTHER);
        back.windows(now + moved, Category.OTHER)
                .forEach((span, window) -> {
                    GoodputWindow was = before.get(span);
                    assertThat(was).isNotNull();
                    for (Category category : SPENT) {
                        if (was != null) {
                            assertThat(Math.abs(share(window, category) - share(was, category)))
                                    .as("%s of %s", category, span)
                                    .isLessThan(0.002);
                        }
                    }
                });
    }

    @Test
    void whatCameSinceIsSpreadOverTheTimeSince() {
        var history = new GoodputHistory(4, 0);
        spend(history, Category.PRODUCTIVE, 0, 100 * SECOND, 4);
        FrozenHistory frozen = history.freeze();
        spend(history, Category.PRODUCTIVE, 100 * SECOND, 109 * SECOND, 4);
        spend(history, Category.CONTROLLER_WAIT, 109 * SECOND, 112 * SECOND, 4);

        GoodputHistory back = thawed(frozen, 4, 0, 112 * SECOND, totals);

        assertThat(timeline(back, 112 * SECOND)).isEqualTo(totals);
        List<GoodputWindow> buckets = back.timeline(112 * SECOND, Category.OTHER);
        for (GoodputWindow bucket : buckets) {
            boolean since = bucket.fromNanos() >= 100 * SECOND;
            assertThat(share(bucket, Category.CONTROLLER_WAIT))
                    .isBetween(since ? 0.24 : 0, since ? 0.26 : 0.001);
        }
        tiles(back, 112 * SECOND, 4);
    }

    @Test
    void whatWasRolledBackSinceIsLostWhereItWasSpentLast() {
        var history = new GoodputHistory(2, 0);
        spend(history, Category.PRODUCTIVE, 0, 50 * SECOND, 2);
        FrozenHistory frozen = history.freeze();
        BigInteger lost = BigInteger.valueOf(6 * SECOND);
        totals.merge(Category.PRODUCTIVE, lost.negate(), BigInteger::add);
        totals.merge(Category.LOST_PROGRESS, lost, BigInteger::add);
        spend(history, Category.RECOVERY_RESTORE, 50 * SECOND, 51 * SECOND, 2);

        GoodputHistory back = thawed(frozen, 2, 0, 51 * SECOND, totals);

        assertThat(timeline(back, 51 * SECOND)).isEqualTo(totals);
        assertThat(share(back.timeline(51 * SECOND, Category.OTHER).get(10), Category.PRODUCTIVE))
                .isGreaterThan(0.999);
        tiles(back, 51 * SECOND, 2);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void overAnyNumberOfLeadersNothingIsLostOrCountsTwice(long seed) {
        var random = new Random(seed);
        int slots = 1 + random.nextInt(40);
        var history = new GoodputHistory(slots, 0);
        long now = 0;
        for (int leader = 0; leader < 20; leader++) {
            now = live(history, random, slots, now, random.nextInt(300));
            FrozenHistory frozen = history.freeze();
            now = live(history, random, slots, now, random.nextInt(3));
            long blind = random.nextLong(3 * SECOND);
            totals.merge(
                    Category.CONTROLLER_WAIT,
                    BigInteger.valueOf(blind).multiply(BigInteger.valueOf(slots)),
                    BigInteger::add);
            now += blind;
            history = thawed(frozen, slots, 0, now, totals);
            assertThat(timeline(history, now)).isEqualTo(totals);
            tiles(history, now, slots);
        }
    }

    @Test
    void aLedgerGoesOnWithItsWindowsAndTimeline() {
        GoodputLedger first = GoodputLedger.withHistory();
        first.apply(new LedgerEntry.Opened(2, 5 * SECOND));
        first.apply(new LedgerEntry.StretchOfAll(Category.STARTUP, 15 * SECOND));
        first.apply(new LedgerEntry.StepsOfAll(1, 100, 65 * SECOND, StepLosses.NONE));
        GoodputLedger.Totals totals = first.openTotals(65 * SECOND, Category.PRODUCTIVE);
        GoodputLedger next = GoodputLedger.withHistory();
        next.apply(
                new LedgerEntry.Resumed(
                        2,
                        -20 * SECOND,
                        40 * SECOND,
                        totals.categories(),
                        first.unsettled(64),
                        first.frozenHistory()));
        next.apply(new LedgerEntry.StretchOfAll(Category.CONTROLLER_WAIT, 43 * SECOND));
        next.apply(new LedgerEntry.RolledBack(90));
        next.apply(new LedgerEntry.StepsOfAll(91, 100, 50 * SECOND, StepLosses.NONE));

        List<GoodputWindow> timeline = next.timeline(50 * SECOND, Category.OTHER);
        assertThat(timeline.getFirst().fromNanos()).isEqualTo(-20 * SECOND);
        var sum = new EnumMap<Category, BigInteger>(Category.class);
        for (GoodputWindow stretch : timeline) {
            stretch.categories()
                    .forEach((category, nanos) -> sum.merge(category, nanos, BigInteger::add));
        }
        for (Category category : Category.values()) {
            assertThat(sum.getOrDefault(category, BigInteger.ZERO))
                    .as("%s", category)
                    .isEqualTo(next.totals().get(category));
        }
        GoodputWindow window = next.windows(50 * SECOND, Category.OTHER).get(Span.FIVE_MINUTES);
        assertThat(window).isNotNull();
        if (window != null) {
            assertThat(window.nanos()).isEqualTo(70 * SECOND);
            assertThat(window.of(Category.LOST_PROGRESS).doubleValue() / SECOND)
                    .isCloseTo(10, org.assertj.core.api.Assertions.within(0.1));
        }
    }

    @Test
    void withoutItALedgerBeginsAtTheCursor() {
        GoodputLedger next = GoodputLedger.withHistory();
        next.apply(
                new LedgerEntry.Resumed(
                        1,
                        0,
                        10 * SECOND,
                        Map.of(Category.PRODUCTIVE, BigInteger.valueOf(10 * SECOND)),
                        List.of(new UnsettledRun(1, 10, 10 * SECOND))));
        next.apply(new LedgerEntry.StepsOfAll(11, 12, 12 * SECOND, StepLosses.NONE));
        next.apply(new LedgerEntry.RolledBack(5));
        GoodputWindow window = next.windows(12 * SECOND, Category.OTHER).get(Span.FIVE_MINUTES);
        assertThat(window).isNotNull();
        if (window != null) {
            assertThat(window.nanos()).isEqualTo(2 * SECOND);
            assertThat(window.of(Category.LOST_PROGRESS)).isEqualTo(BigInteger.valueOf(2 * SECOND));
        }
    }

    @Test
    void itIsSmall() {
        var history = new GoodputHistory(16_384, 0);
        live(history, new Random(3), 16_384, 0, 20_000);
        int numbers = history.freeze().rings().stream().mapToInt(ring -> ring.cells().length).sum();
        assertThat(numbers).isLessThan(3 * 4 * (300 * 3 + 240));
    }

    @Test
    void whatDoesNotFitIsLeft() {
        var history = new GoodputHistory(2, 0);
        spend(history, Category.PRODUCTIVE, 0, 50 * SECOND, 2);
        List<FrozenHistory.Ring> rings = history.freeze().rings();
        assertThat(bad(rings.get(0), rings.get(1), rings.get(2))).isNull();
        assertThat(bad(rings.get(1), rings.get(0), rings.get(2), rings.get(3))).isNull();
        FrozenHistory.Ring first = rings.getFirst();
        for (int[] cells :
                new int[][] {
                    {0, 0}, {-1, 0, 1}, {0, 99, 1}, {0, 0, 99_999}, {0, 0, 0}, {77, 0, 1}
                }) {
            assertThat(
                            bad(
                                    new FrozenHistory.Ring(
                                            first.widthNanos(), first.newest(), cells),
                                    rings.get(1),
                                    rings.get(2),
                                    rings.get(3)))
                    .isNull();
        }
    }

    private @Nullable GoodputHistory bad(FrozenHistory.Ring... rings) {
        return GoodputHistory.thaw(new FrozenHistory(List.of(rings)), 2, 0, 50 * SECOND, totals);
    }
}
