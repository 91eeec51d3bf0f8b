package io.coxswain.bridge.reference;

import java.util.function.IntFunction;

/**
 * The sum over microshards in the fixed binary tree: node (level k, index i) covers the microshards
 * [i·2^k, min((i+1)·2^k, M)) and is left + right, or left alone where right is empty.
 */
final class TreeSum {
    private TreeSum() {}

    /**
     * The root over {@code microshards} vectors, each asked for once, in order; the vectors are
     * overwritten.
     */
    static float[] of(int microshards, IntFunction<float[]> vector) {
        int levels = 32 - Integer.numberOfLeadingZeros(microshards - 1);
        return node(levels, 0, microshards, vector);
    }

    private static float[] node(
            int level, int index, int microshards, IntFunction<float[]> vector) {
        if (level == 0) {
            return vector.apply(index);
        }
        float[] left = node(level - 1, 2 * index, microshards, vector);
        if ((2L * index + 1) << (level - 1) >= microshards) {
            return left;
        }
        float[] right = node(level - 1, 2 * index + 1, microshards, vector);
        for (int i = 0; i < left.length; i++) {
            left[i] += right[i];
        }
        return left;
    }
}
