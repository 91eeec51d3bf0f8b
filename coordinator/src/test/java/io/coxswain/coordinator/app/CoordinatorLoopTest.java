package io.coxswain.coordinator.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.liveness.LivenessLimits;
import io.coxswain.coordinator.core.model.Inventory;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

class CoordinatorLoopTest {
    private static final LeadershipPort NO_ELECTION =
            new LeadershipPort() {
                @Override
                public void resign(String reason) {}

                @Override
                public void askTerm(long question) {}
            };

    private final CompletableFuture<Throwable> broken = new CompletableFuture<>();
    private final CoordinatorLoop loop =
            new CoordinatorLoop("test-loop", System::nanoTime, broken::complete);

    private CoordinatorCore core(EventsPort events) {
        return new CoordinatorCore(
                impatient(), new RecordingAgents(), new FakeStore(loop), events, NO_ELECTION);
    }

    // Agents are lost after 40 ms of silence.
    private static CoordinatorSettings impatient() {
        var defaults = CoordinatorSettings.defaults("c1");
        return new CoordinatorSettings(
                "c1",
                defaults.jobLimits(),
                new LivenessLimits(10_000_000L, 40_000_000L, 40_000_000L, 10_000_000L, 0),
                defaults.accountNanos(),
                defaults.storeRetryNanos(),
                defaults.queuedJobs(),
                defaults.history(),
                defaults.environment());
    }

    private CoordinatorStatus status() {
        var answer = new CompletableFuture<CoordinatorStatus>();
        loop.offer(new CoordinatorInput.AskStatus(answer::complete));
        return answer.join();
    }

    @Test
    void inputsGivenBeforeTheStartAreTaken() {
        loop.offer(new CoordinatorInput.LeadershipGained(5, List.of()));
        loop.start(core((_, _, _, _, _, _) -> {}));

        assertThat(status().term()).isEqualTo(5);
        loop.stop("done");
        assertThat(broken).isNotDone();
    }

    @Test
    void deadlinesAreServedWithoutInputs() {
        var lost = new CompletableFuture<Void>();
        loop.start(
                core((event, _, _, _, _, _) -> {
                    if (event instanceof CoordinatorEvent.AgentLost) {
                        lost.complete(null);
                    }
                }));
        loop.offer(new CoordinatorInput.LeadershipGained(1, List.of()));
        loop.offer(
                new CoordinatorInput.AgentAttached(
                        1, 0, Bench.agent(1), Map.of(), "", Inventory.EMPTY, 0));

        lost.join();

        loop.stop("done");
        assertThat(broken).isNotDone();
    }

    @Test
    void aBugStopsTheLoopAndIsTold() throws Exception {
        loop.start(
                core((_, _, _, _, _, _) -> {
                    throw new IllegalStateException("on purpose");
                }));
        loop.offer(new CoordinatorInput.LeadershipGained(1, List.of()));

        assertThat(broken.join()).hasMessage("on purpose");

        loop.stop("again");
        loop.put(new CoordinatorInput.StoreResumed());
        loop.offer(new CoordinatorInput.StoreResumed());
        assertThat(loop.backlog()).isZero();
    }
}
