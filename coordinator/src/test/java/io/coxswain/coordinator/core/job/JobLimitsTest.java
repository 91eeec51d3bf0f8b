package io.coxswain.coordinator.core.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class JobLimitsTest {
    private static final long MILLI = 1_000_000L;

    @Test
    void defaultsArePinned() {
        assertThat(JobLimits.defaults())
                .isEqualTo(
                        new JobLimits(
                                1_000 * MILLI,
                                60_000 * MILLI,
                                300 * MILLI,
                                5_000 * MILLI,
                                15_000 * MILLI,
                                10_000 * MILLI,
                                250 * MILLI,
                                60_000 * MILLI,
                                250 * MILLI,
                                1_000 * MILLI,
                                500 * MILLI,
                                100 * MILLI,
                                4,
                                8,
                                3,
                                2_000 * MILLI));
    }

    @Test
    void boundsAndRelationsAreChecked() {
        assertThatThrownBy(() -> JobLimits.defaults().withLease(500 * MILLI, 250 * MILLI))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("leaseNanos must be more than twice heartbeatNanos");
        assertThatThrownBy(() -> JobLimits.defaults().withLease(0, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("leaseNanos");
        assertThatThrownBy(() -> JobLimits.defaults().withSettleNanos(-1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("settleNanos");
        assertThat(JobLimits.defaults().withSettleNanos(0).settleNanos()).isZero();
    }
}
