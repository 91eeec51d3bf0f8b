package io.coxswain.bridge.pjrt.bundle;

import io.coxswain.bridge.pjrt.client.TensorType;

import java.lang.foreign.MemorySegment;

/**
 * A leaf of the parameters and its place in the flat vector.
 *
 * @param path its name in the tree, such as {@code ['l1']['w']}
 * @param begin its first element in the flat vector
 */
public record ParameterLeaf(String path, TensorType type, long begin) {
    /** How many elements it has. */
    public long elements() {
        return type.elements();
    }

    /** The end of its elements in the flat vector, exclusive. */
    public long end() {
        return begin + elements();
    }

    /** Where it lies in memory that is the flat vector. */
    public MemorySegment in(MemorySegment flat) {
        return flat.asSlice(begin * Float.BYTES, type.byteSize());
    }

    /** What snapshots and digests call it. */
    public String name() {
        return "parameters/" + path;
    }
}
