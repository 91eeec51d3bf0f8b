package io.coxswain.bridge.host;

import io.coxswain.bridge.spi.MetricSink;
import io.coxswain.proto.bridge.v1.Metric;
import io.coxswain.proto.bridge.v1.Metrics;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;

/** The newest value of each metric until somebody sends it. Thread-safe; nothing waits. */
final class MetricBoard implements MetricSink {
    private static final Logger LOG = LoggerFactory.getLogger(MetricBoard.class);

    private final LongSupplier currentStep;
    private final Set<String> names = new HashSet<>();
    private final Map<String, Double> fresh = new LinkedHashMap<>();
    private long step;
    private boolean warned;

    MetricBoard(LongSupplier currentStep) {
        this.currentStep = currentStep;
    }

    @Override
    public synchronized void report(String name, double value) {
        boolean fits =
                !name.isEmpty()
                        && name.length() <= MOST_CHARACTERS
                        && (names.contains(name) || names.size() < MOST_NAMES);
        if (fits) {
            names.add(name);
            fresh.put(name, value);
            step = Math.max(step, currentStep.getAsLong());
        } else if (!warned) {
            warned = true;
            LOG.warn(
                    "the metric '{}' is left out, and further ones without a word: a program has {}"
                            + " names of 1 to {} characters",
                    name.substring(0, Math.min(name.length(), MOST_CHARACTERS)),
                    MOST_NAMES,
                    MOST_CHARACTERS);
        }
    }

    /** What came since it was asked for last. */
    synchronized Optional<Metrics> take() {
        if (fresh.isEmpty()) {
            return Optional.empty();
        }
        Metrics.Builder metrics = Metrics.newBuilder().setStep(step);
        fresh.forEach((name, value) ->
                metrics.addValues(Metric.newBuilder().setName(name).setValue(value)));
        fresh.clear();
        return Optional.of(metrics.build());
    }
}
