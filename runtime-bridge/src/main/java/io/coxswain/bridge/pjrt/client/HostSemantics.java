package io.coxswain.bridge.pjrt.client;

/**
 * How long the plugin may look at host memory that is uploaded, and whether it may write there.
 * {@link PjrtBuffer#uploaded} tells when it no longer does.
 */
public enum HostSemantics {
    /** Copied before {@link PjrtClient#upload} returns. */
    COPY_DURING_CALL(0),
    /** Read until {@link PjrtBuffer#uploaded} is done; must not change before. */
    UNTIL_TRANSFERRED(1),
    /**
     * The buffer is the host memory, if the plugin can (CPU plugins do). The memory must lie at a
     * multiple of {@value PjrtBuffer#ZERO_COPY_ALIGNMENT} bytes and stay mapped until {@link
     * PjrtBuffer#uploaded} is done, which happens only after the buffer was closed. It is not
     * written. A later change of it is visible to programs.
     */
    ZERO_COPY(2),
    /**
     * As {@link #ZERO_COPY}, but programs to which the buffer is donated write their results into
     * the host memory.
     */
    MUTABLE_ZERO_COPY(3);

    private final int code;

    HostSemantics(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }

    boolean zeroCopy() {
        return this == ZERO_COPY || this == MUTABLE_ZERO_COPY;
    }
}
