package io.coxswain.bridge.pjrt.client;

import io.coxswain.bridge.pjrt.abi.Args;
import io.coxswain.bridge.pjrt.abi.PjrtStructs;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** Options and attributes: arrays of named values in native memory. */
final class NamedValues {
    private static final int STRING = 0;
    private static final int INT64 = 1;
    private static final int INT64_LIST = 2;
    private static final int FLOAT = 3;
    private static final int BOOL = 4;

    private NamedValues() {}

    /** Writes options: strings, longs, lists of longs, floats, booleans. */
    static MemorySegment write(Arena arena, Map<String, Object> options) throws PjrtException {
        MemorySegment array =
                arena.allocate(PjrtStructs.NAMED_VALUE_BYTES * Math.max(1, options.size()), 8);
        long at = 0;
        for (Map.Entry<String, Object> option : options.entrySet()) {
            byte[] name = option.getKey().getBytes(StandardCharsets.UTF_8);
            Args value =
                    Args.at(array.asSlice(at), PjrtStructs.NAMED_VALUE)
                            .set("struct_size", PjrtStructs.NAMED_VALUE_BYTES)
                            .set("name", arena.allocateFrom(ValueLayout.JAVA_BYTE, name))
                            .set("name_size", name.length)
                            .set("value_size", 1);
            switch (option.getValue()) {
                case String text -> {
                    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
                    value.set("type", STRING)
                            .set("pointer", arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes))
                            .set("value_size", bytes.length);
                }
                case Long number -> value.set("type", INT64).set("long", number);
                case long[] numbers ->
                        value.set("type", INT64_LIST)
                                .set("pointer", arena.allocateFrom(ValueLayout.JAVA_LONG, numbers))
                                .set("value_size", numbers.length);
                case Float decimal -> value.set("type", FLOAT).set("float", decimal);
                case Boolean flag -> value.set("type", BOOL).set("bool", flag ? 1 : 0);
                case Object other ->
                        throw new PjrtException(
                                PjrtException.Code.INVALID_ARGUMENT,
                                "option %s is a %s; it can be a text, a whole number, a list of whole numbers, a decimal number or true or false"
                                        .formatted(
                                                option.getKey(), other.getClass().getSimpleName()));
            }
            at += PjrtStructs.NAMED_VALUE_BYTES;
        }
        return array;
    }

    /** Reads attributes: the same types, in the plugin's order. */
    static Map<String, Object> read(Args args, String pointer, String count) {
        Map<String, Object> values = new LinkedHashMap<>();
        long number = args.number(count);
        MemorySegment array =
                args.array(pointer, number * PjrtStructs.NAMED_VALUE_BYTES, ValueLayout.JAVA_BYTE);
        for (long i = 0; i < number; i++) {
            Args value =
                    Args.at(
                            array.asSlice(i * PjrtStructs.NAMED_VALUE_BYTES),
                            PjrtStructs.NAMED_VALUE);
            long size = value.number("value_size");
            String name = value.text("name", "name_size");
            switch ((int) value.number("type")) {
                case STRING -> values.put(name, value.text("pointer", "value_size"));
                case INT64 -> values.put(name, value.number("long"));
                case INT64_LIST ->
                        values.put(
                                name,
                                value.array("pointer", size, ValueLayout.JAVA_LONG)
                                        .toArray(ValueLayout.JAVA_LONG));
                case FLOAT -> values.put(name, value.decimal("float"));
                case BOOL -> values.put(name, value.number("bool") != 0);
                default -> {
                    // A type that came later: attributes are information, so it is left out.
                }
            }
        }
        return values;
    }
}
