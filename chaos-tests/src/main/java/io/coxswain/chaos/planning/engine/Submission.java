package io.coxswain.chaos.planning.engine;

import io.coxswain.coordinator.core.job.JobLimits;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.DataEndpoint;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.coordinator.core.model.StateLayout;

import java.util.ArrayList;
import java.util.Collections;

/** The job that is submitted, and the limits that its machine goes by. */
final class Submission {
    private static final long SECOND = 1_000_000_000L;
    private static final long TICK = 6 * 3_600 * SECOND;

    private final Conditions conditions;
    private final Costs costs;
    private final long every;

    Submission(Conditions conditions) {
        this.conditions = conditions;
        this.costs = conditions.costs();
        every = conditions.effectiveEvery();
    }

    JobSpec spec(int life) {
        int ranks = conditions.ranks();
        return new JobSpec(
                "plan-" + life,
                "plan",
                new Mesh(conditions.replicas(), conditions.shards()),
                Long.MAX_VALUE / 4,
                1,
                "none",
                ranks,
                ranks,
                conditions.copies(),
                (int) Math.min(Integer.MAX_VALUE, every),
                conditions.protectLevel(),
                60 * SECOND,
                "runtime",
                // Where the runtime reduces, grants carry floors and reach half a second: a message
                // for each step.
                "agent",
                "model",
                "{}");
    }

    StateLayout layout() {
        int shards = conditions.shards();
        var begin = new ArrayList<Long>(shards + 1);
        for (long s = 0; s <= shards; s++) {
            begin.add(s);
        }
        return new StateLayout(
                shards,
                begin,
                Collections.nCopies(shards, conditions.stateBytes()),
                Collections.nCopies(shards, 0L),
                "plan",
                true);
    }

    /**
     * Production's limits, but for those that would break up quiet stretches: no coordinator fails
     * here, so the lease that credits cover may be as long as the run, and detail is settled every
     * few hours.
     */
    JobLimits limits() {
        JobLimits usual = JobLimits.defaults();
        return new JobLimits(
                usual.fenceNanos(),
                usual.prepareNanos(),
                usual.settleNanos(),
                usual.admissionNanos(),
                Math.max(usual.workerRestartNanos(), costs.workerStartNanos() + SECOND),
                Math.max(usual.leaseNanos(), conditions.durationNanos()),
                usual.heartbeatNanos(),
                usual.finalNanos(),
                Math.max(TICK, 2 * (conditions.auditNanos() + costs.auditLagNanos())),
                usual.accusationNanos(),
                usual.retryNanos(),
                usual.reportNanos(),
                usual.firstReportEvery(),
                usual.minCredits(),
                usual.viewFailures(),
                usual.acknowledgeNanos());
    }

    AgentProfile profile(int machine, int incarnation) {
        String name = conditions.fleet().name(machine);
        return new AgentProfile(
                new AgentKey(name, String.format("%032x", incarnation)),
                new DataEndpoint(name, 7000),
                conditions.fleet().domain(machine),
                conditions.memoryBytes());
    }
}
