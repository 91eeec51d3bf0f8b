package io.coxswain.coordinator.app;

import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.job.JobResult;
import io.coxswain.coordinator.core.ledger.GoodputLedger;

import org.jspecify.annotations.Nullable;

import tools.jackson.databind.json.JsonMapper;

import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Puts reports together. Stateless. */
final class Reports {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private Reports() {}

    static JobReport report(
            String jobId,
            JobResult result,
            GoodputLedger.Totals totals,
            Collection<Incident> incidents,
            Map<String, String> environment) {
        return new JobReport(
                jobId,
                result.completed(),
                result.steps(),
                result.finalDigest(),
                result.completed() ? number(result.finalLoss()) : null,
                result.completed() ? number(result.accuracy()) : null,
                result.samplesSeen(),
                result.samplesDistinctPerPass(),
                new JobReport.Goodput(
                        totals.slots(),
                        totals.elapsedNanos(),
                        totals.totalSlotNanos(),
                        categories(totals),
                        totals.ratio()),
                incidents.stream().map(Reports::incident).toList(),
                environment);
    }

    /** Texts of evidence in a report: it goes to the store, which takes a megabyte. */
    private static final int MOST_EVIDENCE_CHARACTERS = 128 << 10;

    private static final int MOST_PIECE_CHARACTERS = 16 << 10;
    private static final int MOST_EVIDENCE = 64;

    /** Adds what the program said; of the evidence the newest, oldest first. */
    static JobReport withSaid(JobReport report, Said said) {
        var kept = new ArrayDeque<JobReport.EvidenceReport>();
        int room = MOST_EVIDENCE_CHARACTERS;
        for (Evidence one : said.evidence.all().reversed()) {
            var pieces = new LinkedHashMap<String, String>();
            for (EvidencePiece piece : one.pieces()) {
                // The end says what it was.
                String text = piece.kind().equals("nccl") ? "" : piece.text();
                int most = Math.min(MOST_PIECE_CHARACTERS, room);
                String cut = text.substring(Math.max(0, text.length() - most));
                room -= cut.length();
                pieces.put(piece.name(), cut);
            }
            kept.addFirst(
                    new JobReport.EvidenceReport(
                            one.incident(),
                            one.agentId(),
                            one.rank(),
                            one.step(),
                            one.reason(),
                            pieces));
            if (room <= 0 || kept.size() == MOST_EVIDENCE) {
                break;
            }
        }
        return report.with(said.metrics.values(), List.copyOf(kept));
    }

    static Map<String, BigInteger> categories(GoodputLedger.Totals totals) {
        var categories = new LinkedHashMap<String, BigInteger>();
        totals.categories().forEach((category, nanos) -> categories.put(category.key(), nanos));
        return categories;
    }

    static List<String> json(Collection<Incident> incidents) {
        return incidents.stream()
                .map(incident -> JSON.writeValueAsString(incident(incident)))
                .toList();
    }

    private static JobReport.IncidentReport incident(Incident incident) {
        Incident.Phases phases = incident.phases();
        return new JobReport.IncidentReport(
                incident.id(),
                incident.cause(),
                incident.agents(),
                incident.atStep(),
                incident.resumedAtStep(),
                incident.stepsLost(),
                incident.sources().stream()
                        .map(source ->
                                new JobReport.Source(
                                        source.rank(),
                                        source.source(),
                                        source.fromAgent(),
                                        source.bytes()))
                        .toList(),
                new JobReport.Phases(
                        phases.detect(),
                        phases.fence(),
                        phases.decide(),
                        phases.restore(),
                        phases.resume()),
                phases.total());
    }

    // JSON has no NaN.
    private static @Nullable Double number(double value) {
        return Double.isFinite(value) ? value : null;
    }
}
