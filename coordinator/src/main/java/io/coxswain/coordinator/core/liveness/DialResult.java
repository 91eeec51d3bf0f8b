package io.coxswain.coordinator.core.liveness;

/** What came of connecting to an agent's advertised data endpoint. */
public enum DialResult {
    /** The connection was refused, or reset before an answer: nobody is there. */
    REFUSED,
    /** Somebody else answered. */
    OTHER_INCARNATION,
    /** The agent itself answered. */
    SAME_INCARNATION,
    /** No answer in the time given. */
    TIMEOUT
}
