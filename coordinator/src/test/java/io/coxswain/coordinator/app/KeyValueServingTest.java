package io.coxswain.coordinator.app;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.coxswain.coordinator.core.job.JobEffect;
import io.coxswain.coordinator.core.keyvalue.KeyValueCode;
import io.coxswain.coordinator.core.keyvalue.KeyValueOperation;
import io.coxswain.coordinator.core.keyvalue.KeyValueResult;
import io.coxswain.coordinator.core.keyvalue.KeyValueStore;
import io.coxswain.coordinator.core.model.Mesh;

import org.junit.jupiter.api.Test;

import java.util.List;

/** The running job's key-value store through the decision loop. */
class KeyValueServingTest {
    private final Bench bench = new Bench();
    private long first;
    private long second;

    private void running() {
        bench.lead(1);
        bench.agents.steps = false;
        first = bench.attach(Bench.agent(1));
        second = bench.attach(Bench.agent(2));
        bench.submit(Bench.spec("j1", new Mesh(2, 1), 20), false);
        bench.pass(1_000);
        assertThat(bench.agents.bodies(JobEffect.SendStartView.class)).isNotEmpty();
    }

    private void ask(long stream, long id, long epoch, KeyValueOperation operation) {
        bench.give(
                new CoordinatorInput.AgentSaid(
                        stream,
                        0,
                        new AgentWord.AskedKeyValue(
                                "j1", new KeyValueStore.Ask(id, 0, epoch, operation))));
    }

    private static KeyValueOperation set(String key, String value) {
        return new KeyValueOperation.Set(key, value.getBytes(UTF_8));
    }

    private static KeyValueOperation await(String key) {
        return new KeyValueOperation.Get(List.of(key), true, false);
    }

    private List<KeyValueResult> answers(long stream, long id) {
        return bench.agents.sent.stream()
                .filter(sent ->
                        sent.stream() == stream
                                && sent.body() instanceof RecordingAgents.Answered answered
                                && answered.id() == id)
                .map(sent -> ((RecordingAgents.Answered) sent.body()).result())
                .toList();
    }

    private long epoch() {
        return bench.agents.bodies(JobEffect.SendPrepareView.class).getLast().view().epoch();
    }

    @Test
    void whatOneWaitsForAnotherBrings() {
        running();
        ask(first, 1, epoch(), await("k"));
        assertThat(answers(first, 1)).isEmpty();
        ask(second, 1, epoch(), set("k", "v"));
        assertThat(answers(second, 1)).hasSize(1);
        assertThat(answers(first, 1))
                .singleElement()
                .satisfies(result ->
                        assertThat(new String(result.values().getFirst(), UTF_8)).isEqualTo("v"));
    }

    @Test
    void anAgentThatComesAgainIsAnsweredOnItsNewStream() {
        running();
        ask(first, 1, epoch(), await("k"));
        long again = bench.attach(Bench.agent(1), 0, "j1");
        ask(again, 1, epoch(), await("k"));
        ask(second, 1, epoch(), set("k", "v"));
        assertThat(answers(first, 1)).isEmpty();
        assertThat(answers(again, 1)).hasSize(1);
    }

    @Test
    void aViewThatEndsAnswersWhoeverWaitsInIt() {
        running();
        long before = epoch();
        ask(first, 1, before, set("k", "v"));
        ask(first, 2, before, await("x"));
        // Another process of the same agent took its place.
        long restarted = bench.attach(Bench.agent(2, 'b'));
        assertThat(answers(first, 2))
                .singleElement()
                .satisfies(result -> assertThat(result.code()).isEqualTo(KeyValueCode.EPOCH_OVER));

        bench.pass(1_000);
        assertThat(epoch()).isGreaterThan(before);
        ask(restarted, 1, epoch(), new KeyValueOperation.Get(List.of("k"), false, false));
        assertThat(answers(restarted, 1).getFirst().code()).isEqualTo(KeyValueCode.NOT_FOUND);
        ask(first, 3, before, set("k", "late"));
        assertThat(answers(first, 3).getFirst().code()).isEqualTo(KeyValueCode.EPOCH_OVER);
    }

    @Test
    void theStoreServesWhileNothingCanBeDecided() {
        running();
        bench.give(new CoordinatorInput.StoreSuspended("no quorum"));
        ask(first, 1, epoch(), new KeyValueOperation.Add("n", 4));
        assertThat(answers(first, 1).getFirst().number()).isEqualTo(4);
    }

    @Test
    void whoGaveUpIsNotAnswered() {
        running();
        ask(first, 1, epoch(), await("k"));
        bench.give(
                new CoordinatorInput.AgentSaid(first, 0, new AgentWord.ForgotKeyValue("j1", 1, 2)));
        ask(second, 1, epoch(), set("k", "v"));
        assertThat(answers(first, 1)).isEmpty();
    }
}
