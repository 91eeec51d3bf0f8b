package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.model.Digest;

/**
 * The last few digests of every shard: replicas, and copies of them, must agree (invariant I2).
 * Memory is bounded; a comparison costs a few loads.
 */
final class DigestWindow {
    private static final int KEPT = 8;

    private final long[] steps;
    private final Digest[] digests;

    DigestWindow(int shards) {
        steps = new long[shards * KEPT];
        digests = new Digest[shards * KEPT];
        java.util.Arrays.fill(digests, Digest.NONE);
    }

    /**
     * Notes a digest. Returns the one noted before for the same state, which may differ, or {@code
     * digest} itself.
     */
    Digest note(int shard, long step, Digest digest) {
        if (!digest.known()) {
            return digest;
        }
        int oldest = shard * KEPT;
        for (int i = shard * KEPT; i < (shard + 1) * KEPT; i++) {
            if (!digests[i].known()) {
                oldest = i;
            } else if (steps[i] == step) {
                return digests[i];
            } else if (digests[oldest].known() && steps[i] < steps[oldest]) {
                oldest = i;
            }
        }
        if (!digests[oldest].known() || steps[oldest] < step) {
            steps[oldest] = step;
            digests[oldest] = digest;
        }
        return digest;
    }

    /** The digest of that state, or {@link Digest#NONE}. */
    Digest find(int shard, long step) {
        for (int i = shard * KEPT; i < (shard + 1) * KEPT; i++) {
            if (digests[i].known() && steps[i] == step) {
                return digests[i];
            }
        }
        return Digest.NONE;
    }

    /** Forgets what a new view's branch cut off. */
    void forgetAbove(long baseStep) {
        for (int i = 0; i < digests.length; i++) {
            if (steps[i] > baseStep) {
                digests[i] = Digest.NONE;
            }
        }
    }
}
