package io.coxswain.chaos.checker;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.chaos.nemesis.Happening;
import io.coxswain.coordinator.core.event.CoordinatorEvent;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

final class PlacementKeptTest {
    private static final String ONE = "any one agent; two random agents at once with 66.6%";

    private final List<Happening.Told> journal = new ArrayList<>();

    private void tell(CoordinatorEvent event) {
        journal.add(new Happening.Told(journal.size(), journal.size(), "job", 0, event));
    }

    private void view(long epoch, String... members) {
        tell(new CoordinatorEvent.ViewActivated("job", epoch, 0, List.of(members), List.of()));
    }

    private void placed(long epoch, String survives, String... duties) {
        tell(
                new CoordinatorEvent.PlacementChanged(
                        "job", epoch, 1, List.of(duties), List.of(), survives));
    }

    private void stepped(long step, long protectedStep) {
        tell(new CoordinatorEvent.StepsCompleted("job", 1, step, protectedStep, 0, 1, 1));
    }

    private void lost(String agent) {
        tell(new CoordinatorEvent.AgentLost(agent, "1", "killed"));
    }

    private void rolledBack(long from, long to) {
        tell(new CoordinatorEvent.RolledBack("job", from, to, "lost"));
    }

    private Verdict ask() {
        return Oracles.placementKept()
                .judge(
                        new Evidence(
                                new JobFacts(10, 1),
                                true,
                                true,
                                "",
                                null,
                                journal,
                                List.of(),
                                List.of(),
                                Map.of(),
                                List.of(),
                                () -> new Reference("", null)));
    }

    @Test
    void aProtectedStepIsNotGivenUpWhileThePromiseHolds() {
        view(1, "a", "b");
        placed(1, ONE, "rank 0 → b", "rank 1 → a");
        stepped(5, 4);
        lost("a");
        rolledBack(5, 4);
        assertThat(ask().holds()).isTrue();
        assertThat(ask().says()).contains("promises kept: 1", "any one agent");

        rolledBack(4, 3);
        assertThat(ask().holds()).isFalse();
        assertThat(ask().says()).contains("step 4 was protected and given up for step 3", "[a]");
    }

    @Test
    void whatIsBeyondThePromiseMayBeLost() {
        view(1, "a", "b");
        placed(1, ONE, "rank 0 → b", "rank 1 → a");
        stepped(5, 4);
        lost("a");
        lost("b");
        rolledBack(5, 0);
        assertThat(ask().holds()).isTrue();
    }

    @Test
    void aNewPromiseBeginsWithAStepThatIsProtectedUnderIt() {
        view(1, "a", "b", "c");
        placed(1, ONE, "rank 0 → c");
        stepped(5, 4);
        lost("a");
        placed(2, ONE, "rank 0 → b");
        // Made before the placement: its copies lie where the one before had them.
        stepped(5, 5);
        lost("c");
        rolledBack(5, 0);
        assertThat(ask().holds()).isTrue();
    }

    @Test
    void whoWasLostWhileNobodyLedIsNotKnown() {
        view(1, "a", "b");
        placed(1, ONE, "rank 0 → b");
        stepped(5, 4);
        tell(new CoordinatorEvent.JobTakenOver("job", 1, false, 5, 4, 1, "no member left"));
        rolledBack(5, 0);
        assertThat(ask().holds()).isTrue();
    }

    @Test
    void nobodyHoldsTheOwnCopy() {
        placed(1, ONE, "rank 0 → a");
        view(1, "a", "b");
        assertThat(ask().holds()).as("of a view that is not active yet").isTrue();
        placed(1, ONE, "rank 0 → b", "rank 0 → b");
        assertThat(ask().says()).contains("lies twice with b");
        journal.removeLast();
        placed(1, ONE, "rank 1 → b");
        assertThat(ask().says()).contains("rank 1 holds the copy of its own state");
    }

    @Test
    void promisesAreReadAsThePlannerSaysThem() {
        assertThat(PlacementKept.promised(ONE)).isEqualTo(1);
        assertThat(PlacementKept.promised("any two agents; any one domain at level 0; x"))
                .isEqualTo(2);
        assertThat(PlacementKept.promised("any 12 agents; x")).isEqualTo(12);
        assertThat(PlacementKept.promised("no loss: 1 of 1 agents hold a shard")).isZero();
        assertThat(PlacementKept.promised("")).isZero();
    }
}
