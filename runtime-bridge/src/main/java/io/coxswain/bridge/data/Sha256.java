package io.coxswain.bridge.data;

import java.lang.foreign.MemorySegment;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256, mostly in lower-case hex. Any thread. */
public final class Sha256 {
    private static final long SLICE_BYTES = 64L << 20;

    private Sha256() {}

    /** Of bytes in memory, or in a mapped file. */
    public static String hex(MemorySegment bytes) {
        MessageDigest digest = digest();
        for (long at = 0; at < bytes.byteSize(); at += SLICE_BYTES) {
            long length = Math.min(SLICE_BYTES, bytes.byteSize() - at);
            digest.update(bytes.asSlice(at, length).asByteBuffer());
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** Of an array. */
    public static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(digest().digest(bytes));
    }

    /** A digest of nothing yet. */
    public static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
