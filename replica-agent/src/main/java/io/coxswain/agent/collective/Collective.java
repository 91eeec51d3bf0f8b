package io.coxswain.agent.collective;

import java.util.Set;
import java.util.concurrent.CompletionStage;

/**
 * Sums the gradients of a step over the ranks of a view, and spreads the updated parameters again.
 *
 * <p>Entry points may be called from any thread and never block. Calls for an epoch that is not the
 * configured one are ignored.
 */
public interface Collective extends AutoCloseable {
    /**
     * Enters a view; work of older epochs is dropped as by {@link #abort}. Parked messages of this
     * epoch are taken up.
     */
    void configure(CollectiveView view);

    /**
     * Begins the reduction of a step. The gradients of the rank's microshards are in {@code
     * region.gradient(k)}, k being the index within the own microshards, and stay unchanged until
     * {@link Listener#reduced}; the sum over all microshards of the own shard's elements is written
     * to {@code region.reduced()}.
     *
     * @param microshardLosses loss sums of the own microshards, in order
     * @param acknowledgedStep newest snapshot step that the own holders have all verified
     * @param executeNanos the own execute time of this step
     */
    void reduce(
            long epoch,
            long step,
            float[] microshardLosses,
            long acknowledgedStep,
            long executeNanos);

    /**
     * Begins the all-gather after a step: the own shard of {@code region.parameters()} is valid and
     * stays unchanged until the next step's {@link Listener#reduced}; the other shards are filled.
     */
    void gather(long epoch, long step);

    /**
     * Drops the work of the job's epochs below the given one, and of every other job; callbacks for
     * them never come after this returns. Epochs count within a job, and jobs follow one another:
     * after the first word of a job, here or in {@link #configure}, former ones are refused.
     *
     * @return completes (soon, on a thread of the data plane) when no memory of the older epochs'
     *     regions is read or written any more: only then may the region be overwritten, reused for
     *     something else or unmapped
     */
    CompletionStage<Void> abort(String jobId, long belowEpoch);

    /** The ranks whose data the operations under way lack; empty when there is none. Any thread. */
    Set<Integer> waitingForRanks();

    /** True while a reduction or gather is under way: copies hold back then. Any thread. */
    boolean busy();

    /** Drops everything and ends the connections. */
    @Override
    void close();

    /**
     * Told of results, on a thread of the collective. Must not block, and must not take a lock that
     * a caller of {@link Collective#abort} holds.
     */
    interface Listener {
        /**
         * {@code region.reduced()} holds the sum.
         *
         * @param lossSum sum of all microshards' loss sums, added in the tree's order
         * @param floor minimum of all ranks' acknowledged steps
         * @param executeNanosByRank each rank's execute time of this step
         */
        void reduced(long epoch, long step, double lossSum, long floor, long[] executeNanosByRank);

        /** {@code region.parameters()} is complete. */
        void gathered(long epoch, long step);

        /**
         * A member cannot be connected to, or was answered by somebody else; told once until it is
         * reached again. Attempts go on while the view stands.
         */
        void peerUnreachable(long epoch, int rank, String detail);
    }
}
