package io.coxswain.bridge.reference;

import io.coxswain.bridge.data.CounterRandom;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The shape of a multi-layer perceptron: fully connected layers, ReLU between them, softmax
 * cross-entropy at the end. Immutable. Its computations are in {@link MlpCompute}.
 *
 * <p>All parameters are one flat float32 vector, the leaves one after another: {@code
 * layer0.weight} of shape [in, out], {@code layer0.bias} of shape [out], {@code layer1.weight}, …
 */
public final class Mlp {
    private final List<Integer> sizes;
    private final List<Leaf> leaves;
    private final int parameters;

    /**
     * @param sizes features, hidden widths, classes: at least two numbers, each at least 1
     * @throws IllegalArgumentException if there are fewer, one is below 1, or the parameters exceed
     *     2^31 - 1
     */
    public Mlp(List<Integer> sizes) {
        if (sizes.size() < 2) {
            throw new IllegalArgumentException(
                    "a model needs at least two layer sizes (features and classes), such as"
                            + " 64-256-10, not "
                            + sizes);
        }
        this.sizes = List.copyOf(sizes);
        List<Leaf> all = new ArrayList<>();
        long end = 0;
        for (int layer = 0; layer < layers(); layer++) {
            int in = in(layer);
            int out = out(layer);
            if (in < 1 || out < 1) {
                throw new IllegalArgumentException("layer sizes must be at least 1: " + this);
            }
            long weightEnd = end + (long) in * out;
            long biasEnd = weightEnd + out;
            if (biasEnd > Integer.MAX_VALUE) {
                throw new IllegalArgumentException(
                        "model %s has more than 2^31 - 1 parameters".formatted(this));
            }
            all.add(
                    new Leaf(
                            "layer" + layer + ".weight",
                            List.of(in, out),
                            new ElementRange((int) end, (int) weightEnd)));
            all.add(
                    new Leaf(
                            "layer" + layer + ".bias",
                            List.of(out),
                            new ElementRange((int) weightEnd, (int) biasEnd)));
            end = biasEnd;
        }
        this.leaves = List.copyOf(all);
        this.parameters = (int) end;
    }

    /**
     * Reads layer sizes joined by hyphens, such as {@code 64-256-256-10}.
     *
     * @throws IllegalArgumentException if the text is anything else
     */
    public static Mlp parse(String text) {
        List<Integer> sizes = new ArrayList<>();
        for (String size : text.strip().split("-", -1)) {
            try {
                sizes.add(Integer.valueOf(size.strip()));
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException(
                        "a model is layer sizes joined by hyphens, such as 64-256-256-10, not '%s'"
                                .formatted(text),
                        e);
            }
        }
        return new Mlp(sizes);
    }

    /** How many weight layers there are. */
    public int layers() {
        return sizes.size() - 1;
    }

    /** How many inputs a layer has. */
    public int in(int layer) {
        return sizes.get(layer);
    }

    /** How many outputs a layer has. */
    public int out(int layer) {
        return sizes.get(layer + 1);
    }

    /** How many features a sample must have. */
    public int features() {
        return sizes.getFirst();
    }

    /** How many classes the model tells apart. */
    public int classes() {
        return sizes.getLast();
    }

    /** The leaves in the order in which they are stored. */
    public List<Leaf> leaves() {
        return leaves;
    }

    /** How many parameters there are. */
    public int parameters() {
        return parameters;
    }

    /** The weight leaf of a layer, [in, out]. */
    Leaf weight(int layer) {
        return leaves.get(2 * layer);
    }

    /** The bias leaf of a layer, [out]. */
    Leaf bias(int layer) {
        return leaves.get(2 * layer + 1);
    }

    /**
     * Checks that the model fits the data.
     *
     * @throws IllegalArgumentException if its first size is not the features or its last not the
     *     classes
     */
    public void requireFits(DataSet data) {
        if (features() != data.features() || classes() != data.classes()) {
            throw new IllegalArgumentException(
                    "model %s does not fit the data: it must begin with %d (features) and end with %d (classes)"
                            .formatted(this, data.features(), data.classes()));
        }
    }

    /**
     * Writes the initial values of a range of parameters. An initial value is a pure function of
     * (seed, leaf, element): any cut into ranges gives the same. Biases are 0. Weights are uniform
     * in ±sqrt(6/in) before a ReLU (He et al., 2015) and in ±sqrt(6/(in+out)) in the last layer
     * (Glorot and Bengio, 2010).
     *
     * @param seed the job's seed
     * @param range which parameters
     * @param target gets them
     * @param targetAt where in {@code target} the first goes
     */
    public void initialize(long seed, ElementRange range, float[] target, int targetAt) {
        for (int index = 0; index < leaves.size(); index++) {
            Leaf leaf = leaves.get(index);
            int from = Math.max(range.from(), leaf.range().from());
            int to = Math.min(range.to(), leaf.range().to());
            float limit = limit(index);
            long key = CounterRandom.derive(seed, index);
            for (int element = from; element < to; element++) {
                long bits = CounterRandom.derive(key, element - leaf.range().from());
                target[targetAt + element - range.from()] =
                        limit == 0f ? 0f : limit * CounterRandom.signedUnit(bits);
            }
        }
    }

    private float limit(int leafIndex) {
        int layer = leafIndex / 2;
        if (leafIndex % 2 == 1) {
            return 0f;
        }
        boolean last = layer == layers() - 1;
        double fan = last ? (double) in(layer) + out(layer) : in(layer);
        return (float) StrictMath.sqrt(6.0 / fan);
    }

    @Override
    public String toString() {
        return sizes.stream().map(String::valueOf).collect(Collectors.joining("-"));
    }
}
