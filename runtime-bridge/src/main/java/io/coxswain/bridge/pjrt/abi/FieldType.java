package io.coxswain.bridge.pjrt.abi;

/** What a field of a C struct holds. Every type is aligned to its own size. */
enum FieldType {
    /** An address. */
    POINTER(8),
    /** A {@code size_t} or {@code int64_t}. */
    LONG(8),
    /** An {@code int}, {@code int32_t} or an enum. */
    INT(4),
    /** A {@code bool}. */
    BYTE(1),
    /** A {@code float}. */
    FLOAT(4);

    private final int bytes;

    FieldType(int bytes) {
        this.bytes = bytes;
    }

    int bytes() {
        return bytes;
    }
}
