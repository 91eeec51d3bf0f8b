package io.coxswain.coordinator.app;

import io.coxswain.coordinator.CancelOutcome;
import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.HandOverOutcome;
import io.coxswain.coordinator.JobIncidents;
import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.MaintenanceOutcome;
import io.coxswain.coordinator.PauseOutcome;
import io.coxswain.coordinator.SubmitOutcome;
import io.coxswain.coordinator.core.liveness.DialResult;
import io.coxswain.coordinator.core.maintenance.MaintenanceBook;
import io.coxswain.coordinator.core.maintenance.SetAside;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Standing;
import io.coxswain.coordinator.core.term.TermVerdict;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What the decision loop is told. Answers given to a {@link Consumer} must be taken without
 * blocking.
 */
public sealed interface CoordinatorInput {
    /**
     * An agent opened a stream and said who it is.
     *
     * @param stream names this attachment; never used twice by one coordinator
     * @param jobId the job it still holds state of; empty: none
     * @param inventory what it holds of that job
     * @param jobTimeNanos the last job time heard plus its own elapsed time since; 0: none
     * @param standing what it may do in the view that it is in; null: it has no rank in one
     * @param process where it runs, for people and tools only
     */
    record AgentAttached(
            long stream,
            long termSeen,
            AgentProfile agent,
            Map<String, String> labels,
            String jobId,
            Inventory inventory,
            long jobTimeNanos,
            @Nullable Standing standing,
            CoordinatorStatus.AgentProcess process)
            implements CoordinatorInput {
        public AgentAttached {
            labels = Map.copyOf(labels);
        }

        /** An agent without a rank that does not say where it runs. */
        public AgentAttached(
                long stream,
                long termSeen,
                AgentProfile agent,
                Map<String, String> labels,
                String jobId,
                Inventory inventory,
                long jobTimeNanos) {
            this(
                    stream,
                    termSeen,
                    agent,
                    labels,
                    jobId,
                    inventory,
                    jobTimeNanos,
                    null,
                    CoordinatorStatus.AgentProcess.UNKNOWN);
        }
    }

    /** An attached agent said something. */
    record AgentSaid(long stream, long termSeen, AgentWord word) implements CoordinatorInput {}

    /** A stream ended: a sign, not yet a verdict. */
    record StreamClosed(long stream, String detail) implements CoordinatorInput {}

    /** Answer to {@link AgentsPort#dial}. */
    record DialAnswered(AgentKey agent, long dial, DialResult result, String detail)
            implements CoordinatorInput {}

    /** Answer to {@link StorePort}. */
    record StoreAnswered(long writeId, WriteOutcome outcome, String detail)
            implements CoordinatorInput {}

    /**
     * This coordinator leads with that term; {@code jobs} as found in the store, in submission
     * order; {@code setAside}: agents that are out of service.
     */
    record LeadershipGained(long term, List<StoredJob> jobs, List<SetAside> setAside)
            implements CoordinatorInput {
        public LeadershipGained {
            jobs = List.copyOf(jobs);
            setAside = List.copyOf(setAside);
        }

        /** No agent is out of service. */
        public LeadershipGained(long term, List<StoredJob> jobs) {
            this(term, jobs, List.of());
        }
    }

    /** The store is out of reach: grant on, decide nothing else. */
    record StoreSuspended(String detail) implements CoordinatorInput {}

    /** The store is back and holds this leader's term still. */
    record StoreResumed() implements CoordinatorInput {}

    /** Another leads, or the fence is broken. */
    record LeadershipLost(String reason) implements CoordinatorInput {}

    /** Answer to {@link LeadershipPort#askTerm}. */
    record TermAnswered(long question, TermVerdict verdict, String detail)
            implements CoordinatorInput {}

    /** So many other coordinators stand in the election. A hint, never a proof. */
    record StandbysSeen(int others) implements CoordinatorInput {}

    /** An agent's registration in the store came or changed. A hint, never a proof. */
    record AgentRegistered(AgentKey agent) implements CoordinatorInput {}

    /** An agent's registration went. A hint, never a proof. */
    record AgentUnregistered(AgentKey agent) implements CoordinatorInput {}

    /** A job is submitted; an empty id lets the coordinator choose one. */
    record Submit(JobSpec job, boolean queue, Consumer<SubmitOutcome> answer)
            implements CoordinatorInput {}

    record Cancel(String jobId, String reason, Consumer<CancelOutcome> answer)
            implements CoordinatorInput {}

    /**
     * Somebody wants to see what an agent has.
     *
     * @param jobId whose rank is meant; empty: the running job
     * @param agentId empty: the agent of {@code rank}
     */
    record Look(
            String jobId, String agentId, int rank, AgentQuestion question, Consumer<Looked> answer)
            implements CoordinatorInput {}

    /**
     * What is known of an incident.
     *
     * @param jobId empty: the running job, else the newest
     * @param incident 0: the newest
     */
    record Explain(String jobId, int incident, Consumer<Explanation> answer)
            implements CoordinatorInput {}

    /**
     * Somebody wants a job to make no steps.
     *
     * @param jobId empty: the running job
     * @param reason for a person
     */
    record Pause(String jobId, String reason, Consumer<PauseOutcome> answer)
            implements CoordinatorInput {}

    /**
     * Somebody wants a paused job to make steps.
     *
     * @param jobId empty: the running job
     */
    record Resume(String jobId, Consumer<PauseOutcome> answer) implements CoordinatorInput {}

    /**
     * Somebody says something of an agent.
     *
     * @param absent also of one that was never seen
     */
    record Maintain(MaintenanceBook.Word word, boolean absent, Consumer<MaintenanceOutcome> answer)
            implements CoordinatorInput {}

    /** The lead is to be given up, for whoever stands by. */
    record HandOver(Consumer<HandOverOutcome> answer) implements CoordinatorInput {}

    record AskStatus(Consumer<CoordinatorStatus> answer) implements CoordinatorInput {}

    /**
     * What interrupted a job; an empty id means the one that runs or ended last. Null when there is
     * no such job; else to be put in words by whoever asked.
     */
    record AskIncidents(String jobId, Consumer<@Nullable Supplier<JobIncidents>> answer)
            implements CoordinatorInput {}

    /** Answered when the job is over; null when there is no such job. */
    record AwaitResult(String jobId, Consumer<@Nullable JobReport> answer)
            implements CoordinatorInput {}

    /**
     * No more decisions: streams are closed, nothing is written. Members step on under their lease.
     */
    record Stop(String reason) implements CoordinatorInput {}
}
