package io.coxswain.coordinator.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.MaintenanceOutcome;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.maintenance.MaintenanceBook.Word;
import io.coxswain.coordinator.core.maintenance.MaintenanceState;
import io.coxswain.coordinator.core.maintenance.SetAside;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.Mesh;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Words about agents at a whole coordinator. */
final class MaintenanceDeskTest {
    private final Bench bench = new Bench().lead(3);

    private List<MaintenanceOutcome> say(Word word) {
        var answers = new ArrayList<MaintenanceOutcome>();
        bench.give(new CoordinatorInput.Maintain(word, false, answers::add));
        return answers;
    }

    private static CoordinatorStatus.Maintenance accepted(List<MaintenanceOutcome> answers) {
        assertThat(answers).singleElement().isInstanceOf(MaintenanceOutcome.Accepted.class);
        return ((MaintenanceOutcome.Accepted) answers.getFirst()).agent();
    }

    private static String refused(List<MaintenanceOutcome> answers) {
        assertThat(answers).singleElement().isInstanceOf(MaintenanceOutcome.Refused.class);
        return ((MaintenanceOutcome.Refused) answers.getFirst()).reason();
    }

    private List<String> told() {
        return bench.published(CoordinatorEvent.MaintenanceChanged.class).stream()
                .map(event -> event.agent() + " " + event.state().key())
                .toList();
    }

    @Test
    void withoutAJobAnAgentIsDrainedAtOnce() {
        bench.attach(Bench.agent(1));
        var agent = accepted(say(new Word.Drain("agent-1", "disk")));
        assertThat(agent.state()).isEqualTo(MaintenanceState.DRAINED);
        assertThat(agent.attached()).isTrue();
        assertThat(Objects.requireNonNull(bench.store.newest(StoreRecord.SetAsides.class)).agents())
                .containsExactly(new SetAside("agent-1", SetAside.Wish.DRAIN, "disk", false, ""));
        assertThat(told()).containsExactly("agent-1 drained");
        assertThat(bench.status().agents().getFirst().state()).isEqualTo("drained");
        assertThat(bench.status().maintenance()).containsExactly(agent);
        assertThat(accepted(say(new Word.Uncordon("agent-1"))).state())
                .isEqualTo(MaintenanceState.IN_SERVICE);
        assertThat(told()).containsExactly("agent-1 drained", "agent-1 in_service");
        assertThat(bench.status().maintenance()).isEmpty();
    }

    @Test
    void anAnswerWaitsUntilItIsDurable() {
        bench.attach(Bench.agent(1));
        bench.store.script.add(FakeStore.Fate.SILENT);
        var first = say(new Word.Cordon("agent-1", ""));
        var second = say(new Word.Cordon("agent-1", ""));
        assertThat(first).isEmpty();
        assertThat(second).as("the same may not be durable yet").isEmpty();
        bench.give(new CoordinatorInput.LeadershipLost("gone"));
        assertThat(refused(first)).contains("say it again");
        assertThat(refused(second)).contains("say it again");
        assertThat(refused(say(new Word.Cordon("agent-1", "")))).contains("does not lead");
    }

    @Test
    void nobodyIsRecordedWhileTheStoreIsOutOfReach() {
        bench.attach(Bench.agent(1));
        bench.give(new CoordinatorInput.StoreSuspended("cut"));
        assertThat(refused(say(new Word.Drain("agent-1", "")))).contains("ZooKeeper");
        bench.give(new CoordinatorInput.StoreResumed());
        assertThat(accepted(say(new Word.Drain("agent-1", ""))).state())
                .isEqualTo(MaintenanceState.DRAINED);
    }

    @Test
    void unknownAgentsAreRefused() {
        bench.attach(Bench.agent(1));
        assertThat(refused(say(new Word.Drain("agent-9", ""))))
                .contains("no agent agent-9", "agent-1", "--absent");
        assertThat(bench.store.newest(StoreRecord.SetAsides.class)).isNull();
    }

    @Test
    void theNextLeaderKnowsAndARestartChangesNothing() {
        bench.give(
                new CoordinatorInput.LeadershipGained(
                        4,
                        List.of(),
                        List.of(
                                new SetAside(
                                        "agent-1", SetAside.Wish.CORDON, "odd", true, "ECC"))));
        assertThat(told()).as("no news").isEmpty();
        assertThat(bench.status().maintenance())
                .singleElement()
                .satisfies(agent -> {
                    assertThat(agent.attached()).isFalse();
                    assertThat(agent.causes()).containsExactly("health", "operator");
                });
        bench.attach(Bench.agent(1));
        bench.attach(Bench.agent(1, 'b'));
        assertThat(bench.status().maintenance().getFirst().state())
                .isEqualTo(MaintenanceState.DRAINED);
        say(new Word.Healthy("agent-1"));
        assertThat(bench.status().maintenance().getFirst().state())
                .isEqualTo(MaintenanceState.CORDONED);
    }

    @Test
    void aJobStartsWithoutACordonedAgent() {
        AgentProfile one = Bench.agent(1);
        bench.attach(one);
        bench.attach(Bench.agent(2));
        say(new Word.Cordon("agent-1", ""));
        bench.submit(Bench.spec("j", new Mesh(1, 1), 50), false);
        bench.pass(1_000);
        assertThat(bench.published(CoordinatorEvent.ViewActivated.class).getFirst().members())
                .containsExactly("agent-2");
        assertThat(bench.status().agents().getFirst().state()).isEqualTo("cordoned");
    }

    @Test
    void whoGaveNoticeIsLetGoOnEveryStream() {
        AgentKey key = Bench.agent(1).key();
        long stream = bench.attach(Bench.agent(1));
        bench.give(
                new CoordinatorInput.AgentSaid(
                        stream, 0, new AgentWord.Noticed("SIGTERM", 30_000_000_000L)));
        assertThat(letGo()).contains(stream);
        assertThat(told()).containsExactly("agent-1 drained");
        long next = bench.attach(Bench.agent(1));
        bench.give(
                new CoordinatorInput.AgentSaid(
                        next, 0, new AgentWord.Noticed("SIGTERM", 20_000_000_000L)));
        assertThat(letGo()).contains(next);
        assertThat(refused(say(new Word.Uncordon("agent-1")))).contains("notice");
        bench.give(new CoordinatorInput.AgentSaid(next, 0, new AgentWord.Leaving("closed")));
        assertThat(bench.status().maintenance()).isEmpty();
        assertThat(key.id()).isEqualTo("agent-1");
    }

    private List<Long> letGo() {
        return bench.agents.sent.stream()
                .filter(sent -> sent.body().equals("may end"))
                .map(RecordingAgents.Sent::stream)
                .toList();
    }
}
