package io.coxswain.coordinator.app;

import io.coxswain.coordinator.core.job.JobLimits;
import io.coxswain.coordinator.core.liveness.LivenessLimits;
import io.coxswain.coordinator.core.retention.RetentionRule;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What the decision loop goes by. The builder of the embedding API checks the relations between the
 * times and says what to change.
 *
 * @param coordinatorId unique among the coordinators of one store
 * @param accountNanos least time between account records, but for view changes and incidents
 * @param storeRetryNanos wait before an unknown write is read again
 * @param queuedJobs most jobs that may wait
 * @param history which ended jobs are kept, here and in the store
 * @param environment shown in reports
 */
public record CoordinatorSettings(
        String coordinatorId,
        JobLimits jobLimits,
        LivenessLimits livenessLimits,
        long accountNanos,
        long storeRetryNanos,
        int queuedJobs,
        RetentionRule history,
        Map<String, String> environment) {
    public CoordinatorSettings {
        environment = Collections.unmodifiableMap(new LinkedHashMap<>(environment));
    }

    /** The settings of a cluster on defaults. */
    public static CoordinatorSettings defaults(String coordinatorId) {
        return new CoordinatorSettings(
                coordinatorId,
                JobLimits.defaults(),
                LivenessLimits.DEFAULT,
                5_000_000_000L,
                250_000_000L,
                1_000,
                RetentionRule.DEFAULT,
                Map.of());
    }
}
