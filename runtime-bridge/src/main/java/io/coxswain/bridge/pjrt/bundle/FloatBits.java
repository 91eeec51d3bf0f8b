package io.coxswain.bridge.pjrt.bundle;

import io.coxswain.bridge.pjrt.client.ElementType;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * How a type of floating-point numbers is stored: which bits say that a number is not finite, and
 * which bits a NaN has in digests, where its payload must not show the processor. Memory is
 * little-endian and may have any alignment.
 */
public enum FloatBits {
    /** IEEE 754 binary16. */
    F16(Short.BYTES, 0x7C00L, 0x03FFL, 0x7E00L),
    /** The upper half of a binary32. */
    BF16(Short.BYTES, 0x7F80L, 0x007FL, 0x7FC0L),
    /** IEEE 754 binary32. */
    F32(Integer.BYTES, 0x7F80_0000L, 0x007F_FFFFL, 0x7FC0_0000L),
    /** IEEE 754 binary64. */
    F64(Long.BYTES, 0x7FF0_0000_0000_0000L, 0x000F_FFFF_FFFF_FFFFL, 0x7FF8_0000_0000_0000L);

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final int bytes;
    private final long exponent;
    private final long fraction;
    private final long nan;

    FloatBits(int bytes, long exponent, long fraction, long nan) {
        this.bytes = bytes;
        this.exponent = exponent;
        this.fraction = fraction;
        this.nan = nan;
    }

    /** The bits of an element type, or null if it holds no floating-point numbers. */
    public static @Nullable FloatBits of(ElementType element) {
        return switch (element) {
            case F16 -> F16;
            case BF16 -> BF16;
            case F32 -> F32;
            case F64 -> F64;
            case BOOL, I8, I16, I32, I64, U8, U16, U32, U64 -> null;
        };
    }

    /** Whether an element is neither an infinity nor a NaN. */
    boolean isFinite(MemorySegment data, long index) {
        return (load(data, index) & exponent) != exponent;
    }

    /** Gives every NaN the same bits. */
    public void unifyNaNs(MemorySegment data, long elements) {
        for (long i = 0; i < elements; i++) {
            long bits = load(data, i);
            if ((bits & exponent) == exponent && (bits & fraction) != 0) {
                store(data, i, nan);
            }
        }
    }

    /** What an element that is not finite is called. */
    String text(MemorySegment data, long index) {
        long bits = load(data, index);
        if ((bits & fraction) != 0) {
            return "NaN";
        }
        return (bits & ~(exponent | fraction)) == 0 ? "Infinity" : "-Infinity";
    }

    private long load(MemorySegment data, long index) {
        return switch (bytes) {
            case Short.BYTES -> Short.toUnsignedLong(data.get(SHORT, index * Short.BYTES));
            case Integer.BYTES -> Integer.toUnsignedLong(data.get(INT, index * Integer.BYTES));
            default -> data.get(LONG, index * Long.BYTES);
        };
    }

    private void store(MemorySegment data, long index, long value) {
        switch (bytes) {
            case Short.BYTES -> data.set(SHORT, index * Short.BYTES, (short) value);
            case Integer.BYTES -> data.set(INT, index * Integer.BYTES, (int) value);
            default -> data.set(LONG, index * Long.BYTES, value);
        }
    }
}
