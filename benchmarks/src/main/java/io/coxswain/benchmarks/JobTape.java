package io.coxswain.benchmarks;

import io.coxswain.coordinator.core.job.JobEvent;
import io.coxswain.coordinator.core.job.JobLimits;
import io.coxswain.coordinator.core.job.JobMachine;
import io.coxswain.coordinator.core.ledger.LedgerEntry;
import io.coxswain.coordinator.core.model.JobSpec;

import java.util.List;

/**
 * What a job's machine was told from the submission on, and what it booked. The same events at the
 * same instants give the same effects, so a machine may be given them again without the agents.
 *
 * @param atNanos when each event came
 * @param submittedNanos when the job was submitted
 * @param completedStep where the machine stood after the last event
 * @param nextEpoch likewise
 */
record JobTape(
        JobSpec spec,
        JobLimits limits,
        long submittedNanos,
        List<JobEvent> events,
        List<Long> atNanos,
        List<LedgerEntry> bookings,
        long completedStep,
        long nextEpoch) {

    /** A machine that was told nothing yet but that the job was submitted. */
    JobMachine begin() {
        JobMachine machine = JobMachine.submitted(spec, 1, limits, submittedNanos);
        machine.opening();
        return machine;
    }

    /**
     * @throws IllegalStateException unless {@code machine} stands where the recorded one stood at
     *     the end
     */
    void checkEnd(JobMachine machine) {
        if (machine.completedStep() != completedStep || machine.nextEpoch() != nextEpoch) {
            throw new IllegalStateException(
                    "the machine ended at step "
                            + machine.completedStep()
                            + " with epoch "
                            + machine.nextEpoch()
                            + " next; recorded were step "
                            + completedStep
                            + " and epoch "
                            + nextEpoch
                            + ": it did not decide as it did when it was recorded");
        }
    }
}
