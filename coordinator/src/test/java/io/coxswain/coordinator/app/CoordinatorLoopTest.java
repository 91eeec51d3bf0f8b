package io.coxswain.coordinator.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.CoordinatorStatus;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class CoordinatorLoopTest {
    private final CompletableFuture<Throwable> broken = new CompletableFuture<>();
    private final CoordinatorLoop loop =
            new CoordinatorLoop("test-loop", System::nanoTime, broken::complete);

    private CoordinatorCore core(EventsPort events) {
        return new CoordinatorCore(
                CoordinatorSettings.defaults("c1"),
                new RecordingAgents(),
                new FakeStore(loop),
                events,
                _ -> {});
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
        loop.start(core((_, _, _, _, _, _) -> {}));
        var lost = new CompletableFuture<Void>();
        var silent =
                new CoordinatorLoop("silent-loop", System::nanoTime, broken::complete);
        silent.start(
                new CoordinatorCore(
                        CoordinatorSettings.defaults("c2"),
                        new RecordingAgents(),
                        new FakeStore(silent),
                        (event, _, _, _, _, _) -> {
                            if (event
                                    instanceof
                                    io.coxswain.coordinator.core.event.CoordinatorEvent.AgentLost) {
                                lost.complete(null);
                            }
                        },
                        _ -> {}));
        silent.offer(new CoordinatorInput.LeadershipGained(1, List.of()));
        silent.offer(
                new CoordinatorInput.AgentAttached(
                        1,
                        0,
                        Bench.agent(1),
                        java.util.Map.of(),
                        "",
                        io.coxswain.coordinator.core.model.Inventory.EMPTY,
                        0));

        lost.join();

        silent.stop("done");
        loop.stop("done");
    }

    @Test
    void aBugStopsTheLoopAndIsTold() throws Exception {
        loop.start(
                core(
                        (_, _, _, _, _, _) -> {
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
