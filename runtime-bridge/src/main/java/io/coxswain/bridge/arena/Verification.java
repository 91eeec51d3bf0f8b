package io.coxswain.bridge.arena;

import java.util.HexFormat;

/** What {@link Slot#verify} found. */
public sealed interface Verification {
    /** The slot is committed, and each byte is what the writer wrote. */
    final class Intact implements Verification {
        private final byte[] digest;

        Intact(byte[] digest) {
            this.digest = digest.clone();
        }

        /** The snapshot's digest, 32 bytes, of the bytes as they are now. */
        public byte[] digest() {
            return digest.clone();
        }

        @Override
        public String toString() {
            return "Intact[" + HexFormat.of().formatHex(digest, 0, 8) + "…]";
        }
    }

    /**
     * The slot is not to be trusted.
     *
     * @param what what is wrong, for a person
     */
    record Damaged(String what) implements Verification {}
}
