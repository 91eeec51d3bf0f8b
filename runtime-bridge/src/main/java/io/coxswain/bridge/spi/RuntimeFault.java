package io.coxswain.bridge.spi;

/**
 * A request that a runtime cannot fulfil, with a reason for a person: what, what was expected, what
 * to do.
 */
public final class RuntimeFault extends Exception {
    /** What kind of fault it is. */
    public enum Code {
        /** The request makes no sense. */
        BAD_REQUEST,
        /** The state is not there, not the expected one, or damaged. */
        BAD_STATE,
        /** The training data cannot be read. */
        DATA_UNREADABLE,
        /** The runtime's section of the job file is wrong. */
        PROGRAM_INVALID,
        /** Not enough memory. */
        OUT_OF_MEMORY,
        /** A bug. */
        INTERNAL
    }

    private final Code code;

    /** With a message for a person. */
    public RuntimeFault(Code code, String message) {
        super(message);
        this.code = code;
    }

    /** With a message for a person and the cause. */
    public RuntimeFault(Code code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    /** What kind of fault it is. */
    public Code code() {
        return code;
    }
}
