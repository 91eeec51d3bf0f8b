package io.coxswain.chaos.process;

import static io.coxswain.chaos.checker.Oracles.ledgerExact;
import static io.coxswain.chaos.checker.Oracles.nothingLeft;
import static io.coxswain.chaos.checker.Oracles.samplesOnce;
import static io.coxswain.chaos.checker.Oracles.stepsOnce;
import static io.coxswain.chaos.scenario.Chaos.afterTheRecovery;
import static io.coxswain.chaos.scenario.Chaos.agent;
import static io.coxswain.chaos.scenario.Chaos.at;
import static io.coxswain.chaos.scenario.Chaos.step;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.chaos.checker.Attribution;
import io.coxswain.chaos.checker.Outcome;
import io.coxswain.chaos.cluster.Cluster;
import io.coxswain.chaos.junit.CoxswainTest;
import io.coxswain.coordinator.JobReport;

import java.math.BigInteger;
import java.util.Objects;

/**
 * A death, a hang, a straggler and a data stall at known places: the ledger charges each to its
 * category. Injected are 16 slot-seconds or so of each kind; a busy machine adds waits of its own,
 * for which there is room here, and not in the scenario {@code where-time-goes}.
 */
class AttributionIT {
    private static final Attribution ATTRIBUTION = new Attribution(0.05, 6_000_000_000L);

    @CoxswainTest(agents = 4, spares = 2, steps = 160, job = "jobs/short-stalls.yaml")
    void lostTimeIsChargedToItsCause(Cluster cluster) throws Exception {
        Outcome outcome =
                cluster.play(
                                at(agent(1), step(80)).kill(),
                                at(agent(0), step(120)).pauseWorker().heal(afterTheRecovery()))
                        .assertThat(
                                stepsOnce(),
                                samplesOnce(),
                                ledgerExact(),
                                nothingLeft(),
                                ATTRIBUTION);

        JobReport report = Objects.requireNonNull(outcome.evidence().report());
        for (JobReport.GoodputWindow window : report.goodput().windows()) {
            // All of this run is within the last five minutes.
            assertThat(window.categories()).isEqualTo(report.goodput().categories());
            assertThat(
                            window.categories().values().stream()
                                    .reduce(BigInteger.ZERO, BigInteger::add))
                    .isEqualTo(window.totalSlotNanos());
        }
        JobReport.Figures figures = Objects.requireNonNull(report.goodput().figures());
        assertThat(figures.failures()).isEqualTo(2);
        assertThat(figures.mttrSeconds()).isPositive();
    }
}
