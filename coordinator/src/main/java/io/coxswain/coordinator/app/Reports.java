package io.coxswain.coordinator.app;

import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.job.JobResult;
import io.coxswain.coordinator.core.ledger.GoodputLedger;

import org.jspecify.annotations.Nullable;

import tools.jackson.databind.json.JsonMapper;

import java.math.BigInteger;
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
