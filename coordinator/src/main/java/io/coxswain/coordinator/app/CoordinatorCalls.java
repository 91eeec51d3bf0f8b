package io.coxswain.coordinator.app;

import io.coxswain.coordinator.CancelOutcome;
import io.coxswain.coordinator.CoordinatorListener;
import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.HandOverOutcome;
import io.coxswain.coordinator.JobIncidents;
import io.coxswain.coordinator.Operations;
import io.coxswain.coordinator.SubmitOutcome;
import io.coxswain.coordinator.Subscription;
import io.coxswain.coordinator.TraceLookup;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.picture.Picture;

import java.util.concurrent.CompletableFuture;

/** What people and services may ask of a coordinator. Any thread; nothing blocks. */
public interface CoordinatorCalls extends Operations {
    /** Submits a job; see {@link SubmitOutcome}. */
    CompletableFuture<SubmitOutcome> submit(JobSpec job, boolean queue);

    /** Ends a job. */
    CompletableFuture<CancelOutcome> cancel(String jobId);

    /** Gives the lead up, for whoever stands by. */
    CompletableFuture<HandOverOutcome> handOver();

    /** What is known now. */
    CompletableFuture<CoordinatorStatus> status();

    /**
     * Has an agent show what it has.
     *
     * @param jobId whose rank is meant; empty: the running job
     * @param agentId empty: the agent of {@code rank}
     */
    CompletableFuture<Looked> look(String jobId, String agentId, int rank, AgentQuestion question);

    /**
     * What is known of an incident.
     *
     * @param jobId empty: the running job, else the newest
     * @param incident 0: the newest
     */
    CompletableFuture<Explanation> explain(String jobId, int incident);

    /**
     * What interrupted a job; an empty id means the one that runs or ended last. Fails with {@link
     * java.util.NoSuchElementException} for an unknown job.
     */
    CompletableFuture<JobIncidents> incidents(String jobId);

    /** {@code host:port} of another coordinator that leads; empty: none is known. */
    String leaderElsewhere();

    /** Random, of this coordinator: sequence numbers are its own. */
    String instance();

    /** The traces that were begun. */
    TraceLookup traces();

    /** The newest picture. */
    Picture picture();

    /** The number that the next event gets. */
    long nextSequence();

    /** Delivers events from that sequence number on; 0: from the oldest kept. */
    Subscription listen(long fromSequence, CoordinatorListener listener);
}
