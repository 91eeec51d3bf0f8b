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
        incidents.openOrExtend("a", "agent a lost: died", 1);
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
}
