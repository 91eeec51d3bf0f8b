package io.coxswain.coordinator.app;

import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.job.JobMachine;
import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.coordinator.core.ledger.GoodputLedger;
import io.coxswain.coordinator.core.ledger.GoodputWindow;
import io.coxswain.coordinator.core.ledger.Span;
import io.coxswain.coordinator.core.model.FlopsLabels;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.statistics.RunStatistics;
import io.coxswain.coordinator.picture.Bucket;
import io.coxswain.coordinator.picture.Counters;
import io.coxswain.coordinator.picture.IncidentPicture;
import io.coxswain.coordinator.picture.JobPicture;
import io.coxswain.coordinator.picture.Point;
import io.coxswain.coordinator.picture.RankSteps;
import io.coxswain.coordinator.picture.Reliability;
import io.coxswain.coordinator.picture.StepFigures;
import io.coxswain.coordinator.picture.Window;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongUnaryOperator;

/** Makes the pictures of one running job. Owned by the decision loop. */
final class JobPictures {
    private static final int INCIDENTS = 200;

    /** Incidents that are shown with where the states came from, and ranks of each. */
    private static final int WITH_SOURCES = 20;

    private static final int SOURCES = 16;

    /** The time in which slots trained, whatever a step cost them. */
    private static final List<Category> TRAINING =
            List.of(
                    Category.PRODUCTIVE,
                    Category.DATA_WAIT,
                    Category.SNAPSHOT_STALL,
                    Category.STRAGGLER_WAIT,
                    Category.AUDIT);

    private final JobRun run;
    private final JobSpec spec;
    private final JobMachine machine;
    private final GoodputLedger ledger;
    private final RunFigures figures;
    private final CopiesPictures copies;
    private final double flopsPerStep;
    private final double peakFlops;

    JobPictures(
            JobRun run,
            JobSpec spec,
            JobMachine machine,
            GoodputLedger ledger,
            RunFigures figures) {
        this.run = run;
        this.spec = spec;
        this.machine = machine;
        this.ledger = ledger;
        this.figures = figures;
        copies = new CopiesPictures(spec);
        flopsPerStep = FlopsLabels.flopsPerStep(spec.labels());
        peakFlops = FlopsLabels.peakFlops(spec.labels());
    }

    /**
     * The job as it is.
     *
     * @param wallMillis of an instant of the loop's clock
     */
    JobPicture picture(long nowNanos, LongUnaryOperator wallMillis) {
        long now = run.accountedNanos(nowNanos);
        RunStatistics statistics = figures.statistics();
        Map<Span, GoodputWindow> windows = ledger.windows(now, running(now));
        return new JobPicture(
                spec.jobId(),
                spec.name(),
                run.phase().name().toLowerCase(Locale.ROOT),
                run.detail(),
                run.epoch(),
                spec.steps(),
                machine.completedStep(),
                machine.protectedStep(),
                machine.completedStep() - machine.protectedStep(),
                statistics.lagNanos(machine.protectedStep()),
                run.loss(),
                statistics.stepsPerSecond(),
                spec.mesh().ranks(),
                spec.mesh().replicas(),
                spec.mesh().shards(),
                JobSecrets.shown(spec.labels()),
                wallMillis.applyAsLong(run.startedNanos()),
                run.jobTimeNanos(now),
                windows(windows),
                timeline(now, wallMillis),
                counters(),
                stepFigures(),
                reliability(windows, now),
                copies.picture(machine, figures),
                incidents(now, wallMillis),
                curve(wallMillis),
                run.programs().exports().picture());
    }

    private Category running(long now) {
        return OpenTimeRule.of(machine, ledger, now);
    }

    static List<Window> windows(Map<Span, GoodputWindow> windows) {
        var list = new ArrayList<Window>();
        windows.forEach((span, window) -> {
            var all = new EnumMap<Category, BigInteger>(Category.class);
            for (Category category : Category.values()) {
                all.put(category, window.of(category));
            }
            list.add(
                    new Window(
                            span.key(), window.nanos(), window.slotNanos(), window.ratio(), all));
        });
        return list;
    }

    private List<Bucket> timeline(long now, LongUnaryOperator wallMillis) {
        var buckets = new ArrayList<Bucket>();
        for (GoodputWindow stretch : ledger.timeline(now, running(now))) {
            var seconds = new EnumMap<Category, Double>(Category.class);
            stretch.categories()
                    .forEach((category, nanos) -> {
                        if (nanos.signum() != 0) {
                            seconds.put(category, nanos.doubleValue() / 1e9);
                        }
                    });
            buckets.add(
                    new Bucket(
                            wallMillis.applyAsLong(stretch.fromNanos()),
                            wallMillis.applyAsLong(stretch.untilNanos()),
                            seconds));
        }
        return buckets;
    }

    private Counters counters() {
        Map<Category, BigInteger> losses = new EnumMap<>(Category.class);
        losses.putAll(ledger.totals());
        losses.remove(Category.PRODUCTIVE);
        RunStatistics statistics = figures.statistics();
        return new Counters(
                ledger.productiveBookedNanos(),
                ledger.retractedNanos(),
                losses,
                statistics.stepsCompleted(),
                statistics.stepsRolledBack(),
                figures.incidents(),
                Math.max(0, figures.views() - 1),
                figures.copyBytes(),
                figures.copiesVerified(),
                figures.corruptions(),
                figures.fenced(),
                statistics.skippedSnapshots(),
                figures.views());
    }

    private StepFigures stepFigures() {
        RunStatistics statistics = figures.statistics();
        var ranks = new ArrayList<RankSteps>();
        for (RunStatistics.RankTimes rank : statistics.ranks()) {
            ranks.add(
                    new RankSteps(
                            rank.rank(),
                            rank.medianNanos(),
                            rank.p95Nanos(),
                            rank.executeMedianNanos(),
                            rank.spread()));
        }
        return new StepFigures(
                statistics.medianNanos(),
                statistics.p95Nanos(),
                statistics.bestMedianNanos(),
                statistics.slowdown(),
                statistics.slowSlotNanos(),
                statistics.straggler().text(),
                ranks);
    }

    private Reliability reliability(Map<Span, GoodputWindow> windows, long now) {
        int failures = figures.failures();
        GoodputWindow whole = windows.get(Span.RUN);
        double training = 0;
        double all = 0;
        if (whole != null) {
            for (Category category : TRAINING) {
                training += whole.of(category).doubleValue();
            }
            all = whole.slotNanos().doubleValue();
        }
        double stepSeconds = figures.statistics().medianNanos() / 1e9;
        return new Reliability(
                failures,
                failures == 0 ? Double.NaN : run.jobTimeNanos(now) / 1e9 / failures,
                figures.failuresOver() == 0
                        ? Double.NaN
                        : figures.failuresNanos() / 1e9 / figures.failuresOver(),
                all == 0 ? 0 : training / all,
                stepSeconds == 0
                        ? Double.NaN
                        : flopsPerStep / (stepSeconds * peakFlops * spec.mesh().ranks()));
    }

    private List<IncidentPicture> incidents(long now, LongUnaryOperator wallMillis) {
        Collection<Incident> all = run.allIncidents();
        var list = new ArrayList<IncidentPicture>();
        int skip = all.size() - INCIDENTS;
        int left = all.size();
        // What is open counts as well: the cost of an incident grows while it lasts.
        BigInteger loss = loss(OpenTimeRule.totals(machine, ledger, now));
        for (Incident incident : all) {
            left--;
            if (skip-- <= 0) {
                list.add(incident(incident, loss, wallMillis, left < WITH_SOURCES));
            }
        }
        return list;
    }

    /** Slot time that was not productive. */
    static BigInteger loss(GoodputLedger.Totals totals) {
        return totals.totalSlotNanos()
                .subtract(totals.categories().getOrDefault(Category.PRODUCTIVE, BigInteger.ZERO));
    }

    private IncidentPicture incident(
            Incident incident, BigInteger loss, LongUnaryOperator wallMillis, boolean withSources) {
        Incident.Phase phase = incident.closed() ? null : figures.phase();
        Incident.Phases spent = incident.phases();
        var phases = new LinkedHashMap<String, Long>();
        phases.put("detect", spent.detect());
        phases.put("fence", spent.fence());
        phases.put("decide", spent.decide());
        phases.put("restore", spent.restore());
        phases.put("resume", spent.resume());
        return new IncidentPicture(
                incident.id(),
                incident.cause(),
                incident.agents(),
                incident.atStep(),
                incident.resumedAtStep(),
                incident.stepsLost(),
                wallMillis.applyAsLong(figures.beganNanos(incident.id())),
                incident.closed(),
                incident.planned(),
                phase == null ? "" : phase.name().toLowerCase(Locale.ROOT),
                phases,
                reason(incident),
                figures.cost(incident.id(), loss),
                run.traceId(incident.id()),
                withSources ? sources(incident) : List.of());
    }

    // Before there is a decision: why its phase began.
    private String reason(Incident incident) {
        if (incident.reason() != null) {
            return incident.reason().text();
        }
        return incident.closed() ? "" : figures.phaseReason();
    }

    private static List<IncidentPicture.Source> sources(Incident incident) {
        var moved = new ArrayList<IncidentPicture.Source>();
        // By index, and no further than a few ranks: there may be 100,000.
        int ranks = Math.min(incident.sources().size(), 1_024);
        for (int rank = 0; rank < ranks && moved.size() < SOURCES; rank++) {
            Incident.Source source = incident.sources().get(rank);
            if (!source.source().equals("live")) {
                moved.add(
                        new IncidentPicture.Source(
                                source.rank(),
                                source.agent(),
                                source.source(),
                                source.fromAgent(),
                                source.bytes()));
            }
        }
        return moved;
    }

    private List<Point> curve(LongUnaryOperator wallMillis) {
        var points = new ArrayList<Point>();
        for (RunStatistics.CurvePoint point : figures.statistics().curve()) {
            points.add(
                    new Point(
                            point.step(),
                            wallMillis.applyAsLong(point.atNanos()),
                            point.loss(),
                            point.stepsPerSecond()));
        }
        return points;
    }
}
