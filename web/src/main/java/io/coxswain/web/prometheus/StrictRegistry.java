package io.coxswain.web.prometheus;

import io.micrometer.core.instrument.Clock;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.tracer.common.SpanContext;

import org.jspecify.annotations.Nullable;

import java.util.Properties;

/** Makes registries that write what the formats allow, no more. */
public final class StrictRegistry {
    private StrictRegistry() {}

    /**
     * A registry of its own: nothing that other libraries register is in it.
     *
     * @param exemplars asked for the trace of each observation; null: there are none
     */
    public static PrometheusMeterRegistry make(@Nullable SpanContext exemplars) {
        return new PrometheusMeterRegistry(
                new Strict(), new PrometheusRegistry(), Clock.SYSTEM, exemplars);
    }

    private static final class Strict implements PrometheusConfig {
        @Override
        public @Nullable String get(String key) {
            return null;
        }

        // By default exemplars would stand at a histogram's count too, where OpenMetrics 1.0 has
        // none.
        @Override
        public Properties prometheusProperties() {
            var properties = new Properties();
            properties.setProperty("io.prometheus.exporter.exemplarsOnAllMetricTypes", "false");
            return properties;
        }
    }
}
