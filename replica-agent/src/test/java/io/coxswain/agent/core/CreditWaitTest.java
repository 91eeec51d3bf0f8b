package io.coxswain.agent.core;

import static io.coxswain.agent.core.Story.JOB;
import static io.coxswain.agent.core.Story.MILLI;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.agent.core.model.StepRun;

import org.junit.jupiter.api.Test;

import java.util.List;

/** A rank tells how long it could have begun a step and had no leave to. */
final class CreditWaitTest {
    private final Story story = new Story();

    @Test
    void stepsTellHowLongTheyWaitedForCredits() {
        story.running(1);
        story.made(1, 0);
        story.later(700 * MILLI).later(700 * MILLI);
        story.give(new AgentEvent.StepsGranted(story.term, JOB, 1, 3));
        story.now += 10 * MILLI;
        story.made(2, 1);
        story.now += 20 * MILLI;
        story.made(3, 2);
        story.give(new AgentEvent.StepsGranted(story.term, JOB, 1, 10));
        for (long step = 4; step <= 10; step++) {
            story.made(step, step - 1);
        }
        List<StepRun> runs =
                story.everReported(AgentReport.StepsDone.class).stream()
                        .flatMap(done -> done.progress().runs().stream())
                        .toList();
        assertThat(runs).extracting(StepRun::last).containsExactly(1L, 10L);
        assertThat(runs).extracting(StepRun::creditWaitNanos).containsExactly(0L, 1_400 * MILLI);
        assertThat(runs.getLast().elapsedNanos()).isEqualTo(1_430 * MILLI);
    }
}
