package io.coxswain.coordinator.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.core.event.Incident;

import org.junit.jupiter.api.Test;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

final class ReportsTest {
    private static final int ZNODE = 1 << 20;

    private static Incident incident(int id, int ranks, String cause) {
        var source = new Incident.Source(0, "agent-0", "local", "agent-0", 1);
        return new Incident(
                id,
                cause,
                List.of("agent-0"),
                id,
                id,
                0,
                Collections.nCopies(ranks, source),
                Incident.Phases.NONE,
                true,
                Incident.Kind.HOST,
                0,
                List.of(),
                null,
                1,
                null);
    }

    private static List<Incident> incidents(int count, int ranks, String cause) {
        return IntStream.rangeClosed(1, count).mapToObj(id -> incident(id, ranks, cause)).toList();
    }

    private static JobReport report(List<Incident> incidents) {
        return new JobReport(
                "j",
                true,
                10,
                "00",
                0.5,
                0.9,
                10,
                List.of(),
                new JobReport.Goodput(1, 1, BigInteger.ONE, Map.of(), 1),
                Reports.incidents(incidents, 0, Integer.MAX_VALUE),
                Map.of());
    }

    private static int bytes(String json) {
        return json.getBytes(StandardCharsets.UTF_8).length;
    }

    @Test
    void whatFitsIsStoredWhole() {
        JobReport report = report(incidents(20, 4, "died"));
        assertThat(JobReport.fromJson(Reports.stored(report))).isEqualTo(report);
    }

    @Test
    void ofManyRanksTheSourcesGoFirst() {
        JobReport stored = JobReport.fromJson(Reports.stored(report(incidents(5, 16_384, "x"))));
        assertThat(stored.incidents()).hasSize(5);
        assertThat(stored.incidents().getFirst().sources()).hasSize(16);
    }

    @Test
    void whatTheProgramSaidStaysWhereIncidentsAreCut() {
        var evidence =
                new JobReport.EvidenceReport(
                        1, "agent-0", 0, 1, "it died", Map.of("traceback", "ValueError"));
        JobReport whole = report(incidents(5, 16_384, "x"));
        JobReport stored =
                JobReport.fromJson(
                        Reports.stored(whole.with(Map.of("lr", 0.1), List.of(evidence))));
        assertThat(stored.metrics()).containsEntry("lr", 0.1);
        assertThat(stored.evidence()).containsExactly(evidence);
    }

    @Test
    void textsOfEvidenceGoBeforeIncidents() {
        var evidence =
                new JobReport.EvidenceReport(
                        1, "agent-0", 0, 1, "it died", Map.of("traceback", "x".repeat(ZNODE)));
        JobReport stored =
                JobReport.fromJson(
                        Reports.stored(
                                report(incidents(20, 4, "died"))
                                        .with(Map.of(), List.of(evidence))));
        assertThat(stored.incidents()).hasSize(20);
        assertThat(stored.evidence().getFirst().pieces()).isEmpty();
        assertThat(stored.evidence().getFirst().reason()).isEqualTo("it died");
    }

    @Test
    void ofVeryManyIncidentsTheNewestAreStored() {
        String json = Reports.stored(report(incidents(1_000, 100, "x".repeat(2_000))));
        assertThat(bytes(json)).isLessThan(ZNODE * 3 / 4);
        List<JobReport.IncidentReport> kept = JobReport.fromJson(json).incidents();
        assertThat(kept).isNotEmpty();
        assertThat(kept.getLast().id()).isEqualTo(1_000);
    }

    @Test
    void anAccountHoldsTheNewestThatFit() {
        List<String> all = Reports.json(incidents(100, 4, "died"));
        assertThat(all).hasSize(100);
        List<String> some = Reports.json(incidents(1_000, 100, "x".repeat(2_000)));
        assertThat(some.stream().mapToInt(ReportsTest::bytes).sum()).isLessThan(ZNODE / 2);
        assertThat(JobReport.IncidentReport.fromJson(some.getLast()).id()).isEqualTo(1_000);
    }
}
