package io.coxswain.bridge.data;

import java.util.Objects;

/**
 * Which samples a step trains on: a pure function of the job, never of the mesh or of what failed
 * on the way.
 *
 * <p>Each pass over the data is a permutation of all training samples, keyed by (seed, pass). The
 * passes follow each other in one endless sequence; step n, counted from 1, takes its positions
 * [(n-1)·batch, n·batch), so a batch may end one pass and begin the next. Microshard m of M is the
 * m-th of M contiguous cuts of that batch, from batch·m/M to batch·(m+1)/M rounded down: their
 * sizes differ by at most one.
 *
 * <p>Not safe for use by several threads at once (it remembers the last pass it was asked for);
 * instances are cheap.
 */
public final class SampleOrder {
    private final long seed;
    private final int samples;
    private final int batch;
    private final int microshards;
    private long cachedPass;
    private Permutation cached;

    /**
     * @param seed the job's seed
     * @param samples how many training samples there are, at least 1
     * @param batch how many samples a step takes, at least 1; may exceed {@code samples}
     * @param microshards into how many parts a batch is cut, at least 1; need not divide {@code
     *     batch}
     */
    public SampleOrder(long seed, int samples, int batch, int microshards) {
        if (samples < 1 || batch < 1 || microshards < 1) {
            throw new IllegalArgumentException(
                    "samples, batch and microshards must each be at least 1, not %d, %d and %d"
                            .formatted(samples, batch, microshards));
        }
        this.seed = seed;
        this.samples = samples;
        this.batch = batch;
        this.microshards = microshards;
        this.cached = permutation(0);
    }

    /**
     * The training sample at a place of a pass.
     *
     * @param pass from 0
     * @param index in [0, samples)
     * @return an id in [0, samples): each exactly once in a pass
     */
    public int sample(long pass, int index) {
        if (pass < 0) {
            throw new IllegalArgumentException("passes are counted from 0, not " + pass);
        }
        if (pass != cachedPass) {
            cached = permutation(pass);
            cachedPass = pass;
        }
        return cached.at(index);
    }

    /**
     * The training samples of one microshard of a step, in the order in which their gradients are
     * added.
     *
     * @param step from 1
     * @param microshard in [0, microshards)
     */
    public int[] microshard(long step, int microshard) {
        if (step < 1) {
            throw new IllegalArgumentException("steps are counted from 1, not " + step);
        }
        Objects.checkIndex(microshard, microshards);
        int from = cut(microshard);
        int to = cut(microshard + 1);
        long base = Math.multiplyExact(step - 1, (long) batch);
        int[] ids = new int[to - from];
        for (int i = 0; i < ids.length; i++) {
            long position = Math.addExact(base, (long) from + i);
            ids[i] = sample(position / samples, (int) (position % samples));
        }
        return ids;
    }

    /**
     * The hash of the samples of a microshard, each with its place in the data order. Sums of such
     * hashes do not depend on who computed which microshard.
     *
     * @param ids what {@link #microshard} gave for this step and microshard
     */
    public long sampleHash(long step, int microshard, int[] ids) {
        long first = (step - 1) * batch + cut(microshard);
        long hash = 0;
        for (int i = 0; i < ids.length; i++) {
            hash += CounterRandom.derive(CounterRandom.mix(first + i), ids[i]);
        }
        return hash;
    }

    /** How many samples a step takes. */
    public int batch() {
        return batch;
    }

    /** Into how many microshards a batch is cut. */
    public int microshards() {
        return microshards;
    }

    /** How many training samples a pass has. */
    public int samples() {
        return samples;
    }

    private int cut(int microshard) {
        return (int) ((long) batch * microshard / microshards);
    }

    private Permutation permutation(long pass) {
        return new Permutation(CounterRandom.derive(seed, pass), samples);
    }
}
