package io.coxswain.coordinator.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.CoordinatorStatus.JobPhase;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.job.JobEvent;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.coordinator.core.term.TermVerdict;

import org.junit.jupiter.api.Test;

import java.util.List;

/** Agents that say, rightly or not, that another coordinator leads with a higher term. */
final class RogueTermTest {
    private static final Mesh ONE = new Mesh(1, 1);

    private final Bench bench = new Bench();

    private List<RecordingAgents.Ended> ended() {
        return bench.agents.bodies(RecordingAgents.Ended.class);
    }

    // An attached agent says something.
    private void say(long stream, long termSeen) {
        bench.give(
                new CoordinatorInput.AgentSaid(
                        stream,
                        termSeen,
                        new AgentWord.Heartbeat(9, -1, 0, "idle", 0, List.of(), 0)));
    }

    @Test
    void aTermThatTheStoreConfirmsDeposesAtOnce() {
        bench.lead(2);
        bench.attach(Bench.agent(1), 3, "");

        assertThat(bench.resigned).isEmpty();
        assertThat(bench.status().leading()).isTrue();
        assertThat(ended()).isEmpty();

        bench.answerTerm(TermVerdict.MOVED);

        assertThat(bench.resigned)
                .singleElement()
                .satisfies(reason -> assertThat(reason).contains("agent-1").contains("term 3"));
        assertThat(bench.status().leading()).isFalse();
        assertThat(bench.agents.sent).noneMatch(sent -> sent.body().equals("welcome"));
        assertThat(ended()).singleElement().satisfies(end -> assertThat(end.retry()).isTrue());
        assertThat(bench.core.nextDeadlineNanos()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void aLieCostsTheLiarItsStreamAndNobodyElseAnything() {
        bench.lead(2);
        bench.attach(Bench.agent(1));
        bench.submit(Bench.spec("j1", ONE, 1_000_000), false);
        bench.pass(6_000);
        int views = bench.published(CoordinatorEvent.ViewActivated.class).size();

        bench.attach(Bench.agent(2), Long.MAX_VALUE, "");
        bench.answerTerm(TermVerdict.HELD);
        bench.pass(3_000);

        assertThat(bench.resigned).isEmpty();
        assertThat(bench.status().agents()).hasSize(1);
        assertThat(bench.status().jobs().getFirst().phase()).isEqualTo(JobPhase.ACTIVE);
        assertThat(bench.published(CoordinatorEvent.ViewActivated.class)).hasSize(views);
        assertThat(ended()).singleElement().satisfies(end -> assertThat(end.retry()).isFalse());
        assertThat(bench.published(CoordinatorEvent.TermClaimed.class))
                .singleElement()
                .satisfies(claim -> {
                    assertThat(claim.agent()).isEqualTo("agent-2");
                    assertThat(claim.verdict()).isEqualTo(TermVerdict.HELD);
                    assertThat(claim.claims()).isEqualTo(1);
                });
    }

    @Test
    void whoLiesInTheNameOfAMemberDoesNotTakeItsPlace() {
        bench.lead(2);
        bench.attach(Bench.agent(1));
        bench.submit(Bench.spec("j1", ONE, 1_000_000), false);
        bench.pass(6_000);

        for (int i = 0; i < 5; i++) {
            bench.attach(Bench.agent(1, 'b'), 99, "");
            bench.pass(300);
            bench.answerTerm(TermVerdict.HELD);
            bench.pass(1_000);
        }

        assertThat(bench.published(CoordinatorEvent.AgentLost.class)).isEmpty();
        assertThat(bench.status().jobs().getFirst().phase()).isEqualTo(JobPhase.ACTIVE);
        // After three lies the store is not asked any more; the fifth is refused at once.
        assertThat(bench.questions).hasSize(3);
        assertThat(ended()).hasSize(5);
        // Its true owner claims nothing and is let in as ever.
        bench.attach(Bench.agent(1, 'c'));
        assertThat(bench.agents.sent.getLast().body()).isNotInstanceOf(RecordingAgents.Ended.class);
    }

    @Test
    void aMemberThatLiesIsRefusedAndRecoveredFromWithoutAChangeOfLeaders() {
        bench.lead(2);
        long stream = bench.attach(Bench.agent(1));
        bench.submit(Bench.spec("j1", ONE, 1_000_000), false);
        bench.pass(6_000);

        bench.agents.streams.remove(stream);
        bench.agents.steps = false;
        say(stream, 3);
        // In doubt nothing that it says is answered.
        int sent = bench.agents.sent.size();
        say(stream, 3);
        say(stream, 0);
        assertThat(bench.agents.sent).hasSize(sent);
        bench.answerTerm(TermVerdict.HELD);
        bench.pass(4_000);

        assertThat(bench.resigned).isEmpty();
        assertThat(bench.published(CoordinatorEvent.AgentLost.class)).hasSize(1);
        assertThat(bench.status().leading()).isTrue();
        assertThat(bench.published(CoordinatorEvent.TermClaimed.class))
                .singleElement()
                .satisfies(claim -> assertThat(claim.claims()).isEqualTo(2));
    }

    @Test
    void withoutTheStoreTheLeaseGoesOnAndNobodyIsBelieved() {
        bench.lead(2);
        bench.attach(Bench.agent(1));
        bench.submit(Bench.spec("j1", ONE, 1_000_000), false);
        bench.pass(6_000);
        bench.give(new CoordinatorInput.StoreSuspended("SUSPENDED"));

        bench.attach(Bench.agent(2), 3, "");
        int before = bench.agents.bodies(Object.class).size();
        bench.pass(1_000);

        assertThat(bench.questions).isEmpty();
        assertThat(bench.resigned).isEmpty();
        assertThat(ended()).singleElement().satisfies(end -> assertThat(end.retry()).isTrue());
        // Grants and answers to heartbeats go on.
        assertThat(bench.agents.bodies(Object.class).size()).isGreaterThan(before);
        assertThat(bench.published(CoordinatorEvent.TermClaimed.class).getLast().verdict())
                .isEqualTo(TermVerdict.UNKNOWN);

        bench.give(new CoordinatorInput.StoreResumed());
        bench.attach(Bench.agent(2), 3, "");
        bench.answerTerm(TermVerdict.MOVED);
        assertThat(bench.resigned).hasSize(1);
    }

    @Test
    void epochsThatNobodyCanHavePromisedUseUpNone() {
        bench.lead(2);
        bench.agents.steps = false;
        long member = bench.attach(Bench.agent(1));
        long liar = bench.attach(Bench.agent(2));
        bench.submit(Bench.spec("j1", ONE, 1_000_000), false);
        bench.pass(1_000);
        bench.agents.streams.remove(liar);

        tell(member, new JobEvent.WorkerLostReported(Bench.agent(1).key(), 1, "a test", false));
        // What an agent has promised to a leader before this one counts, where it can be true.
        for (long lie : new long[] {Long.MAX_VALUE - 1, Long.MAX_VALUE, 1L << 40, 7}) {
            tell(
                    liar,
                    new JobEvent.InventoryReported(
                            Bench.agent(2).key(),
                            new Inventory(lie, true, null, List.of(), List.of(), null, 0)));
        }
        bench.pass(3_000);

        assertThat(bench.published(CoordinatorEvent.ViewActivated.class).getLast().epoch())
                .isBetween(2L, 20L);
    }

    private void tell(long stream, JobEvent event) {
        bench.give(new CoordinatorInput.AgentSaid(stream, 0, new AgentWord.ForJob("j1", event)));
    }

    @Test
    void aStoreThatNeverAnswersKeepsNobodyWaiting() {
        bench.lead(2);
        bench.attach(Bench.agent(1), 3, "");

        bench.pass(2_100);

        assertThat(ended()).singleElement().satisfies(end -> assertThat(end.retry()).isTrue());
        assertThat(bench.status().leading()).isTrue();
        assertThat(bench.resigned).isEmpty();
    }

    @Test
    void anAnswerOfAFormerTermSaysNothingOfTheNext() {
        bench.lead(2);
        bench.attach(Bench.agent(1), 9, "");
        long former = bench.questions.getLast();
        bench.give(new CoordinatorInput.LeadershipLost("the term moved"));
        assertThat(ended()).singleElement().satisfies(end -> assertThat(end.retry()).isTrue());

        bench.lead(4);
        bench.attach(Bench.agent(1), 9, "");
        bench.give(new CoordinatorInput.TermAnswered(former, TermVerdict.MOVED, "late"));

        assertThat(bench.status().leading()).isTrue();
        assertThat(bench.questions.getLast()).isGreaterThan(former);
        bench.answerTerm(TermVerdict.HELD);
        assertThat(bench.status().leading()).isTrue();
        assertThat(bench.resigned).isEmpty();
    }
}
