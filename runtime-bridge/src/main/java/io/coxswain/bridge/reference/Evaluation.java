package io.coxswain.bridge.reference;

/**
 * How good a model is on the held-out samples.
 *
 * @param samples how many there are
 * @param correct how many got the highest output at their label; the lowest class wins a tie
 * @param loss the mean loss in nats, 0 without samples
 */
public record Evaluation(int samples, int correct, double loss) {
    /** The fraction that is correct, from 0 to 1; 0 without samples. */
    public double accuracy() {
        return samples == 0 ? 0 : (double) correct / samples;
    }
}
