package io.coxswain.coordinator.core.keyvalue;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The answer to an operation.
 *
 * @param code why it was not done; null: it was
 * @param message for a person; empty if it was done
 * @param values of the keys that were asked for, in order; not copied
 * @param number the sum, or how many
 */
public record KeyValueResult(
        @Nullable KeyValueCode code, String message, List<byte[]> values, long number) {
    public KeyValueResult {
        values = List.copyOf(values);
    }

    static KeyValueResult done() {
        return number(0);
    }

    static KeyValueResult number(long number) {
        return new KeyValueResult(null, "", List.of(), number);
    }

    static KeyValueResult values(List<byte[]> values) {
        return new KeyValueResult(null, "", values, 0);
    }

    static KeyValueResult refused(KeyValueCode code, String message) {
        return new KeyValueResult(code, message, List.of(), 0);
    }
}
