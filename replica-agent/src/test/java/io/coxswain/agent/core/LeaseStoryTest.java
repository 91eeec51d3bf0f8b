package io.coxswain.agent.core;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Steps are made as long as a leader answers what was said within the lease. */
class LeaseStoryTest {
    private final Story story = new Story();

    private void firstStepIsMade() {
        story.running(5).later(0);
        story.executed(1).reduced(1, 0).applied(1);
    }

    private void answered(long beat) {
        story.give(new AgentEvent.HeartbeatAnswered(story.term, beat, 77));
    }

    @Test
    void stepsStopWithoutAWordFromALeaderAndGoOnWithOne() {
        firstStepIsMade();
        story.now += Story.LEASE + 1;
        story.gathered(1);
        assertThat(story.request(WorkerRequest.Execute.class)).isEmpty();
        story.later(0);
        answered(2);
        assertThat(story.request(WorkerRequest.Execute.class)).isPresent();
    }

    /** Its leader may be one of the past by now, and the job at another step. */
    @Test
    void aWordThatWasKeptBackGivesNone() {
        firstStepIsMade();
        story.now += Story.LEASE + 1;
        story.gathered(1);
        answered(1);
        story.give(new AgentEvent.StepsGranted(story.term, Story.JOB, 1, 9));
        assertThat(story.everAsked(WorkerRequest.Execute.class))
                .hasValueSatisfying(execute -> assertThat(execute.step()).isEqualTo(1));
    }

    @Test
    void itBeginsWhenTheHeartbeatWasSent() {
        firstStepIsMade();
        story.later(Story.LEASE / 2);
        story.now += Story.LEASE / 4;
        answered(2);
        story.now += Story.LEASE * 3 / 4 - 1;
        story.gathered(1);
        assertThat(story.request(WorkerRequest.Execute.class)).isPresent();
        story.executed(2).reduced(2, 0).applied(2);
        story.now += 1;
        story.gathered(2);
        assertThat(story.request(WorkerRequest.Execute.class)).isEmpty();
    }

    /** An answer to what was never said is none. */
    @Test
    void anAnswerToAHeartbeatThatIsYetToComeGivesNone() {
        firstStepIsMade();
        story.now += Story.LEASE + 1;
        story.gathered(1);
        answered(1_000);
        assertThat(story.request(WorkerRequest.Execute.class)).isEmpty();
    }
}
