package io.coxswain.coordinator.core.term;

/** What the store says of a leader's term. */
public enum TermVerdict {
    /** At some time after the question it was this leader's still: nobody has had a higher one. */
    HELD,
    /** Another term stands there. */
    MOVED,
    /** The store cannot be asked now. */
    UNKNOWN
}
