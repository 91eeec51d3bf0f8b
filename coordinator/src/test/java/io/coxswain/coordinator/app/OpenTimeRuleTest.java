package io.coxswain.coordinator.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.job.JobPhase;
import io.coxswain.coordinator.core.ledger.Category;

import org.junit.jupiter.api.Test;

class OpenTimeRuleTest {
    private static Category of(JobPhase phase, Category running, long openNanos) {
        return OpenTimeRule.of(phase, running, openNanos, 2_000);
    }

    @Test
    void stepsAreTakenToGoOnForAsLongAsOneMayTake() {
        assertThat(of(JobPhase.ACTIVE, Category.PRODUCTIVE, 2_000)).isEqualTo(Category.PRODUCTIVE);
        assertThat(of(JobPhase.ACTIVE, Category.PRODUCTIVE, 2_001)).isEqualTo(Category.DETECTION);
    }

    @Test
    void whatIsKnownStays() {
        assertThat(of(JobPhase.ACTIVE, Category.STARTUP, 9_000)).isEqualTo(Category.STARTUP);
        assertThat(of(JobPhase.FENCING, Category.RECOVERY_FENCE, 9_000))
                .isEqualTo(Category.RECOVERY_FENCE);
        assertThat(of(JobPhase.FINISHING, Category.PRODUCTIVE, 9_000))
                .isEqualTo(Category.PRODUCTIVE);
    }
}
