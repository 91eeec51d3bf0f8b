package io.coxswain.coordinator.app;

import io.coxswain.coordinator.core.event.CoordinatorEvent;

/** Where events go. Neither blocks nor throws, whatever the listeners do. */
public interface EventsPort {
    /**
     * Publishes one event. Sequence number and wall time are the receiver's business.
     *
     * @param jobId empty where the event is of no job
     */
    void publish(
            CoordinatorEvent event, long nowNanos, long term, String jobId, long epoch, long step);
}
