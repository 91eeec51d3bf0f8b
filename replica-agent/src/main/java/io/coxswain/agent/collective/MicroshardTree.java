package io.coxswain.agent.collective;

import java.util.ArrayList;
import java.util.List;

/**
 * The fixed binary tree over M microshards: node (k, i) covers [i·2^k, min((i+1)·2^k, M)) and is
 * the sum of (k−1, 2i) and (k−1, 2i+1), or the former alone where the latter covers nothing. The
 * order of additions depends on M only, so a sum has the same bits on every mesh.
 */
final class MicroshardTree {
    /** A node. */
    record Node(int level, int index) {}

    private final int microshards;
    private final int top;
    private final int[] levelBegin;

    MicroshardTree(int microshards) {
        this.microshards = microshards;
        this.top = Integer.SIZE - Integer.numberOfLeadingZeros(microshards - 1);
        this.levelBegin = new int[top + 2];
        for (int level = 0; level <= top; level++) {
            levelBegin[level + 1] = levelBegin[level] + width(level);
        }
    }

    /** The root's level. */
    int top() {
        return top;
    }

    /** How many nodes there are. */
    int size() {
        return levelBegin[top + 1];
    }

    /** A number below {@link #size} for each node. */
    int ordinal(int level, int index) {
        return levelBegin[level] + index;
    }

    /** True if the node covers at least one microshard. */
    boolean exists(int level, int index) {
        return level <= top && index < width(level);
    }

    /**
     * The maximal complete subtrees of a range of microshards, in order: nodes all of whose leaves
     * lie in [from, to), and whose parent is not such a node.
     */
    List<Node> cover(int from, int to) {
        List<Node> nodes = new ArrayList<>();
        cover(top, 0, from, to, nodes);
        return List.copyOf(nodes);
    }

    private void cover(int level, int index, int from, int to, List<Node> nodes) {
        long first = (long) index << level;
        long end = Math.min((long) (index + 1) << level, microshards);
        if (first >= end || end <= from || first >= to) {
            return;
        }
        if (from <= first && end <= to) {
            nodes.add(new Node(level, index));
            return;
        }
        cover(level - 1, 2 * index, from, to, nodes);
        cover(level - 1, 2 * index + 1, from, to, nodes);
    }

    private int width(int level) {
        return (int) ((microshards + (1L << level) - 1) >> level);
    }
}
