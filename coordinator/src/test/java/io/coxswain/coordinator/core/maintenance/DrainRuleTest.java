package io.coxswain.coordinator.core.maintenance;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.maintenance.DrainRule.Copies;
import io.coxswain.coordinator.core.maintenance.DrainRule.Facts;
import io.coxswain.coordinator.core.maintenance.DrainRule.Halt;
import io.coxswain.coordinator.core.maintenance.DrainRule.Work;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is done next about an agent that drains, fact by fact. */
final class DrainRuleTest {
    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                // work, rank, spares, before, involved, halt, copies, deficit, left seconds → step
                "NONE,      1, 0, 0, false, NONE,       HELD,         -,      -, Drained",
                "STEPPING, -1, 0, 0, false, NONE,       NONE,         -,      -, Drained",
                "STEPPING, -1, 3, 0, false, NONE,       ON_THEIR_WAY, -,      -, Copying",
                "STEPPING, -1, 3, 0, false, NONE,       HELD,         -,      -, Copying",
                "STEPPING, -1, 3, 0, false, NONE,       HELD,         full,   -, NoRoom",
                "STEPPING,  1, 0, 0, false, NONE,       NONE,         -,      -, NoSpare",
                "STEPPING,  1, 0, 0, false, UNDER_WAY,  NONE,         -,      1, NoSpare",
                "STEPPING,  1, 1, 1, false, NONE,       NONE,         -,      -, Turn",
                "STEPPING,  1, 1, 0, false, NONE,       HELD,         -,      -, HaltSteps",
                "STEPPING,  1, 2, 1, false, NONE,       NONE,         -,      -, HaltSteps",
                "STEPPING,  1, 1, 0, false, UNDER_WAY,  NONE,         -,      -, Boundary",
                "STEPPING,  1, 1, 0, false, UNDER_WAY,  NONE,         -,     60, Boundary",
                "STEPPING,  1, 1, 0, false, UNDER_WAY,  NONE,         -,      4, Move",
                "STEPPING,  1, 1, 0, false, NONE,       NONE,         -,      4, HaltSteps",
                "STEPPING,  1, 1, 0, false, STANDING,   NONE,         -,      -, Move",
                "STEPPING,  1, 1, 0, false, OVERDUE,    NONE,         -,      -, Move",
                "CHANGING,  1, 1, 0, false, NONE,       NONE,         -,      -, Moving",
                "CHANGING, -1, 1, 0, true,  NONE,       NONE,         -,      -, Moving",
                "CHANGING, -1, 1, 0, false, NONE,       HELD,         -,      -, Moving",
                "CHANGING, -1, 1, 0, false, NONE,       NONE,         -,      -, Drained",
                "WAITING,   1, 0, 0, false, NONE,       NONE,         -,      -, Interrupted",
                "WAITING,  -1, 0, 0, false, NONE,       HELD,         -,      -, Interrupted",
                "WAITING,  -1, 0, 0, false, NONE,       NONE,         -,      -, Drained",
                "FINISHING, 1, 1, 0, false, NONE,       NONE,         -,      -, Finishing",
                "FINISHING,-1, 1, 0, false, NONE,       HELD,         -,      -, Finishing",
                "FINISHING,-1, 1, 0, false, NONE,       NONE,         -,      -, Drained"
            })
    void decides(
            Work work,
            int rank,
            int spares,
            int before,
            boolean involved,
            Halt halt,
            Copies copies,
            @org.jspecify.annotations.Nullable String deficit,
            @org.jspecify.annotations.Nullable Long leftSeconds,
            String step) {
        DrainRule.Step decided =
                DrainRule.decide(
                        new Facts(
                                work,
                                rank,
                                spares,
                                before,
                                involved,
                                halt,
                                copies,
                                deficit == null ? "" : deficit,
                                leftSeconds == null
                                        ? Long.MAX_VALUE
                                        : leftSeconds * 1_000_000_000L));
        String name =
                decided instanceof DrainRule.Step.Wait(DrainWait why)
                        ? why.getClass().getSimpleName()
                        : decided.getClass().getSimpleName();
        assertThat(name).isEqualTo(step);
        if (decided instanceof DrainRule.Step.Wait(DrainWait why)) {
            assertThat(why.text()).isNotBlank().doesNotContain("\n");
            assertThat(why.needsHalt()).isEqualTo(why instanceof DrainWait.Boundary);
        }
    }
}
