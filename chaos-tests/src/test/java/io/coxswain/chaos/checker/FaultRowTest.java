package io.coxswain.chaos.checker;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.chaos.nemesis.Firing;
import io.coxswain.chaos.nemesis.Happening;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

class FaultRowTest {
    private final List<Happening.Told> journal = new ArrayList<>();
    private final List<Firing> firings = new ArrayList<>();

    private void fault(long nanos, String... victims) {
        firings.add(
                new Firing(
                        firings.size(),
                        "step 5",
                        "fault " + firings.size(),
                        "step 5",
                        true,
                        List.of(victims),
                        nanos,
                        5,
                        ""));
    }

    private static Incident incident(int id, List<String> agents) {
        return new Incident(
                id,
                "a test",
                agents,
                5,
                5,
                id,
                List.of(),
                new Incident.Phases(1, 1, 1, 0, 0),
                false,
                Incident.Kind.HOST,
                0,
                List.of(),
                null,
                1,
                null);
    }

    private void detected(long nanos, int id, String... agents) {
        tell(
                nanos,
                new CoordinatorEvent.IncidentProgressed(
                        "job", incident(id, List.of(agents)), Incident.Phase.DETECT, ""));
    }

    private void closed(long nanos, int id, String... agents) {
        tell(nanos, new CoordinatorEvent.IncidentClosed("job", incident(id, List.of(agents))));
    }

    private void tell(long nanos, CoordinatorEvent event) {
        journal.add(new Happening.Told(nanos, nanos, "job", 5, event));
    }

    private List<FaultRow> rows() {
        return FaultRow.of(
                "mine",
                "",
                new Evidence(
                        new JobFacts(10, 1),
                        true,
                        true,
                        "",
                        null,
                        journal,
                        List.of(),
                        firings,
                        Map.of(),
                        List.of(),
                        () -> new Reference("", null)));
    }

    @Test
    void ofTwoFaultsAtOnceTheIncidentIsThatOfTheOneThatHitItsAgent() {
        fault(10, "agent-1");
        fault(11, "agent-0");
        detected(50, 1, "agent-1");
        closed(90, 1, "agent-1");

        assertThat(rows().get(0).detectedNanos()).hasValue(40);
        assertThat(rows().get(0).recoveredNanos()).hasValue(80);
        assertThat(rows().get(1).detectedNanos()).isEmpty();
    }

    @Test
    void theNewsOfADeathMayComeAfterTheNextFault() {
        fault(10, "agent-3");
        fault(46, "agent-0");
        detected(50, 1, "agent-3");
        closed(52, 1, "agent-3");
        detected(70, 2, "agent-0");
        closed(99, 2, "agent-0");

        assertThat(rows().get(0).recoveredNanos()).hasValue(42);
        assertThat(rows().get(1).detectedNanos()).hasValue(24);
        assertThat(rows().get(1).recoveredNanos()).hasValue(53);
    }

    @Test
    void oneThatDiesInARecoveryIsDetectedWhenItIsNamed() {
        fault(10, "agent-0");
        detected(20, 1, "agent-0");
        fault(30, "agent-4");
        detected(35, 1, "agent-0");
        detected(40, 1, "agent-0", "agent-4");
        closed(90, 1, "agent-0", "agent-4");

        assertThat(rows().get(0).detectedNanos()).hasValue(10);
        assertThat(rows().get(1).detectedNanos()).hasValue(10);
        assertThat(rows().get(1).recoveredNanos()).hasValue(60);
    }

    @Test
    void whoeverIsSuspectedForALinkCountsForIt() {
        fault(10, "agent-1");
        detected(50, 1, "agent-2");
        closed(70, 1, "agent-2");

        assertThat(rows().get(0).recoveredNanos()).hasValue(60);
    }
}
