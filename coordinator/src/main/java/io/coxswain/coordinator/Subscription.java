package io.coxswain.coordinator;

/** A listener's hold on the events. */
public interface Subscription extends AutoCloseable {
    /** The sequence number to resume from: one more than the newest event delivered. */
    long nextSequence();

    /**
     * Stops delivery. An event being delivered may still finish; after that none comes. Safe to
     * repeat and to call from the listener.
     */
    @Override
    void close();

    /**
     * Blocks until delivery has stopped: closed here, or by the coordinator after its last event.
     */
    void awaitEnd() throws InterruptedException;
}
