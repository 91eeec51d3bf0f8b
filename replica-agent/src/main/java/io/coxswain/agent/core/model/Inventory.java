package io.coxswain.agent.core.model;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * All that this agent could contribute to a recovery. After a fence it does not change until the
 * next view is prepared.
 *
 * @param jobId empty when it holds no job
 * @param live the worker's live state, null when it has none
 * @param liveDigest of the live state where a snapshot of it was committed
 * @param snapshots of the own shard
 * @param copies of other ranks' shards
 * @param tail steps done and not reported before, null when none
 * @param floor newest agreed floor
 */
public record Inventory(
        String jobId,
        long promisedEpoch,
        boolean workerAlive,
        @Nullable StateName live,
        Digest liveDigest,
        List<HeldState> snapshots,
        List<HeldState> copies,
        @Nullable Progress tail,
        long floor) {
    public Inventory {
        snapshots = List.copyOf(snapshots);
        copies = List.copyOf(copies);
    }
}
