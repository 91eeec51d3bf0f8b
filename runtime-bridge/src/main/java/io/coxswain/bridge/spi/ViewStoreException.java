package io.coxswain.bridge.spi;

import java.io.Serial;
import java.util.Locale;

/** An operation on a view's key-value store that was not done. The message is for a person. */
public final class ViewStoreException extends Exception {
    @Serial private static final long serialVersionUID = 1;

    /** Why. */
    public enum Code {
        /** There is no such key. */
        NOT_FOUND,
        /** The key did not come in time. */
        TIMED_OUT,
        /** The view is over. */
        EPOCH_OVER,
        /** The request makes no sense. */
        BAD_REQUEST,
        /** A bound: of a key, a value, their number, their sum, an answer, requests at once. */
        TOO_MUCH,
        /** Nobody answered; it may have been done. */
        UNAVAILABLE
    }

    private final Code code;

    public ViewStoreException(Code code, String message) {
        super(message);
        this.code = code;
    }

    /** Why it was not done. */
    public Code code() {
        return code;
    }

    /** The exception for a code of the bridge protocol's. */
    public static ViewStoreException of(String code, String message) {
        Code known =
                switch (code) {
                    case "not_found" -> Code.NOT_FOUND;
                    case "timed_out" -> Code.TIMED_OUT;
                    case "epoch_over" -> Code.EPOCH_OVER;
                    case "bad_request" -> Code.BAD_REQUEST;
                    case "key_too_long",
                            "value_too_large",
                            "too_many_keys",
                            "store_full",
                            "answer_too_large",
                            "too_many_requests" ->
                            Code.TOO_MUCH;
                    default -> Code.UNAVAILABLE;
                };
        return new ViewStoreException(
                known, "%s: %s".formatted(code.toLowerCase(Locale.ROOT), message));
    }
}
