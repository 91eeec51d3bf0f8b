package io.coxswain.bridge.spi;

import java.util.List;

/** How the computation of a step's gradients ended. */
public sealed interface ExecuteOutcome {
    /**
     * The gradients of the rank's microshards are in the region.
     *
     * @param microshardLosses the sum of the samples' losses of each of the rank's microshards, in
     *     order
     * @param samples how many samples were used
     * @param sampleHash order-free sum of hashes of (position in the data order, sample id)
     * @param dataWaitNanos of the time taken, what was spent waiting for data
     */
    record Executed(List<Float> microshardLosses, long samples, long sampleHash, long dataWaitNanos)
            implements ExecuteOutcome {
        /** Copies the list. */
        public Executed {
            microshardLosses = List.copyOf(microshardLosses);
        }
    }

    /** The signal was set; the live state is as before. */
    record Aborted() implements ExecuteOutcome {}
}
