package io.coxswain.coordinator.app;

/** How a fenced write ended. */
public enum WriteOutcome {
    /** It is in the store. */
    DURABLE,
    /**
     * The store holds another term: this coordinator is deposed and nothing of the write took
     * effect.
     */
    REFUSED,
    /** It may have landed or not; it must be read again before anything depends on it. */
    UNKNOWN,
    /** Read again: it did not land. */
    ABSENT
}
