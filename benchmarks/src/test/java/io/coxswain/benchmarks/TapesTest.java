package io.coxswain.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.agent.core.AgentMachine;
import io.coxswain.coordinator.core.job.JobMachine;
import io.coxswain.coordinator.core.job.Transition;
import io.coxswain.coordinator.core.ledger.LedgerEntry;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.ArrayList;

/**
 * Machines that are given a recording again decide as they did, and recordings hold what they say.
 */
class TapesTest {
    @ParameterizedTest
    @EnumSource
    void aJobPlaysAgainAsItWas(Scene scene) {
        JobTape tape = new JobRecorder(scene, 8).record(4_000);
        JobMachine machine = tape.begin();
        var bookings = new ArrayList<LedgerEntry>();
        for (int i = 0; i < tape.events().size(); i++) {
            Transition transition = machine.step(tape.events().get(i), tape.atNanos().get(i));
            bookings.addAll(transition.ledger());
        }
        tape.checkEnd(machine);
        assertThat(tape.bookings()).endsWith(bookings.toArray(LedgerEntry[]::new));
        assertThat(machine.completedStep()).isGreaterThan(100);
        assertThat(machine.incidents().isEmpty()).isEqualTo(!scene.hasDeaths());
    }

    @ParameterizedTest
    @EnumSource
    void anAgentPlaysAgainAsItWas(Scene scene) {
        AgentTape tape = AgentTape.record(scene, 12_000);
        AgentMachine machine = tape.begin();
        for (int i = 0; i < tape.events().size(); i++) {
            machine.step(tape.events().get(i), tape.atNanos().get(i));
        }
        tape.checkEnd(machine);
        assertThat(machine.promisedEpoch() > 1).isEqualTo(scene.hasDeaths());
    }
}
