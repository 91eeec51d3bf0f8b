package io.coxswain.coordinator.core.model;

import java.util.HexFormat;

/** A state digest as lower-case hex; {@link #NONE} where none is known. */
public record Digest(String hex) {
    public static final Digest NONE = new Digest("");

    public static Digest of(byte[] bytes) {
        return bytes.length == 0 ? NONE : new Digest(HexFormat.of().formatHex(bytes));
    }

    public boolean known() {
        return !hex.isEmpty();
    }

    /** True unless both are known and differ. */
    public boolean agreesWith(Digest other) {
        return !known() || !other.known() || hex.equals(other.hex);
    }

    public byte[] bytes() {
        return HexFormat.of().parseHex(hex);
    }
}
