package io.coxswain.bridge.data;

import java.util.Objects;

/**
 * A keyed permutation of 0..size-1 with random access in constant memory.
 *
 * <p>The numbers are written as a pair (left, right) over an a × b grid with a = ceil(sqrt(size))
 * and b = ceil(size/a), and go through {@value #ROUNDS} alternating Feistel rounds with addition
 * modulo a and modulo b (FFX: Bellare, Rogaway and Spies, 2010). The grid has fewer than a cells
 * too many; a value that falls on one of them is sent through again until it does not (cycle
 * walking: Black and Rogaway, 2002), which keeps the map a permutation. Not cryptographic.
 */
public final class Permutation {
    private static final int ROUNDS = 8;

    private final int size;
    private final int left;
    private final int right;
    private final long[] roundKeys = new long[ROUNDS];

    /**
     * @param key selects the permutation
     * @param size how many numbers are permuted, at least 1
     */
    public Permutation(long key, int size) {
        if (size < 1) {
            throw new IllegalArgumentException(
                    "a permutation needs at least 1 element, not " + size);
        }
        this.size = size;
        int root = (int) Math.sqrt((double) size);
        while ((long) root * root < size) {
            root++;
        }
        this.left = root;
        this.right = Math.ceilDiv(size, root);
        for (int round = 0; round < ROUNDS; round++) {
            roundKeys[round] = CounterRandom.derive(key, round);
        }
    }

    /** Where {@code index} goes; both are in [0, size). */
    public int at(int index) {
        long value = Objects.checkIndex(index, size);
        do {
            value = once(value);
        } while (value >= size);
        return (int) value;
    }

    private long once(long value) {
        int l = (int) (value / right);
        int r = (int) (value % right);
        for (int round = 0; round < ROUNDS; round += 2) {
            l =
                    addModulo(
                            l,
                            CounterRandom.bounded(CounterRandom.derive(roundKeys[round], r), left),
                            left);
            r =
                    addModulo(
                            r,
                            CounterRandom.bounded(
                                    CounterRandom.derive(roundKeys[round + 1], l), right),
                            right);
        }
        return (long) l * right + r;
    }

    private static int addModulo(int a, int b, int modulus) {
        int sum = a + b;
        return sum >= modulus ? sum - modulus : sum;
    }
}
