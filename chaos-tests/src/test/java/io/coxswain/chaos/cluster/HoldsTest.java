package io.coxswain.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.launcher.local.AgentProcess;

import org.junit.jupiter.api.Test;

class HoldsTest {
    private final Holds holds = new Holds();

    @Test
    void whatIsNotReachedIsThereForWhoComesBack() {
        holds.add(1, 10, "execute");
        holds.add(1, 20, "execute");
        holds.add(1, 1, "restore");
        holds.add(2, 5, "execute");

        holds.reached(1, new AgentProcess.Reached(11, "execute"));
        holds.reached(0, new AgentProcess.Reached(30, "execute"));

        assertThat(holds.of(1))
                .containsExactly(new Holds.Hold(1, 20, "execute"), new Holds.Hold(1, 1, "restore"));
        assertThat(holds.of(2)).hasSize(1);
        assertThat(holds.of(0)).isEmpty();
    }

    @Test
    void twoAtOneCoordinateGoOneAfterTheOther() {
        holds.add(1, 10, "execute");
        holds.add(1, 10, "execute");

        holds.reached(1, new AgentProcess.Reached(10, "execute"));

        assertThat(holds.of(1)).hasSize(1);
    }
}
