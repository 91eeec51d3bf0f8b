package io.coxswain.coordinator;

import io.coxswain.coordinator.core.maintenance.MaintenanceState;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a coordinator knows at one moment.
 *
 * @param term of its leadership, 0 when it does not lead
 * @param jobs running first, then queued in order, then ended, newest first
 * @param maintenance agents that are out of service, or on the way there, attached or not, by id
 * @param storeOutOfReach it leads, and the store does not answer: steps go on under the view that
 *     is active, and nothing is decided
 */
public record CoordinatorStatus(
        String coordinatorId,
        long term,
        boolean leading,
        List<Job> jobs,
        List<Agent> agents,
        List<Maintenance> maintenance,
        History history,
        boolean storeOutOfReach) {
    /**
     * How long ended jobs are kept.
     *
     * @param jobs the newest that are
     * @param ageMillis for so long at most; 0: for ever
     * @param forgotten older ones that this leader took out of the store
     */
    public record History(int jobs, long ageMillis, long forgotten) {
        /** Of one that does not lead. */
        public static final History NONE = new History(0, 0, 0);
    }

    /** All agents serve, and it knows of no history. */
    public CoordinatorStatus(
            String coordinatorId, long term, boolean leading, List<Job> jobs, List<Agent> agents) {
        this(coordinatorId, term, leading, jobs, agents, List.of(), History.NONE, false);
    }

    /** A job's place in its life. */
    public enum JobPhase {
        QUEUED,
        WAITING,
        PREPARING,
        ACTIVE,
        /** On request no step is made: all ranks stand. */
        PAUSED,
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
     * @param labels as submitted
     * @param batch samples per step
     * @param metrics what the program reported, the newest of each name
     * @param metricsStep in which the newest was measured
     * @param warnings what goes wrong and stops nothing, one line each
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
            String reportJson,
            Map<String, String> labels,
            int batch,
            Map<String, Double> metrics,
            long metricsStep,
            List<String> warnings) {
        public Job {
            warnings = List.copyOf(warnings);
            labels = Map.copyOf(labels);
            metrics = Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
        }

        /** A job whose program reported nothing. */
        public Job(
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
                String reportJson,
                Map<String, String> labels,
                int batch) {
            this(
                    jobId,
                    name,
                    phase,
                    detail,
                    epoch,
                    completedStep,
                    protectedStep,
                    steps,
                    loss,
                    goodputRatio,
                    incidents,
                    reportJson,
                    labels,
                    batch,
                    Map.of(),
                    0,
                    List.of());
        }
    }

    /**
     * One agent.
     *
     * @param state attached, ready, ranked, spare, suspect or unfit; of one without a rank that is
     *     out of service cordoned, draining or drained
     * @param rank -1: none
     * @param process where it runs, as it says
     */
    public record Agent(
            String agentId,
            String incarnation,
            String failureDomain,
            String state,
            int rank,
            String dataEndpoint,
            long arenaBudgetBytes,
            String detail,
            AgentProcess process) {}

    /**
     * Where an agent runs.
     *
     * @param host the name that its machine, or pod, gives itself; empty: unknown
     * @param pid of its process there; 0: unknown
     * @param workerLogs the folder there in which its workers' output lies; empty: unknown
     * @param release of its software; empty: unknown
     */
    public record AgentProcess(String host, long pid, String workerLogs, String release) {
        public static final AgentProcess UNKNOWN = new AgentProcess("", 0);

        /** One that does not say where its workers' output lies. */
        public AgentProcess(String host, long pid) {
            this(host, pid, "");
        }

        /** One that does not say of which release it is. */
        public AgentProcess(String host, long pid, String workerLogs) {
            this(host, pid, workerLogs, "");
        }
    }

    /**
     * An agent that is out of service, or on the way there.
     *
     * @param causes of operator, health and notice those that hold
     * @param reason who wants it, and why
     * @param detail what it waits for, or what stands; may be empty
     * @param rank -1: none
     */
    public record Maintenance(
            String agentId,
            MaintenanceState state,
            List<String> causes,
            String reason,
            String detail,
            boolean attached,
            int rank) {
        public Maintenance {
            causes = List.copyOf(causes);
        }
    }

    public CoordinatorStatus {
        jobs = List.copyOf(jobs);
        agents = List.copyOf(agents);
        maintenance = List.copyOf(maintenance);
    }
}
