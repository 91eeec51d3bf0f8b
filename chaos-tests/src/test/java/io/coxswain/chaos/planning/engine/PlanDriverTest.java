package io.coxswain.chaos.planning.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.chaos.planning.failure.Failure;
import io.coxswain.chaos.planning.failure.FailureTrace;
import io.coxswain.chaos.planning.failure.Fleet;
import io.coxswain.chaos.planning.failure.Scope;
import io.coxswain.coordinator.core.ledger.Category;

import org.junit.jupiter.api.Test;

import java.math.BigInteger;
import java.util.List;

final class PlanDriverTest {
    static final long SECOND = 1_000_000_000L;
    static final long HOUR = 3_600 * SECOND;

    static Conditions conditions(int ranks, int spares, int copies, long duration) {
        return new Conditions(
                new Fleet(ranks + spares, 16, 8, 4),
                1,
                ranks,
                duration,
                5 * SECOND,
                60_000_000_000L,
                copies,
                Fleet.RACK_LEVEL,
                1,
                100_000_000L,
                5e9,
                10e9,
                20e9,
                2e9,
                60_000_000_000L * (4 + 3L * (copies + 1)),
                3 * HOUR,
                600 * SECOND,
                Costs.assumed());
    }

    @Test
    void oneDeathCostsSecondsWithASpare() throws Exception {
        var trace =
                new FailureTrace(
                        List.of(new Failure(HOUR, "gpu", Scope.AGENT, 5, 24 * HOUR)), 10 * HOUR);
        Outcome outcome = JobDriver.run(conditions(256, 4, 1, 10 * HOUR), trace, at -> {});
        assertThat(outcome.interruptions()).isEqualTo(1);
        assertThat(outcome.stateLosses()).isZero();
        assertThat(outcome.totalSlotNanos()).isEqualTo(BigInteger.valueOf(256 * 10 * HOUR));
        assertThat(outcome.categories().get(Category.OTHER)).isEqualTo(BigInteger.ZERO);
    }
}
