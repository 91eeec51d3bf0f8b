package io.coxswain.chaos.checker;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.chaos.nemesis.Firing;
import io.coxswain.chaos.nemesis.Happening;
import io.coxswain.coordinator.core.event.CoordinatorEvent;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

class LeaderRowTest {
    private static final long MILLI = 1_000_000;

    @TempDir private Path folder = Path.of("");

    private static Happening.Told told(long millis, CoordinatorEvent event) {
        return new Happening.Told(millis * MILLI, 1, "j", 0, event);
    }

    private static CoordinatorEvent.JobTakenOver takenOver(boolean adopted) {
        return new CoordinatorEvent.JobTakenOver("j", 3, adopted, 40, 39, 5, "");
    }

    private static CoordinatorEvent steps(long step) {
        return new CoordinatorEvent.StepsCompleted("j", 3, step, 0, 0, 1, 1);
    }

    private static Firing firing(long millis, String fault) {
        return new Firing(0, "", fault, "", false, List.of("coordinator"), millis * MILLI, 40, "");
    }

    private List<LeaderRow> rows(List<Firing> firings, Happening.Told... journal) {
        var evidence =
                new Evidence(
                        new JobFacts(10, 1),
                        true,
                        true,
                        "",
                        null,
                        List.of(journal),
                        List.of(),
                        firings,
                        Map.of(),
                        List.of(),
                        () -> {
                            throw new AssertionError("not asked");
                        });
        return LeaderRow.of("scenario", evidence, folder);
    }

    @Test
    void whoAdoptsGrantsAtOnceAndStepsAreCounted() throws Exception {
        Files.writeString(
                folder.resolve("agent-0.log"),
                "INFO: this agent refused 12 words of leaders that were succeeded\n");
        Files.writeString(
                folder.resolve("coordinator.log"),
                "INFO: ZooKeeper refused a write of term 1 to /jobs/j/view\nother\n");
        assertThat(
                        rows(
                                List.of(firing(100, "SIGKILL coordinator")),
                                told(10, new CoordinatorEvent.LeadershipGained(1)),
                                told(6_100, new CoordinatorEvent.LeadershipGained(2)),
                                told(6_200, takenOver(true)),
                                told(6_210, steps(160))))
                .containsExactly(
                        new LeaderRow(
                                "scenario",
                                "SIGKILL coordinator",
                                OptionalLong.of(6_000 * MILLI),
                                OptionalLong.of(6_100 * MILLI),
                                true,
                                120,
                                0,
                                13));
    }

    @Test
    void whoDoesNotAdoptGrantsWithTheNextView() {
        assertThat(
                        rows(
                                List.of(firing(100, "SIGKILL coordinator")),
                                told(6_100, new CoordinatorEvent.LeadershipGained(2)),
                                told(6_200, takenOver(false)),
                                told(
                                        7_000,
                                        new CoordinatorEvent.ViewActivated(
                                                "j", 4, 40, List.of(), List.of())),
                                told(7_100, steps(42))))
                .singleElement()
                .satisfies(row -> {
                    assertThat(row.adopted()).isFalse();
                    assertThat(row.grantsNanos()).isEqualTo(OptionalLong.of(6_900 * MILLI));
                    assertThat(row.stepsMeanwhile()).isEqualTo(2);
                });
    }

    @Test
    void theFirstLeaderIsNoRowAndWithoutRowsThereIsNoTable() {
        assertThat(
                        rows(
                                List.of(firing(100, "SIGKILL agent-1")),
                                told(10, new CoordinatorEvent.LeadershipGained(1))))
                .isEmpty();
        assertThat(LeaderRow.table(List.of())).isEmpty();
    }
}
