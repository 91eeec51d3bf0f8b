package io.coxswain.coordinator.adapter.trace;

import io.coxswain.coordinator.SequencedEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * One incident as a span, its phases as children. Every instant is reckoned from the event that the
 * trace began with: so the phases tile the incident, whatever the wall clock does meanwhile.
 */
final class IncidentTrace {
    private static final AttributeKey<List<String>> AGENTS =
            AttributeKey.stringArrayKey("coxswain.agents");
    private static final AttributeKey<List<String>> WAITED_FOR =
            AttributeKey.stringArrayKey("coxswain.waited_for");

    private final Tracer tracer;
    private final Span root;
    private final Context parent;

    /** Wall nanoseconds at job time 0. */
    private final long zeroEpochNanos;

    /** Job time less the events' clock. */
    private final long jobTimeOffset;

    /** What was heard last. */
    private Incident newest;

    /** The newest phase that has a span. */
    private Incident.@Nullable Stretch told;

    private long endedNanos;

    IncidentTrace(Tracer tracer, String coordinatorId, SequencedEvent event, Incident incident) {
        this.tracer = tracer;
        long now = until(incident);
        zeroEpochNanos = Instants.epochNanos(event) - now;
        jobTimeOffset = now - event.monotonicNanos();
        newest = incident;
        endedNanos = now;
        root =
                tracer.spanBuilder("incident")
                        .setNoParent()
                        .setStartTimestamp(at(incident.beganNanos()), TimeUnit.NANOSECONDS)
                        .setAttribute("coxswain.coordinator", coordinatorId)
                        .setAttribute("coxswain.job", event.jobId())
                        .setAttribute("coxswain.term", event.term())
                        .setAttribute("coxswain.incident", (long) incident.id())
                        .startSpan();
        parent = root.storeInContext(Context.root());
    }

    String traceId() {
        return root.getSpanContext().isValid() ? root.getSpanContext().getTraceId() : "";
    }

    private static long until(Incident incident) {
        if (incident.stretches().isEmpty()) {
            return incident.beganNanos() + incident.phases().total();
        }
        Incident.Stretch last = incident.stretches().getLast();
        return last.beganNanos() + last.nanos();
    }

    private long at(long jobNanos) {
        return zeroEpochNanos + jobNanos;
    }

    /** The last phase runs still; those before are over. */
    void progressed(SequencedEvent event, Incident incident) {
        newest = incident;
        endedNanos = event.monotonicNanos() + jobTimeOffset;
        phases(incident.stretches().subList(0, Math.max(0, incident.stretches().size() - 1)));
    }

    void closed(Incident incident) {
        newest = incident;
        phases(incident.stretches());
        end(until(incident));
    }

    /** It is not over, and nothing more will be heard of it. */
    void abandoned(SequencedEvent event, String why) {
        root.setStatus(StatusCode.ERROR, why);
        end(Math.max(endedNanos, event.monotonicNanos() + jobTimeOffset));
    }

    void closedEarly() {
        root.setStatus(StatusCode.ERROR, "the coordinator was closed first");
        end(endedNanos);
    }

    private void end(long jobNanos) {
        describe(newest);
        root.end(at(jobNanos), TimeUnit.NANOSECONDS);
    }

    // Of very many phases those in the middle are left out, so they are not counted.
    private void phases(List<Incident.Stretch> over) {
        int first = told == null ? 0 : over.lastIndexOf(told) + 1;
        for (Incident.Stretch stretch : over.subList(first, over.size())) {
            phase(stretch);
            told = stretch;
        }
    }

    private void phase(Incident.Stretch stretch) {
        tracer.spanBuilder(stretch.phase().name().toLowerCase(Locale.ROOT))
                .setParent(parent)
                .setStartTimestamp(at(stretch.beganNanos()), TimeUnit.NANOSECONDS)
                .setAttribute("coxswain.epoch", stretch.epoch())
                .setAttribute("coxswain.reason", stretch.reason())
                .setAttribute(WAITED_FOR, stretch.waitedFor())
                .startSpan()
                .end(at(stretch.beganNanos() + stretch.nanos()), TimeUnit.NANOSECONDS);
    }

    private void describe(Incident incident) {
        root.setAttribute("coxswain.kind", incident.kind().name().toLowerCase(Locale.ROOT));
        root.setAttribute("coxswain.planned", incident.planned());
        root.setAttribute("coxswain.cause", incident.cause());
        root.setAttribute(AGENTS, incident.agents());
        root.setAttribute("coxswain.step", incident.atStep());
        root.setAttribute("coxswain.step.resumed", incident.resumedAtStep());
        root.setAttribute("coxswain.steps_lost", incident.stepsLost());
        root.setAttribute("coxswain.repeats", (long) incident.repeats());
        if (incident.reason() != null) {
            root.setAttribute("coxswain.reason", incident.reason().text());
        }
    }
}
