package io.coxswain.launcher.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.job.JobFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.Map;

class MemoryPlanTest {
    @TempDir private Path arenas = Path.of("");

    private static JobFile digits(Map<String, String> sets) throws Exception {
        return JobFile.read(Path.of("..", "examples", "digits", "job.yaml"), sets);
    }

    @Test
    void countsRanksCopiesAndOneRecovery() {
        var plan = new MemoryPlan(100 << 20, 10 << 20, 4, 1, 2, 1);

        // 4 × (100 + 30) ranks, a spare's worker and its copies of 2 shards, a restarted worker and
        // the state it loads.
        assertThat(plan.total()).isEqualTo((4 * 130 + 100 + 60 + 110) << 20);
        assertThat(plan.agentBudget()).isEqualTo((130 + 110 + 60) << 20);
    }

    @Test
    void givesNoAgentLessThanItTakes() {
        assertThat(new MemoryPlan(100, 10, 1, 0, 1, 0).agentBudget()).isEqualTo(1 << 20);
    }

    @Test
    void countsStreamedCopiesWhereThereIsNoSpare() {
        assertThat(new MemoryPlan(100, 10, 4, 0, 4, 2).total())
                .isEqualTo(4 * 130 + 2 * 4 * 30 + 110);
    }

    @Test
    void growsWithTheBallast() throws Exception {
        long before = MemoryPlan.of(digits(Map.of()), 5).total();
        long after = MemoryPlan.of(digits(Map.of("runtime.ballast", "100MB")), 5).total();

        // Live state and 3 slots at 4 ranks, the spare's worker and 3 slots of 2 shards, and a
        // recovery's 2.
        assertThat(after - before).isEqualTo((4 * 4 + 1 + 6 + 2) * 100_000_000L);
    }

    @Test
    void refusesWithTheSum() throws Exception {
        MemoryPlan plan = MemoryPlan.of(digits(Map.of("runtime.ballast", "1TiB")), 5);

        assertThatThrownBy(() -> plan.require(arenas))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("not enough shared memory in " + arenas)
                .hasMessageContaining("4 ranks × ")
                .hasMessageContaining("1 spare × ")
                .hasMessageContaining("--arena-dir");
    }

    @Test
    void refusesAFolderThatIsNotThere() {
        var plan = new MemoryPlan(100, 10, 1, 0, 1, 0);

        assertThatThrownBy(() -> plan.require(arenas.resolve("gone")))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("is not there or cannot be written to");
    }
}
