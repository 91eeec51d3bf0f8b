package io.coxswain.bridge.pjrt.bundle;

import io.coxswain.bridge.spi.RuntimeFault;

/**
 * How faults about one file are worded: the file, what is wrong, what to do.
 *
 * @param file the file or folder
 * @param code of the faults
 * @param cure what the person can do, as a clause
 */
public record Complaint(String file, RuntimeFault.Code code, String cure) {
    /** A fault that says what was found and what was expected. */
    public RuntimeFault fault(String what) {
        return new RuntimeFault(code, "%s: %s; %s".formatted(file, what, cure));
    }

    /** A fault with its cause. */
    public RuntimeFault fault(String what, Throwable cause) {
        return new RuntimeFault(code, "%s: %s; %s".formatted(file, what, cure), cause);
    }
}
