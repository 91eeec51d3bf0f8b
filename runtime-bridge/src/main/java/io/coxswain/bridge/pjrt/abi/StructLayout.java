package io.coxswain.bridge.pjrt.abi;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How one C struct is laid out: name, size, and the fields that are used, each with type and
 * offset. Fields that nobody uses are left out; they stay zero.
 *
 * <p>A struct's size is the end of its last field, not rounded up. It may have grown with the API's
 * minor version. Immutable.
 */
public final class StructLayout {
    /**
     * A field.
     *
     * @param name our name for it
     * @param type what it holds
     * @param offset bytes from the struct's begin
     */
    record Field(String name, FieldType type, long offset) {
        long end() {
            return offset + type.bytes();
        }
    }

    private record Growth(int sinceMinor, long bytes) {}

    // Room behind the largest known size, zero, for plugins that read further than they say.
    private static final long SLACK_BYTES = 64;

    private final String name;
    private final Map<String, Field> fields;
    private final List<Growth> sizes;

    private StructLayout(String name, Map<String, Field> fields, List<Growth> sizes) {
        this.name = name;
        this.fields = fields;
        this.sizes = sizes;
    }

    /** The struct's name in C, without the {@code PJRT_} prefix. */
    public String name() {
        return name;
    }

    /** Its size in bytes for a plugin of API 0.{@code minor}. */
    public long bytes(int minor) {
        long bytes = sizes.getFirst().bytes;
        for (Growth growth : sizes) {
            if (minor >= growth.sinceMinor) {
                bytes = growth.bytes;
            }
        }
        return bytes;
    }

    /** How many bytes to allocate: more than any known size, a multiple of 8. */
    long capacityBytes() {
        return (sizes.getLast().bytes + SLACK_BYTES + 7) / 8 * 8;
    }

    Collection<Field> fields() {
        return fields.values();
    }

    Field field(String fieldName) {
        @Nullable Field field = fields.get(fieldName);
        if (field == null) {
            throw new IllegalArgumentException(
                    "struct %s has no field '%s', only %s"
                            .formatted(name, fieldName, fields.keySet()));
        }
        return field;
    }

    @Override
    public String toString() {
        return name;
    }

    /** Begins the description of a struct whose first fields are size and extensions. */
    static Builder struct(String name) {
        return new Builder(name).longs(0, Args.STRUCT_SIZE).pointer(8, "extension_start");
    }

    /** Collects the fields in the order of their offsets. */
    static final class Builder {
        private final String name;
        private final Map<String, Field> fields = new LinkedHashMap<>();
        private final List<Growth> sizes = new ArrayList<>();
        private int nextSince;
        private long end;

        private Builder(String name) {
            this.name = name;
        }

        Builder pointer(long offset, String field) {
            return add(new Field(field, FieldType.POINTER, offset));
        }

        Builder longs(long offset, String field) {
            return add(new Field(field, FieldType.LONG, offset));
        }

        Builder ints(long offset, String field) {
            return add(new Field(field, FieldType.INT, offset));
        }

        Builder bytes(long offset, String field) {
            return add(new Field(field, FieldType.BYTE, offset));
        }

        Builder floats(long offset, String field) {
            return add(new Field(field, FieldType.FLOAT, offset));
        }

        /** A field that lies on top of another one: a union. */
        Builder or(FieldType type, String field) {
            Field last = fields.values().stream().reduce((_, next) -> next).orElseThrow();
            fields.put(field, new Field(field, type, last.offset));
            return this;
        }

        /** The struct grew: {@code bytes} until API 0.{@code minor} came, see {@link #of}. */
        Builder before(int minor, long bytes) {
            sizes.add(new Growth(nextSince, bytes));
            nextSince = minor;
            return this;
        }

        /** The struct with this (newest) size. */
        StructLayout of(long bytes) {
            sizes.add(new Growth(nextSince, bytes));
            if (end > bytes) {
                throw new IllegalStateException(
                        "%s: the fields end at %d, behind the size %d".formatted(name, end, bytes));
            }
            return new StructLayout(name, Collections.unmodifiableMap(fields), List.copyOf(sizes));
        }

        private Builder add(Field field) {
            if (field.offset < end || field.offset % field.type.bytes() != 0) {
                throw new IllegalStateException(
                        "%s.%s at %d overlaps or is not aligned"
                                .formatted(name, field.name, field.offset));
            }
            end = field.end();
            if (fields.put(field.name, field) != null) {
                throw new IllegalStateException("%s.%s twice".formatted(name, field.name));
            }
            return this;
        }
    }
}
