package io.coxswain.chaos.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.chaos.simulation.process.Interceptor;
import io.coxswain.chaos.simulation.process.SimCoordinator;
import io.coxswain.chaos.simulation.swarm.Drill;
import io.coxswain.chaos.simulation.swarm.SeedResult;
import io.coxswain.chaos.simulation.swarm.Swarm;
import io.coxswain.coordinator.app.EventsPort;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.maintenance.MaintenanceState;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

/** Drains, cordons and notices in whole simulated clusters. */
final class PlannedWorkTest {
    private static final int SEEDS = 60;

    /** Hears what happens in one world. */
    private static final class Ear implements Interceptor {
        final List<CoordinatorEvent> events = new ArrayList<>();

        @Override
        public EventsPort eventsPort(SimCoordinator coordinator, EventsPort port) {
            return (event, nowNanos, term, jobId, epoch, step) -> {
                events.add(event);
                port.publish(event, nowNanos, term, jobId, epoch, step);
            };
        }
    }

    @Test
    void plannedWorkAloneLosesNoStep() {
        int drained = 0;
        int moved = 0;
        for (long seed = 1; seed <= SEEDS; seed++) {
            var ear = new Ear();
            Drill drill = Drill.of(seed).onlyPlanned();
            SeedResult result = Swarm.run(drill, () -> ear, null);
            assertThat(result.invariant())
                    .as("seed %d: %s\n%s", seed, result.message(), result.lastEvents())
                    .isNull();
            for (CoordinatorEvent event : ear.events) {
                if (event instanceof CoordinatorEvent.MaintenanceChanged away
                        && away.state() == MaintenanceState.DRAINED) {
                    drained++;
                }
                if (event instanceof CoordinatorEvent.IncidentClosed closed
                        && closed.incident().kind() == Incident.Kind.PLANNED) {
                    moved += closed.incident().cause().contains("goes to a spare") ? 1 : 0;
                    assertThat(closed.incident().stepsLost())
                            .as("seed %d: %s", seed, closed.incident().cause())
                            .isZero();
                }
            }
        }
        assertThat(drained).isGreaterThan(20);
        assertThat(moved).isGreaterThan(10);
    }
}
