package io.coxswain.coordinator;

/**
 * What became of a submission. Submitting the same job id with the same spec again gives the same
 * kind of answer and starts nothing new.
 */
public sealed interface SubmitOutcome {
    /** The job's record is durable and the job runs now (or ran already: see its status). */
    record Accepted(String jobId) implements SubmitOutcome {}

    /**
     * The job's record is durable; the job starts when those before it are over.
     *
     * @param position 1 is the next one
     */
    record Queued(String jobId, int position) implements SubmitOutcome {}

    /** Nothing was recorded. The reason says what was expected and what to do. */
    record Refused(String reason) implements SubmitOutcome {}
}
