package io.coxswain.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.maintenance.MaintenanceState;
import io.coxswain.coordinator.core.recovery.RecoveryReason;
import io.coxswain.coordinator.core.term.TermVerdict;
import io.coxswain.coordinator.core.view.IntervalFigures;
import io.coxswain.coordinator.core.view.IntervalReason;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

final class EventJsonTest {
    private static final List<RecoveryReason.Conflict> CONFLICTS =
            List.of(
                    new RecoveryReason.Conflict(
                            3,
                            1,
                            List.of(new RecoveryReason.Conflict.Vote("abcdef0123", 2)),
                            true));

    static List<RecoveryReason> reasons() {
        return List.of(
                new RecoveryReason.FromSeed(4, CONFLICTS),
                new RecoveryReason.NewestHeldByAll(40, 41, List.of(2), 3, 0, 1, 99, CONFLICTS),
                new RecoveryReason.TooFewReady(4, 2, 3),
                new RecoveryReason.NoCommonStep(List.of(1, 2), 7, 9, List.of()),
                new RecoveryReason.Former("as it was then"));
    }

    private static Incident incident(@Nullable RecoveryReason reason) {
        return new Incident(
                3,
                "agent a lost",
                List.of("a"),
                41,
                40,
                1,
                List.of(new Incident.Source(0, "b", "fetched", "c", 8)),
                new Incident.Phases(1, 2, 3, 4, 5),
                true,
                Incident.Kind.LINK,
                77,
                List.of(
                        new Incident.Stretch(
                                Incident.Phase.DETECT, 2, 77, 1, "gone", List.of("a"))),
                reason,
                2,
                new BigInteger("123456789012345678901234567890"));
    }

    static List<CoordinatorEvent> events() {
        var events = new ArrayList<CoordinatorEvent>();
        events.add(new CoordinatorEvent.LeadershipGained(3));
        events.add(new CoordinatorEvent.LeadershipLost(3, "another leads"));
        events.add(new CoordinatorEvent.AgentAttached("a", "i", "rack/host"));
        events.add(new CoordinatorEvent.AgentLost("a", "i", "silent"));
        events.add(new CoordinatorEvent.AgentUnfit("j", "a", "too old"));
        events.add(
                new CoordinatorEvent.MaintenanceChanged(
                        "a",
                        MaintenanceState.DRAINING,
                        List.of("health", "operator"),
                        "health: ECC",
                        "no spare"));
        events.add(
                new CoordinatorEvent.MaintenanceChanged(
                        "a", MaintenanceState.IN_SERVICE, List.of(), "", ""));
        events.add(
                new CoordinatorEvent.TermClaimed(
                        "a", "i", Long.MAX_VALUE, TermVerdict.HELD, 7, 60_000_000_000L));
        events.add(new CoordinatorEvent.TermClaimed("a", "i", 4, TermVerdict.UNKNOWN, 1, 0));
        events.add(new CoordinatorEvent.JobSubmitted("j", "digits"));
        events.add(new CoordinatorEvent.JobQueued("j", 2));
        events.add(new CoordinatorEvent.CapacityNeeded("j", 2, Map.of("zone", "a"), 5));
        events.add(new CoordinatorEvent.JobWaiting("j", "for\n\"agents\""));
        events.add(new CoordinatorEvent.ViewActivated("j", 2, 40, List.of("a"), List.of("b")));
        events.add(new CoordinatorEvent.StepsCompleted("j", 2, 50, 48, 0.5f, 10.5, 0.9));
        events.add(
                new CoordinatorEvent.PlacementChanged(
                        "j", 2, 1, List.of("a for b"), List.of("c"), "any one host"));
        var figures = new IntervalFigures(1_000_000, 2_000_000, 3_000_000, true, 4, 5_000_000_000L);
        for (IntervalReason reason :
                List.of(
                        new IntervalReason.NotMeasured(1, 16),
                        new IntervalReason.EachStep(figures, 7),
                        new IntervalReason.FailureRate(figures, 7),
                        new IntervalReason.NextToNothing(figures, 7),
                        new IntervalReason.CopyTime(figures))) {
            events.add(new CoordinatorEvent.SnapshotIntervalChosen("j", 2, 64, 12, reason));
        }
        events.add(
                new CoordinatorEvent.IncidentProgressed(
                        "j", incident(null), Incident.Phase.FENCE, "why"));
        events.add(new CoordinatorEvent.IncidentClosed("j", incident(reasons().getFirst())));
        events.add(
                new CoordinatorEvent.MetricsReported(
                        "j", 50, Map.of("loss", 0.5, "norm", Double.NaN)));
        events.add(
                new CoordinatorEvent.ExportFailed(
                        "j", "a", 0, 50, "/out/step-50/part-0-of-1.arena", "no space"));
        events.add(
                new CoordinatorEvent.EvidenceTaken(
                        "j", 1, "a", 0, 51, "it hangs", List.of("python-stacks.7.txt")));
        events.add(new CoordinatorEvent.JobTakenOver("j", 2, true, 48, 44, 9, "all are there"));
        events.add(new CoordinatorEvent.JobPaused("j", 48, "new data"));
        events.add(new CoordinatorEvent.JobResumed("j", 48));
        events.add(new CoordinatorEvent.RolledBack("j", 50, 48, "lost"));
        events.add(new CoordinatorEvent.JobFinished("j", true, "", "00ff"));
        events.add(new CoordinatorEvent.Gap(1, 9));
        return events;
    }

    @Test
    void everyKindIsHere() {
        assertThat(events().stream().map(EventText::kind).distinct())
                .hasSameSizeAs(CoordinatorEvent.class.getPermittedSubclasses());
    }

    @ParameterizedTest
    @MethodSource("events")
    void isReadBack(CoordinatorEvent event) {
        String json = EventText.json(event);
        assertThat(json).doesNotContain("\n");
        assertThat(EventText.parse(EventText.kind(event), json)).isEqualTo(event);
        assertThat(EventText.of(event)).isNotBlank().doesNotContain("\n");
    }

    @ParameterizedTest
    @MethodSource("reasons")
    void aReasonHasItsTypeAndItsWords(RecoveryReason reason) {
        var event = new CoordinatorEvent.IncidentClosed("j", incident(reason));
        String json = EventText.json(event);
        JsonNode node = JsonMapper.shared().readTree(json).path("incident").path("reason");
        assertThat(node.path("type").asString()).isEqualTo(reason.getClass().getSimpleName());
        assertThat(node.path("text").asString()).isEqualTo(reason.text());
        assertThat(EventText.parse("IncidentClosed", json)).isEqualTo(event);
        assertThat(EventText.of(event)).contains("decided: " + reason.text());
    }

    @Test
    void anIntervalsReasonHasItsWords() {
        var event =
                new CoordinatorEvent.SnapshotIntervalChosen(
                        "j", 2, 64, 12, new IntervalReason.NotMeasured(1, 16));
        JsonNode node = JsonMapper.shared().readTree(EventText.json(event)).path("reason");
        assertThat(node.path("type").asString()).isEqualTo("NotMeasured");
        assertThat(node.path("text").asString()).isEqualTo(event.reason().text());
        assertThat(node.has("measured")).isFalse();
        assertThat(EventText.of(event)).startsWith("snapshots each 12 steps after step 64: meas");
    }

    @Test
    void whatIsUnknownIsNull() {
        assertThat(EventText.parse("FromTheFuture", "{}")).isNull();
    }

    @Test
    void whatIsBrokenIsRefused() {
        assertThatThrownBy(() -> EventText.parse("JobWaiting", "[1]"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not the data of a JobWaiting");
        assertThatThrownBy(() -> EventText.parse("IncidentClosed", "{\"incident\": {\"id\": 1}}"))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aLineStaysOneThatPeopleRead() {
        List<String> names = IntStream.range(0, 16_384).mapToObj(i -> "agent-" + i).toList();
        assertThat(EventText.of(new CoordinatorEvent.ViewActivated("j", 2, 40, names, List.of())))
                .hasSizeLessThan(500)
                .contains("agent-31 and 16352 more");
        var source = new Incident.Source(0, "b", "local", "b", 8);
        var many =
                new Incident(
                        1,
                        "x",
                        List.of(),
                        0,
                        0,
                        0,
                        Collections.nCopies(16_384, source),
                        Incident.Phases.NONE,
                        true,
                        Incident.Kind.HOST,
                        0,
                        List.of(),
                        null,
                        1,
                        null);
        assertThat(EventText.of(new CoordinatorEvent.IncidentClosed("j", many)))
                .hasSizeLessThan(2_000)
                .contains("and 16352 more ranks");
    }
}
