package io.coxswain.agent.core.model;

/**
 * What an arena file must have room for.
 *
 * @param parameterElements float32 parameters of the whole model, 0 in a file of copies
 * @param gradientBuffers microshard gradients, each as long as the parameters
 * @param reducedElements float32 elements of the reduced gradient
 * @param liveBytes the worker's live state
 * @param slots snapshot slots
 * @param slotDataBytes room in each slot
 * @param pieces of a snapshot, at most
 */
public record ArenaShape(
        long parameterElements,
        int gradientBuffers,
        long reducedElements,
        long liveBytes,
        int slots,
        long slotDataBytes,
        int pieces) {
    /**
     * Snapshot slots of a region and of a file of copies: the floor, one in flight, one being
     * written.
     */
    public static final int SLOTS = 3;

    /**
     * The region of a worker. It fits any rank and shard of the job, so that it can be made before
     * the agent knows its place.
     */
    public static ArenaShape region(JobSpec job, StateLayout layout, long liveBytes, int pieces) {
        int microshardsPerRank = (job.microshards() + job.ranks() - 1) / job.ranks();
        return new ArenaShape(
                layout.parameterElements(),
                microshardsPerRank,
                layout.largestShardElements(),
                liveBytes,
                SLOTS,
                layout.largestStateBytes(),
                pieces);
    }

    /** A file that holds copies of one shard. */
    public static ArenaShape copies(StateLayout layout, int shard, int pieces) {
        return new ArenaShape(0, 0, 0, 0, SLOTS, layout.shardStateBytes().get(shard), pieces);
    }

    /** Bytes of tensors in the file; headers come on top. */
    public long tensorBytes() {
        return parameterElements * Float.BYTES * (1 + gradientBuffers)
                + reducedElements * Float.BYTES
                + liveBytes
                + slots * slotDataBytes;
    }
}
