package io.coxswain.coordinator.core.view;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.coordinator.core.model.Samples;

import org.junit.jupiter.api.Test;

class MicroshardCutTest {
    @Test
    void everyMicroshardIsComputedOnceAndLoadsDifferByAtMostOne() {
        for (int microshards = 1; microshards <= 40; microshards++) {
            for (int ranks = 1; ranks <= microshards; ranks++) {
                var cut = new MicroshardCut(microshards, ranks);
                int next = 0;
                for (int rank = 0; rank < ranks; rank++) {
                    assertThat(cut.from(rank)).isEqualTo(next);
                    assertThat(cut.count(rank))
                            .isBetween(microshards / ranks, (microshards + ranks - 1) / ranks);
                    next = cut.to(rank);
                }
                assertThat(next).isEqualTo(microshards);
            }
        }
    }

    @Test
    void fewerMicroshardsThanRanksAreRefused() {
        assertThatThrownBy(() -> new MicroshardCut(3, 4))
                .hasMessageContaining("3 microshards for 4 ranks");
        assertThatThrownBy(() -> new MicroshardCut(4, 2).from(3)).hasMessageContaining("0..1");
    }

    @Test
    void theRanksSamplesSumToTheBatch() {
        for (int ranks = 1; ranks <= 8; ranks++) {
            JobSpec even = Samples.job(1, ranks, 1, 1);
            for (int batch : new int[] {8, 100, 127, 128}) {
                var job = withBatch(even, batch);
                long sum = 0;
                for (int rank = 0; rank < ranks; rank++) {
                    sum += SampleCountRule.samplesPerStep(job, rank);
                    assertThat(SampleCountRule.samples(job, rank, 5, 14))
                            .isEqualTo(10 * SampleCountRule.samplesPerStep(job, rank));
                }
                assertThat(sum).isEqualTo(batch);
            }
        }
    }

    private static JobSpec withBatch(JobSpec job, int batch) {
        return new JobSpec(
                job.jobId(),
                job.name(),
                new Mesh(1, job.mesh().ranks()),
                job.steps(),
                job.seed(),
                job.data(),
                batch,
                job.microshards(),
                job.protectCopies(),
                job.protectEvery(),
                job.protectLevel(),
                job.returnWaitNanos(),
                job.collectivesWithin(),
                job.collectivesAcross(),
                job.runtimeKind(),
                job.runtimeJson());
    }
}
