package io.coxswain.coordinator.app;

import io.coxswain.coordinator.CancelOutcome;
import io.coxswain.coordinator.CoordinatorListener;
import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.SubmitOutcome;
import io.coxswain.coordinator.Subscription;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.picture.Picture;

import java.util.concurrent.CompletableFuture;

/** What people and services may ask of a coordinator. Any thread; nothing blocks. */
public interface CoordinatorCalls {
    /** Submits a job; see {@link SubmitOutcome}. */
    CompletableFuture<SubmitOutcome> submit(JobSpec job, boolean queue);

    /** Ends a job. */
    CompletableFuture<CancelOutcome> cancel(String jobId);

    /** What is known now. */
    CompletableFuture<CoordinatorStatus> status();

    /** The newest picture. */
    Picture picture();

    /** The number that the next event gets. */
    long nextSequence();

    /** Delivers events from that sequence number on; 0: from the oldest kept. */
    Subscription listen(long fromSequence, CoordinatorListener listener);
}
