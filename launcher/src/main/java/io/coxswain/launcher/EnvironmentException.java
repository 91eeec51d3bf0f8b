package io.coxswain.launcher;

/**
 * The machine, or something that should answer, is not as the command needs it. The message says
 * what to do.
 */
public final class EnvironmentException extends Exception {
    private static final long serialVersionUID = 1L;

    public EnvironmentException(String message) {
        super(message);
    }

    public EnvironmentException(String message, Throwable cause) {
        super(message, cause);
    }
}
