package io.coxswain.coordinator;

import io.coxswain.coordinator.core.maintenance.MaintenanceBook;

import java.util.concurrent.CompletableFuture;

/**
 * Planned work on a running cluster. All of it may be asked for again, by agent id and job id; an
 * answer comes when it is durable. Any thread.
 */
public interface Operations {
    /**
     * Takes an agent out of service: its rank goes to a spare and its copies elsewhere, and no step
     * is lost. Answered at once; {@link CoordinatorStatus#maintenance} tells when nothing depends
     * on it any more. Without a spare it keeps its rank until one is there.
     *
     * @param reason for people; may be empty
     */
    default CompletableFuture<MaintenanceOutcome> drain(String agentId, String reason) {
        return maintain(new MaintenanceBook.Word.Drain(agentId, reason), false);
    }

    /** Gives an agent no new rank and no new copies; it keeps what it has. */
    default CompletableFuture<MaintenanceOutcome> cordon(String agentId, String reason) {
        return maintain(new MaintenanceBook.Word.Cordon(agentId, reason), false);
    }

    /** Puts an agent back into service, whoever took it out. */
    default CompletableFuture<MaintenanceOutcome> uncordon(String agentId) {
        return maintain(new MaintenanceBook.Word.Uncordon(agentId), true);
    }

    /**
     * For monitors of devices: an agent with a failing device is drained; one whose devices are in
     * order again serves again, if that was all that took it out.
     */
    default CompletableFuture<MaintenanceOutcome> reportHealth(
            String agentId, boolean failing, String reason) {
        return maintain(
                failing
                        ? new MaintenanceBook.Word.Failing(agentId, reason)
                        : new MaintenanceBook.Word.Healthy(agentId),
                false);
    }

    /**
     * Any of these.
     *
     * @param absent also of an agent that was never seen; else an unknown id is refused
     */
    CompletableFuture<MaintenanceOutcome> maintain(MaintenanceBook.Word word, boolean absent);

    /**
     * Stops a job's steps at a step that all ranks have made. Its agents keep it, its state and its
     * copies; what fails meanwhile is recovered. Answered when that is durable and no step is under
     * way.
     *
     * @param jobId empty: the running job
     * @param reason for a person; may be empty
     */
    CompletableFuture<PauseOutcome> pause(String jobId, String reason);

    /**
     * Lets a paused job make steps.
     *
     * @param jobId empty: the running job
     */
    CompletableFuture<PauseOutcome> resume(String jobId);
}
