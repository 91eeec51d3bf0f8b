package io.coxswain.agent.collective;

import java.util.ArrayList;
import java.util.List;

/** What follows from a view alone: who sends which nodes, and how shards are cut into frames. */
final class Geometry {
    /**
     * Elements of a stretch of a contribution, unless a rank's nodes would not fit into a frame.
     */
    static final int REDUCE_STRETCH = 1 << 18;

    /** Elements of a stretch of parameters. */
    static final int GATHER_STRETCH = 1 << 20;

    private static final int MAX_FRAME_FLOATS = 1 << 22;

    private final CollectiveView view;
    private final MicroshardTree tree;
    private final List<List<MicroshardTree.Node>> nodesByRank = new ArrayList<>();
    private final int reduceStretch;

    Geometry(CollectiveView view) {
        this.view = view;
        this.tree = new MicroshardTree(view.microshards());
        int most = 1;
        for (int rank = 0; rank < view.ranks(); rank++) {
            List<MicroshardTree.Node> nodes =
                    tree.cover(view.microshardBegin(rank), view.microshardBegin(rank + 1));
            nodesByRank.add(nodes);
            most = Math.max(most, nodes.size());
        }
        this.reduceStretch = Math.min(REDUCE_STRETCH, MAX_FRAME_FLOATS / most);
    }

    MicroshardTree tree() {
        return tree;
    }

    List<MicroshardTree.Node> nodes(int rank) {
        return nodesByRank.get(rank);
    }

    int reduceStretch() {
        return reduceStretch;
    }

    /** How many stretches a shard has in a reduction: at least one, for what is said besides. */
    int reduceStretches(int shard) {
        return stretches(shard, reduceStretch);
    }

    int gatherStretches(int shard) {
        return stretches(shard, GATHER_STRETCH);
    }

    int reduceCount(int shard, int stretch) {
        return count(shard, stretch, reduceStretch);
    }

    int gatherCount(int shard, int stretch) {
        return count(shard, stretch, GATHER_STRETCH);
    }

    /** Elements of the longest stretch of any shard in a reduction. */
    int longestStretch() {
        long longest = 0;
        for (int shard = 0; shard < view.shards(); shard++) {
            longest = Math.max(longest, view.elements(shard));
        }
        return (int) Math.min(longest, reduceStretch);
    }

    private int stretches(int shard, int length) {
        return Math.toIntExact(Math.max(1, Math.ceilDiv(view.elements(shard), (long) length)));
    }

    private int count(int shard, int stretch, int length) {
        return (int) Math.min(length, view.elements(shard) - (long) stretch * length);
    }
}
