package io.coxswain.bridge.reference;

import io.coxswain.bridge.arena.ByteRegion;
import io.coxswain.bridge.data.CounterRandom;

/**
 * State without a use, that makes a shard as large as a benchmark wants. It lives in the region.
 *
 * <p>Its words are filled from (seed, shard). The first word of each page is a hash chain over the
 * steps, so a state restored from a wrong step stays wrong, and the digest of each snapshot shows
 * it.
 */
final class Ballast {
    static final int PAGE_BYTES = 64 << 10;

    private static final long SALT = 0x636F78_6261_6C6CL;

    private Ballast() {}

    static void fill(ByteRegion live, long bytes, long seed, int shard) {
        long key = CounterRandom.derive(seed ^ SALT, shard);
        long words = bytes / Long.BYTES;
        for (long word = 0; word < words; word++) {
            live.word(word * Long.BYTES, CounterRandom.derive(key, word));
        }
    }

    static void stamp(ByteRegion live, long bytes, long step) {
        for (long at = 0; at + Long.BYTES <= bytes; at += PAGE_BYTES) {
            live.word(at, CounterRandom.derive(live.word(at), step));
        }
    }
}
