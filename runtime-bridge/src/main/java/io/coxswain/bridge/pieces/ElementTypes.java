package io.coxswain.bridge.pieces;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The element types that a state's leaves may have. */
public final class ElementTypes {
    private static final Map<String, Integer> BYTES = new LinkedHashMap<>();

    static {
        for (String type : new String[] {"f64", "i64", "u64"}) {
            BYTES.put(type, Long.BYTES);
        }
        for (String type : new String[] {"f32", "i32", "u32"}) {
            BYTES.put(type, Integer.BYTES);
        }
        for (String type : new String[] {"f16", "bf16", "i16", "u16"}) {
            BYTES.put(type, Short.BYTES);
        }
        for (String type : new String[] {"i8", "u8", "bool"}) {
            BYTES.put(type, Byte.BYTES);
        }
    }

    private ElementTypes() {}

    static boolean knows(String type) {
        return BYTES.containsKey(type);
    }

    /** Bytes of an element; 0 of an unknown type. */
    static int bytes(String type) {
        return BYTES.getOrDefault(type, 0);
    }

    /**
     * Bytes of a box; 0 of an unknown type.
     *
     * @throws ArithmeticException if 63 bits do not hold them
     */
    public static long bytes(String type, List<Long> extent) {
        return Math.multiplyExact(Space.volume(extent), bytes(type));
    }

    static String names() {
        return String.join(", ", BYTES.keySet());
    }
}
