package io.coxswain.coordinator.app;

import io.coxswain.coordinator.core.model.JobSpec;

import java.util.Locale;

/** Ids of jobs that were submitted without one. Stateless. */
final class JobIds {
    private JobIds() {}

    /** Terms only grow and orders count within one, so the id was never used before. */
    static String choose(JobSpec job, long term, long order) {
        String slug = job.name().toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
        slug = slug.replaceAll("^-+|-+$", "");
        slug = slug.isEmpty() ? "job" : slug.substring(0, Math.min(slug.length(), 32));
        return slug + "-" + term + "-" + order;
    }

    static JobSpec withId(JobSpec job, String id) {
        return new JobSpec(
                id,
                job.name(),
                job.mesh(),
                job.steps(),
                job.seed(),
                job.data(),
                job.batch(),
                job.microshards(),
                job.protectCopies(),
                job.protectEvery(),
                job.protectLevel(),
                job.returnWaitNanos(),
                job.collectivesWithin(),
                job.collectivesAcross(),
                job.runtimeKind(),
                job.runtimeJson(),
                job.labels());
    }
}
