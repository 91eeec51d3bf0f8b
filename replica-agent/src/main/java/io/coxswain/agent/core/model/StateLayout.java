package io.coxswain.agent.core.model;

import java.util.List;

/**
 * A job's state as its runtime describes it; equal on every agent of a view.
 *
 * @param parameterElements length of the flat float32 parameter vector
 * @param shardBegin S + 1 bounds into that vector, in elements
 * @param shardStateBytes S entries: bytes of one snapshot of that shard
 * @param shardRegionBytes S entries: shared memory a worker needs beside its snapshot slots
 * @param fingerprint digest of program and layout
 */
public record StateLayout(
        long parameterElements,
        List<Long> shardBegin,
        List<Long> shardStateBytes,
        List<Long> shardRegionBytes,
        String fingerprint,
        boolean deterministic) {
    public StateLayout {
        shardBegin = List.copyOf(shardBegin);
        shardStateBytes = List.copyOf(shardStateBytes);
        shardRegionBytes = List.copyOf(shardRegionBytes);
    }

    /** Bytes of the largest shard's snapshot. */
    public long largestStateBytes() {
        return shardStateBytes.stream().mapToLong(Long::longValue).max().orElse(0);
    }

    /** Elements of the largest shard. */
    public long largestShardElements() {
        long largest = 0;
        for (int s = 0; s + 1 < shardBegin.size(); s++) {
            largest = Math.max(largest, shardBegin.get(s + 1) - shardBegin.get(s));
        }
        return largest;
    }
}
