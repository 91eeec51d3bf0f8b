package io.coxswain.bridge.pjrt.abi;

/** A table of functions that cannot be used; the message says why. */
public final class UnsupportedApiException extends Exception {
    private static final long serialVersionUID = 1L;

    UnsupportedApiException(String message) {
        super(message);
    }
}
