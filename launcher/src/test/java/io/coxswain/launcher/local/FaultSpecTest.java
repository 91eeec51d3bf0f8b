package io.coxswain.launcher.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FaultSpecTest {
    @Test
    void readsSteps() {
        assertThat(FaultSpec.parse(FaultSpec.Victim.HOST, "1@step:200"))
                .isEqualTo(new FaultSpec(FaultSpec.Victim.HOST, 1, 200, "execute", -1));
        assertThat(FaultSpec.parse(FaultSpec.Victim.WORKER, "12@Step:3:Apply"))
                .isEqualTo(new FaultSpec(FaultSpec.Victim.WORKER, 12, 3, "apply", -1));
    }

    @Test
    void readsRecoveries() {
        FaultSpec fault = FaultSpec.parse(FaultSpec.Victim.HOST, "4@recovery:2");

        assertThat(fault).isEqualTo(new FaultSpec(FaultSpec.Victim.HOST, 4, -1, "restore", 2));
        assertThat(fault).hasToString("4@recovery:2");
    }

    @Test
    void readsWhichOfSeveralProcesses() {
        FaultSpec fault = FaultSpec.parse(FaultSpec.Victim.WORKER, "2.1@step:9");

        assertThat(fault).isEqualTo(new FaultSpec(FaultSpec.Victim.WORKER, 2, 9, "execute", -1, 1));
        assertThat(fault).hasToString("2.1@step:9:execute");
        assertThatThrownBy(() -> FaultSpec.parse(FaultSpec.Victim.HOST, "2.1@step:9"))
                .hasMessageContaining("a host dies with all of its processes");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "1",
                "1@200",
                "1@step:",
                "1@step:0",
                "-1@step:2",
                "1@step:2:lunch",
                "1@recovery:0",
                "x@step:1",
                "1@step:99999999999999999999"
            })
    void saysWhatWasExpected(String text) {
        assertThatThrownBy(() -> FaultSpec.parse(FaultSpec.Victim.HOST, text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + text + "'");
    }
}
