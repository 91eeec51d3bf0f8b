package io.coxswain.bridge.reference;

import java.util.Arrays;
import java.util.function.BooleanSupplier;

/**
 * Computes gradients and evaluations of an {@link Mlp} in float32, equal to the bit on every
 * machine and for every state of the compiler.
 *
 * <p>The definition, which no blocking changes: an output is its bias plus the products in
 * ascending order of inputs; an input's gradient is 0 plus the products in ascending order of
 * outputs; a weight's gradient is 0 plus the products in ascending order of samples, all by fused
 * multiply-add; a bias's gradient is added in order of samples. A loss is log Σ exp(z - max) -
 * (z_label - max) in float64 with {@link StrictMath}, summed in class order; the losses of the
 * samples are added in order in float64 and rounded to float32 once.
 *
 * <p>All working memory (about three times the parameters, plus activations of {@value #BLOCK}
 * samples) is allocated by the constructor. Not safe for use by several threads at once.
 */
public final class MlpCompute {
    /**
     * Samples whose activations are in memory together; an abort is seen between two such blocks.
     */
    static final int BLOCK = 16;

    private final Mlp mlp;
    private final float[][][] weights;
    private final float[][][] weightColumns;
    private final float[][] biases;
    private final float[][][] weightSums;
    private final float[][] biasSums;
    private final float[][][] activations;
    private final float[][][] deltas;
    private final int[] labels = new int[BLOCK];
    private final double[] exponentials;

    /**
     * Allocates the working memory for a model; {@link #load} must follow before anything is
     * computed.
     */
    public MlpCompute(Mlp mlp) {
        this.mlp = mlp;
        int layers = mlp.layers();
        weights = new float[layers][][];
        weightColumns = new float[layers][][];
        biases = new float[layers][];
        weightSums = new float[layers][][];
        biasSums = new float[layers][];
        activations = new float[layers + 1][][];
        deltas = new float[layers][][];
        activations[0] = new float[BLOCK][];
        for (int layer = 0; layer < layers; layer++) {
            int in = mlp.in(layer);
            int out = mlp.out(layer);
            weights[layer] = new float[in][out];
            // The first layer passes no gradient on to its inputs.
            weightColumns[layer] = layer == 0 ? new float[0][] : new float[out][in];
            biases[layer] = new float[out];
            weightSums[layer] = new float[in][out];
            biasSums[layer] = new float[out];
            activations[layer + 1] = new float[BLOCK][out];
            deltas[layer] = new float[BLOCK][out];
        }
        exponentials = new double[mlp.classes()];
    }

    /**
     * Takes a copy of the parameters. To be called after each change of them, once for all
     * microshards of a step.
     *
     * @param parameters the flat vector of all parameters
     */
    public void load(float[] parameters) {
        requireLength("parameters", parameters);
        for (int layer = 0; layer < mlp.layers(); layer++) {
            int at = mlp.weight(layer).range().from();
            int width = mlp.out(layer);
            for (float[] row : weights[layer]) {
                System.arraycopy(parameters, at, row, 0, width);
                at += width;
            }
            System.arraycopy(parameters, at, biases[layer], 0, width);
            if (layer > 0) {
                RowKernels.transpose(weights[layer], mlp.in(layer), width, weightColumns[layer]);
            }
        }
    }

    /**
     * Computes the sum (not the mean) of the samples' gradients under the parameters loaded last.
     *
     * @param data the data, which the model fits
     * @param samples ids of training samples, in the order of addition; may be empty
     * @param target gets the gradient of each parameter, in the order of the flat vector;
     *     overwritten
     * @param aborted asked between blocks of {@value #BLOCK} samples; true ends the computation
     */
    public GradientOutcome gradients(
            DataSet data, int[] samples, float[] target, BooleanSupplier aborted) {
        requireLength("target", target);
        mlp.requireFits(data);
        for (int layer = 0; layer < mlp.layers(); layer++) {
            for (float[] row : weightSums[layer]) {
                Arrays.fill(row, 0f);
            }
            Arrays.fill(biasSums[layer], 0f);
        }
        double lossSum = 0;
        for (int from = 0; from < samples.length; from += BLOCK) {
            if (aborted.getAsBoolean()) {
                return new GradientOutcome.Aborted();
            }
            int count = Math.min(BLOCK, samples.length - from);
            for (int s = 0; s < count; s++) {
                activations[0][s] = data.trainingRow(samples[from + s]);
                labels[s] = data.trainingLabel(samples[from + s]);
            }
            forward(count);
            float[][] outputs = activations[mlp.layers()];
            for (int s = 0; s < count; s++) {
                lossSum += loss(outputs[s], labels[s], deltas[mlp.layers() - 1][s]);
            }
            backward(count);
        }
        store(target);
        return new GradientOutcome.Summed((float) lossSum);
    }

    /** Evaluates the parameters loaded last on the held-out samples. */
    public Evaluation evaluate(DataSet data) {
        mlp.requireFits(data);
        int samples = data.heldOutSamples();
        int correct = 0;
        double lossSum = 0;
        for (int from = 0; from < samples; from += BLOCK) {
            int count = Math.min(BLOCK, samples - from);
            for (int s = 0; s < count; s++) {
                activations[0][s] = data.heldOutRow(from + s);
            }
            forward(count);
            float[][] outputs = activations[mlp.layers()];
            for (int s = 0; s < count; s++) {
                int label = data.heldOutLabel(from + s);
                correct += highest(outputs[s]) == label ? 1 : 0;
                lossSum += loss(outputs[s], label, deltas[mlp.layers() - 1][s]);
            }
        }
        return new Evaluation(samples, correct, samples == 0 ? 0 : lossSum / samples);
    }

    private void forward(int count) {
        for (int layer = 0; layer < mlp.layers(); layer++) {
            int width = mlp.out(layer);
            float[][] outputs = activations[layer + 1];
            for (int s = 0; s < count; s++) {
                System.arraycopy(biases[layer], 0, outputs[s], 0, width);
            }
            RowKernels.addProduct(
                    outputs, count, activations[layer], weights[layer], mlp.in(layer), width);
            if (layer < mlp.layers() - 1) {
                for (int s = 0; s < count; s++) {
                    RowKernels.rectify(outputs[s], width);
                }
            }
        }
    }

    private void backward(int count) {
        for (int layer = mlp.layers() - 1; layer >= 0; layer--) {
            int in = mlp.in(layer);
            int out = mlp.out(layer);
            float[][] inputs = activations[layer];
            RowKernels.addOuterProducts(weightSums[layer], in, inputs, deltas[layer], count, out);
            for (int s = 0; s < count; s++) {
                RowKernels.add(biasSums[layer], deltas[layer][s], out);
            }
            if (layer > 0) {
                float[][] passedOn = deltas[layer - 1];
                for (int s = 0; s < count; s++) {
                    Arrays.fill(passedOn[s], 0f);
                }
                RowKernels.addProduct(
                        passedOn, count, deltas[layer], weightColumns[layer], out, in);
                for (int s = 0; s < count; s++) {
                    RowKernels.gate(passedOn[s], inputs[s], in);
                }
            }
        }
    }

    /**
     * The loss of one sample; {@code delta} gets its derivative by the outputs: softmax minus the
     * label's indicator.
     */
    private double loss(float[] outputs, int label, float[] delta) {
        float max = outputs[0];
        for (float output : outputs) {
            max = Math.max(max, output);
        }
        double sum = 0;
        for (int c = 0; c < exponentials.length; c++) {
            double exponential = StrictMath.exp((double) outputs[c] - max);
            exponentials[c] = exponential;
            sum += exponential;
        }
        for (int c = 0; c < exponentials.length; c++) {
            double probability = exponentials[c] / sum;
            delta[c] = (float) (c == label ? probability - 1 : probability);
        }
        return StrictMath.log(sum) - ((double) outputs[label] - max);
    }

    private static int highest(float[] outputs) {
        int best = 0;
        for (int c = 1; c < outputs.length; c++) {
            if (outputs[c] > outputs[best]) {
                best = c;
            }
        }
        return best;
    }

    private void store(float[] target) {
        for (int layer = 0; layer < mlp.layers(); layer++) {
            int at = mlp.weight(layer).range().from();
            int width = mlp.out(layer);
            for (float[] row : weightSums[layer]) {
                System.arraycopy(row, 0, target, at, width);
                at += width;
            }
            System.arraycopy(biasSums[layer], 0, target, at, width);
        }
    }

    private void requireLength(String what, float[] vector) {
        if (vector.length != mlp.parameters()) {
            throw new IllegalArgumentException(
                    "%s must have the %d elements of model %s, not %d"
                            .formatted(what, mlp.parameters(), mlp, vector.length));
        }
    }
}
