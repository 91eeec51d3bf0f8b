package io.coxswain.coordinator;

import io.coxswain.coordinator.app.CoordinatorCore;
import io.coxswain.coordinator.app.CoordinatorLoop;
import io.coxswain.coordinator.app.EventLog;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** This coordinator's meters in the host's registry; they go when it closes. */
final class CoordinatorMeters implements AutoCloseable {
    private final MeterRegistry registry;
    private final List<Meter> meters = new ArrayList<>();

    CoordinatorMeters(
            MeterRegistry registry, String coordinatorId, CoordinatorLoop loop, EventLog events) {
        this.registry = registry;
        gauge(
                loop,
                coordinatorId,
                "coxswain.term",
                "Leadership term, 0: standby",
                CoordinatorCore.Vitals::term);
        gauge(
                loop,
                coordinatorId,
                "coxswain.agents",
                "Attached agents",
                CoordinatorCore.Vitals::agents);
        gauge(
                loop,
                coordinatorId,
                "coxswain.job.completed.step",
                "Newest completed step of the running job",
                CoordinatorCore.Vitals::completedStep);
        gauge(
                loop,
                coordinatorId,
                "coxswain.job.goodput.ratio",
                "Productive slot time over all slot time of the running job",
                CoordinatorCore.Vitals::goodputRatio);
        gauge(
                loop,
                coordinatorId,
                "coxswain.job.incidents",
                "Incidents of the running job",
                CoordinatorCore.Vitals::incidents);
        gauge(
                loop,
                coordinatorId,
                "coxswain.jobs.queued",
                "Jobs that wait",
                CoordinatorCore.Vitals::queuedJobs);
        meters.add(
                Gauge.builder("coxswain.loop.backlog", loop, CoordinatorLoop::backlog)
                        .description("Inputs that wait for the decision loop")
                        .tag("coordinator", coordinatorId)
                        .register(registry));
        meters.add(
                FunctionCounter.builder("coxswain.events", events, EventLog::lastSequence)
                        .description("Events published")
                        .tag("coordinator", coordinatorId)
                        .register(registry));
    }

    private void gauge(
            CoordinatorLoop loop,
            String coordinatorId,
            String name,
            String text,
            ToDoubleFunction<CoordinatorCore.Vitals> vital) {
        meters.add(
                Gauge.builder(name, loop, from -> vital.applyAsDouble(from.vitals()))
                        .description(text)
                        .tag("coordinator", coordinatorId)
                        .register(registry));
    }

    @Override
    public void close() {
        meters.forEach(registry::remove);
        meters.clear();
    }
}
