package io.coxswain.launcher;

/**
 * The machine, or something that should answer, is not as the command needs it. The message says
 * what to do.
 */
public final class EnvironmentException extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean lasting;

    public EnvironmentException(String message) {
        super(message);
        lasting = false;
    }

    public EnvironmentException(String message, Throwable cause) {
        this(message, cause, false);
    }

    private EnvironmentException(String message, Throwable cause, boolean lasting) {
        super(message, cause);
        this.lasting = lasting;
    }

    /** One that stays as it is until somebody does something about it. */
    public static EnvironmentException lasting(String message, Throwable cause) {
        return new EnvironmentException(message, cause, true);
    }

    /** The same would come of trying again. */
    public boolean isLasting() {
        return lasting;
    }
}
