package io.coxswain.chaos.simulation.kernel;

import java.util.List;

/**
 * A seeded stream of random numbers (SplitMix64; Steele, Lea, Flood: "Fast splittable pseudorandom
 * number generators"). Each concern splits off a stream of its own, so that what one draws does not
 * move what another gets.
 */
public final class Randomness {
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    private final long seed;
    private long state;

    public Randomness(long seed) {
        this.seed = seed;
        this.state = mix(seed ^ GOLDEN);
    }

    /** Scrambles 64 bits; a bijection. */
    public static long mix(long value) {
        long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    /** Scrambles two values into one; the order counts. */
    public static long mix(long a, long b) {
        return mix(a * GOLDEN + mix(b + GOLDEN));
    }

    /** A stream that depends on the seed and the name alone, not on what was drawn before. */
    public Randomness split(String concern) {
        long name = 0;
        for (int i = 0; i < concern.length(); i++) {
            name = name * 31 + concern.charAt(i);
        }
        return new Randomness(mix(seed, name));
    }

    public long nextLong() {
        state += GOLDEN;
        return mix(state);
    }

    /** Even in 0 to {@code bound - 1}. */
    public int below(int bound) {
        return (int) Long.remainderUnsigned(nextLong(), bound);
    }

    /** Even in {@code low} to {@code high}, both included. */
    public long between(long low, long high) {
        return low + Long.remainderUnsigned(nextLong(), high - low + 1);
    }

    /** Even in 0 to 1. */
    public double unit() {
        return (nextLong() >>> 11) * 0x1.0p-53;
    }

    public boolean chance(double probability) {
        return unit() < probability;
    }

    /** Exponential with that mean, cut at twenty times the mean. */
    public long exponential(long mean) {
        return (long) Math.min(20.0 * mean, -mean * StrictMath.log(1 - unit()));
    }

    public <T> T pick(List<T> from) {
        return from.get(below(from.size()));
    }
}
