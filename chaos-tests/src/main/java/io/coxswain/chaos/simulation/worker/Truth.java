package io.coxswain.chaos.simulation.worker;

import io.coxswain.chaos.simulation.kernel.Randomness;
import io.coxswain.coordinator.core.model.Lineage;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * What the job's state is after each step if nothing goes wrong: a hash chain over the seed, the
 * step and the samples. The gradient of a step depends on all shards, as in training. A runtime
 * that is not reproducible mixes the view's epoch in as well, so that a state of an abandoned
 * lineage is not one of the history that took its place.
 */
public final class Truth {
    private final long seed;
    private final int shards;
    private final int microshards;
    private final int batch;
    private final boolean reproducible;
    private final TreeMap<Long, View> views = new TreeMap<>();

    private static final class View {
        private final long base;
        private final long parent;
        private final List<long[]> states = new ArrayList<>();

        View(long base, long parent) {
            this.base = base;
            this.parent = parent;
        }
    }

    public Truth(long seed, int shards, int microshards, int batch, boolean reproducible) {
        this.seed = seed;
        this.shards = shards;
        this.microshards = microshards;
        this.batch = batch;
        this.reproducible = reproducible;
    }

    public boolean reproducible() {
        return reproducible;
    }

    /** The state that every run begins with. */
    public long initial(int shard) {
        return Randomness.mix(seed, shard);
    }

    /**
     * A view is planned from that step of the history.
     *
     * @param lineage the history before this view
     */
    public void view(long epoch, long base, Lineage lineage) {
        long parent = 0;
        for (Lineage.Segment segment : lineage.segments(base)) {
            parent = segment.epoch();
        }
        var view = new View(base, parent);
        long[] begin = new long[shards];
        for (int shard = 0; shard < shards; shard++) {
            begin[shard] = base == 0 ? initial(shard) : hash(parent, base, shard);
        }
        view.states.add(begin);
        views.put(epoch, view);
    }

    /** The state of a shard after a step, as that view has it; -1 where it cannot have one. */
    public long hash(long epoch, long step, int shard) {
        View view = views.get(epoch);
        if (view == null) {
            return step == 0 ? initial(shard) : -1;
        }
        if (step < view.base) {
            return view.parent == 0 ? initial(shard) : hash(view.parent, step, shard);
        }
        while (view.states.size() <= step - view.base) {
            view.states.add(next(epoch, view.base + view.states.size(), view.states.getLast()));
        }
        return view.states.get((int) (step - view.base))[shard];
    }

    private long[] next(long epoch, long step, long[] before) {
        long sum = 0;
        for (int m = 0; m < microshards; m++) {
            sum += gradient(before, step, m);
        }
        long[] after = new long[shards];
        for (int shard = 0; shard < shards; shard++) {
            after[shard] = updated(before[shard], sum, epoch, shard);
        }
        return after;
    }

    /** One microshard's gradient at parameters that are given by their hashes. */
    public long gradient(long[] parameters, long step, int microshard) {
        long samples = samples(microshard);
        long hash = Randomness.mix(seed ^ step, microshard * 1_000_003L + samples);
        for (long parameter : parameters) {
            hash = Randomness.mix(hash, parameter);
        }
        return hash;
    }

    /** The sum of some microshards' gradients. */
    long gradients(long[] parameters, long step, int from, int to) {
        long sum = 0;
        for (int m = from; m < to; m++) {
            sum += gradient(parameters, step, m);
        }
        return sum;
    }

    /** A shard's state after the sum of all gradients was applied. */
    public long updated(long state, long sum, long epoch, int shard) {
        return Randomness.mix(state, sum + shard + (reproducible ? 0 : epoch << 20));
    }

    /** Samples in that microshard of each step. */
    public long samples(int microshard) {
        return bound(microshard + 1) - bound(microshard);
    }

    /** Samples in some microshards of each step. */
    long samples(int from, int to) {
        return bound(to) - bound(from);
    }

    private long bound(int microshard) {
        return (long) microshard * batch / microshards;
    }
}
