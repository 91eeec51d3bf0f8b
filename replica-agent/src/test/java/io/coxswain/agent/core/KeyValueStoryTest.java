package io.coxswain.agent.core;

import static io.coxswain.agent.core.Story.MILLI;
import static io.coxswain.agent.core.Story.init;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.KeyValueReply;

import org.junit.jupiter.api.Test;

import java.util.List;

/** What becomes of a worker's requests to its view's key-value store. */
class KeyValueStoryTest {
    private static final byte[] OPERATION = {1, 2, 3};
    private static final byte[] RESULT = {4, 5};

    private final Story story = new Story();

    private void ask(long request, long epoch, long waitNanos) {
        story.give(
                new AgentEvent.KeyValueAsked(
                        story.generation, request, epoch, waitNanos, OPERATION));
    }

    private void answer(long id) {
        story.give(
                new AgentEvent.KeyValueAnswered(
                        story.term, Story.JOB, id, KeyValueReply.of(RESULT)));
    }

    /** A worker that is taking its rank in the view of epoch 1. */
    private void preparing() {
        story.standby().ordered(1, 0, init(0)).fencedData();
    }

    private List<AgentReport.KeyValueAsked> told() {
        return reports(AgentReport.KeyValueAsked.class);
    }

    private <T extends AgentReport> List<T> reports(Class<T> type) {
        return story.each(AgentEffect.Report.class).stream()
                .map(AgentEffect.Report::report)
                .filter(type::isInstance)
                .map(type::cast)
                .toList();
    }

    private void assertAnswered(long request, String code) {
        assertThat(story.each(AgentEffect.AnswerKeyValue.class))
                .singleElement()
                .satisfies(answer -> {
                    assertThat(answer.generation()).isEqualTo(story.generation);
                    assertThat(answer.requestId()).isEqualTo(request);
                    assertThat(answer.reply().code()).isEqualTo(code);
                });
    }

    @Test
    void aRequestGoesToTheLeaderAndItsAnswerToTheWorker() {
        preparing();
        ask(77, 1, 0);
        assertThat(told())
                .singleElement()
                .satisfies(asked -> {
                    assertThat(asked.jobId()).isEqualTo(Story.JOB);
                    assertThat(asked.epoch()).isEqualTo(1);
                    assertThat(asked.id()).isEqualTo(1);
                    assertThat(asked.operation()).isEqualTo(OPERATION);
                });

        answer(1);
        assertAnswered(77, "");
        assertThat(story.each(AgentEffect.AnswerKeyValue.class).getFirst().reply().result())
                .isEqualTo(RESULT);

        answer(1);
        assertThat(story.last).isEmpty();
    }

    @Test
    void whatHasNoAnswerIsSaidAgainOnANewStream() {
        preparing();
        ask(7, 1, 0);
        ask(8, 1, 0);
        ask(9, 1, 0);
        answer(2);
        story.give(new AgentEvent.StreamClosed("reset"));
        story.give(new AgentEvent.StreamOpened());
        assertThat(told()).isEmpty();
        story.give(new AgentEvent.Welcomed(story.term, 250 * MILLI, Story.LEASE));

        assertThat(told()).extracting(AgentReport.KeyValueAsked::id).containsExactly(1L, 3L);
        assertThat(told())
                .extracting(AgentReport.KeyValueAsked::settledBelow)
                .containsExactly(1L, 1L);
        answer(1);
        assertAnswered(7, "");
        ask(10, 1, 0);
        assertThat(told().getFirst().settledBelow()).isEqualTo(3);
    }

    @Test
    void aWaitEndsAtItsDeadlineAndTheLeaderForgetsIt() {
        preparing();
        ask(7, 1, 100 * MILLI);
        story.later(99 * MILLI);
        assertThat(story.each(AgentEffect.AnswerKeyValue.class)).isEmpty();
        assertThat(story.machine.nextDeadlineNanos(story.now))
                .isLessThanOrEqualTo(story.now + MILLI);
        story.later(MILLI);

        assertAnswered(7, "timed_out");
        assertThat(reports(AgentReport.KeyValueForgotten.class))
                .containsExactly(new AgentReport.KeyValueForgotten(Story.JOB, 1, 2));
        answer(1);
        assertThat(story.last).isEmpty();
    }

    @Test
    void withoutALeaderAnOperationIsGivenUpInTheEnd() {
        preparing();
        story.give(new AgentEvent.StreamClosed("reset"));
        ask(7, 1, 0);
        story.later(KeyValueDesk.PATIENCE_NANOS);
        assertAnswered(7, "unavailable");
    }

    @Test
    void aWaitWithoutEndEndsWithTheView() {
        preparing();
        ask(7, 1, -1);
        story.later(86_400_000 * MILLI);
        assertThat(story.each(AgentEffect.AnswerKeyValue.class)).isEmpty();
        story.fenced(2);
        assertAnswered(7, "epoch_over");
    }

    @Test
    void aFenceAnswersAllThatIsOlderAndANewViewIsServed() {
        preparing();
        ask(7, 1, 60_000 * MILLI);
        story.fenced(2);
        assertAnswered(7, "epoch_over");
        ask(8, 1, 0);
        assertAnswered(8, "epoch_over");
        assertThat(told()).isEmpty();

        story.fencedData().ordered(2, 0, init(0));
        ask(9, 2, 0);
        assertThat(told()).hasSize(1);
        ask(10, 1, 0);
        assertAnswered(10, "epoch_over");
    }

    @Test
    void anEpochThatNobodyPreparedIsARequestWithoutSense() {
        story.standby();
        ask(7, 1, 0);
        assertAnswered(7, "bad_request");
        story.ordered(1, 0, -1, null, null);
        ask(8, 1, 0);
        assertAnswered(8, "bad_request");
    }

    @Test
    void nobodyHearsWhatADeadWorkerAsked() {
        preparing();
        story.prepared(Digest.NONE);
        ask(7, 1, 60_000 * MILLI);
        story.exited("signal 9");
        assertThat(reports(AgentReport.KeyValueForgotten.class)).hasSize(1);
        answer(1);
        assertThat(story.each(AgentEffect.AnswerKeyValue.class)).isEmpty();
        story.later(60_000 * MILLI);
        assertThat(story.each(AgentEffect.AnswerKeyValue.class)).isEmpty();
    }

    @Test
    void theEndOfTheJobEndsAll() {
        preparing();
        ask(7, 1, 60_000 * MILLI);
        story.give(new AgentEvent.JobEnded(story.term, Story.JOB, "over"));
        answer(1);
        story.later(60_000 * MILLI);
        assertThat(story.each(AgentEffect.AnswerKeyValue.class)).isEmpty();
    }
}
