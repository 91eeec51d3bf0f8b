package io.coxswain.bridge.reference;

/**
 * The definition of the gradients, written as plainly as possible, one sample and one element after
 * another.
 */
final class NaiveMlp {
    private NaiveMlp() {}

    /**
     * Adds the gradients of the samples to {@code target}, which begins as zeros, and returns the
     * sum of the losses.
     */
    static double gradients(
            Mlp mlp, float[] parameters, float[][] features, int[] labels, float[] target) {
        double lossSum = 0;
        for (int s = 0; s < labels.length; s++) {
            float[][] activations = forward(mlp, parameters, features[s]);
            float[] outputs = activations[mlp.layers()];
            float[] delta = new float[outputs.length];
            lossSum += loss(outputs, labels[s], delta);
            for (int layer = mlp.layers() - 1; layer >= 0; layer--) {
                delta = backward(mlp, layer, parameters, activations[layer], delta, target);
            }
        }
        return lossSum;
    }

    private static float[][] forward(Mlp mlp, float[] parameters, float[] features) {
        float[][] activations = new float[mlp.layers() + 1][];
        activations[0] = features;
        for (int layer = 0; layer < mlp.layers(); layer++) {
            int weight = mlp.weight(layer).range().from();
            int bias = mlp.bias(layer).range().from();
            float[] outputs = new float[mlp.out(layer)];
            for (int j = 0; j < outputs.length; j++) {
                float sum = parameters[bias + j];
                for (int i = 0; i < mlp.in(layer); i++) {
                    sum =
                            Math.fma(
                                    activations[layer][i],
                                    parameters[weight + i * outputs.length + j],
                                    sum);
                }
                outputs[j] = layer < mlp.layers() - 1 && !(sum > 0) ? 0f : sum;
            }
            activations[layer + 1] = outputs;
        }
        return activations;
    }

    private static float[] backward(
            Mlp mlp, int layer, float[] parameters, float[] inputs, float[] delta, float[] target) {
        int weight = mlp.weight(layer).range().from();
        int bias = mlp.bias(layer).range().from();
        float[] passedOn = new float[inputs.length];
        for (int i = 0; i < inputs.length; i++) {
            for (int j = 0; j < delta.length; j++) {
                int at = weight + i * delta.length + j;
                target[at] = Math.fma(inputs[i], delta[j], target[at]);
                passedOn[i] = Math.fma(delta[j], parameters[at], passedOn[i]);
            }
            passedOn[i] = inputs[i] > 0 ? passedOn[i] : passedOn[i] * 0f;
        }
        for (int j = 0; j < delta.length; j++) {
            target[bias + j] += delta[j];
        }
        return passedOn;
    }

    private static double loss(float[] outputs, int label, float[] delta) {
        float max = Float.NEGATIVE_INFINITY;
        for (float output : outputs) {
            max = Math.max(max, output);
        }
        double sum = 0;
        for (float output : outputs) {
            sum += StrictMath.exp((double) output - max);
        }
        for (int c = 0; c < outputs.length; c++) {
            double probability = StrictMath.exp((double) outputs[c] - max) / sum;
            delta[c] = (float) (c == label ? probability - 1 : probability);
        }
        return StrictMath.log(sum) - ((double) outputs[label] - max);
    }
}
