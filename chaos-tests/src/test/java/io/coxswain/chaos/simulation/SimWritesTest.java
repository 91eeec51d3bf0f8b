package io.coxswain.chaos.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.chaos.simulation.process.ClusterPlan;
import io.coxswain.chaos.simulation.process.Interceptor;
import io.coxswain.chaos.simulation.process.SimCoordinator;
import io.coxswain.chaos.simulation.swarm.Drill;
import io.coxswain.chaos.simulation.swarm.Fault;
import io.coxswain.chaos.simulation.swarm.FaultKind;
import io.coxswain.chaos.simulation.swarm.Order;
import io.coxswain.chaos.simulation.swarm.SeedResult;
import io.coxswain.chaos.simulation.swarm.Swarm;
import io.coxswain.coordinator.app.StorePort;
import io.coxswain.coordinator.app.StoreRecord;
import io.coxswain.coordinator.core.model.Mesh;

import org.junit.jupiter.api.Test;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** How much a leader writes: nothing per step, a bounded number of records per recovery. */
class SimWritesTest {
    private static final long MILLI = 1_000_000L;
    private static final long SECOND = 1_000 * MILLI;

    /** Least time between two accounts while steps complete. */
    private static final long ACCOUNTS_NANOS = 5 * SECOND;

    /** Counts what goes to the store. */
    private static final class Counting implements Interceptor {
        private final Map<StoreRecord.Kind, Integer> written =
                new EnumMap<>(StoreRecord.Kind.class);

        @Override
        public StorePort storePort(SimCoordinator coordinator, StorePort port) {
            return new StorePort() {
                @Override
                public void write(long writeId, StoreRecord record) {
                    written.merge(record.kind(), 1, Integer::sum);
                    port.write(writeId, record);
                }

                @Override
                public void verify(long writeId, StoreRecord record) {
                    port.verify(writeId, record);
                }
            };
        }

        int of(StoreRecord.Kind kind) {
            return written.getOrDefault(kind, 0);
        }
    }

    private record Run(SeedResult result, Counting writes) {}

    private static Run run(long steps, List<Fault> faults, List<Order> orders) {
        var cluster =
                new ClusterPlan(
                        new Mesh(2, 2),
                        1,
                        1,
                        1,
                        steps,
                        8,
                        32,
                        1,
                        1,
                        1,
                        true,
                        10 * MILLI,
                        100 * MILLI,
                        200_000L,
                        0,
                        5 * MILLI,
                        false);
        // A second job begins when the first is over: it is long enough for that not to matter.
        var counting = new Counting();
        SeedResult result =
                Swarm.run(new Drill(7, cluster, faults, orders, 8 * SECOND), () -> counting, null);
        assertThat(result.invariant()).as(result.message()).isNull();
        return new Run(result, counting);
    }

    private static int accounts(Run run) {
        return run.writes.of(StoreRecord.Kind.ACCOUNT);
    }

    private static int views(Run run) {
        return run.writes.of(StoreRecord.Kind.VIEW);
    }

    @Test
    void nothingIsWrittenPerStep() {
        Run shortRun = run(1_000, List.of(), List.of());
        Run longRun = run(4_000, List.of(), List.of());

        assertThat(views(shortRun)).isEqualTo(views(longRun)).isLessThanOrEqualTo(4);
        long more = longRun.result.simulatedNanos() - shortRun.result.simulatedNanos();
        assertThat(more).isGreaterThan(20 * SECOND);
        assertThat(accounts(longRun) - accounts(shortRun))
                .isLessThanOrEqualTo((int) (more / ACCOUNTS_NANOS) + 1);
        assertThat(longRun.writes.of(StoreRecord.Kind.SPEC)).isEqualTo(1);
        assertThat(longRun.writes.of(StoreRecord.Kind.RESULT)).isEqualTo(1);
        assertThat(longRun.writes.of(StoreRecord.Kind.PAUSE)).isZero();
    }

    @Test
    void aRecoveryCostsAFewRecords() {
        Run quiet = run(2_000, List.of(), List.of());
        var death = new Fault(FaultKind.AGENT_DEATH, 4 * SECOND, null, 300 * SECOND, 0, 0);
        Run hurt = run(2_000, List.of(death), List.of());

        // PREPARING, ACTIVE, and the placement when a new holder is found.
        assertThat(views(hurt) - views(quiet)).isBetween(2, 4);
        // One with the view, one with the end of the incident.
        assertThat(accounts(hurt) - accounts(quiet)).isBetween(1, 4);
    }

    @Test
    void aPauseCostsItsRecordAndAnAccountAndNothingWhileItLasts() {
        Run quiet = run(2_000, List.of(), List.of());
        Run paused =
                run(
                        2_000,
                        List.of(),
                        List.of(
                                new Order(Order.Kind.PAUSE, 3 * SECOND),
                                new Order(Order.Kind.RESUME, 7 * SECOND)));
        // At the healing somebody says once more that the job goes on, which changes nothing.
        assertThat(paused.writes.of(StoreRecord.Kind.PAUSE)).isEqualTo(2);
        assertThat(views(paused)).isEqualTo(views(quiet));
        assertThat(accounts(paused) - accounts(quiet)).isBetween(1, 4);
    }
}
