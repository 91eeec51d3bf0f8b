package io.coxswain.bridge.arena;

import java.io.IOException;

/**
 * An arena file cannot be made or is not what it should be. The message says what, and what to do.
 */
public final class ArenaException extends IOException {
    /** With a message for a person. */
    public ArenaException(String message) {
        super(message);
    }

    /** With a message for a person and the cause. */
    public ArenaException(String message, Throwable cause) {
        super(message, cause);
    }
}
