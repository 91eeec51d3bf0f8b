package io.coxswain.bridge.spi;

import io.coxswain.bridge.arena.ArenaFile;

/**
 * A rank in a view, and the memory to work in.
 *
 * @param epoch the view's; only for the runtime's own messages
 * @param rank its place in the mesh: replica · shards + shard
 * @param shard which shard of the state the rank holds
 * @param baseStep the step of the state that it starts from
 * @param microshardFrom the first of the batch's microshards that it computes
 * @param microshardTo their end, exclusive
 * @param region exchange buffers, live state and slots; the host closes it, after the next
 *     assignment
 * @param store what the view's processes find each other through
 */
public record Assignment(
        long epoch,
        int rank,
        int shard,
        long baseStep,
        int microshardFrom,
        int microshardTo,
        ArenaFile region,
        ViewStore store) {
    /** A rank that is alone. */
    public Assignment(
            long epoch,
            int rank,
            int shard,
            long baseStep,
            int microshardFrom,
            int microshardTo,
            ArenaFile region) {
        this(epoch, rank, shard, baseStep, microshardFrom, microshardTo, region, ViewStore.none());
    }

    /** How many microshards the rank computes. */
    public int microshards() {
        return microshardTo - microshardFrom;
    }
}
