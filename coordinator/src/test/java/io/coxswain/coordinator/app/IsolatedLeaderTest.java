package io.coxswain.coordinator.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.model.Mesh;

import org.junit.jupiter.api.Test;

/** A leader that hears none of its agents any more. */
class IsolatedLeaderTest {
    private final Bench bench = new Bench();

    private void hearsNobody(int standbys) {
        bench.lead(1);
        bench.attach(Bench.agent(1));
        bench.submit(Bench.spec("j1", new Mesh(1, 1), 100_000), false);
        bench.pass(2_000);
        assertThat(bench.status().jobs().getFirst().completedStep()).isPositive();
        bench.give(new CoordinatorInput.StandbysSeen(standbys));
        bench.agents.steps = false;
        bench.agents.streams.clear();
        bench.pass(5_000);
    }

    @Test
    void handsOverToWhoStandsBy() {
        hearsNobody(1);

        assertThat(bench.resigned).hasSize(1);
        assertThat(bench.published(CoordinatorEvent.LeadershipLost.class).getFirst().reason())
                .contains("no agent is heard any more");
        assertThat(bench.published(CoordinatorEvent.JobFinished.class)).isEmpty();
        // The view stays on record as it is: it can be adopted.
        assertThat(bench.store.records.get("j1/VIEW"))
                .isInstanceOfSatisfying(
                        StoreRecord.ViewRecord.class,
                        record -> assertThat(record.view().epoch()).isEqualTo(1));
        assertThat(bench.status().term()).isZero();
    }

    @Test
    void aloneItLeadsOn() {
        hearsNobody(0);

        assertThat(bench.resigned).isEmpty();
        assertThat(bench.status().term()).isEqualTo(1);
    }

    @Test
    void withoutAJobNothingIsAtStake() {
        bench.lead(1);
        bench.attach(Bench.agent(1));
        bench.give(new CoordinatorInput.StandbysSeen(2));
        bench.agents.heartbeats = false;

        bench.pass(5_000);

        assertThat(bench.published(CoordinatorEvent.AgentLost.class)).hasSize(1);
        assertThat(bench.resigned).isEmpty();
    }
}
