package io.coxswain.agent.collective;

import org.jspecify.annotations.Nullable;

/**
 * The nodes of the tree that have come in for one stretch of the own shard. Two siblings become
 * their parent as soon as both are there, so little is held while ranks are waited for; the order
 * of additions does not depend on the order of arrival. Confined to the lane's thread, the
 * additions themselves apart.
 */
final class StretchSum {
    /** Runs additions, here or on another thread, then the rest on the lane's thread. */
    interface Adder {
        void add(float[] into, float[] other, int count, Runnable then);
    }

    private final MicroshardTree tree;
    private final int count;
    private final Adder adder;
    private final FloatArrays arrays;
    private final Runnable complete;
    private final float[] @Nullable [] values;
    private final float[] losses;
    private float @Nullable [] root;

    StretchSum(MicroshardTree tree, int count, Adder adder, FloatArrays arrays, Runnable complete) {
        this.tree = tree;
        this.count = count;
        this.adder = adder;
        this.arrays = arrays;
        this.complete = complete;
        this.values = new float[tree.size()][];
        this.losses = new float[tree.size()];
    }

    /** Elements of the stretch. */
    int count() {
        return count;
    }

    /** The sum over all microshards, once it is known. */
    float @Nullable [] root() {
        return root;
    }

    /** The loss that goes with the root. */
    float loss() {
        return losses[tree.ordinal(tree.top(), 0)];
    }

    /** Takes a node; the array belongs to this sum from now on. */
    void insert(int level, int index, float[] value, float loss) {
        int atLevel = level;
        int at = index;
        while (atLevel < tree.top() && (at & 1) == 0 && !tree.exists(atLevel, at + 1)) {
            atLevel++;
            at >>= 1;
        }
        if (atLevel == tree.top()) {
            losses[tree.ordinal(atLevel, 0)] = loss;
            root = value;
            complete.run();
            return;
        }
        int sibling = tree.ordinal(atLevel, at ^ 1);
        float[] other = values[sibling];
        if (other == null) {
            values[tree.ordinal(atLevel, at)] = value;
            losses[tree.ordinal(atLevel, at)] = loss;
            return;
        }
        values[sibling] = null;
        boolean isLeft = (at & 1) == 0;
        float[] left = isLeft ? value : other;
        float[] right = isLeft ? other : value;
        float sum = isLeft ? loss + losses[sibling] : losses[sibling] + loss;
        int parentLevel = atLevel + 1;
        int parent = at >> 1;
        adder.add(
                left,
                right,
                count,
                () -> {
                    arrays.give(right);
                    insert(parentLevel, parent, left, sum);
                });
    }

    /** Gives all arrays back. */
    void release() {
        for (int i = 0; i < values.length; i++) {
            float[] value = values[i];
            if (value != null) {
                values[i] = null;
                arrays.give(value);
            }
        }
        float[] sum = root;
        if (sum != null) {
            root = null;
            arrays.give(sum);
        }
    }
}
