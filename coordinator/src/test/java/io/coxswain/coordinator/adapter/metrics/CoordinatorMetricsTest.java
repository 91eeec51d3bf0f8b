package io.coxswain.coordinator.adapter.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.SequencedEvent;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.picture.Picture;
import io.coxswain.web.WebRequest;
import io.coxswain.web.WebResponse;
import io.coxswain.web.prometheus.MetricsHandler;
import io.coxswain.web.prometheus.StrictRegistry;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;

final class CoordinatorMetricsTest {
    private static final String OPEN = "application/openmetrics-text;version=1.0.0";

    private final FakeReadings readings = new FakeReadings();
    private final Exemplars exemplars = new Exemplars();
    private final PrometheusMeterRegistry registry = StrictRegistry.make(exemplars);
    private long nanos;
    private long sequence;
    private final CoordinatorMetrics metrics =
            new CoordinatorMetrics(registry, Tags.empty(), readings, exemplars, () -> nanos);

    private static final class FakeReadings implements Readings {
        private Picture picture = Picture.none("coordinator-1", 0);
        private long term;

        @Override
        public Picture picture() {
            return picture;
        }

        @Override
        public long term() {
            return term;
        }

        @Override
        public int backlog() {
            return 2;
        }

        @Override
        public long loopLagNanos() {
            return 1_500_000;
        }

        @Override
        public long fencedWrites() {
            return 1;
        }

        @Override
        public boolean zookeeperConnected() {
            return true;
        }

        @Override
        public long lastEvent() {
            return 9;
        }

        @Override
        public String traceOfIncident(String jobId, int incident) {
            return incident == 2 ? "4bf92f3577b34da6a3ce929d0e0e4736" : "";
        }

        @Override
        public String traceOfStep(String jobId, long step) {
            return "";
        }
    }

    @Test
    void aStandbyTellsNothingOfTheJob() throws IOException {
        readings.picture = Pictures.leading(1, Pictures.job("digits-1", "active", 7), 5);
        Map<String, OpenMetricsParser.Family> families = scrape();
        assertThat(families.keySet())
                .containsExactlyInAnyOrder(
                        "coxswain_term",
                        "coxswain_leader",
                        "coxswain_leaderships",
                        "coxswain_zookeeper_connected",
                        "coxswain_decision_loop_lag_seconds",
                        "coxswain_decision_loop_backlog",
                        "coxswain_fenced_writes",
                        "coxswain_refused_calls",
                        "coxswain_refused_versions",
                        "coxswain_unknown_words",
                        "coxswain_refused",
                        "coxswain_plaintext",
                        "coxswain_zookeeper_writes",
                        "coxswain_events");
        assertThat(value(families, "coxswain_leader", "coxswain_leader")).isZero();
    }

    @Test
    void aLeaderTellsTheJobsAccountExactly() throws IOException {
        lead(Pictures.job("digits-1", "active", 7));
        Map<String, OpenMetricsParser.Family> families = scrape();
        assertThat(value(families, "coxswain_leader", "coxswain_leader")).isOne();
        assertThat(
                        value(
                                families,
                                "coxswain_productive_slot_seconds",
                                "coxswain_productive_slot_seconds_total"))
                .isEqualTo(0.56);
        assertThat(
                        family(families, "coxswain_loss_slot_seconds").samples.stream()
                                .filter(sample -> sample.labels().containsValue("compile"))
                                .findFirst()
                                .orElseThrow()
                                .value())
                .isEqualTo(3.0);
        assertThat(family(families, "coxswain_loss_slot_seconds").samples).hasSize(16);
        assertThat(family(families, "coxswain_goodput_ratio").samples).hasSize(4);
        assertThat(value(families, "coxswain_spares", "coxswain_spares")).isOne();
        assertThat(value(families, "coxswain_arena_fullest_ratio", "coxswain_arena_fullest_ratio"))
                .isEqualTo(0.9);
        assertThat(value(families, "coxswain_loss", "coxswain_loss")).isEqualTo(1.25);
    }

    @Test
    void noAgentAndNoStepIsALabel() throws IOException {
        lead(Pictures.job("digits-1", "active", 7));
        for (OpenMetricsParser.Family family : scrape().values()) {
            for (OpenMetricsParser.Sample sample : family.samples) {
                assertThat(sample.labels().keySet())
                        .isSubsetOf(
                                "job_id",
                                "category",
                                "verdict",
                                "window",
                                "state",
                                "phase",
                                "planned",
                                "kind",
                                "reason",
                                "purpose",
                                "le");
            }
        }
    }

    @Test
    void theSizeDoesNotDependOnTheNumberOfAgents() throws IOException {
        readings.term = 4;
        readings.picture = Pictures.leading(1, Pictures.job("digits-1", "active", 7), 1_024);
        assertThat(text(OPEN).length()).isLessThan(60_000);
        assertThat(text("text/plain").length()).isLessThan(60_000);
    }

    @Test
    void whoStepsDownFallsSilentAndTheNextJobHasItsOwnSeries() throws IOException {
        lead(Pictures.job("digits-1", "active", 7));
        assertThat(scrape()).containsKey("coxswain_completed_step");
        readings.picture = Pictures.leading(2, Pictures.job("digits-2", "active", 1), 5);
        OpenMetricsParser.Family steps = family(scrape(), "coxswain_completed_step");
        assertThat(steps.samples).hasSize(1);
        assertThat(steps.samples.getFirst().labels()).containsEntry("job_id", "digits-2");
        readings.term = 0;
        assertThat(scrape()).doesNotContainKeys("coxswain_completed_step", "coxswain_agents");
        readings.term = 6;
        assertThat(scrape()).containsKeys("coxswain_completed_step", "coxswain_agents");
        metrics.close();
        assertThat(registry.getMeters()).isEmpty();
    }

    @Test
    void agesBeginWithTheChange() throws IOException {
        lead(Pictures.job("digits-1", "active", 7));
        scrape();
        nanos += 3_000_000_000L;
        Map<String, OpenMetricsParser.Family> families = scrape();
        assertThat(value(families, "coxswain_step_age_seconds", "coxswain_step_age_seconds"))
                .isEqualTo(3);
        readings.picture =
                Pictures.leading(
                        2,
                        Pictures.job(
                                "digits-1",
                                "recovering",
                                8,
                                Pictures.incident(1, false, "restore", false)),
                        5);
        scrape();
        nanos += 2_000_000_000L;
        families = scrape();
        assertThat(value(families, "coxswain_step_age_seconds", "coxswain_step_age_seconds"))
                .isEqualTo(2);
        assertThat(
                        family(families, "coxswain_recovery_phase_age_seconds").samples.stream()
                                .filter(sample -> sample.value() > 0)
                                .toList())
                .singleElement()
                .satisfies(sample -> {
                    assertThat(sample.labels()).containsEntry("phase", "restore");
                    assertThat(sample.value()).isEqualTo(2);
                });
        assertThat(
                        family(families, "coxswain_incident_open").samples.stream()
                                .filter(sample -> sample.value() == 1)
                                .toList())
                .singleElement()
                .satisfies(sample -> assertThat(sample.labels()).containsEntry("planned", "false"));
    }

    @Test
    void stepsAndIncidentsAreCountedWithExemplars() throws IOException {
        lead(Pictures.job("digits-1", "active", 7));
        hear(0, steps(2, 10, 50));
        hear(100_000_000, steps(2, 15, 50));
        // A rollback, and the steps that are made again.
        hear(200_000_000, steps(3, 12, 50));
        hear(300_000_000, steps(3, 14, 50));
        hear(
                300_000_000,
                new CoordinatorEvent.IncidentProgressed(
                        "digits-1", incident(1, 1), Incident.Phase.FENCE, "x"));
        hear(
                300_000_000,
                new CoordinatorEvent.IncidentProgressed(
                        "digits-1", incident(1, 3), Incident.Phase.DECIDE, "x"));
        hear(400_000_000, new CoordinatorEvent.IncidentClosed("digits-1", incident(1, 3)));
        hear(400_000_000, new CoordinatorEvent.IncidentClosed("digits-1", incident(2, 1)));
        Map<String, OpenMetricsParser.Family> families = scrape();
        assertThat(
                        value(
                                families,
                                "coxswain_step_duration_seconds",
                                "coxswain_step_duration_seconds_count"))
                .isEqualTo(17);
        assertThat(
                        value(
                                families,
                                "coxswain_step_duration_seconds",
                                "coxswain_step_duration_seconds_sum"))
                .isEqualTo(0.4);
        assertThat(
                        family(families, "coxswain_incidents").samples.stream()
                                .filter(sample -> sample.labels().containsValue("host"))
                                .findFirst()
                                .orElseThrow()
                                .value())
                .isEqualTo(2);
        assertThat(
                        value(
                                families,
                                "coxswain_repeated_incidents",
                                "coxswain_repeated_incidents_total"))
                .isOne();
        assertThat(
                        value(
                                families,
                                "coxswain_detection_duration_seconds",
                                "coxswain_detection_duration_seconds_count"))
                .isEqualTo(2);
        assertThat(family(families, "coxswain_detection_duration_seconds").samples)
                .anyMatch(OpenMetricsParser.Sample::exemplar);
        assertThat(text(OPEN)).contains("incident-1");
    }

    @Test
    void theTextFormatHasTheSameSeries() throws IOException {
        lead(Pictures.job("digits-1", "active", 7));
        String text = text("text/plain");
        assertThat(text)
                .contains("# TYPE coxswain_productive_slot_seconds_total counter")
                .contains("coxswain_productive_slot_seconds_total{job_id=\"digits-1\"} 0.56")
                .doesNotContain("# EOF");
    }

    @Test
    void agentsThatComeAgainAndAgainFlap() throws IOException {
        lead(Pictures.job("digits-1", "active", 7));
        for (int i = 0; i < 3; i++) {
            hear(0, new CoordinatorEvent.AgentAttached("agent-1", "incarnation-" + i, "d"));
            hear(0, new CoordinatorEvent.AgentLost("agent-1", "incarnation-" + i, "silent"));
        }
        hear(0, new CoordinatorEvent.AgentAttached("agent-2", "incarnation", "d"));
        Map<String, OpenMetricsParser.Family> families = scrape();
        assertThat(value(families, "coxswain_agents_flapping", "coxswain_agents_flapping")).isOne();
        assertThat(value(families, "coxswain_agents_lost", "coxswain_agents_lost_total"))
                .isEqualTo(3);
        nanos += AttachTimes.WINDOW_NANOS + 1;
        assertThat(value(scrape(), "coxswain_agents_flapping", "coxswain_agents_flapping"))
                .isZero();
    }

    @Test
    void aRegistryOfTheHostGetsTheSameMeters() {
        MeterRegistry host = new SimpleMeterRegistry();
        var more =
                new CoordinatorMetrics(
                        host,
                        Tags.of("coordinator", "guest"),
                        readings,
                        new Exemplars(),
                        () -> nanos);
        lead(Pictures.job("digits-1", "active", 7));
        more.refresh();
        assertThat(
                        host.get("coxswain.productive.slot.seconds")
                                .tag("coordinator", "guest")
                                .functionCounter()
                                .count())
                .isEqualTo(0.56);
        more.close();
        assertThat(host.getMeters()).isEmpty();
    }

    /** All that a leader with a job tells. */
    static Map<String, OpenMetricsParser.Family> fullScrape() throws IOException {
        var test = new CoordinatorMetricsTest();
        test.lead(Pictures.job("digits-1", "active", 7));
        return test.scrape();
    }

    private void lead(io.coxswain.coordinator.picture.JobPicture job) {
        readings.term = 4;
        readings.picture = Pictures.leading(1, job, 5);
    }

    private static CoordinatorEvent steps(long epoch, long step, double perSecond) {
        return new CoordinatorEvent.StepsCompleted(
                "digits-1", epoch, step, step, 1, perSecond, 0.5);
    }

    private static Incident incident(int id, int repeats) {
        return new Incident(
                id,
                "agent-1 was lost",
                List.of("agent-1"),
                5,
                5,
                0,
                List.of(),
                new Incident.Phases(5_000_000, 1_000_000, 2_000_000, 30_000_000, 4_000_000),
                true,
                Incident.Kind.HOST,
                0,
                List.of(),
                null,
                repeats,
                null);
    }

    private void hear(long atNanos, CoordinatorEvent event) {
        metrics.heard(new SequencedEvent(++sequence, atNanos, 0, 4, "digits-1", 2, 7, event));
    }

    private static double value(
            Map<String, OpenMetricsParser.Family> families, String family, String sample) {
        return family(families, family).samples.stream()
                .filter(one -> one.name().equals(sample))
                .findFirst()
                .orElseThrow()
                .value();
    }

    private Map<String, OpenMetricsParser.Family> scrape() throws IOException {
        return OpenMetricsParser.parse(text(OPEN));
    }

    private String text(String accept) throws IOException {
        WebResponse response =
                new MetricsHandler(registry, metrics::refresh)
                        .handle(
                                new WebRequest(
                                        "GET", "/metrics", Map.of(), Map.of("accept", accept)));
        return new String(response.body(), StandardCharsets.UTF_8);
    }

    private static OpenMetricsParser.Family family(
            Map<String, OpenMetricsParser.Family> families, String name) {
        return Objects.requireNonNull(families.get(name), name);
    }
}
