package io.coxswain.coordinator.app;

/** What an agent's data endpoint answered when asked who it is. */
public enum DialOutcome {
    /** Nobody listens there: the process is gone. */
    REFUSED,
    /** The expected incarnation answers. */
    SAME_INCARNATION,
    /** Another incarnation answers: the expected one is gone. */
    OTHER_INCARNATION,
    /** No answer in time, or none that could be understood: proves nothing. */
    NO_ANSWER
}
