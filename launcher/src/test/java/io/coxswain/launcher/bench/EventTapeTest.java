package io.coxswain.launcher.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.coordinator.SequencedEvent;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.launcher.EnvironmentException;

import org.junit.jupiter.api.Test;

import java.util.concurrent.CompletableFuture;

class EventTapeTest {
    private static final long LONG_MILLIS = 30_000;

    private final EventTape tape = new EventTape();

    private void hear(CoordinatorEvent event) {
        tape.on(new SequencedEvent(1, 0, 0, 1, "job", 1, 0, event));
    }

    private static CoordinatorEvent.StepsCompleted step(long step) {
        return new CoordinatorEvent.StepsCompleted("job", 1, step, step, 0, 10, 1);
    }

    @Test
    void findsTheFirstThatFitsFromTheMarkOn() throws Exception {
        hear(step(1));
        int mark = tape.mark();
        hear(new CoordinatorEvent.JobWaiting("job", "agents"));
        hear(step(2));
        hear(step(3));

        var found =
                tape.await(
                        mark,
                        CoordinatorEvent.StepsCompleted.class,
                        steps -> steps.step() > 0,
                        "a step",
                        LONG_MILLIS);

        assertThat(found.event().step()).isEqualTo(2);
        assertThat(found.at()).isEqualTo(2);
        assertThat(tape.since(mark, CoordinatorEvent.StepsCompleted.class)).hasSize(2);
    }

    @Test
    void waitsForWhatIsYetToCome() throws Exception {
        CompletableFuture<Long> later =
                CompletableFuture.supplyAsync(() -> {
                    try {
                        return tape.await(
                                        0,
                                        CoordinatorEvent.StepsCompleted.class,
                                        s -> s.step() == 5,
                                        "step 5",
                                        LONG_MILLIS)
                                .event()
                                .step();
                    } catch (EnvironmentException | InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                });
        hear(step(4));
        hear(step(5));

        assertThat(later.get()).isEqualTo(5);
    }

    @Test
    void givesUpWhenTheTimeIsOver() {
        assertThatThrownBy(() ->
                        tape.await(
                                0, CoordinatorEvent.StepsCompleted.class, _ -> true, "a step", 1))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("in vain for a step");
    }

    @Test
    void aFailedJobEndsTheWaitAtOnce() {
        hear(new CoordinatorEvent.JobFinished("job", false, "shard 1 is lost", ""));

        assertThatThrownBy(() ->
                        tape.await(
                                0,
                                CoordinatorEvent.StepsCompleted.class,
                                _ -> true,
                                "a step",
                                LONG_MILLIS))
                .hasMessageContaining("shard 1 is lost");
    }

    @Test
    void theSteadyRateLeavesTheFirstThirdOut() throws Exception {
        var heard = new java.util.ArrayList<EventTape.Heard<CoordinatorEvent.StepsCompleted>>();
        heard.add(new EventTape.Heard<>(0, 0, step(10)));
        // Slow at first: 20 steps in 10 s; then 60 in 1 s.
        heard.add(new EventTape.Heard<>(1, 10_000_000_000L, step(30)));
        heard.add(new EventTape.Heard<>(2, 11_000_000_000L, step(90)));

        assertThat(StepRate.steady(heard)).isEqualTo(60);
        assertThatThrownBy(() -> StepRate.steady(heard.subList(0, 2)))
                .isInstanceOf(EnvironmentException.class);
    }
}
