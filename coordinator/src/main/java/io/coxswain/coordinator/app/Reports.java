package io.coxswain.coordinator.app;

import io.coxswain.coordinator.JobIncidents;
import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.job.JobMachine;
import io.coxswain.coordinator.core.job.JobResult;
import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.coordinator.core.ledger.FrozenHistory;
import io.coxswain.coordinator.core.ledger.GoodputLedger;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.View;
import io.coxswain.coordinator.picture.JobPicture;
import io.coxswain.coordinator.picture.Reliability;
import io.coxswain.coordinator.picture.StepFigures;

import org.jspecify.annotations.Nullable;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Puts reports together. Stateless. */
final class Reports {
    /** A znode holds a megabyte, its name and its neighbours in a write included. */
    private static final int STORED_REPORT_BYTES = 700_000;

    private static final int STORED_INCIDENTS_BYTES = 500_000;
    private static final int STORED_SOURCES = 16;

    /** Ranks of an interruption whose state's source is told to who asks in between. */
    private static final int TOLD_SOURCES = 16_384;

    private static final int UNSETTLED_RUNS = 64;

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

    /** Of a job that ended before it began. */
    static JobReport neverRan(JobSpec job, Map<String, String> environment) {
        return new JobReport(
                job.jobId(),
                false,
                0,
                "",
                null,
                null,
                0,
                List.of(),
                new JobReport.Goodput(job.mesh().ranks(), 0, BigInteger.ZERO, Map.of(), 0),
                List.of(),
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

    /** What interrupted a job so far, to be put in words by whoever asked. */
    static Supplier<JobIncidents> incidents(
            String jobId, IncidentBook incidents, long jobBeganMillis) {
        List<Incident> now = List.copyOf(incidents.values());
        return () -> new JobIncidents(jobId, incidents(now, jobBeganMillis, TOLD_SOURCES));
    }

    /** What a later leader goes on from. */
    static StoreRecord.Account account(
            long term,
            JobMachine machine,
            long jobTimeNanos,
            GoodputLedger.Totals totals,
            GoodputLedger ledger,
            @Nullable FrozenHistory history,
            Collection<Incident> incidents) {
        View active = machine.view();
        return new StoreRecord.Account(
                machine.spec().jobId(),
                term,
                machine.completedStep(),
                machine.protectedStep(),
                jobTimeNanos,
                categories(totals),
                json(incidents),
                active == null ? 0 : active.epoch(),
                ledger.unsettled(UNSETTLED_RUNS),
                history);
    }

    /** For an account record: the newest that fit beside the rest of a znode. */
    static List<String> json(Collection<Incident> incidents) {
        var newest = new ArrayDeque<String>();
        int room = STORED_INCIDENTS_BYTES;
        for (Incident incident : List.copyOf(incidents).reversed()) {
            String json = JobReport.IncidentReport.of(incident, 0, STORED_SOURCES).toJson();
            room -= bytes(json);
            if (room < 0) {
                break;
            }
            newest.addFirst(json);
        }
        return List.copyOf(newest);
    }

    /**
     * For a result record: the report, with fewer sources, then without the texts of its evidence
     * and at last with fewer of the oldest incidents where all would not fit in a znode. One that
     * did not fit would never become durable.
     */
    static String stored(JobReport report) {
        JobReport stored = report;
        if (isTooLong(stored)) {
            stored = withSources(stored, STORED_SOURCES);
        }
        if (isTooLong(stored)) {
            stored = withSources(stored, 0);
        }
        if (isTooLong(stored)) {
            stored = stored.with(stored.metrics(), withoutTexts(stored.evidence()));
        }
        while (isTooLong(stored) && !stored.incidents().isEmpty()) {
            List<JobReport.IncidentReport> all = stored.incidents();
            stored = stored.withIncidents(all.subList((all.size() + 1) / 2, all.size()));
        }
        return stored.toJson();
    }

    private static boolean isTooLong(JobReport report) {
        return bytes(report.toJson()) > STORED_REPORT_BYTES;
    }

    private static JobReport withSources(JobReport report, int most) {
        return report.withIncidents(
                report.incidents().stream().map(incident -> incident.withSources(most)).toList());
    }

    private static List<JobReport.EvidenceReport> withoutTexts(
            List<JobReport.EvidenceReport> evidence) {
        return evidence.stream()
                .map(one ->
                        new JobReport.EvidenceReport(
                                one.incident(),
                                one.agent(),
                                one.rank(),
                                one.step(),
                                one.reason(),
                                Map.of()))
                .toList();
    }

    private static int bytes(String json) {
        return json.getBytes(StandardCharsets.UTF_8).length;
    }

    // JSON has no NaN.
    private static @Nullable Double number(double value) {
        return Double.isFinite(value) ? value : null;
    }
}
