package io.coxswain.launcher.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.coxswain.coordinator.SequencedEvent;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.journal.JournalLine;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.config.ConfigException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Journals made by hand; times are milliseconds. */
class JournalRunTest {
    private static final long MILLI = 1_000_000;
    private static final long WALL = 1_700_000_000_000L;

    @TempDir private Path folder = Path.of("");
    private final List<String> lines = new ArrayList<>();
    private long sequence;
    private long life;

    private void happens(long millis, CoordinatorEvent event) {
        lines.add(
                JournalLine.of(
                                new SequencedEvent(
                                        ++sequence,
                                        (millis - life) * MILLI,
                                        WALL + millis,
                                        1,
                                        "j",
                                        1,
                                        0,
                                        event),
                                "")
                        .toJson());
    }

    /** Another life of the coordinator begins: its clock and its numbers begin anew. */
    private void another(long millis) {
        life = millis;
        sequence = 0;
        lines.add(
                new JournalLine(
                                0,
                                0,
                                WALL + millis,
                                0,
                                "",
                                0,
                                0,
                                0,
                                "",
                                JournalLine.OPENED,
                                "{\"schema\":1}")
                        .toJson());
    }

    private void begins() {
        happens(0, new CoordinatorEvent.JobSubmitted("j", "digits"));
        view(1_000, 1, 0, 4);
    }

    private void view(long millis, long epoch, long base, int members) {
        happens(
                millis,
                new CoordinatorEvent.ViewActivated(
                        "j",
                        epoch,
                        base,
                        List.of("a", "b", "c", "d").subList(0, members),
                        List.of()));
    }

    private void steps(long millis, long step) {
        happens(millis, new CoordinatorEvent.StepsCompleted("j", 1, step, step, 0, 1, 0.75));
    }

    private void incident(long millis, Incident.Kind kind, Incident.Phase phase, long detect) {
        happens(
                millis,
                new CoordinatorEvent.IncidentProgressed(
                        "j",
                        new Incident(
                                1,
                                "lost",
                                List.of("a"),
                                0,
                                0,
                                0,
                                List.of(),
                                new Incident.Phases(detect * MILLI, 0, 0, 0, 0),
                                false,
                                kind,
                                0,
                                List.of(),
                                null,
                                1,
                                null),
                        phase,
                        ""));
    }

    private void finishes(long millis) {
        happens(millis, new CoordinatorEvent.JobFinished("j", true, "", "d"));
    }

    private JournalAudit audit() throws IOException, ConfigException, EnvironmentException {
        Path journal = Files.write(folder.resolve("events.jsonl"), lines);
        return JournalAudit.of(
                journal,
                "",
                folder.resolve("out.jsonl"),
                complaint -> {
                    throw new AssertionError(complaint);
                });
    }

    private static double seconds(JournalAudit audit, AuditCategory category) {
        return audit.audit().run().nanos(category) / 1e9;
    }

    @Test
    void aQuietRun() throws Exception {
        begins();
        steps(3_000, 4);
        steps(5_000, 8);
        finishes(5_500);

        JournalAudit audit = audit();

        assertThat(audit.job()).isEqualTo("j");
        assertThat(audit.slots()).isEqualTo(4);
        assertThat(audit.ledgerRatio()).isEqualTo(0.75);
        assertThat(audit.notes()).isEmpty();
        assertThat(audit.audit().run().usefulSteps()).isEqualTo(8);
        assertThat(seconds(audit, AuditCategory.STARTUP)).isEqualTo(1);
        assertThat(seconds(audit, AuditCategory.PRODUCTIVE)).isEqualTo(4);
        assertThat(seconds(audit, AuditCategory.OTHER)).isEqualTo(0.5);
        List<String> entries = Files.readAllLines(folder.resolve("out.jsonl"));
        assertThat(entries).filteredOn(line -> line.contains("step_start_time")).hasSize(8);
        assertThat(entries.getFirst()).contains("\"job_name\":\"j\"", "job_start_time");
        assertThat(entries.getLast()).contains("job_end_time");
    }

    @Test
    void aDeathIsAFailureFromItsFirstSignOn() throws Exception {
        begins();
        steps(3_000, 4);
        incident(3_300, Incident.Kind.HOST, Incident.Phase.FENCE, 100);
        incident(3_400, Incident.Kind.HOST, Incident.Phase.DECIDE, 100);
        incident(3_500, Incident.Kind.HOST, Incident.Phase.RESTORE, 100);
        incident(3_800, Incident.Kind.HOST, Incident.Phase.RESUME, 100);
        view(3_900, 2, 2, 4);
        steps(5_900, 6);
        finishes(5_900);

        JournalAudit audit = audit();

        assertThat(audit.audit().run().failures()).isEqualTo(1);
        assertThat(audit.audit().run().attempts()).isEqualTo(2);
        assertThat(audit.audit().run().usefulSteps()).isEqualTo(6);
        // Two steps of half a second, and the one that was cut.
        assertThat(seconds(audit, AuditCategory.LOST_WORK)).isCloseTo(1.2, within(1e-6));
        assertThat(seconds(audit, AuditCategory.RECOVERY_INFRA)).isCloseTo(0.1, within(1e-6));
        assertThat(seconds(audit, AuditCategory.RECOVERY_INIT)).isCloseTo(0.2, within(1e-6));
        assertThat(seconds(audit, AuditCategory.RECOVERY_RESTORE)).isCloseTo(0.3, within(1e-6));
        assertThat(seconds(audit, AuditCategory.OTHER)).isCloseTo(0.1, within(1e-6));
    }

    @Test
    void whatAFenceFoundCompletedWasMadeBefore() throws Exception {
        begins();
        steps(3_000, 4);
        incident(3_500, Incident.Kind.HOST, Incident.Phase.FENCE, 100);
        steps(3_900, 5);
        view(3_900, 2, 6, 4);
        steps(4_900, 8);
        finishes(4_900);

        JournalAudit audit = audit();

        assertThat(audit.audit().run().usefulSteps()).isEqualTo(8);
        assertThat(seconds(audit, AuditCategory.PRODUCTIVE)).isCloseTo(3.4, within(1e-6));
        assertThat(seconds(audit, AuditCategory.LOST_WORK)).isZero();
    }

    @Test
    void anotherFenceIsAnotherFailure() throws Exception {
        begins();
        steps(3_000, 4);
        incident(3_200, Incident.Kind.HOST, Incident.Phase.FENCE, 100);
        incident(3_300, Incident.Kind.HOST, Incident.Phase.RESTORE, 100);
        incident(3_400, Incident.Kind.HOST, Incident.Phase.FENCE, 100);
        incident(3_500, Incident.Kind.HOST, Incident.Phase.RESTORE, 100);
        view(3_600, 3, 4, 3);
        steps(4_600, 5);
        finishes(4_600);

        JournalAudit audit = audit();

        assertThat(audit.audit().run().failures()).isEqualTo(2);
        assertThat(audit.audit().run().attempts()).isEqualTo(3);
        assertThat(audit.audit().run().workerNanos(AuditCategory.CAPACITY_DOWN))
                .as("one of four is missing for a second")
                .isEqualTo(1_000 * MILLI);
    }

    @Test
    void aSparesDeathInterruptsNothing() throws Exception {
        begins();
        incident(2_000, Incident.Kind.SPARE, Incident.Phase.DETECT, 100);
        steps(3_000, 4);
        finishes(3_000);
        assertThat(audit().audit().run().failures()).isZero();
    }

    @Test
    void anIncidentThatBroughtNoViewInterruptedNothing() throws Exception {
        begins();
        steps(2_000, 2);
        incident(2_500, Incident.Kind.HANG, Incident.Phase.DETECT, 400);
        happens(
                2_600,
                new CoordinatorEvent.IncidentClosed(
                        "j",
                        new Incident(
                                1,
                                "hung",
                                List.of(),
                                0,
                                0,
                                0,
                                List.of(),
                                Incident.Phases.NONE,
                                true,
                                Incident.Kind.HANG,
                                0,
                                List.of(),
                                null,
                                1,
                                null)));
        steps(3_000, 4);
        finishes(3_000);
        assertThat(audit().audit().run().failures()).isZero();
    }

    @Test
    void anotherLeaderGoesOnWithTheView() throws Exception {
        begins();
        steps(3_000, 4);
        another(3_500);
        view(4_000, 1, 0, 4);
        steps(5_000, 8);
        finishes(5_000);

        JournalAudit audit = audit();

        assertThat(audit.audit().run().failures()).isZero();
        assertThat(audit.audit().run().wallNanos()).isEqualTo(5_000 * MILLI);
        assertThat(seconds(audit, AuditCategory.PRODUCTIVE)).isCloseTo(4, within(1e-6));
    }

    @Test
    void aJournalThatBeginsLateSaysSo() throws Exception {
        steps(3_000, 4);
        view(3_500, 2, 4, 4);
        steps(4_500, 6);

        JournalAudit audit = audit();

        assertThat(audit.notes()).singleElement().asString().contains("event 1");
        assertThat(audit.audit().run().usefulSteps()).isEqualTo(2);
    }

    @Test
    void aJobThatFailsWhileItRecoversEndsThere() throws Exception {
        begins();
        steps(3_000, 4);
        incident(3_200, Incident.Kind.HOST, Incident.Phase.FENCE, 100);
        happens(9_000, new CoordinatorEvent.JobFinished("j", false, "lost", ""));

        JournalAudit audit = audit();

        assertThat(audit.audit().run().usefulSteps()).isEqualTo(4);
        assertThat(seconds(audit, AuditCategory.RECOVERY_INIT)).isCloseTo(5.8, within(1e-6));
    }

    @Test
    void whatIsNotThereIsSaid() throws Exception {
        begins();
        Path journal = Files.write(folder.resolve("events.jsonl"), lines);
        Path out = folder.resolve("out.jsonl");
        assertThatThrownBy(() -> JournalAudit.of(journal, "k", out, _ -> {}))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("no job k")
                .hasMessageContaining("there are j");
        assertThatThrownBy(() -> JournalAudit.of(folder.resolve("nothing"), "", out, _ -> {}))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("there is no journal");
        assertThat(out).doesNotExist();
    }

    @Test
    void itIsShownBesideTheLedger() throws Exception {
        begins();
        steps(3_000, 4);
        finishes(3_000);
        JournalAudit audit = audit();

        assertThat(String.join("\n", JournalAuditText.of(audit, null)))
                .contains("job j", "ml-goodput-measurement would say", "ledger says 75.00%");
        assertThat(JournalAuditText.json(audit, null)).contains("\"ledger_goodput_pct\" : 75.0");
    }
}
