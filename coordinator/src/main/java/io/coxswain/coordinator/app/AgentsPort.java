package io.coxswain.coordinator.app;

import io.coxswain.coordinator.core.job.JobEffect;
import io.coxswain.coordinator.core.keyvalue.KeyValueResult;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.JobSpec;

/**
 * The way to the agents. No method blocks or throws: a stream that is gone swallows what is sent to
 * it, and its end comes as {@link CoordinatorInput.StreamClosed}.
 *
 * <p>A stream id names one attachment of one agent, so that nothing meant for a dead incarnation
 * reaches its successor.
 */
public interface AgentsPort {
    /** The first answer to an attached agent. */
    void welcome(long stream, long term, long heartbeatNanos, long leaseNanos);

    /** Says why, then closes. {@code retry}: the agent may try again, here or elsewhere. */
    void reject(long stream, long term, String reason, boolean retry);

    /** Renews the agent's lease. */
    void heartbeatReply(long stream, long term, long sequence, long jobTimeNanos);

    void offerJob(long stream, long term, JobSpec job);

    void fence(long stream, long term, String jobId, JobEffect.SendFence fence);

    void prepareView(long stream, long term, String jobId, JobEffect.SendPrepareView prepare);

    void startView(long stream, long term, String jobId, JobEffect.SendStartView start);

    void grant(long stream, long term, String jobId, JobEffect.SendGrant grant);

    void placement(long stream, long term, String jobId, JobEffect.SendPlacement placement);

    void collectFinal(long stream, long term, String jobId, JobEffect.SendCollectFinal collect);

    void endJob(long stream, long term, String jobId, String reason);

    void acknowledge(long stream, long term, String jobId, JobEffect.SendAcknowledge acknowledge);

    /** Has a rank stop after a step. */
    void halt(long stream, long term, String jobId, JobEffect.SendHalt halt);

    /** Nothing depends on the agent any more: answer to its notice. */
    void mayEnd(long stream, long term);

    /** The answer to an operation on the key-value store of the job's view. */
    void keyValue(long stream, long term, String jobId, long id, KeyValueResult result);

    /** Asks for something to look at; answered by {@link ProgramWord.Answered}, or never. */
    void ask(long stream, long term, long number, AgentQuestion question);

    /** Closes the stream; no {@link CoordinatorInput.StreamClosed} need follow. */
    void close(long stream, String reason);

    /**
     * Asks the agent's data endpoint who it is; answered by {@link CoordinatorInput.DialAnswered}
     * with the same number within two seconds.
     */
    void dial(AgentProfile agent, long dial);
}
