package io.coxswain.coordinator;

/** What became of a request to cancel a job. */
public sealed interface CancelOutcome {
    /** The job is being ended; its report follows. */
    record Cancelled(String jobId) implements CancelOutcome {}

    /** There is no such job, or it is over already. */
    record Refused(String reason) implements CancelOutcome {}
}
