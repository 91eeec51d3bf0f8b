package io.coxswain.bridge.spi;

import java.util.List;

/**
 * A job's state, as the loaded program has it. Equal on every host that runs the same program over
 * the same data.
 *
 * @param parameterElements length of the flat float32 parameter vector that the agents reduce and
 *     gather; 0 if the runtime reduces itself
 * @param shards one entry per shard, in order
 * @param fingerprint digest of program and layout: hosts with different ones cannot work together
 * @param deterministic whether a replay of the same step gives the same bits
 */
public record RuntimeLayout(
        long parameterElements, List<Shard> shards, String fingerprint, boolean deterministic) {
    /** Copies the list. */
    public RuntimeLayout {
        shards = List.copyOf(shards);
    }

    /**
     * One shard.
     *
     * @param begin its first element in the flat parameter vector
     * @param end the end of its elements, exclusive
     * @param stateBytes data bytes of one snapshot of it
     * @param regionBytes shared memory that a worker needs beside its snapshot slots
     * @param liveBytes of these, what the runtime keeps as live state in the region
     * @param pieces of one snapshot
     */
    public record Shard(
            long begin, long end, long stateBytes, long regionBytes, long liveBytes, int pieces) {}
}
