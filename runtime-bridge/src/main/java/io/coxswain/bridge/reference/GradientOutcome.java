package io.coxswain.bridge.reference;

/** How the computation of a microshard's gradients ended. */
public sealed interface GradientOutcome {
    /**
     * The gradients are complete.
     *
     * @param lossSum the sum of the samples' losses, in nats
     */
    record Summed(float lossSum) implements GradientOutcome {}

    /** It was told to stop; the target array holds nothing of use. */
    record Aborted() implements GradientOutcome {}
}
