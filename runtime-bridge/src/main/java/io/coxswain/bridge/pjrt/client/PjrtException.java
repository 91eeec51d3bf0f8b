package io.coxswain.bridge.pjrt.client;

/**
 * Something that a plugin refused or could not do, or that was refused before it was called, since
 * the call would have been wrong. The message says what was being done.
 */
public final class PjrtException extends Exception {
    private static final long serialVersionUID = 1L;

    /** What kind of failure, as gRPC numbers them. */
    public enum Code {
        /** The waiting thread was interrupted, or the plugin cancelled. */
        CANCELLED(1),
        /** Nothing more is known. */
        UNKNOWN(2),
        /** The call or the program is wrong. */
        INVALID_ARGUMENT(3),
        /** Not done within the limit. */
        DEADLINE_EXCEEDED(4),
        /** There is no such file, device or key. */
        NOT_FOUND(5),
        /** It exists already. */
        ALREADY_EXISTS(6),
        /** Not allowed. */
        PERMISSION_DENIED(7),
        /** No memory left. */
        RESOURCE_EXHAUSTED(8),
        /** Not in this state: closed or donated. */
        FAILED_PRECONDITION(9),
        /** Given up by the plugin. */
        ABORTED(10),
        /** Outside of a range. */
        OUT_OF_RANGE(11),
        /** The plugin cannot do this. */
        UNIMPLEMENTED(12),
        /** A bug in the plugin, or a run whose input had failed. */
        INTERNAL(13),
        /** Not now. */
        UNAVAILABLE(14),
        /** Damaged data. */
        DATA_LOSS(15),
        /** Not known who asks. */
        UNAUTHENTICATED(16);

        private final int number;

        Code(int number) {
            this.number = number;
        }

        static Code of(int number) {
            for (Code code : values()) {
                if (code.number == number) {
                    return code;
                }
            }
            return UNKNOWN;
        }

        int number() {
            return number;
        }
    }

    private final Code code;

    /** With a message for a person. */
    public PjrtException(Code code, String message) {
        super(message);
        this.code = code;
    }

    /** With a message for a person and the cause. */
    public PjrtException(Code code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    /** What kind of failure. */
    public Code code() {
        return code;
    }
}
