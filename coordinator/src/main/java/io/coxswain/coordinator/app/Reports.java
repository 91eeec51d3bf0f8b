package io.coxswain.coordinator.app;

import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.job.JobResult;
import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.coordinator.core.ledger.GoodputLedger;
import io.coxswain.coordinator.picture.JobPicture;
import io.coxswain.coordinator.picture.Reliability;
import io.coxswain.coordinator.picture.StepFigures;

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
            Map<String, String> environment,
            @Nullable JobPicture picture) {
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
                        totals.ratio(),
                        picture == null ? List.of() : windows(picture),
                        picture == null ? null : figures(picture)),
                incidents.stream().map(Reports::incident).toList(),
                environment);
    }

    static Map<String, BigInteger> categories(GoodputLedger.Totals totals) {
        return byKey(totals.categories());
    }

    private static Map<String, BigInteger> byKey(Map<Category, BigInteger> nanos) {
        var categories = new LinkedHashMap<String, BigInteger>();
        nanos.forEach((category, value) -> categories.put(category.key(), value));
        return categories;
    }

    private static List<JobReport.GoodputWindow> windows(JobPicture picture) {
        return picture.windows().stream()
                .map(window ->
                        new JobReport.GoodputWindow(
                                window.name(),
                                window.nanos(),
                                window.slotNanos(),
                                byKey(window.slotNanosByCategory()),
                                window.ratio()))
                .toList();
    }

    private static JobReport.Figures figures(JobPicture picture) {
        StepFigures steps = picture.stepTimes();
        Reliability reliability = picture.reliability();
        return new JobReport.Figures(
                steps.medianNanos(),
                steps.p95Nanos(),
                number(steps.bestMedianNanos()),
                number(steps.slowdown()),
                steps.slowdownSlotNanos(),
                steps.straggler(),
                steps.ranks().stream()
                        .map(rank ->
                                new JobReport.RankFigures(
                                        rank.rank(),
                                        rank.medianNanos(),
                                        rank.p95Nanos(),
                                        rank.executeMedianNanos(),
                                        rank.spread()))
                        .toList(),
                picture.counters().stepsCompleted(),
                picture.counters().stepsRolledBack(),
                reliability.failures(),
                number(reliability.mtbfSeconds()),
                number(reliability.mttrSeconds()),
                reliability.ettr(),
                number(reliability.mfu()),
                picture.counters().copyBytes());
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
