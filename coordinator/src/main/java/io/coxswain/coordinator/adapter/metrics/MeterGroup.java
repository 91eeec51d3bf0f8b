package io.coxswain.coordinator.adapter.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Meters that come and go together.
 *
 * @param <S> what gauges and counters read. Registries refer to it weakly: whoever makes a group
 *     keeps it
 */
final class MeterGroup<S> implements AutoCloseable {
    private final MeterRegistry registry;
    private final Tags common;
    private final S source;
    private final List<Meter> meters = new ArrayList<>();

    MeterGroup(MeterRegistry registry, Tags common, S source) {
        this.registry = registry;
        this.common = common;
        this.source = source;
    }

    void gauge(String name, String text, ToDoubleFunction<S> value, String... tags) {
        meters.add(
                Gauge.builder(name, source, value)
                        .description(text)
                        .tags(common.and(tags))
                        .register(registry));
    }

    /** A counter whose value stands elsewhere. */
    void total(String name, String text, ToDoubleFunction<S> value, String... tags) {
        meters.add(
                FunctionCounter.builder(name, source, value)
                        .description(text)
                        .tags(common.and(tags))
                        .register(registry));
    }

    Counter counter(String name, String text, String... tags) {
        Counter counter =
                Counter.builder(name).description(text).tags(common.and(tags)).register(registry);
        meters.add(counter);
        return counter;
    }

    Timer histogram(String name, String text, Duration[] bounds, String... tags) {
        Timer timer =
                Timer.builder(name)
                        .description(text)
                        .serviceLevelObjectives(bounds)
                        .tags(common.and(tags))
                        .register(registry);
        meters.add(timer);
        return timer;
    }

    @Override
    public void close() {
        meters.forEach(registry::remove);
        meters.clear();
    }
}
