package io.coxswain.coordinator;

import java.util.concurrent.CompletableFuture;

/** Planned work on a running cluster. All of it may be asked for again. Any thread. */
public interface Operations {
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
