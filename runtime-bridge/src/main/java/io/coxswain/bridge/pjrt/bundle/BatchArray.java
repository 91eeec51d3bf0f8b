package io.coxswain.bridge.pjrt.bundle;

import io.coxswain.bridge.pjrt.client.TensorType;

import java.util.ArrayList;
import java.util.List;

/**
 * An array of a batch.
 *
 * @param path its name in the tree
 * @param array its name in the data file, after {@code train.} or {@code held_out.}
 * @param type of one microshard; the first extent counts samples
 */
public record BatchArray(String path, String array, TensorType type) {
    /** The type of as many samples. */
    public TensorType ofSamples(long samples) {
        List<Long> shape = new ArrayList<>(type.shape());
        shape.set(0, samples);
        return new TensorType(type.element(), shape);
    }

    /** How many bytes a sample has. */
    public long sampleBytes() {
        return ofSamples(1).byteSize();
    }
}
