package io.coxswain.bridge.pjrt.bundle;

import io.coxswain.bridge.pjrt.client.TensorType;

/**
 * A leaf of the optimizer's state.
 *
 * @param path its name in the tree
 * @param like the index of the parameter leaf that it is shaped and cut like, or {@value #WHOLE}
 */
public record OptimizerLeaf(String path, TensorType type, int like) {
    /** Of a leaf that is not cut: every shard holds all of it. */
    public static final int WHOLE = -1;

    /** Whether every shard holds all of it. */
    public boolean isWhole() {
        return like == WHOLE;
    }

    /** How many elements it has. */
    public long elements() {
        return type.elements();
    }

    /** What snapshots and digests call it. */
    public String name() {
        return "optimizer/" + path;
    }
}
