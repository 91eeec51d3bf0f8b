package io.coxswain.coordinator.core.keyvalue;

import java.util.Locale;

/** Why an operation was not done. */
public enum KeyValueCode {
    /** A key is not there, and nobody was to wait for it. */
    NOT_FOUND,
    /** The view is over, or another one was prepared. */
    EPOCH_OVER,
    /** The request makes no sense. */
    BAD_REQUEST,
    KEY_TOO_LONG,
    VALUE_TOO_LARGE,
    TOO_MANY_KEYS,
    /** All keys and values together. */
    STORE_FULL,
    /** The values that were asked for, together. */
    ANSWER_TOO_LARGE,
    TOO_MANY_REQUESTS;

    /** As it is spelled in messages. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
