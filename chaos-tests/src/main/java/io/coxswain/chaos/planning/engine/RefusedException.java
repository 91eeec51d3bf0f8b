package io.coxswain.chaos.planning.engine;

/** The coordinator refuses the job under these conditions; the message is its reason. */
public final class RefusedException extends Exception {
    private static final long serialVersionUID = 1L;

    RefusedException(String message) {
        super(message);
    }
}
