package io.coxswain.agent.core;

import static io.coxswain.agent.core.Story.JOB;
import static io.coxswain.agent.core.Story.MILLI;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.SnapshotInterval;
import io.coxswain.agent.core.model.StepRun;

import org.junit.jupiter.api.Test;

import java.util.List;

/** A leader takes credits back, and gives them again. */
class HeldStepsStoryTest {
    private final Story story = new Story();

    private void hold(long through) {
        story.give(
                new AgentEvent.StepsGranted(
                        story.term, JOB, 1, through, List.of(), SnapshotInterval.PLANNED, true));
    }

    private void saysItIsHeldAfter(long step) {
        assertThat(story.report(AgentReport.StepsHeld.class))
                .contains(new AgentReport.StepsHeld(JOB, 1, step));
    }

    private void hasBegun(long step) {
        assertThat(story.all)
                .filteredOn(AgentEffect.AskWorker.class::isInstance)
                .extracting(effect -> ((AgentEffect.AskWorker) effect).request())
                .contains(new WorkerRequest.Execute(1, step))
                .doesNotContain(new WorkerRequest.Execute(1, step + 1));
    }

    private List<StepRun> told() {
        return story.everReported(AgentReport.StepsDone.class).stream()
                .flatMap(done -> done.progress().runs().stream())
                .toList();
    }

    private void makes(long first, long last) {
        for (long step = first; step <= last; step++) {
            story.now += 10 * MILLI;
            story.made(step, step - 1);
        }
    }

    @Test
    void aStepThatIsUnderWayIsFinishedAndToldAndNoneBegins() {
        story.running(100);
        makes(1, 12);
        hold(7);
        saysItIsHeldAfter(13);
        story.executed(13).reduced(13, 12).applied(13).gathered(13);
        hasBegun(13);
        assertThat(told()).extracting(StepRun::last).containsExactly(1L, 10L, 13L);
    }

    @Test
    void theOthersMayBeFurther() {
        story.running(100);
        makes(1, 1);
        hold(0);
        saysItIsHeldAfter(2);
        makes(2, 2);
        hasBegun(2);
        hold(4);
        saysItIsHeldAfter(4);
        hasBegun(3);
        makes(3, 4);
        hasBegun(4);
        assertThat(told()).extracting(StepRun::last).containsExactly(1L, 2L, 4L);
    }

    @Test
    void theNextWordWithoutItLiftsIt() {
        story.running(3);
        hold(0);
        makes(1, 1);
        hasBegun(1);
        story.give(new AgentEvent.StepsGranted(story.term, JOB, 1, 2));
        hasBegun(2);
        makes(2, 2);
        hasBegun(3);
    }

    @Test
    void timeInWhichItStandsIsNoStepsTime() {
        story.running(100);
        makes(1, 3);
        hold(0);
        makes(4, 4);
        story.later(3_600_000 * MILLI);
        story.give(new AgentEvent.HeartbeatAnswered(story.term, 1, 77));
        story.give(new AgentEvent.StepsGranted(story.term, JOB, 1, 100));
        makes(5, 10);
        StepRun newest = told().getLast();
        assertThat(newest.first()).isEqualTo(5);
        assertThat(newest.last()).isEqualTo(10);
        assertThat(newest.elapsedNanos()).isEqualTo(60 * MILLI);
    }

    @Test
    void aViewThatBeginsHeldMakesNoStep() {
        story.standby().ordered(1, 0, Story.init(0)).fencedData().prepared(Digest.NONE);
        story.give(
                new AgentEvent.ViewStarted(
                        story.term, JOB, 1, 0, List.of(), SnapshotInterval.PLANNED, true));
        saysItIsHeldAfter(0);
        story.gatheredBase().committed(0, 0);
        assertThat(story.each(AgentEffect.Reduce.class)).isEmpty();
        assertThat(story.request(WorkerRequest.Execute.class)).isEmpty();
        story.give(new AgentEvent.StepsGranted(story.term, JOB, 1, 5));
        hasBegun(1);
    }

    @Test
    void aWordOfAnotherViewIsNoWord() {
        story.running(100);
        story.give(
                new AgentEvent.StepsGranted(
                        story.term, JOB, 2, 0, List.of(), SnapshotInterval.PLANNED, true));
        assertThat(story.report(AgentReport.StepsHeld.class)).isEmpty();
        makes(1, 2);
        hasBegun(3);
    }
}
