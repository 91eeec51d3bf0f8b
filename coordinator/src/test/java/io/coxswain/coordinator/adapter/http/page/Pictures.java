package io.coxswain.coordinator.adapter.http.page;

import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.coordinator.picture.AgentPicture;
import io.coxswain.coordinator.picture.Blocked;
import io.coxswain.coordinator.picture.Bucket;
import io.coxswain.coordinator.picture.CopiesPicture;
import io.coxswain.coordinator.picture.Counters;
import io.coxswain.coordinator.picture.ExportsPicture;
import io.coxswain.coordinator.picture.IncidentPicture;
import io.coxswain.coordinator.picture.JobPicture;
import io.coxswain.coordinator.picture.Picture;
import io.coxswain.coordinator.picture.Point;
import io.coxswain.coordinator.picture.RankSteps;
import io.coxswain.coordinator.picture.Reliability;
import io.coxswain.coordinator.picture.StepFigures;

import org.jspecify.annotations.Nullable;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;

/** Pictures made by hand. */
final class Pictures {
    private Pictures() {}

    static Picture picture(long sequence, @Nullable JobPicture job, List<AgentPicture> agents) {
        return new Picture(
                sequence,
                1_000 + sequence,
                "test",
                "leading",
                3,
                new Blocked(true, "training", 1_000, List.of(), ""),
                job,
                List.of(),
                agents,
                1_000,
                0,
                "",
                "");
    }

    static AgentPicture agent(String id, String state, String cells) {
        return new AgentPicture(id, "inc", "rack0/" + id, "", state, 0, "", 0, 1, 0, cells);
    }

    static IncidentPicture incident(int id, String phase) {
        return new IncidentPicture(
                id,
                "lost",
                List.of("a"),
                1,
                1,
                0,
                1_000,
                phase.isEmpty(),
                false,
                phase,
                Map.of("detect", 1L),
                "",
                BigInteger.ONE,
                "",
                List.of());
    }

    static JobPicture job(String id, long step, IncidentPicture... incidents) {
        return new JobPicture(
                id,
                "name",
                "active",
                "",
                1,
                100,
                step,
                step,
                0,
                0,
                Float.NaN,
                1,
                2,
                1,
                2,
                Map.of(),
                1_000,
                1,
                List.of(),
                List.of(),
                new Counters(
                        BigInteger.ONE,
                        BigInteger.ZERO,
                        Map.of(),
                        step,
                        0,
                        incidents.length,
                        0,
                        0,
                        0,
                        0,
                        0,
                        0,
                        1),
                new StepFigures(1, 1, 1, 0, BigInteger.ZERO, "none", List.of()),
                new Reliability(0, Double.NaN, Double.NaN, 1, Double.NaN),
                new CopiesPicture(1, 1, List.of(), List.of(), "any one host", false),
                List.of(incidents),
                IntStream.range(0, (int) step)
                        .mapToObj(i -> new Point(i, 1_000 + i, 0.5f, 1))
                        .toList(),
                ExportsPicture.NONE);
    }

    /** The same with step times of so many ranks, which are others for another {@code salt}. */
    static JobPicture withRanks(JobPicture job, int ranks, long salt) {
        StepFigures figures = job.stepTimes();
        return with(
                job,
                job.timeline(),
                new StepFigures(
                        figures.medianNanos() + salt,
                        figures.p95Nanos(),
                        figures.bestMedianNanos(),
                        figures.slowdown(),
                        figures.slowdownSlotNanos(),
                        figures.straggler(),
                        IntStream.range(0, ranks)
                                .mapToObj(rank ->
                                        new RankSteps(rank, 1_000 + rank * salt % 97, 2, 3, 0.5))
                                .toList()));
    }

    /** The same with a timeline of that length. */
    static JobPicture withTimeline(JobPicture job, Random random, int length) {
        Category[] all = Category.values();
        return with(
                job,
                IntStream.range(0, length)
                        .mapToObj(i ->
                                new Bucket(
                                        i,
                                        i + 1,
                                        Map.of(all[random.nextInt(3)], 1.0 + random.nextInt(2))))
                        .toList(),
                job.stepTimes());
    }

    private static JobPicture with(JobPicture job, List<Bucket> timeline, StepFigures figures) {
        return new JobPicture(
                job.id(),
                job.name(),
                job.phase(),
                job.detail(),
                job.epoch(),
                job.steps(),
                job.completedStep(),
                job.protectedStep(),
                job.protectedLagSteps(),
                job.protectedLagNanos(),
                job.loss(),
                job.stepsPerSecond(),
                job.slots(),
                job.replicas(),
                job.shards(),
                job.labels(),
                job.startedMillis(),
                job.elapsedNanos(),
                job.windows(),
                timeline,
                job.counters(),
                figures,
                job.reliability(),
                job.copies(),
                job.incidents(),
                job.curve(),
                job.exports());
    }
}
