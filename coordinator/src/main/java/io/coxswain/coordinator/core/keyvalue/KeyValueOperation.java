package io.coxswain.coordinator.core.keyvalue;

import java.util.List;

/** What is asked of a {@link KeyValueStore}. Values are not copied and never changed. */
public sealed interface KeyValueOperation {
    @SuppressWarnings("ArrayRecordComponent")
    record Set(String key, byte[] value) implements KeyValueOperation {}

    /**
     * All of the keys, at one time.
     *
     * @param waits whether the answer may come later, when the last of them is there
     * @param omitValues whether only their presence is asked for
     */
    record Get(List<String> keys, boolean waits, boolean omitValues) implements KeyValueOperation {
        public Get {
            keys = List.copyOf(keys);
        }
    }

    /** The value is a whole number in decimal digits; an absent key counts as 0. */
    record Add(String key, long amount) implements KeyValueOperation {}

    record Delete(String key) implements KeyValueOperation {}

    /** Sets the key if it has the expected value; an absent key counts as an empty value. */
    @SuppressWarnings("ArrayRecordComponent")
    record CompareSet(String key, byte[] expected, byte[] desired) implements KeyValueOperation {}

    /** How many keys begin so. */
    record Count(String prefix) implements KeyValueOperation {}

    /** Of a kind that this version does not know. */
    record Unknown() implements KeyValueOperation {}
}
