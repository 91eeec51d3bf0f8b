package io.coxswain.coordinator;

/**
 * Hears what a coordinator does. Called on a virtual thread of its own, in order, one event at a
 * time, never on the decision loop: it may block, and a slow one misses events (it gets a {@link
 * io.coxswain.coordinator.core.event.CoordinatorEvent.Gap}) rather than slowing anybody down. What
 * it throws is logged and the next event is delivered.
 */
@FunctionalInterface
public interface CoordinatorListener {
    /** Takes one event. */
    void on(SequencedEvent event) throws Exception;
}
