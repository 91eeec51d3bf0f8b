package io.coxswain.chaos.nemesis;

import static io.coxswain.chaos.scenario.Chaos.after;
import static io.coxswain.chaos.scenario.Chaos.agent;
import static io.coxswain.chaos.scenario.Chaos.at;
import static io.coxswain.chaos.scenario.Chaos.donor;
import static io.coxswain.chaos.scenario.Chaos.during;
import static io.coxswain.chaos.scenario.Chaos.recovery;
import static io.coxswain.chaos.scenario.Chaos.step;
import static io.coxswain.chaos.scenario.Chaos.steps;
import static io.coxswain.coordinator.core.event.Incident.Phase.RESTORE;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.chaos.scenario.Elsewhere;
import io.coxswain.chaos.scenario.Rule;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** The nemesis in a cluster of somebody else: nothing is held, and all that died comes back. */
class NemesisAwayTest {
    private static final class PaperStage implements Stage, FaultPort {
        final List<String> asked = Collections.synchronizedList(new ArrayList<>());

        @Override
        public List<String> agents() {
            return List.of("a0", "a1", "a2");
        }

        @Override
        public List<String> domains() {
            return List.of("rack0/a0", "rack0/a1", "rack1/a2");
        }

        @Override
        public boolean alive(String party) {
            return true;
        }

        @Override
        public void hold(int agent, long step, String phase) {}

        @Override
        public void release(int agent) {}

        @Override
        public FaultPort faults() {
            return this;
        }

        @Override
        public boolean ours() {
            return false;
        }

        @Override
        public long kill(Victim victim) {
            asked.add("kill " + victim);
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
        public void startAgain(String party) {
            asked.add("start " + party);
        }
    }

    private final PaperStage stage = new PaperStage();

    private Nemesis nemesis(Rule... rules) {
        var nemesis =
                new Nemesis(stage, Elsewhere.rules(List.of(rules), 1_000, 7), 1, firing -> {});
        nemesis.happened(
                told(
                        new CoordinatorEvent.ViewActivated(
                                "j", 4, 900, List.of("a0", "a1"), List.of())));
        nemesis.begin();
        return nemesis;
    }

    private static Happening told(CoordinatorEvent event) {
        return new Happening.Told(System.nanoTime(), 1, "j", 0, event);
    }

    private static Happening completed(long step) {
        return told(new CoordinatorEvent.StepsCompleted("j", 4, step, step, 0, 1, 1));
    }

    @Test
    void stepsCountFromWhereTheJobIsAndWhatDiedIsStartedAtTheEnd() {
        try (Nemesis nemesis = nemesis(at(agent(1), step(40)).kill())) {
            nemesis.happened(completed(1_039));
            assertThat(nemesis.exhausted().join()).isFalse();
            assertThat(stage.asked).isEmpty();

            nemesis.happened(completed(1_041));
            // It heals at the end, so nothing is to be waited for.
            assertThat(nemesis.exhausted().join()).isTrue();
            assertThat(stage.asked).containsExactly("kill a1");
            assertThat(nemesis.firings())
                    .singleElement()
                    .satisfies(firing -> {
                        assertThat(firing.held()).isFalse();
                        assertThat(firing.asked()).isEqualTo("step 1040 completed");
                    });
        }
        assertThat(stage.asked).containsExactly("kill a1", "start a1");
    }

    @Test
    void itIsNotOverWhileSomethingIsToHeal() {
        try (Nemesis nemesis =
                nemesis(
                        at(step(10))
                                .bring(
                                        agent(0),
                                        new io.coxswain.chaos.scenario.Fault.Pause(
                                                io.coxswain.chaos.scenario.Part.HOST))
                                .heal(after(steps(5))))) {
            nemesis.happened(completed(1_010));
            assertThat(nemesis.exhausted().join()).isFalse();

            nemesis.happened(completed(1_015));
            assertThat(nemesis.exhausted().join()).isTrue();
            assertThat(stage.asked).containsExactly("pause a0", "resume a0");
        }
        assertThat(stage.asked).hasSize(2);
    }

    @Test
    void aRestoreIsMetWithoutHoldingIt() {
        try (Nemesis nemesis = nemesis(during(recovery(1), RESTORE).kill(donor()))) {
            nemesis.happened(restoring(7, "a0", "a2"));
            assertThat(nemesis.exhausted().join()).isFalse();
            nemesis.happened(restoring(8, "a0", "a2"));
            assertThat(nemesis.exhausted().join()).isTrue();
            assertThat(stage.asked).containsExactly("kill a0");
        }
    }

    private static Happening restoring(int id, String donor, String recipient) {
        return told(
                new CoordinatorEvent.IncidentProgressed(
                        "j",
                        new Incident(
                                id,
                                "agent a1 lost",
                                List.of("a1"),
                                1_000,
                                0,
                                0,
                                List.of(new Incident.Source(1, recipient, "fetched", donor, 1)),
                                new Incident.Phases(0, 0, 0, 0, 0),
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
}
