package io.coxswain.coordinator;

/** What became of a request to cancel a job. */
public sealed interface CancelOutcome {
    /** The job is over, and its record says so. */
    record Cancelled(String jobId) implements CancelOutcome {}

    /** There is no such job, or it is over already. */
    record Refused(String reason) implements CancelOutcome {}
}
