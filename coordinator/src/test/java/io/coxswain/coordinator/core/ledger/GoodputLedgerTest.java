package io.coxswain.coordinator.core.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

class GoodputLedgerTest {
    private static BigInteger sum(GoodputLedger ledger) {
        return sum(ledger.totals());
    }

    private static BigInteger sum(Map<Category, BigInteger> categories) {
        return categories.values().stream().reduce(BigInteger.ZERO, BigInteger::add);
    }

    private static BigInteger wide(long nanos) {
        return BigInteger.valueOf(nanos);
    }

    private static GoodputLedger open(int slots, long atNanos) {
        var ledger = new GoodputLedger();
        ledger.apply(new LedgerEntry.Opened(slots, atNanos));
        return ledger;
    }

    private static LedgerEntry.Steps steps(int slot, long first, long last, long untilNanos) {
        return new LedgerEntry.Steps(slot, first, last, untilNanos, StepLosses.NONE);
    }

    @Test
    void timeBeforeTheCursorIsNotBookedAgain() {
        GoodputLedger ledger = open(1, 1000);
        ledger.apply(new LedgerEntry.Stretch(0, Category.STARTUP, 1100));
        ledger.apply(new LedgerEntry.Stretch(0, Category.COMPILE, 1050));
        ledger.apply(new LedgerEntry.Stretch(0, Category.DETECTION, 1130));

        assertThat(ledger.totals())
                .containsEntry(Category.STARTUP, wide(100))
                .containsEntry(Category.COMPILE, wide(0))
                .containsEntry(Category.DETECTION, wide(30));
        assertThat(ledger.elapsedNanos()).isEqualTo(130);
        assertThat(ledger.totalSlotNanos()).isEqualTo(130);
    }

    @Test
    void partsOfStepsAreCutInTheirOrder() {
        GoodputLedger ledger = open(1, 0);
        ledger.apply(new LedgerEntry.Steps(0, 1, 10, 100, new StepLosses(0, 20, 10, 30)));
        ledger.apply(new LedgerEntry.Steps(0, 11, 20, 200, new StepLosses(0, 60, 70, 30)));

        assertThat(ledger.totals())
                .containsEntry(Category.DATA_WAIT, wide(80))
                .containsEntry(Category.SNAPSHOT_STALL, wide(50))
                .containsEntry(Category.STRAGGLER_WAIT, wide(30))
                .containsEntry(Category.PRODUCTIVE, wide(40));
        assertThat(ledger.ratio()).isEqualTo(0.2);
    }

    @Test
    void aWaitForCreditsComesBeforeTheStepsAndIsNotRolledBack() {
        GoodputLedger ledger = open(1, 0);
        ledger.apply(new LedgerEntry.Steps(0, 1, 4, 100, new StepLosses(60, 30, 20, 10)));
        assertThat(ledger.totals())
                .containsEntry(Category.CONTROLLER_WAIT, wide(60))
                .containsEntry(Category.DATA_WAIT, wide(30))
                .containsEntry(Category.SNAPSHOT_STALL, wide(10))
                .containsEntry(Category.STRAGGLER_WAIT, wide(0));
        ledger.apply(new LedgerEntry.Steps(0, 5, 6, 200, new StepLosses(70, 0, 0, 0)));
        ledger.apply(new LedgerEntry.RolledBack(4));
        assertThat(ledger.totals())
                .containsEntry(Category.CONTROLLER_WAIT, wide(130))
                .containsEntry(Category.LOST_PROGRESS, wide(30));
    }

    @Test
    void stepsOfAllAreThoseOfEachSlotFromWhereItWas() {
        GoodputLedger each = open(3, 0);
        GoodputLedger all = open(3, 0);
        for (GoodputLedger ledger : List.of(each, all)) {
            ledger.apply(new LedgerEntry.Stretch(1, Category.DATA_WAIT, 70));
            ledger.apply(new LedgerEntry.Stretch(2, Category.DATA_WAIT, 120));
        }
        for (int slot = 0; slot < 3; slot++) {
            each.apply(new LedgerEntry.Steps(slot, 1, 10, 100, new StepLosses(0, 20, 10, 30)));
        }
        all.apply(new LedgerEntry.StepsOfAll(1, 10, 100, new StepLosses(0, 20, 10, 30)));

        assertThat(all.totals())
                .isEqualTo(each.totals())
                .containsEntry(Category.PRODUCTIVE, wide(40));
        assertThat(all.totalSlotNanos()).isEqualTo(each.totalSlotNanos());
        assertThatThrownBy(() ->
                        all.apply(
                                new LedgerEntry.StepsOfAll(1, 1, 500, new StepLosses(0, -1, 0, 0))))
                .isInstanceOf(IllegalArgumentException.class);
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
                .containsEntry(Category.PRODUCTIVE, wide(148))
                .containsEntry(Category.LOST_PROGRESS, wide(12));
        assertThat(ledger.retractedNanos()).isEqualTo(12);
        assertThat(ledger.productiveBookedNanos()).as("a counter only goes up").isEqualTo(160);

        ledger.apply(new LedgerEntry.RolledBack(11));
        assertThat(ledger.retractedNanos()).as("nothing is lost twice").isEqualTo(12);

        ledger.apply(steps(0, 12, 12, 120));
        ledger.apply(new LedgerEntry.RolledBack(0));
        assertThat(ledger.totals())
                .containsEntry(Category.PRODUCTIVE, wide(0))
                .containsEntry(Category.LOST_PROGRESS, wide(170));
    }

    @Test
    void settledStepsAreLostWhenTheStateOfAllCopiesIs() {
        GoodputLedger ledger = open(2, 0);
        long nanos = 0;
        for (int step = 1; step <= 1_000; step++) {
            // Slower and slower; and the slots are not alike.
            nanos += step;
            ledger.apply(steps(0, step, step, nanos));
            ledger.apply(steps(1, step, step, nanos - step % 3));
            ledger.apply(new LedgerEntry.Settled(step - 2));
        }
        ledger.apply(new LedgerEntry.StretchOfAll(Category.DETECTION, nanos));
        BigInteger productive = ledger.totals().get(Category.PRODUCTIVE);
        assertThat(ledger.unsettled(1_000).size()).as("detail is folded").isLessThan(80);

        ledger.apply(new LedgerEntry.RolledBack(990));
        assertThat(ledger.retractedNanos().longValueExact())
                .as("the newest are exact")
                .isBetween(2L * 9_955 - 20, 2L * 9_955 + 20);
        ledger.apply(new LedgerEntry.RolledBack(400));
        long lost = 0;
        for (int step = 401; step <= 1_000; step++) {
            lost += 2L * step;
        }
        assertThat(ledger.retractedNanos().doubleValue())
                .as("of what is folded the mean is taken")
                .isBetween(0.7 * lost, 1.1 * lost);
        ledger.apply(new LedgerEntry.RolledBack(0));
        assertThat(ledger.totals())
                .containsEntry(Category.PRODUCTIVE, wide(0))
                .containsEntry(Category.LOST_PROGRESS, productive);
    }

    @Test
    void centuriesOfSlotsFitNoNumberAndStayWhatTheyAre() {
        int slots = 100_000;
        long day = 86_400_000_000_000L;
        GoodputLedger ledger = open(slots, 0);
        for (int of = 1; of <= 60; of++) {
            ledger.apply(new LedgerEntry.StepsOfAll(of, of, of * day / 2, StepLosses.NONE));
            ledger.apply(new LedgerEntry.Settled(of));
        }
        assertThat(ledger.unsettled(4))
                .isNotEmpty()
                .allMatch(run -> run.slotNanos() > 0)
                .last()
                .isEqualTo(new UnsettledRun(60, 60, slots * day / 2));
        ledger.apply(new LedgerEntry.RolledBack(0));
        assertThat(sum(ledger)).isEqualTo(ledger.totalSlotNanos());
        assertThat(ledger.retractedNanos()).isPositive();
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
        assertThat(ledger.totals()).containsEntry(Category.PRODUCTIVE, wide(kept));
        assertThat(sum(ledger)).isEqualTo(nanos);
    }

    @Test
    void memoryIsBoundedAndOldRunsAreMerged() {
        GoodputLedger ledger = open(1, 0);
        for (int step = 1; step <= 100_000; step++) {
            ledger.apply(steps(0, step, step, 10L * step));
        }
        assertThat(ledger.runsKept()).isEqualTo(StepRuns.MOST);
        ledger.apply(new LedgerEntry.RolledBack(50_000));
        assertThat(ledger.totals())
                .containsEntry(Category.PRODUCTIVE, wide(500_000))
                .containsEntry(Category.LOST_PROGRESS, wide(500_000));
    }

    @Test
    void anOpenRemainderIsShownWithoutBeingBooked() {
        GoodputLedger ledger = open(2, 100);
        ledger.apply(steps(0, 1, 5, 300));
        GoodputLedger.Totals totals = ledger.openTotals(400, Category.DETECTION);

        assertThat(totals.elapsedNanos()).isEqualTo(300);
        assertThat(totals.totalSlotNanos()).isEqualTo(600);
        assertThat(totals.categories())
                .containsEntry(Category.DETECTION, wide(400))
                .containsEntry(Category.PRODUCTIVE, wide(200));
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
        assertThatThrownBy(() ->
                        ledger.apply(
                                new LedgerEntry.Steps(0, 1, 1, 5, new StepLosses(0, -1, 0, 0))))
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
            BigInteger productiveBooked = BigInteger.ZERO;
            BigInteger retracted = BigInteger.ZERO;
            long settled = 0;
            for (int i = 0; i < 300; i++) {
                now += random.nextInt(100);
                int slot = random.nextInt(slots);
                long until = now - random.nextInt(50);
                switch (random.nextInt(13)) {
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
                    case 5 -> {
                        Category[] all = Category.values();
                        ledger.apply(
                                new LedgerEntry.StretchOfAll(
                                        all[random.nextInt(all.length)], until));
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
                                        new StepLosses(
                                                0,
                                                random.nextInt(20),
                                                random.nextInt(20),
                                                random.nextInt(20))));
                        step[slot] += count;
                    }
                }
                assertThat(sum(ledger)).isEqualTo(ledger.totalSlotNanos());
                assertThat(ledger.totals().values()).allMatch(nanos -> nanos.signum() >= 0);
                assertThat(ledger.productiveBookedNanos()).isGreaterThanOrEqualTo(productiveBooked);
                assertThat(ledger.retractedNanos()).isGreaterThanOrEqualTo(retracted);
                productiveBooked = ledger.productiveBookedNanos();
                retracted = ledger.retractedNanos();
                GoodputLedger.Totals open = ledger.openTotals(now, Category.OTHER);
                assertThat(sum(open.categories()))
                        .isEqualTo(open.totalSlotNanos())
                        .isEqualTo(open.elapsedNanos() * slots);
            }
            long instant = ledger.closeAt(now, Category.OTHER);
            assertThat(sum(ledger))
                    .isEqualTo((instant - opened) * slots)
                    .isEqualTo(ledger.elapsedNanos() * slots);
        }
    }

    /** Each slot by itself, the plain way, with runs of its own. */
    private static final class Plain {
        private record Run(long first, long last, BigInteger nanos) {
            BigInteger through(long step) {
                return nanos.multiply(wide(step - first + 1)).divide(wide(last - first + 1));
            }
        }

        private final List<List<Run>> runs = new ArrayList<>();
        private final long[] cursors;
        private BigInteger productive = BigInteger.ZERO;
        private BigInteger lost = BigInteger.ZERO;

        Plain(int slots) {
            cursors = new long[slots];
            for (int slot = 0; slot < slots; slot++) {
                runs.add(new ArrayList<>());
            }
        }

        void steps(int slot, long first, long last, long untilNanos) {
            long took = Math.max(0, untilNanos - cursors[slot]);
            cursors[slot] += took;
            productive = productive.add(wide(took));
            if (took > 0) {
                runs.get(slot).add(new Run(first, last, wide(took)));
            }
        }

        void rollBack(long to) {
            for (List<Run> of : runs) {
                for (Run run : List.copyOf(of)) {
                    if (run.last > to) {
                        of.remove(run);
                        BigInteger kept = run.first > to ? BigInteger.ZERO : run.through(to);
                        lost = lost.add(run.nanos.subtract(kept));
                        if (run.first <= to) {
                            of.add(new Run(run.first, to, kept));
                        }
                    }
                }
            }
        }
    }

    /** Slots share runs in the ledger; what comes out is what each would have by itself. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void sharedRunsAreLostAsEachSlotsOwn(long seed) {
        var random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            int slots = 1 + random.nextInt(6);
            GoodputLedger ledger = open(slots, 0);
            var plain = new Plain(slots);
            long step = 0;
            long now = 0;
            for (int i = 0; i < 60; i++) {
                long last = step + 1 + random.nextInt(5);
                now += 100;
                boolean together = random.nextInt(3) > 0;
                boolean atOnce = random.nextInt(4) == 0;
                if (atOnce) {
                    ledger.apply(new LedgerEntry.StepsOfAll(step + 1, last, now, StepLosses.NONE));
                }
                for (int slot = 0; slot < slots; slot++) {
                    if (atOnce) {
                        plain.steps(slot, step + 1, last, now);
                        continue;
                    }
                    // Mostly the same cuts and times; now and then one is late, or has less.
                    long to = random.nextInt(10) == 0 ? Math.max(step + 1, last - 1) : last;
                    long until = together ? now : now - random.nextInt(30);
                    ledger.apply(steps(slot, step + 1, to, until));
                    plain.steps(slot, step + 1, to, until);
                }
                step = last;
                if (random.nextInt(4) == 0) {
                    step = Math.max(0, step - random.nextInt(12));
                    ledger.apply(new LedgerEntry.RolledBack(step));
                    plain.rollBack(step);
                }
                if (random.nextInt(4) == 0) {
                    long settled = Math.max(0, step - random.nextInt(6));
                    ledger.apply(new LedgerEntry.Settled(settled));
                }
                assertThat(ledger.productiveBookedNanos()).isEqualTo(plain.productive);
                assertThat(ledger.retractedNanos()).isEqualTo(plain.lost);
            }
        }
    }

    @Test
    void aHundredThousandSlotsOfSixtyDaysAreExact() {
        int slots = 100_000;
        long day = 86_400_000_000_000L;
        // No whole number of anything.
        long opened = 123_456_789L;
        GoodputLedger ledger = open(slots, opened);
        for (int of = 1; of <= 60; of++) {
            for (int slot = 0; slot < slots; slot++) {
                ledger.apply(steps(slot, of, of, opened + of * day - slot % 7));
            }
            if (of % 20 == 0) {
                ledger.apply(new LedgerEntry.RolledBack(of - 1));
            }
            ledger.apply(new LedgerEntry.StretchOfAll(Category.DETECTION, opened + of * day));
            ledger.apply(new LedgerEntry.Settled(of - 2));
        }

        BigInteger total = wide(60 * day).multiply(wide(slots));
        assertThat(total.bitLength()).as("does not fit a long").isGreaterThan(63);
        BigInteger detection = BigInteger.ZERO;
        BigInteger lastDay = BigInteger.ZERO;
        for (int slot = 0; slot < slots; slot++) {
            detection = detection.add(wide(60L * (slot % 7)));
            lastDay = lastDay.add(wide(day - slot % 7));
        }
        BigInteger lost = lastDay.multiply(wide(3));
        assertThat(ledger.totals())
                .containsEntry(Category.DETECTION, detection)
                .containsEntry(Category.LOST_PROGRESS, lost)
                .containsEntry(Category.PRODUCTIVE, total.subtract(detection).subtract(lost));
        assertThat(ledger.totalSlotNanos()).isEqualTo(total);
        assertThat(ledger.openTotals(opened + 61 * day, Category.PAUSED).totalSlotNanos())
                .isEqualTo(wide(61 * day).multiply(wide(slots)));
        assertThat(ledger.ratio()).isBetween(0.949, 0.951);
    }

    @Test
    void anotherLeadersAccountGoesOn() {
        var ledger = new GoodputLedger();
        ledger.apply(
                new LedgerEntry.Resumed(
                        2,
                        -100,
                        900,
                        Map.of(
                                Category.PRODUCTIVE,
                                BigInteger.valueOf(1_500),
                                Category.STARTUP,
                                BigInteger.valueOf(500)),
                        List.of(new UnsettledRun(5, 8, 400), new UnsettledRun(9, 10, 100))));
        assertThat(ledger.elapsedNanos()).isEqualTo(1_000);
        assertThat(ledger.totalSlotNanos()).isEqualTo(2_000);

        ledger.apply(new LedgerEntry.StretchOfAll(Category.PRODUCTIVE, 1_000));
        ledger.apply(new LedgerEntry.RolledBack(6));

        assertThat(ledger.totals().get(Category.LOST_PROGRESS)).isEqualTo(300);
        assertThat(ledger.totals().get(Category.PRODUCTIVE)).isEqualTo(1_500 + 200 - 300);
        assertThat(ledger.totalSlotNanos()).isEqualTo(2_200);
        assertThat(ledger.unsettled(4)).containsExactly(new UnsettledRun(5, 6, 200));
    }

    @Test
    void anAccountThatDoesNotAddUpIsRefused() {
        var ledger = new GoodputLedger();
        assertThatThrownBy(() ->
                        ledger.apply(
                                new LedgerEntry.Resumed(
                                        2,
                                        0,
                                        900,
                                        Map.of(Category.PRODUCTIVE, BigInteger.ONE),
                                        List.of())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cannot go on as that of 2 slots");
    }

    @Test
    void ofManyUnsettledRunsTheOldestArePutTogether() {
        var ledger = new GoodputLedger();
        ledger.apply(new LedgerEntry.Opened(2, 0));
        for (int step = 1; step <= 6; step++) {
            for (int slot = 0; slot < 2; slot++) {
                ledger.apply(new LedgerEntry.Steps(slot, step, step, 10L * step, StepLosses.NONE));
            }
        }
        assertThat(ledger.unsettled(3))
                .containsExactly(
                        new UnsettledRun(1, 4, 80),
                        new UnsettledRun(5, 5, 20),
                        new UnsettledRun(6, 6, 20));
    }
}
