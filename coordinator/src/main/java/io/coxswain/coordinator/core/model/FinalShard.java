package io.coxswain.coordinator.core.model;

import java.util.List;

/** One rank's part of the final digest tree, and (rank 0) the evaluation. */
public record FinalShard(
        long epoch,
        long step,
        int rank,
        List<LeafPart> leaves,
        boolean evaluated,
        double heldOutLoss,
        double accuracy,
        long samplesSeen,
        List<Long> samplesDistinctPerPass) {
    /**
     * A run of blocks of one leaf. {@code header} is what the tree hashes before the leaf's blocks.
     */
    public record LeafPart(
            String leaf,
            int leafIndex,
            long leafBlocks,
            long firstBlock,
            String blockDigestsHex,
            String headerHex) {}

    public FinalShard {
        leaves = List.copyOf(leaves);
        samplesDistinctPerPass = List.copyOf(samplesDistinctPerPass);
    }
}
