package io.coxswain.bridge.reference;

/**
 * A window over a vector: loops over several vectors with different offsets are not vectorized by
 * C2 (see {@link RowKernels}), so pieces that fit the first-level cache are copied to arrays that
 * begin at 0.
 */
final class Chunk {
    /** How many elements the window holds. */
    static final int ELEMENTS = 1024;

    private final float[] vector;
    private final int at;
    private final float[] window = new float[ELEMENTS];

    /** A window over the elements of {@code vector} that begin at {@code at}. */
    Chunk(float[] vector, int at) {
        this.vector = vector;
        this.at = at;
    }

    /** Copies elements {@code offset} and on to the window and returns it. */
    float[] load(int offset, int elements) {
        System.arraycopy(vector, at + offset, window, 0, elements);
        return window;
    }

    /** Copies the window back to elements {@code offset} and on. */
    void store(int offset, int elements) {
        System.arraycopy(window, 0, vector, at + offset, elements);
    }
}
