package io.coxswain.coordinator.core.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Mesh;

import org.junit.jupiter.api.Test;

import java.util.Collections;
import java.util.List;

final class IncidentsTest {
    private static Incidents incidents(int ranks) {
        var spec =
                new JobSpec(
                        "job-1",
                        "large",
                        new Mesh(1, ranks),
                        1_000,
                        7,
                        "none",
                        ranks,
                        ranks,
                        1,
                        1,
                        1,
                        60_000_000_000L,
                        "runtime",
                        "runtime",
                        "reference",
                        "{}");
        var job = new Job(spec, 1, JobLimits.defaults(), 0);
        job.lineage = job.lineage.branch(1, 0);
        return job.incidents;
    }

    private static void happen(Incidents incidents, int ranks) {
        incidents.openOrExtend(Incident.Kind.HOST, "a", "agent a lost: died", 1);
        var source = new Incident.Source(0, "a", "local", "a", 1);
        incidents.installed(1, 0, Collections.nCopies(ranks, source));
        incidents.close();
    }

    @Test
    void ofVeryManySourcesTheNewestAreKept() {
        int ranks = 100_000;
        Incidents incidents = incidents(ranks);
        for (int i = 0; i < 5; i++) {
            happen(incidents, ranks);
        }
        List<Incident> all = incidents.all();
        assertThat(all).hasSize(5);
        assertThat(all.stream().map(incident -> incident.sources().size()))
                .containsExactly(0, 0, 0, ranks, ranks);
        assertThat(all.getFirst().cause()).isEqualTo("agent a lost: died");
    }

    @Test
    void oneIncidentKeepsItsSourcesHoweverMany() {
        Incidents incidents = incidents(300_000);
        happen(incidents, 300_000);
        assertThat(incidents.all().getLast().sources()).hasSize(300_000);
        happen(incidents, 300_000);
        assertThat(incidents.all().getFirst().sources()).isEmpty();
        assertThat(incidents.all().getLast().sources()).hasSize(300_000);
    }

    @Test
    void ofManyIncidentsTheOldestGo() {
        Incidents incidents = incidents(1_000);
        for (int i = 0; i < 1_300; i++) {
            happen(incidents, 1_000);
        }
        List<Incident> all = incidents.all();
        assertThat(all).hasSize(1_000);
        assertThat(all.getLast().id()).isEqualTo(1_300);
        long kept = all.stream().filter(incident -> !incident.sources().isEmpty()).count();
        assertThat(kept).isEqualTo(262);
    }

    @Test
    void aVeryLongIncidentStaysSmall() {
        Incidents incidents = incidents(2);
        for (int i = 0; i < 10_000; i++) {
            incidents.openOrExtend(Incident.Kind.HOST, "a" + i % 7, "agent lost: number " + i, 1);
            incidents.advance(Incident.Phase.DECIDE, "decided " + i);
            incidents.advance(Incident.Phase.FENCE, "again " + i);
        }
        incidents.close();
        Incident incident = incidents.all().getFirst();
        assertThat(incident.stretches()).hasSize(Waterfall.KEPT);
        assertThat(incident.stretches().getFirst().phase()).isEqualTo(Incident.Phase.DETECT);
        assertThat(incident.stretches().getLast().reason()).isEqualTo("again 9999");
        assertThat(incident.cause()).hasSizeLessThan(1_000).endsWith("; and 9984 more");
        assertThat(incident.agents()).hasSize(7);
    }

    @Test
    void whatWasMeantAndThenWasNotIsNotPlanned() {
        Incidents incidents = incidents(2);
        incidents.openOrExtend(Incident.Kind.PLANNED, "a", "agent a lost: it left", 0);
        assertThat(incidents.current().planned()).isTrue();
        incidents.openOrExtend(Incident.Kind.HOST, "b", "agent b lost: died", 5);
        assertThat(incidents.current().kind()).isEqualTo(Incident.Kind.HOST);
        incidents.corrupted();
        incidents.openOrExtend(Incident.Kind.SOFTWARE, "c", "worker of agent c lost: died", 5);
        assertThat(incidents.current().kind()).isEqualTo(Incident.Kind.CORRUPTION);
    }

    @Test
    void theSameCauseAtTheSameStepIsCounted() {
        Incidents incidents = incidents(1_000);
        for (int i = 1; i <= 3; i++) {
            incidents.openOrExtend(
                    Incident.Kind.SOFTWARE, "a" + i, "worker of agent a" + i + " lost: 134", 1);
            assertThat(incidents.current().repeats()).isEqualTo(i);
            incidents.installed(0, 0, List.of());
        }
        incidents.openOrExtend(Incident.Kind.HOST, "a4", "agent a4 lost: died", 1);
        assertThat(incidents.current().repeats()).isEqualTo(3);
        incidents.close();
        incidents.openOrExtend(Incident.Kind.HOST, "b", "agent b lost: gone", 1);
        assertThat(incidents.current().repeats()).isEqualTo(1);
    }

    @Test
    void whatFailsTogetherIsOneCause() {
        Incidents incidents = incidents(1_000);
        for (int i = 1; i <= 8; i++) {
            incidents.openOrExtend(Incident.Kind.HOST, "a" + i, "agent a" + i + " lost: died", i);
        }
        assertThat(incidents.current().repeats()).isEqualTo(1);
    }
}
