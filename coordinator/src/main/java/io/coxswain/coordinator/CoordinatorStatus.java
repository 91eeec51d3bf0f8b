package io.coxswain.coordinator;

import java.util.List;

/**
 * What a coordinator knows at one moment.
 *
 * @param term of its leadership, 0 when it does not lead
 * @param jobs running first, then queued in order, then ended, newest first
 */
public record CoordinatorStatus(
        String coordinatorId, long term, boolean leading, List<Job> jobs, List<Agent> agents) {
    /** A job's place in its life. */
    public enum JobPhase {
        QUEUED,
        WAITING,
        PREPARING,
        ACTIVE,
        RECOVERING,
        FINISHING,
        COMPLETED,
        FAILED,
        CANCELLED;

        /** True once the job can no longer change. */
        public boolean ended() {
            return this == COMPLETED || this == FAILED || this == CANCELLED;
        }
    }

    /**
     * One job.
     *
     * @param detail what it waits for, or why it ended
     * @param reportJson the report of an ended job, otherwise empty
     */
    public record Job(
            String jobId,
            String name,
            JobPhase phase,
            String detail,
            long epoch,
            long completedStep,
            long protectedStep,
            long steps,
            float loss,
            double goodputRatio,
            int incidents,
            String reportJson) {}

    /**
     * One agent.
     *
     * @param state attached, ready, ranked, spare, suspect or unfit
     * @param rank -1: none
     */
    public record Agent(
            String agentId,
            String incarnation,
            String failureDomain,
            String state,
            int rank,
            String dataEndpoint,
            long arenaBudgetBytes,
            String detail) {}

    public CoordinatorStatus {
        jobs = List.copyOf(jobs);
        agents = List.copyOf(agents);
    }
}
