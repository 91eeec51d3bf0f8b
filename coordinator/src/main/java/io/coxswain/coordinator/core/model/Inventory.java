package io.coxswain.coordinator.core.model;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * What one agent could contribute to a recovery. After a fence it does not change until the next
 * view is prepared.
 *
 * @param live the worker's live state, null when it has none (a worker that died, or was aborted
 *     inside apply)
 * @param snapshots of its own shard
 * @param copies of other ranks' shards
 * @param tail progress that was not reported before, null when none
 */
public record Inventory(
        long promisedEpoch,
        boolean workerAlive,
        @Nullable HeldState live,
        List<HeldState> snapshots,
        List<HeldState> copies,
        @Nullable Progress tail,
        long floor) {
    public static final Inventory EMPTY =
            new Inventory(0, false, null, List.of(), List.of(), null, 0);

    public Inventory {
        snapshots = List.copyOf(snapshots);
        copies = List.copyOf(copies);
    }
}
