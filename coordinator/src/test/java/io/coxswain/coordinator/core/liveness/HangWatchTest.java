package io.coxswain.coordinator.core.liveness;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.view.StepTimes;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import java.util.Set;

final class HangWatchTest {
    private static final long MILLI = 1_000_000;
    private static final StepTimes TIMES = StepTimes.NONE.observe(10, 100 * MILLI);
    private static final long BUDGET = HangRule.budgetNanos(TIMES);

    private final HangWatch watch = new HangWatch();
    private long now = 5_000 * MILLI;

    /** Rank 1 executes for so long; rank 0 waits for it in a reduction. */
    private HangRule.@Nullable Suspicion stalled(long epoch, long step, long nanos) {
        HangRule.Suspicion first = say(epoch, step, new RankWord(1, "execute", Set.of(), nanos));
        HangRule.Suspicion second = say(epoch, step, new RankWord(0, "reduce", Set.of(1), nanos));
        return first != null ? first : second;
    }

    private HangRule.@Nullable Suspicion say(long epoch, long step, RankWord word) {
        return watch.heard(epoch, word, step, TIMES, now);
    }

    private void pass(long millis) {
        now += millis * MILLI;
    }

    @Test
    void aHangIsNamedOnceItHasLasted() {
        assertThat(stalled(1, 7, BUDGET + MILLI)).as("first seen").isNull();
        pass(250);
        assertThat(stalled(1, 7, BUDGET + 251 * MILLI)).as("may pass").isNull();
        pass(300);
        HangRule.Suspicion hang = stalled(1, 7, BUDGET + 551 * MILLI);
        assertThat(hang).isNotNull();
        assertThat(hang.rank()).isEqualTo(1);
        assertThat(hang.cycle()).isFalse();
        pass(250);
        assertThat(stalled(1, 7, BUDGET + 801 * MILLI)).as("told once").isNull();
    }

    @Test
    void aStepOrAnotherViewEndsASuspicion() {
        stalled(1, 7, BUDGET + MILLI);
        pass(1_100);
        assertThat(stalled(1, 8, BUDGET + MILLI)).as("a step was completed").isNull();
        pass(1_100);
        assertThat(stalled(2, 8, BUDGET + MILLI)).as("another view").isNull();
    }

    @Test
    void wordsFromBeforeAPauseOfTheWholeMachineConvictNobody() {
        stalled(1, 7, 10 * MILLI);
        pass(60_000);
        say(1, 7, new RankWord(0, "reduce", Set.of(1), 60_010 * MILLI));
        pass(1_100);
        assertThat(say(1, 7, new RankWord(0, "reduce", Set.of(1), 61_110 * MILLI)))
                .as("rank 1 has said nothing since")
                .isNull();
    }

    @Test
    void stepsWithinTheBudgetAndAJobWithoutCreditsAreNoHang() {
        for (int i = 0; i < 8; i++) {
            assertThat(stalled(1, 7, BUDGET - MILLI)).isNull();
            assertThat(say(1, 7, new RankWord(0, "idle", Set.of(), BUDGET * 9))).isNull();
            pass(250);
        }
    }
}
