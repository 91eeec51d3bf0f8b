package io.coxswain.bridge.spi;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * What a rank has to say at the end of a job.
 *
 * @param leaves its part of the final digest tree
 * @param evaluation how good the model is; null unless it was asked for
 */
public record FinalReport(List<LeafDigest> leaves, @Nullable Evaluation evaluation) {
    /** Copies the list. */
    public FinalReport {
        leaves = List.copyOf(leaves);
    }

    /**
     * How good the model is, and what it was trained on.
     *
     * @param heldOutLoss mean loss over the held-out samples
     * @param accuracy fraction of them that is classified correctly
     * @param samplesSeen samples that the committed history consumed
     * @param samplesDistinctPerPass of each pass over the data, how many different samples
     */
    public record Evaluation(
            double heldOutLoss,
            double accuracy,
            long samplesSeen,
            List<Long> samplesDistinctPerPass) {
        /** Copies the list. */
        public Evaluation {
            samplesDistinctPerPass = List.copyOf(samplesDistinctPerPass);
        }
    }
}
