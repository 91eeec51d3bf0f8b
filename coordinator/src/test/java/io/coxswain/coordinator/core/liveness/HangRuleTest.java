package io.coxswain.coordinator.core.liveness;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.view.StepTimes;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Objects;
import java.util.Set;

class HangRuleTest {
    private static final long BUDGET = 2_000_000_000L;
    private static final long OVER = 3_000_000_000L;

    private static RankWord word(int rank, String operation, long nanos, Integer... waitingFor) {
        return new RankWord(rank, operation, Set.of(waitingFor), nanos);
    }

    private static HangRule.@Nullable Suspicion judge(RankWord... words) {
        return HangRule.judge(List.of(words), BUDGET);
    }

    private static HangRule.Suspicion suspicion(RankWord... words) {
        return Objects.requireNonNull(judge(words));
    }

    @Test
    void whoIsWaitedForAndWaitsForNobodyIsSuspected() {
        HangRule.Suspicion found =
                suspicion(
                        word(0, "reduce", OVER, 2),
                        word(1, "reduce", OVER, 2, 3),
                        word(2, "execute", OVER + 1),
                        word(3, "reduce", OVER, 2));
        assertThat(found.rank()).isEqualTo(2);
        assertThat(found.accusers()).isEqualTo(3);
        assertThat(found.cycle()).isFalse();
        assertThat(found.text())
                .isEqualTo(
                        "rank 2 hangs in execute; 3 ranks wait for it in reduce, which rank 2 never"
                                + " entered; no step for 3000 ms, where the job's own step times"
                                + " allow 2000 ms");
    }

    @Test
    void allWhoNeverEnteredAreNamed() {
        HangRule.Suspicion found =
                suspicion(
                        word(0, "reduce", OVER, 2, 4, 5),
                        word(1, "reduce", OVER, 2),
                        word(2, "execute", OVER + 1),
                        word(4, "idle", OVER + 2),
                        word(5, "gather", 1));
        assertThat(found.rank()).isEqualTo(2);
        assertThat(found.collective()).isEqualTo("reduce");
        assertThat(found.absent()).containsExactly(2, 4);
        assertThat(found.text()).contains("in reduce, which ranks 2, 4 never entered;");
    }

    private static RankWord came(int rank, long step, int entered, long nanos) {
        return new RankWord(rank, "execute", Set.of(), nanos, step, entered, "");
    }

    @Test
    void whereTheRuntimeReducesWhoeverIsBehindTheCollectiveIsNamed() {
        HangRule.Suspicion found =
                suspicion(came(0, 7, 2, OVER), came(1, 7, 1, OVER + 9), came(2, 7, 2, OVER));
        assertThat(found.rank()).isEqualTo(1);
        assertThat(found.absent()).containsExactly(1);
        assertThat(found.text())
                .startsWith(
                        "rank 1 hangs in execute; 2 ranks wait for it in collective 2 of step 7,"
                                + " which rank 1 never entered; no step for");

        // Others have ended the step that it is in.
        found = suspicion(came(0, 8, 1, OVER), came(1, 7, 3, OVER), came(2, 8, 0, OVER));
        assertThat(found.rank()).isEqualTo(1);
        assertThat(found.absent()).containsExactly(1);
        assertThat(found.accusers()).isEqualTo(2);
    }

    @Test
    void whoIsBehindOthersThatWaitInTheirTurnIsNamedAlone() {
        HangRule.Suspicion found =
                suspicion(
                        came(0, 7, 12, OVER),
                        came(1, 7, 12, OVER),
                        came(2, 7, 9, OVER),
                        came(3, 7, 10, OVER),
                        came(4, 7, 9, OVER));
        assertThat(found.rank()).isEqualTo(2);
        assertThat(found.accusers()).isEqualTo(3);
        assertThat(found.absent()).containsExactly(2, 4);
    }

    @Test
    void thePartOfTheStepIsToldWhereProgramsSayIt() {
        HangRule.Suspicion found =
                suspicion(
                        new RankWord(0, "execute", Set.of(), OVER, 7, 9, "optimizer"),
                        new RankWord(
                                1, "execute", Set.of(), OVER, 7, 6, "backward" + "!".repeat(99)));
        assertThat(found.text())
                .startsWith(
                        "rank 1 hangs in execute (backward" + "!".repeat(56) + "); 1 rank waits");
    }

    @Test
    void whereTheRuntimeReducesNobodyIsNamedWhoIsNotBehindOrOnHisWay() {
        assertThat(suspicion(came(0, 7, 2, OVER), came(1, 7, 2, OVER)).accusers())
                .as("all have entered")
                .isZero();
        assertThat(suspicion(came(0, 7, 0, OVER), came(1, 8, 0, OVER)).accusers())
                .as("nobody says")
                .isZero();
        assertThat(suspicion(came(0, 7, 2, OVER), came(1, 7, 1, 5)).accusers())
                .as("it has moved on")
                .isZero();
    }

    @Test
    void onACutLinkTheMostAccusedIsSuspected() {
        HangRule.Suspicion found =
                suspicion(
                        word(0, "reduce", OVER, 1),
                        word(1, "reduce", OVER, 0, 2),
                        word(2, "reduce", OVER, 1),
                        word(3, "gather", OVER, 1));
        assertThat(found.rank()).isEqualTo(1);
        assertThat(found.cycle()).isTrue();
        assertThat(found.text())
                .startsWith("rank 1 is the most accused (3 ranks wait for it) in a cycle of waits");
    }

    @Test
    void aLoneRankThatNobodyWaitsForCanHangToo() {
        assertThat(suspicion(word(0, "apply", OVER)).rank()).isZero();
    }

    @Test
    void anIdleRankThatOthersWaitForIsStuckBeforeItsOperation() {
        assertThat(suspicion(word(0, "reduce", OVER, 1), word(1, "idle", 2 * OVER)).rank())
                .isEqualTo(1);
        assertThat(judge(word(0, "idle", OVER), word(1, "idle", OVER)))
                .as("no credits: nobody hangs")
                .isNull();
    }

    @Test
    void nobodyIsSuspectedWithinTheBudgetOrOnAnOldWord() {
        assertThat(judge(word(0, "reduce", BUDGET, 1), word(1, "execute", BUDGET))).isNull();
        assertThat(judge(word(0, "reduce", OVER, 1), word(1, "execute", 5)))
                .as("rank 1 has moved on")
                .isNull();
        assertThat(judge(word(0, "reduce", OVER, 1))).as("rank 1 has not spoken yet").isNull();
    }

    @Test
    void theBudgetIsLearnedFromTheJobsOwnSteps() {
        assertThat(HangRule.budgetNanos(StepTimes.NONE)).isEqualTo(Long.MAX_VALUE);
        assertThat(HangRule.budgetNanos(StepTimes.NONE.observe(10, 10_000_000))).isEqualTo(BUDGET);
        assertThat(HangRule.budgetNanos(StepTimes.NONE.observe(1, 60_000_000_000L)))
                .isEqualTo(480_000_000_000L);
        assertThat(HangRule.budgetNanos(StepTimes.NONE.observe(1, Long.MAX_VALUE))).isPositive();
    }
}
