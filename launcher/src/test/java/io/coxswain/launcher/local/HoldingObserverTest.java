package io.coxswain.launcher.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.agent.AgentObserver.Coordinate;
import io.coxswain.agent.core.StepPhase;

import org.junit.jupiter.api.Test;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

class HoldingObserverTest {
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final HoldingObserver observer = new HoldingObserver(lines::add);

    private Thread reach(long step, StepPhase phase) {
        return Thread.ofVirtual().start(() -> observer.reached(new Coordinate(step, phase)));
    }

    @Test
    void letsPassWhatNobodyHolds() throws InterruptedException {
        observer.hold(5, "apply");

        reach(4, StepPhase.APPLY).join();
        reach(5, StepPhase.EXECUTE).join();

        assertThat(lines).isEmpty();
    }

    @Test
    void holdsOnceAtTheFirstSuchPhaseUntilReleased() throws InterruptedException {
        observer.hold(5, "apply");

        Thread held = reach(7, StepPhase.APPLY);
        assertThat(lines.take()).isEqualTo("reached 7 apply");
        assertThat(held.isAlive()).isTrue();
        observer.release();
        held.join();

        reach(8, StepPhase.APPLY).join();
        assertThat(lines).isEmpty();
    }

    @Test
    void aReleaseOfBeforeDoesNotCount() throws InterruptedException {
        observer.hold(1, "gather");
        observer.release();

        Thread held = reach(1, StepPhase.GATHER);
        assertThat(lines.take()).isEqualTo("reached 1 gather");
        assertThat(held.isAlive()).isTrue();
        observer.releaseAll();
        held.join();
    }

    @Test
    void theEndOfTheLauncherReleasesAll() throws InterruptedException {
        observer.hold(1, "execute");
        observer.hold(1, "reduce");
        Thread held = reach(1, StepPhase.EXECUTE);
        lines.take();

        observer.releaseAll();

        held.join();
        reach(1, StepPhase.REDUCE).join();
    }
}
