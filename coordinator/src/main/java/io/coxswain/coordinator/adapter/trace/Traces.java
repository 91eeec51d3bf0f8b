package io.coxswain.coordinator.adapter.trace;

import io.coxswain.coordinator.CoordinatorListener;
import io.coxswain.coordinator.SequencedEvent;
import io.coxswain.coordinator.TraceLookup;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.Tracer;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * A span tree for every incident, one span for every so-many-th run of steps. It hears events like
 * any listener, so that a tracer that is slow or broken costs traces and nothing else. Thread-safe.
 */
public final class Traces implements CoordinatorListener, TraceLookup, AutoCloseable {
    /** Of so many reports of completed steps one is traced. */
    public static final int ONE_RUN_IN = 1_000;

    private static final Logger LOG = LoggerFactory.getLogger(Traces.class);
    private static final int KEPT_INCIDENTS = 1_000;
    private static final int KEPT_RUNS = 256;

    private record Key(String job, int incident) {}

    private record Steps(String job, long epoch, long step, long nanos) {}

    private record Traced(String job, long first, long last, String traceId) {}

    private final Tracer tracer;
    private final String coordinatorId;
    private final int oneRunIn;
    private final Map<Key, IncidentTrace> open = new LinkedHashMap<>();
    private final Recent<Key, String> incidents = new Recent<>(KEPT_INCIDENTS);
    private final Recent<Long, Traced> runs = new Recent<>(KEPT_RUNS);
    private @Nullable Steps before;
    private long runsSeen;
    private boolean broken;

    /**
     * @param oneRunIn of so many reports of completed steps one is traced, at least 1
     */
    public Traces(OpenTelemetry openTelemetry, String coordinatorId, int oneRunIn) {
        if (oneRunIn < 1) {
            throw new IllegalArgumentException(
                    "of 1 or more runs of steps one is traced, got one in " + oneRunIn);
        }
        String version = Traces.class.getPackage().getImplementationVersion();
        this.tracer =
                openTelemetry
                        .tracerBuilder("io.coxswain.coordinator")
                        .setInstrumentationVersion(version == null ? "unpackaged" : version)
                        .build();
        this.coordinatorId = coordinatorId;
        this.oneRunIn = oneRunIn;
    }

    @Override
    public synchronized void on(SequencedEvent event) {
        try {
            trace(event);
        } catch (RuntimeException | LinkageError thrown) {
            // The embedder's code; said once, or it would be said for each event of a long run.
            if (!broken) {
                broken = true;
                LOG.warn("the tracer throws: traces are incomplete, the job goes on", thrown);
            }
        }
    }

    private void trace(SequencedEvent event) {
        switch (event.event()) {
            case CoordinatorEvent.IncidentProgressed progressed ->
                    traceOf(event, progressed.incident()).progressed(event, progressed.incident());
            case CoordinatorEvent.IncidentClosed closed -> {
                traceOf(event, closed.incident()).closed(closed.incident());
                open.remove(new Key(event.jobId(), closed.incident().id()));
            }
            case CoordinatorEvent.StepsCompleted steps -> steps(event, steps);
            case CoordinatorEvent.JobFinished finished ->
                    abandon(event, "the job ended first: " + finished.reason());
            case CoordinatorEvent.LeadershipLost lost ->
                    abandon(event, "leadership was lost first: " + lost.reason());
            case CoordinatorEvent.LeadershipGained _,
                    CoordinatorEvent.AgentAttached _,
                    CoordinatorEvent.AgentLost _,
                    CoordinatorEvent.AgentUnfit _,
                    CoordinatorEvent.MaintenanceChanged _,
                    CoordinatorEvent.TermClaimed _,
                    CoordinatorEvent.JobSubmitted _,
                    CoordinatorEvent.JobQueued _,
                    CoordinatorEvent.JobTakenOver _,
                    CoordinatorEvent.JobPaused _,
                    CoordinatorEvent.JobResumed _,
                    CoordinatorEvent.CapacityNeeded _,
                    CoordinatorEvent.JobWaiting _,
                    CoordinatorEvent.ViewActivated _,
                    CoordinatorEvent.PlacementChanged _,
                    CoordinatorEvent.SnapshotIntervalChosen _,
                    CoordinatorEvent.RolledBack _,
                    CoordinatorEvent.MetricsReported _,
                    CoordinatorEvent.ExportFailed _,
                    CoordinatorEvent.EvidenceTaken _,
                    CoordinatorEvent.Gap _ -> {}
        }
    }

    // Events before may be in a gap: a trace begins with the first that is seen.
    private IncidentTrace traceOf(SequencedEvent event, Incident incident) {
        var key = new Key(event.jobId(), incident.id());
        IncidentTrace known = open.get(key);
        if (known != null) {
            return known;
        }
        var begun = new IncidentTrace(tracer, coordinatorId, event, incident);
        open.put(key, begun);
        incidents.put(key, begun.traceId());
        return begun;
    }

    private void abandon(SequencedEvent event, String why) {
        open.values().forEach(trace -> trace.abandoned(event, why));
        open.clear();
        before = null;
    }

    private void steps(SequencedEvent event, CoordinatorEvent.StepsCompleted steps) {
        Steps former = before;
        before = new Steps(steps.job(), steps.epoch(), steps.step(), event.monotonicNanos());
        if (former == null
                || !former.job().equals(steps.job())
                || former.epoch() != steps.epoch()
                || former.step() >= steps.step()
                || runsSeen++ % oneRunIn != 0) {
            return;
        }
        long until = Instants.epochNanos(event);
        long first = former.step() + 1;
        Span span =
                tracer.spanBuilder("steps")
                        .setNoParent()
                        .setStartTimestamp(
                                until - (event.monotonicNanos() - former.nanos()),
                                TimeUnit.NANOSECONDS)
                        .setAttribute("coxswain.coordinator", coordinatorId)
                        .setAttribute("coxswain.job", steps.job())
                        .setAttribute("coxswain.term", event.term())
                        .setAttribute("coxswain.epoch", steps.epoch())
                        .setAttribute("coxswain.step.first", first)
                        .setAttribute("coxswain.step.last", steps.step())
                        .setAttribute("coxswain.step.protected", steps.protectedStep())
                        .setAttribute("coxswain.loss", steps.loss())
                        .setAttribute("coxswain.steps_per_second", steps.stepsPerSecond())
                        .startSpan();
        span.end(until, TimeUnit.NANOSECONDS);
        String traceId = span.getSpanContext().getTraceId();
        if (span.getSpanContext().isValid()) {
            runs.put(steps.step(), new Traced(steps.job(), first, steps.step(), traceId));
        }
    }

    @Override
    public String ofIncident(String jobId, int incident) {
        return incidents.getOrDefault(new Key(jobId, incident), "");
    }

    @Override
    public String ofStep(String jobId, long step) {
        for (Traced run : runs.values()) {
            if (run.first() <= step && step <= run.last() && run.job().equals(jobId)) {
                return run.traceId();
            }
        }
        return "";
    }

    /** Ends what is open: nothing more will be heard of it. */
    @Override
    public synchronized void close() {
        open.values().forEach(IncidentTrace::closedEarly);
        open.clear();
    }

    /** The newest few entries. Written by one thread, read by any. */
    private static final class Recent<K, V> {
        private final int kept;
        private final Map<K, V> entries = new ConcurrentHashMap<>();
        private final ArrayDeque<K> order = new ArrayDeque<>();

        Recent(int kept) {
            this.kept = kept;
        }

        void put(K key, V value) {
            if (entries.put(key, value) == null) {
                order.addLast(key);
            }
            if (order.size() > kept) {
                entries.remove(order.removeFirst());
            }
        }

        V getOrDefault(K key, V other) {
            return entries.getOrDefault(key, other);
        }

        Iterable<V> values() {
            return entries.values();
        }
    }
}
