package io.coxswain.chaos.nemesis;

import static io.coxswain.chaos.scenario.Chaos.after;
import static io.coxswain.chaos.scenario.Chaos.agent;
import static io.coxswain.chaos.scenario.Chaos.at;
import static io.coxswain.chaos.scenario.Chaos.coordinator;
import static io.coxswain.chaos.scenario.Chaos.donor;
import static io.coxswain.chaos.scenario.Chaos.during;
import static io.coxswain.chaos.scenario.Chaos.randomAgent;
import static io.coxswain.chaos.scenario.Chaos.recovery;
import static io.coxswain.chaos.scenario.Chaos.spare;
import static io.coxswain.chaos.scenario.Chaos.step;
import static io.coxswain.chaos.scenario.Chaos.steps;
import static io.coxswain.chaos.scenario.Chaos.zookeeper;
import static io.coxswain.chaos.scenario.Chaos.zookeeperLeader;
import static io.coxswain.coordinator.core.event.Incident.Phase.RESTORE;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.agent.core.StepPhase;
import io.coxswain.chaos.scenario.Chaos;
import io.coxswain.chaos.scenario.Rule;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;

class NemesisTest {
    /** Writes down what is asked of it. */
    private static final class PaperStage implements Stage, FaultPort {
        final List<Set<String>> peers = Collections.synchronizedList(new ArrayList<>());
        volatile boolean broken;
        final List<String> asked = Collections.synchronizedList(new ArrayList<>());

        @Override
        public List<String> agents() {
            return List.of("agent-0", "agent-1", "agent-2");
        }

        @Override
        public List<String> domains() {
            return List.of("local/agent-0", "local/agent-1", "local/agent-2");
        }

        @Override
        public List<String> zookeepers() {
            return List.of("zookeeper-0", "zookeeper-1", "zookeeper-2");
        }

        @Override
        public Optional<String> zookeeperLeader() {
            return Optional.of("zookeeper-1");
        }

        @Override
        public boolean alive(String party) {
            return true;
        }

        @Override
        public void hold(int agent, long step, String phase) {
            asked.add("hold " + agent + " " + step + " " + phase);
        }

        @Override
        public void release(int agent) {
            asked.add("release " + agent);
        }

        @Override
        public FaultPort faults() {
            return this;
        }

        @Override
        public long kill(Victim victim) {
            asked.add("kill " + victim);
            if (broken) {
                throw new IllegalStateException("broken");
            }
            return System.nanoTime();
        }

        @Override
        public void pause(Victim victim) {
            asked.add("pause " + victim);
        }

        @Override
        public void resume(Victim victim) {
            asked.add("resume " + victim);
        }

        @Override
        public void terminate(Victim victim) {
            asked.add("terminate " + victim);
        }

        @Override
        public Cure impair(Impairment impairment) {
            peers.add(impairment.to());
            return () -> {};
        }

        @Override
        public void startAgain(String party) {
            asked.add("start " + party);
        }
    }

    private final PaperStage stage = new PaperStage();

    private static Happening told(CoordinatorEvent event) {
        return new Happening.Told(System.nanoTime(), 1, "job", 0, event);
    }

    private static Happening view() {
        return told(
                new CoordinatorEvent.ViewActivated(
                        "job", 1, 0, List.of("agent-0", "agent-1"), List.of("agent-2")));
    }

    private static Happening completed(long step) {
        return told(new CoordinatorEvent.StepsCompleted("job", 1, step, step, 0, 1, 1));
    }

    private static Happening restoring(int id, Incident.Source... sources) {
        return told(
                new CoordinatorEvent.IncidentProgressed(
                        "job",
                        new Incident(
                                id,
                                "a test",
                                List.of("agent-1"),
                                5,
                                5,
                                0,
                                List.of(sources),
                                new Incident.Phases(1, 1, 1, 0, 0),
                                false,
                                Incident.Kind.HOST,
                                0,
                                List.of(),
                                null,
                                1,
                                null),
                        RESTORE,
                        ""));
    }

    /** Plays to the end; what is asked while it closes is told too. */
    private List<Firing> play(List<Rule> rules, Happening... happenings) {
        var nemesis = new Nemesis(stage, rules, 1, _ -> {});
        nemesis.begin();
        for (Happening happening : happenings) {
            nemesis.happened(happening);
        }
        nemesis.close();
        return nemesis.firings();
    }

    @Test
    void whatACoordinatorTellsAndWhatCameBeforeAreCoordinates() {
        List<Firing> firings =
                play(
                        List.of(
                                Chaos.told("ViewActivated", 2).kill(agent(0)),
                                Chaos.afterRule(0).kill(agent(1)),
                                Chaos.afterRule(1).pause(zookeeper(0))),
                        view(),
                        completed(5),
                        view());

        assertThat(stage.asked).startsWith("kill agent-0", "kill agent-1", "pause zookeeper-0");
        assertThat(firings)
                .extracting(Firing::where)
                .containsExactly("ViewActivated 2 told", "after rule 0", "after rule 1");
    }

    @Test
    void oneOfTheEnsembleItsLeaderOrAllOfItDie() {
        List<Firing> firings =
                play(
                        List.of(
                                at(step(5)).kill(zookeeper(2)),
                                at(step(6)).pause(zookeeperLeader()),
                                at(step(7)).kill(zookeeper(3)),
                                at(step(8)).pause(zookeeper())),
                        view(),
                        completed(5),
                        completed(6),
                        completed(7),
                        completed(8));

        assertThat(stage.asked)
                .startsWith(
                        "kill zookeeper-2",
                        "pause zookeeper-1",
                        "pause zookeeper-0",
                        "pause zookeeper-1",
                        "pause zookeeper-2");
        assertThat(firings.get(2).failure()).isEqualTo("there is no such victim now");
    }

    @Test
    void anAgentIsHeldUntilItIsDead() {
        List<Firing> firings =
                play(
                        List.of(at(agent(1), step(7)).kill()),
                        view(),
                        completed(6),
                        new Happening.Reached(1, 8, "execute"));

        assertThat(stage.asked).startsWith("hold 1 7 execute", "kill agent-1", "release 1");
        assertThat(firings)
                .singleElement()
                .satisfies(firing -> {
                    assertThat(firing.held()).isTrue();
                    assertThat(firing.where()).isEqualTo("agent 1, step 8, execute");
                    assertThat(firing.afterStep()).isEqualTo(6);
                });
    }

    @Test
    void whoHasNoRankDiesWhenTheJobCompletesTheStep() {
        List<Firing> firings =
                play(List.of(at(agent(2), step(7)).kill()), view(), completed(6), completed(9));

        assertThat(stage.asked).contains("kill agent-2");
        assertThat(firings)
                .singleElement()
                .satisfies(firing -> {
                    assertThat(firing.held()).isFalse();
                    assertThat(firing.where()).isEqualTo("step 9 completed");
                });
    }

    @Test
    void healsAfterSteps() {
        play(
                List.of(at(step(5)).pause(coordinator()).heal(after(steps(3)))),
                view(),
                completed(5),
                completed(7),
                completed(8),
                completed(9));

        assertThat(stage.asked).startsWith("pause coordinator", "resume coordinator");
        assertThat(Collections.frequency(stage.asked, "pause coordinator")).isEqualTo(1);
        assertThat(Collections.frequency(stage.asked, "resume coordinator")).isEqualTo(1);
    }

    @Test
    void healsEverythingAtTheEnd() {
        play(List.of(at(step(5)).pause(spare())), view(), completed(5));

        assertThat(stage.asked).contains("pause agent-2", "resume agent-2");
    }

    @Test
    void theDonorDiesWhileItIsHeld() {
        List<Firing> firings =
                play(
                        List.of(during(recovery(2), RESTORE).kill(donor())),
                        view(),
                        completed(5),
                        restoring(1, new Incident.Source(1, "agent-2", "fetched", "agent-0", 9)),
                        new Happening.Reached(2, 5, "restore"),
                        restoring(2, new Incident.Source(1, "agent-2", "fetched", "agent-0", 9)));

        assertThat(firings)
                .singleElement()
                .satisfies(firing -> {
                    assertThat(firing.where()).isEqualTo("recovery 2, restore");
                    assertThat(firing.held()).isTrue();
                });
        assertThat(stage.asked)
                .containsSubsequence(
                        "hold 0 1 restore", "hold 2 1 restore", "kill agent-0", "release 2");
    }

    @Test
    void aFaultThatThePortDoesNotKnowIsAFailure() {
        List<Firing> firings =
                play(List.of(at(step(1)).expireSession(agent(0))), view(), completed(1));

        assertThat(firings)
                .singleElement()
                .satisfies(firing -> assertThat(firing.failure()).contains("cannot be expired"));
    }

    @Test
    void aFaultThatThrowsIsAFailureAndNobodyStandsForEver() {
        stage.broken = true;
        List<Firing> firings =
                play(
                        List.of(
                                at(agent(1), step(7)).kill(),
                                at(agent(1), step(7)).pause(agent(0))),
                        view(),
                        new Happening.Reached(1, 7, "execute"));

        assertThat(firings.get(0).failure()).isEqualTo("broken");
        assertThat(firings.get(1).failure()).isEmpty();
        assertThat(stage.asked).containsSubsequence("kill agent-1", "pause agent-0", "release 1");
    }

    @Test
    void agentsThatAreNotThereAreAFailureToo() {
        List<Firing> firings =
                play(
                        List.of(at(step(1)).kill(agent(99)), at(step(1)).kill(agent(0))),
                        view(),
                        completed(1));

        assertThat(firings.get(0).failure()).isEqualTo("there is no such victim now");
        assertThat(stage.asked).contains("kill agent-0");
    }

    @Test
    void anAgentIsHeldAtItsRestoreToo() {
        List<Firing> firings =
                play(
                        List.of(at(agent(1), step(5), StepPhase.RESTORE).kill()),
                        view(),
                        new Happening.Reached(1, 6, "restore"));

        assertThat(firings).singleElement().satisfies(firing -> assertThat(firing.held()).isTrue());
        assertThat(stage.asked).containsSubsequence("kill agent-1", "release 1");
    }

    @Test
    void whoIsDrawnAsPeerIsNamed() {
        var rules = new ArrayList<Rule>();
        for (int i = 0; i < 20; i++) {
            rules.add(at(step(1)).partition(agent(0), randomAgent()));
        }
        List<Firing> firings = play(rules, view(), completed(1));

        assertThat(firings).hasSize(20);
        for (int i = 0; i < firings.size(); i++) {
            assertThat(firings.get(i).fault())
                    .contains("agent-0 and " + stage.peers.get(i).iterator().next() + " ");
        }
    }
}
