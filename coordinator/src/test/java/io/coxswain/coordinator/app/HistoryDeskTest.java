package io.coxswain.coordinator.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.SubmitOutcome;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.coordinator.core.retention.RetentionRule;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.stream.IntStream;

/** Ended jobs beyond those that are to be kept go, here and in the store. */
class HistoryDeskTest {
    private static CoordinatorSettings keeping(int jobs) {
        CoordinatorSettings defaults = CoordinatorSettings.defaults("c1");
        return new CoordinatorSettings(
                "c1",
                defaults.jobLimits(),
                defaults.livenessLimits(),
                defaults.accountNanos(),
                defaults.storeRetryNanos(),
                defaults.queuedJobs(),
                new RetentionRule(jobs, 0),
                defaults.environment());
    }

    private static JobSpec job(int number) {
        return Bench.spec("j" + number, new Mesh(1, 1), 10);
    }

    private static StoredJob ended(int number) {
        return new StoredJob(
                new StoreRecord.Spec(job(number), number),
                null,
                null,
                new StoreRecord.Result("j" + number, true, "", "{}"));
    }

    private static List<String> shown(Bench bench) {
        return bench.status().jobs().stream().map(CoordinatorStatus.Job::jobId).toList();
    }

    @Test
    void theOldestIsForgottenWhenOneMoreEnds() {
        var bench = new Bench(keeping(2), null);
        bench.lead(1);
        bench.attach(Bench.agent(1));
        for (int number = 1; number <= 4; number++) {
            bench.submit(job(number), true);
        }
        bench.pass(20_000);
        assertThat(shown(bench)).containsExactly("j4", "j3");
        assertThat(bench.store.records.keySet())
                .allMatch(key -> key.startsWith("j3/") || key.startsWith("j4/"));
        assertThat(bench.status().history()).isEqualTo(new CoordinatorStatus.History(2, 0, 2));
        assertThat(bench.submit(job(4), false)).isEqualTo(new SubmitOutcome.Accepted("j4"));
        assertThat(bench.awaitResult("j1")).containsOnlyNulls();
    }

    @Test
    void aNewLeaderGoesOnPassByPass() {
        var bench = new Bench(keeping(5), null);
        StoredJob[] found =
                IntStream.rangeClosed(1, 60)
                        .mapToObj(HistoryDeskTest::ended)
                        .toArray(StoredJob[]::new);
        for (StoredJob job : found) {
            bench.store.records.put(job.spec().jobId() + "/RESULT", job.result());
        }
        // Of the first pass one write gets lost on its way.
        bench.store.script.add(FakeStore.Fate.LOST_UNKNOWN);
        bench.lead(2, found);
        bench.pass(5_000);
        assertThat(bench.store.records.keySet())
                .containsExactly(
                        "j56/RESULT", "j57/RESULT", "j58/RESULT", "j59/RESULT", "j60/RESULT");
        assertThat(bench.status().history().forgotten()).isEqualTo(55);
        assertThat(shown(bench)).containsExactly("j60", "j59", "j58", "j57", "j56");
    }

    @Test
    void oneThatRunsOrWaitsIsNotTouched() {
        var bench = new Bench(keeping(1), null);
        bench.lead(1);
        bench.submit(job(1), true);
        bench.submit(job(2), true);
        bench.submit(job(3), true);
        bench.cancel("j2");
        bench.cancel("j3");
        bench.pass(1_000);
        assertThat(shown(bench)).containsExactly("j1", "j3");
        assertThat(bench.store.records.keySet())
                .anyMatch(key -> key.startsWith("j1/"))
                .anyMatch(key -> key.startsWith("j3/"))
                .noneMatch(key -> key.startsWith("j2/"));
    }

    @Test
    void aLeaderThatIsDeposedForgetsNothingMore() {
        var bench = new Bench(keeping(1), null);
        bench.store.depose();
        bench.lead(1, ended(1), ended(2), ended(3));
        bench.pass(1_000);
        assertThat(bench.resigned).hasSize(1);
        assertThat(bench.status().leading()).isFalse();
    }
}
