package io.coxswain.bridge.pjrt.client;

import java.util.Locale;
import java.util.Optional;

/** What the elements of a tensor are. */
public enum ElementType {
    BOOL(1, 1),
    I8(2, 1),
    I16(3, 2),
    I32(4, 4),
    I64(5, 8),
    U8(6, 1),
    U16(7, 2),
    U32(8, 4),
    U64(9, 8),
    F16(10, 2),
    F32(11, 4),
    F64(12, 8),
    BF16(13, 2);

    private final int code;
    private final int bytes;

    ElementType(int code, int bytes) {
        this.code = code;
        this.bytes = bytes;
    }

    /** The type with this name ({@code f32}, {@code bool}), if there is one. */
    public static Optional<ElementType> named(String name) {
        for (ElementType type : values()) {
            if (type.toString().equals(name)) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }

    static Optional<ElementType> ofCode(int code) {
        for (ElementType type : values()) {
            if (type.code == code) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }

    /** Its number in the C interface; never 0, which would kill the process. */
    int code() {
        return code;
    }

    /** Its name: {@code f32}, {@code bool}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
