package io.coxswain.agent.collective;

import java.util.ArrayDeque;

/**
 * Arrays of one length, used again and again. Thread-safe: long sums are made on a thread of their
 * own.
 */
final class FloatArrays {
    private final int length;
    private final ArrayDeque<float[]> free = new ArrayDeque<>();

    FloatArrays(int length) {
        this.length = length;
    }

    synchronized float[] take() {
        float[] array = free.pollLast();
        return array != null ? array : new float[length];
    }

    synchronized void give(float[] array) {
        free.addLast(array);
    }

    int length() {
        return length;
    }

    /**
     * into[j] += other[j]: element-wise, so the compiler may use wide registers without changing a
     * bit.
     */
    static void add(float[] into, float[] other, int count) {
        for (int j = 0; j < count; j++) {
            into[j] += other[j];
        }
    }
}
