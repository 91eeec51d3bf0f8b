package io.coxswain.bridge.conformance;

/** The check cannot be made of this worker, or with what was given; the message says why. */
final class NotApplicable extends Exception {
    private static final long serialVersionUID = 1L;

    NotApplicable(String reason) {
        super(reason);
    }
}
