package io.coxswain.coordinator.adapter.metrics;

import io.prometheus.metrics.tracer.common.SpanContext;

import org.jspecify.annotations.Nullable;

/**
 * Says, while something is observed, which trace it belongs to; an incident that nobody traces
 * stands for itself by its number. One thread observes at a time.
 */
public final class Exemplars implements SpanContext {
    private final ThreadLocal<@Nullable String> trace = new ThreadLocal<>();

    /** Runs an observation that belongs to that trace; empty: to none. */
    void with(String traceId, Runnable observation) {
        if (traceId.isEmpty()) {
            observation.run();
            return;
        }
        trace.set(traceId);
        try {
            observation.run();
        } finally {
            trace.remove();
        }
    }

    @Override
    public @Nullable String getCurrentTraceId() {
        return trace.get();
    }

    @Override
    public @Nullable String getCurrentSpanId() {
        String id = trace.get();
        // The root span of a trace is found by the trace; half its id has the form of a span's.
        return id == null || id.length() != 32 ? id : id.substring(16);
    }

    @Override
    public boolean isCurrentSpanSampled() {
        return trace.get() != null;
    }

    @Override
    public void markCurrentSpanAsExemplar() {}
}
