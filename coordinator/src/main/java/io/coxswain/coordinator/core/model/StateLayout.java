package io.coxswain.coordinator.core.model;

import java.util.List;

/**
 * A job's state as its runtime describes it; equal on every agent of a view.
 *
 * @param shardBegin S + 1 bounds into the flat parameter vector, in elements
 * @param shardStateBytes S entries: bytes of one snapshot of that shard
 * @param shardRegionBytes S entries: shared memory a worker needs beside its snapshot slots
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
}
