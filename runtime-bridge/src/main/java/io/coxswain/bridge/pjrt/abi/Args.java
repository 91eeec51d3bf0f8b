package io.coxswain.bridge.pjrt.abi;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/**
 * One struct in native memory, zeroed, its size written: fields are set by name before a call and
 * read after it. A name that the struct does not have, or a value of the wrong kind, is an {@link
 * IllegalArgumentException}: a bug here, never the user's.
 *
 * <p>The memory belongs to the arena or to the plugin. One thread at a time.
 */
public final class Args {
    static final String STRUCT_SIZE = "struct_size";

    private final StructLayout layout;
    private final MemorySegment memory;

    private Args(StructLayout layout, MemorySegment memory) {
        this.layout = layout;
        this.memory = memory;
    }

    /** A new struct for a plugin of API 0.{@code minor}. */
    static Args allocate(Arena arena, StructLayout layout, int minor) {
        Args args = new Args(layout, arena.allocate(layout.capacityBytes(), 8));
        return args.set(STRUCT_SIZE, layout.bytes(minor));
    }

    /**
     * The struct that somebody else wrote at {@code address}: a callback's arguments, an element of
     * an array.
     */
    @SuppressWarnings("restricted")
    public static Args at(MemorySegment address, StructLayout layout) {
        return new Args(layout, address.reinterpret(layout.bytes(0)));
    }

    /** Whether the struct, in the size that is written in it, has this field. */
    public boolean has(String field) {
        return layout.field(field).end()
                <= memory.get(ValueLayout.JAVA_LONG, layout.field(STRUCT_SIZE).offset());
    }

    /** Sets an address. */
    public Args set(String field, MemorySegment value) {
        memory.set(ValueLayout.ADDRESS, offset(field, FieldType.POINTER), value);
        return this;
    }

    /** Sets a number; a boolean is 0 or 1. */
    public Args set(String field, long value) {
        StructLayout.Field f = layout.field(field);
        switch (f.type()) {
            case LONG -> memory.set(ValueLayout.JAVA_LONG, f.offset(), value);
            case INT -> memory.set(ValueLayout.JAVA_INT, f.offset(), Math.toIntExact(value));
            case BYTE -> memory.set(ValueLayout.JAVA_BYTE, f.offset(), (byte) value);
            case POINTER, FLOAT -> throw wrongType(f);
        }
        return this;
    }

    /** Sets a float. */
    public Args set(String field, float value) {
        memory.set(ValueLayout.JAVA_FLOAT, offset(field, FieldType.FLOAT), value);
        return this;
    }

    /** The address in a field; {@link MemorySegment#NULL} has the address 0. */
    public MemorySegment pointer(String field) {
        return memory.get(ValueLayout.ADDRESS, offset(field, FieldType.POINTER));
    }

    /** The number in a field. */
    public long number(String field) {
        StructLayout.Field f = layout.field(field);
        return switch (f.type()) {
            case LONG -> memory.get(ValueLayout.JAVA_LONG, f.offset());
            case INT -> memory.get(ValueLayout.JAVA_INT, f.offset());
            case BYTE -> memory.get(ValueLayout.JAVA_BYTE, f.offset());
            case POINTER, FLOAT -> throw wrongType(f);
        };
    }

    /** The float in a field. */
    public float decimal(String field) {
        return memory.get(ValueLayout.JAVA_FLOAT, offset(field, FieldType.FLOAT));
    }

    /** The memory that a pair of fields (address, number of elements) describes. */
    @SuppressWarnings("restricted")
    public MemorySegment array(String pointer, long elements, ValueLayout element) {
        if (elements == 0) {
            return MemorySegment.NULL;
        }
        return pointer(pointer).reinterpret(Math.multiplyExact(elements, element.byteSize()));
    }

    /** A copy of the bytes that a pair of fields (address, length) describes. */
    public byte[] bytes(String pointer, String length) {
        return array(pointer, number(length), ValueLayout.JAVA_BYTE).toArray(ValueLayout.JAVA_BYTE);
    }

    /** The text that a pair of fields (address, length) describes. */
    public String text(String pointer, String length) {
        return new String(bytes(pointer, length), StandardCharsets.UTF_8);
    }

    /** The struct itself. */
    public MemorySegment memory() {
        return memory;
    }

    StructLayout layout() {
        return layout;
    }

    private long offset(String field, FieldType type) {
        StructLayout.Field f = layout.field(field);
        if (f.type() != type) {
            throw wrongType(f);
        }
        return f.offset();
    }

    private IllegalArgumentException wrongType(StructLayout.Field field) {
        return new IllegalArgumentException(
                "field %s of %s is a %s".formatted(field.name(), layout, field.type()));
    }
}
