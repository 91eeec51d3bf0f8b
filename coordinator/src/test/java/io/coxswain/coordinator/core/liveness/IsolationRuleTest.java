package io.coxswain.coordinator.core.liveness;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.List;

class IsolationRuleTest {
    private static final LostCause SILENT = new LostCause.Silent(2_000_000_000L, 1_000_000_000L);

    @Test
    void whoHearsNobodyAndIsNotAloneGivesUp() {
        for (LostCause cause :
                List.of(SILENT, new LostCause.Deaf(2, 1), new LostCause.StayedAway(1))) {
            assertThat(IsolationRule.givesUp(0, cause, 1)).isTrue();
        }
    }

    @Test
    void withAnAgentThatIsHeardTheOthersAreTheProblem() {
        assertThat(IsolationRule.givesUp(1, SILENT, 1)).isFalse();
    }

    @Test
    void withoutAnotherCoordinatorNothingIsWonByIt() {
        assertThat(IsolationRule.givesUp(0, SILENT, 0)).isFalse();
    }

    @Test
    void anAgentThatIsKnownToBeGoneSaysNothingOfTheLeader() {
        for (LostCause cause :
                List.of(
                        new LostCause.ConnectionRefused(),
                        new LostCause.Replaced(),
                        new LostCause.SessionGoneToo(),
                        new LostCause.Left("drained"))) {
            assertThat(IsolationRule.givesUp(0, cause, 1)).isFalse();
        }
    }
}
