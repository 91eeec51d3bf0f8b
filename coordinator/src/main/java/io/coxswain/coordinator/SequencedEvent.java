package io.coxswain.coordinator;

import io.coxswain.coordinator.core.event.CoordinatorEvent;

/**
 * An event with its place in this coordinator's history.
 *
 * @param sequence 1, 2, 3 … within the life of one {@link Coordinator}; a {@link
 *     CoordinatorEvent.Gap} carries the sequence of the last event that is gone
 * @param monotonicNanos the decision loop's clock; only differences mean something
 * @param wallMillis since the epoch, for people; nothing is decided by it
 * @param term of leadership, 0 where none is held
 * @param jobId empty where the event is of no job
 * @param epoch of the job's view, 0 where there is none
 * @param step newest completed step of the job when the event happened
 */
public record SequencedEvent(
        long sequence,
        long monotonicNanos,
        long wallMillis,
        long term,
        String jobId,
        long epoch,
        long step,
        CoordinatorEvent event) {}
