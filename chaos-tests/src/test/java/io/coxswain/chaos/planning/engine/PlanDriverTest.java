package io.coxswain.chaos.planning.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.chaos.planning.failure.Failure;
import io.coxswain.chaos.planning.failure.FailureModel;
import io.coxswain.chaos.planning.failure.FailureTrace;
import io.coxswain.chaos.planning.failure.Fleet;
import io.coxswain.chaos.planning.failure.Scope;
import io.coxswain.coordinator.core.ledger.Category;

import org.junit.jupiter.api.Test;

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
        System.out.println(outcome.categories() + " " + outcome.goodput());
        System.out.println(outcome.survives() + " " + outcome.survival() + outcome.phases());
        assertThat(outcome.interruptions()).isEqualTo(1);
        assertThat(outcome.stateLosses()).isZero();
        assertThat(outcome.categories().values().stream().mapToLong(n -> n).sum())
                .isEqualTo(256 * 10 * HOUR);
        assertThat(outcome.categories().get(Category.OTHER)).isZero();
    }

    @Test
    void llamaAtScale() throws Exception {
        int n = Integer.getInteger("plan.agents", 2048);
        int days = Integer.getInteger("plan.days", 54);
        long duration = days * 24 * HOUR;
        var c = conditions(n, Integer.getInteger("plan.spares", 64), 1, duration);
        var trace = FailureModel.llama3().draw(c.fleet(), duration, 1);
        System.out.println("failures " + trace.failures().size());
        long t0 = System.nanoTime();
        Outcome outcome = JobDriver.run(c, trace, at -> {});
        System.out.println((System.nanoTime() - t0) / 1e9 + " s");
        System.out.println(outcome.categories() + " " + outcome.goodput());
        System.out.println(outcome.survives() + " " + outcome.survival() + outcome.phases());
        System.out.println(outcome.interruptions() + " " + outcome.failures() + " lost " + outcome.stepsLost() + " state " + outcome.stateLosses() + " shortages " + outcome.shortages().size() + " idle " + outcome.leastIdleSpares());
    }
}
