package io.coxswain.coordinator.core.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.math.BigInteger;
import java.util.Random;

class GoodputLedgerTest {
    private static long sum(GoodputLedger ledger) {
        return ledger.totals().values().stream().mapToLong(Long::longValue).sum();
    }

    private static GoodputLedger open(int slots, long atNanos) {
        var ledger = new GoodputLedger();
        ledger.apply(new LedgerEntry.Opened(slots, atNanos));
        return ledger;
    }

    private static LedgerEntry.Steps steps(int slot, long first, long last, long untilNanos) {
        return new LedgerEntry.Steps(slot, first, last, untilNanos, 0, 0, 0);
    }

    @Test
    void timeBeforeTheCursorIsNotBookedAgain() {
        GoodputLedger ledger = open(1, 1000);
        ledger.apply(new LedgerEntry.Stretch(0, Category.STARTUP, 1100));
        ledger.apply(new LedgerEntry.Stretch(0, Category.COMPILE, 1050));
        ledger.apply(new LedgerEntry.Stretch(0, Category.DETECTION, 1130));

        assertThat(ledger.totals())
                .containsEntry(Category.STARTUP, 100L)
                .containsEntry(Category.COMPILE, 0L)
                .containsEntry(Category.DETECTION, 30L);
        assertThat(ledger.elapsedNanos()).isEqualTo(130);
        assertThat(ledger.totalSlotNanos()).isEqualTo(130);
    }

    @Test
    void partsOfStepsAreCutInTheirOrder() {
        GoodputLedger ledger = open(1, 0);
        ledger.apply(new LedgerEntry.Steps(0, 1, 10, 100, 20, 10, 30));
        ledger.apply(new LedgerEntry.Steps(0, 11, 20, 200, 60, 70, 30));

        assertThat(ledger.totals())
                .containsEntry(Category.DATA_WAIT, 80L)
                .containsEntry(Category.SNAPSHOT_STALL, 50L)
                .containsEntry(Category.STRAGGLER_WAIT, 30L)
                .containsEntry(Category.PRODUCTIVE, 40L);
        assertThat(ledger.ratio()).isEqualTo(0.2);
    }

    @Test
    void aRollbackMovesWhatWasProductiveBeyondItProRataWithinARun() {
        GoodputLedger ledger = open(2, 0);
        ledger.apply(steps(0, 1, 10, 100));
        ledger.apply(steps(0, 11, 13, 110));
        ledger.apply(steps(1, 1, 12, 50));
        ledger.apply(new LedgerEntry.RolledBack(11));

        // Slot 0: of 10 nanos over three steps 3 are kept; slot 1: of 50 over twelve, 45.
        assertThat(ledger.totals())
                .containsEntry(Category.PRODUCTIVE, 148L)
                .containsEntry(Category.LOST_PROGRESS, 12L);
        assertThat(ledger.retractedNanos()).isEqualTo(12);
        assertThat(ledger.productiveBookedNanos()).as("a counter only goes up").isEqualTo(160);

        ledger.apply(new LedgerEntry.RolledBack(11));
        assertThat(ledger.retractedNanos()).as("nothing is lost twice").isEqualTo(12);

        ledger.apply(steps(0, 12, 12, 120));
        ledger.apply(new LedgerEntry.RolledBack(0));
        assertThat(ledger.totals())
                .containsEntry(Category.PRODUCTIVE, 0L)
                .containsEntry(Category.LOST_PROGRESS, 170L);
    }

    @Test
    void settledStepsStayProductive() {
        GoodputLedger ledger = open(1, 0);
        ledger.apply(steps(0, 1, 10, 95));
        ledger.apply(new LedgerEntry.Settled(4));
        ledger.apply(new LedgerEntry.RolledBack(0));

        assertThat(ledger.totals())
                .containsEntry(Category.PRODUCTIVE, 38L)
                .containsEntry(Category.LOST_PROGRESS, 57L);
    }

    @Test
    void proRataIsExactWhereTheProductOverflows() {
        long nanos = 4_000_000_000_000_000_000L;
        GoodputLedger ledger = open(1, 0);
        ledger.apply(steps(0, 1, 1_000_003, nanos));
        ledger.apply(new LedgerEntry.RolledBack(1_000_002));
        long kept =
                BigInteger.valueOf(nanos)
                        .multiply(BigInteger.valueOf(1_000_002))
                        .divide(BigInteger.valueOf(1_000_003))
                        .longValueExact();
        assertThat(ledger.totals()).containsEntry(Category.PRODUCTIVE, kept);
        assertThat(sum(ledger)).isEqualTo(nanos);
    }

    @Test
    void memoryIsBoundedAndOldRunsAreMerged() {
        GoodputLedger ledger = open(1, 0);
        for (int step = 1; step <= 100_000; step++) {
            ledger.apply(steps(0, step, step, 10L * step));
        }
        assertThat(ledger.runsKept()).isEqualTo(GoodputLedger.MOST_RUNS);
        ledger.apply(new LedgerEntry.RolledBack(50_000));
        assertThat(ledger.totals())
                .containsEntry(Category.PRODUCTIVE, 500_000L)
                .containsEntry(Category.LOST_PROGRESS, 500_000L);
    }

    @Test
    void anOpenRemainderIsShownWithoutBeingBooked() {
        GoodputLedger ledger = open(2, 100);
        ledger.apply(steps(0, 1, 5, 300));
        GoodputLedger.Totals totals = ledger.openTotals(400, Category.DETECTION);

        assertThat(totals.elapsedNanos()).isEqualTo(300);
        assertThat(totals.totalSlotNanos()).isEqualTo(600);
        assertThat(totals.categories())
                .containsEntry(Category.DETECTION, 400L)
                .containsEntry(Category.PRODUCTIVE, 200L);
        assertThat(ledger.totalSlotNanos()).isEqualTo(200);

        assertThat(ledger.closeAt(400, Category.DETECTION)).isEqualTo(400);
        assertThat(ledger.totals()).isEqualTo(totals.categories());
        assertThat(ledger.ratio()).isEqualTo(totals.ratio());
    }

    @Test
    void closingBeforeTheNewestCursorClosesAtIt() {
        GoodputLedger ledger = open(2, 0);
        ledger.apply(new LedgerEntry.Stretch(1, Category.PAUSED, 500));
        assertThat(ledger.openTotals(400, Category.OTHER).totalSlotNanos()).isEqualTo(1000);
        assertThat(ledger.closeAt(400, Category.OTHER)).isEqualTo(500);
        assertThat(ledger.totalSlotNanos()).isEqualTo(1000);
    }

    @Test
    void misuseIsRefused() {
        var closed = new GoodputLedger();
        assertThatThrownBy(() -> closed.apply(steps(0, 1, 1, 5)))
                .isInstanceOf(IllegalStateException.class);
        assertThat(closed.openTotals(5, Category.OTHER).totalSlotNanos()).isZero();
        assertThat(closed.ratio()).isZero();
        GoodputLedger ledger = open(1, 0);
        assertThatThrownBy(() -> ledger.apply(new LedgerEntry.Opened(1, 5)))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> ledger.apply(new LedgerEntry.Stretch(1, Category.OTHER, 5)))
                .hasMessage("slot 1 is not in 0..0");
        assertThatThrownBy(() -> ledger.apply(new LedgerEntry.Steps(0, 1, 1, 5, -1, 0, 0)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ledger.apply(steps(0, 3, 2, 5)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void categoriesTileTimeWhateverIsBooked(long seed) {
        var random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            int slots = 1 + random.nextInt(4);
            long now = random.nextInt(1000);
            long opened = now;
            GoodputLedger ledger = open(slots, now);
            var step = new long[slots];
            long productiveBooked = 0;
            long retracted = 0;
            long settled = 0;
            for (int i = 0; i < 300; i++) {
                now += random.nextInt(100);
                int slot = random.nextInt(slots);
                long until = now - random.nextInt(50);
                switch (random.nextInt(12)) {
                    case 0 -> {
                        long to = settled + random.nextInt(20);
                        ledger.apply(new LedgerEntry.RolledBack(to));
                        for (int s = 0; s < slots; s++) {
                            step[s] = Math.min(step[s], to);
                        }
                    }
                    case 1 -> {
                        settled = Math.max(settled, step[slot] - 10);
                        ledger.apply(new LedgerEntry.Settled(settled));
                    }
                    case 2, 3, 4 -> {
                        Category[] all = Category.values();
                        ledger.apply(
                                new LedgerEntry.Stretch(
                                        slot, all[random.nextInt(all.length)], until));
                    }
                    default -> {
                        int count = 1 + random.nextInt(7);
                        ledger.apply(
                                new LedgerEntry.Steps(
                                        slot,
                                        step[slot] + 1,
                                        step[slot] + count,
                                        until,
                                        random.nextInt(20),
                                        random.nextInt(20),
                                        random.nextInt(20)));
                        step[slot] += count;
                    }
                }
                assertThat(sum(ledger)).isEqualTo(ledger.totalSlotNanos());
                assertThat(ledger.totals().values()).allMatch(nanos -> nanos >= 0);
                assertThat(ledger.productiveBookedNanos()).isGreaterThanOrEqualTo(productiveBooked);
                assertThat(ledger.retractedNanos()).isGreaterThanOrEqualTo(retracted);
                productiveBooked = ledger.productiveBookedNanos();
                retracted = ledger.retractedNanos();
                GoodputLedger.Totals open = ledger.openTotals(now, Category.OTHER);
                assertThat(open.categories().values().stream().mapToLong(Long::longValue).sum())
                        .isEqualTo(open.totalSlotNanos())
                        .isEqualTo(open.elapsedNanos() * slots);
            }
            long instant = ledger.closeAt(now, Category.OTHER);
            assertThat(sum(ledger))
                    .isEqualTo((instant - opened) * slots)
                    .isEqualTo(ledger.elapsedNanos() * slots);
        }
    }
}
