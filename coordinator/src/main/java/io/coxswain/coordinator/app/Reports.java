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

import java.math.BigInteger;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Puts reports together. Stateless. */
final class Reports {
    /** A znode holds a megabyte. */
    private static final int STORED_SOURCES = 16;

    private Reports() {}

    static JobReport report(
            String jobId,
            JobResult result,
            GoodputLedger.Totals totals,
            Collection<Incident> incidents,
            Map<String, String> environment,
            long jobBeganMillis,
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
                incidents(incidents, jobBeganMillis, Integer.MAX_VALUE),
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

    /**
     * In words.
     *
     * @param jobBeganMillis wall time at the job's beginning; 0: unknown
     * @param mostSources of each the first so many ranks' sources
     */
    static List<JobReport.IncidentReport> incidents(
            Collection<Incident> incidents, long jobBeganMillis, int mostSources) {
        return incidents.stream()
                .map(incident ->
                        JobReport.IncidentReport.of(
                                incident,
                                jobBeganMillis == 0
                                        ? 0
                                        : jobBeganMillis + incident.beganNanos() / 1_000_000,
                                mostSources))
                .toList();
    }

    static List<String> json(Collection<Incident> incidents) {
        return incidents(incidents, 0, STORED_SOURCES).stream()
                .map(JobReport.IncidentReport::toJson)
                .toList();
    }

    // JSON has no NaN.
    private static @Nullable Double number(double value) {
        return Double.isFinite(value) ? value : null;
    }
}
