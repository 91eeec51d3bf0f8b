package io.coxswain.agent.core.model;

import java.util.List;

/**
 * What a worker knows at the end: its shard's part of the digest tree and, where asked, the
 * evaluation.
 */
public record FinalParts(
        List<Leaf> leaves,
        double heldOutLoss,
        double accuracy,
        long samplesSeen,
        List<Long> samplesDistinctPerPass) {
    /** A run of blocks of one leaf; 32 bytes a block, as hex. */
    public record Leaf(
            String leaf,
            int leafIndex,
            long leafBlocks,
            long firstBlock,
            String blockDigestsHex,
            String headerHex) {}

    public FinalParts {
        leaves = List.copyOf(leaves);
        samplesDistinctPerPass = List.copyOf(samplesDistinctPerPass);
    }
}
