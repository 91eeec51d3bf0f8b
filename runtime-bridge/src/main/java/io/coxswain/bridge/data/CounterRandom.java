package io.coxswain.bridge.data;

/**
 * Random numbers by counter: each is a pure function of its coordinates, so that any part of a
 * sequence can be computed alone, in any order, on any machine.
 *
 * <p>The mixing function is the finalizer of SplitMix64 (Steele, Lea and Flood, "Fast splittable
 * pseudorandom number generators", OOPSLA 2014, with Stafford's variant 13 constants). Its values
 * are part of what a job's digest depends on: it never changes.
 */
public final class CounterRandom {
    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

    private CounterRandom() {}

    /** The bijective 64-bit mix of SplitMix64. */
    public static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    /**
     * The key of the {@code index}-th sub-stream of {@code key}: element {@code index} of the
     * SplitMix64 it seeds.
     */
    public static long derive(long key, long index) {
        return mix(key + (index + 1) * GOLDEN_GAMMA);
    }

    /** A number in [0, {@code bound}) from 64 random bits; {@code bound} is at least 1. */
    public static int bounded(long bits, int bound) {
        return (int) Math.unsignedMultiplyHigh(bits, bound);
    }

    /** A multiple of 2^-23 in [-1, 1) from 64 random bits, exact in float32. */
    public static float signedUnit(long bits) {
        return (int) (bits >> 40) * 0x1p-23f;
    }
}
