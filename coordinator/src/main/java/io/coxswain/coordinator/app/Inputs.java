package io.coxswain.coordinator.app;

/** The way into the decision loop. Any thread. */
public interface Inputs {
    /** Hands an input over without blocking; dropped once the loop has stopped. */
    void offer(CoordinatorInput input);

    /**
     * Hands an input over, waiting while the loop is far behind, so that what comes from the
     * network pushes back instead of filling memory. Not for threads that must not block.
     */
    void put(CoordinatorInput input) throws InterruptedException;
}
