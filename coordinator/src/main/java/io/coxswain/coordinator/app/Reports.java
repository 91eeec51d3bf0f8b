package io.coxswain.coordinator.app;

import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.job.JobResult;
import io.coxswain.coordinator.core.ledger.GoodputLedger;

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
                incidents(incidents, Integer.MAX_VALUE),
                environment);
    }

    static Map<String, BigInteger> categories(GoodputLedger.Totals totals) {
        var categories = new LinkedHashMap<String, BigInteger>();
        totals.categories().forEach((category, nanos) -> categories.put(category.key(), nanos));
        return categories;
    }

    static List<JobReport.IncidentReport> incidents(
            Collection<Incident> incidents, int mostSources) {
        return incidents.stream()
                .map(incident -> JobReport.IncidentReport.of(incident, 0, mostSources))
                .toList();
    }

    static List<String> json(Collection<Incident> incidents) {
        return incidents(incidents, STORED_SOURCES).stream()
                .map(JobReport.IncidentReport::toJson)
                .toList();
    }

    // JSON has no NaN.
    private static @Nullable Double number(double value) {
        return Double.isFinite(value) ? value : null;
    }
}
