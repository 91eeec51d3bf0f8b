package io.coxswain.bridge.reference;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * The fixed blocks of the flat parameter vector, and so of every vector shaped like it. Blocks are
 * the leaves of the digest tree and the grain of shard cuts. They depend on the model alone: {@code
 * blockElements} is the smallest power of two, at least 256, that makes total / blockElements at
 * most 4096; within each leaf, blocks of that size follow each other from its first element, the
 * last being shorter, and none crosses into the next leaf. Immutable.
 */
public final class BlockGrid {
    private static final int MIN_BLOCK_ELEMENTS = 256;
    private static final int TARGET_BLOCKS = 4096;

    private final List<Leaf> leaves;
    private final int blockElements;
    private final int[] starts;
    private final int[] firstBlocks;

    /**
     * @param leaves the leaves in order, without gaps from element 0
     */
    public BlockGrid(List<Leaf> leaves) {
        if (leaves.isEmpty()) {
            throw new IllegalArgumentException("a state needs at least one leaf");
        }
        this.leaves = List.copyOf(leaves);
        int total = leaves.getLast().range().to();
        this.blockElements = blockElements(total);
        List<Integer> boundaries = new ArrayList<>();
        firstBlocks = new int[leaves.size() + 1];
        int end = 0;
        for (int i = 0; i < leaves.size(); i++) {
            ElementRange range = leaves.get(i).range();
            if (range.from() != end) {
                throw new IllegalArgumentException(
                        "leaf %s begins at %d, not where the one before ends (%d)"
                                .formatted(leaves.get(i).name(), range.from(), end));
            }
            firstBlocks[i] = boundaries.size();
            for (long start = range.from(); start < range.to(); start += blockElements) {
                boundaries.add((int) start);
            }
            end = range.to();
        }
        firstBlocks[leaves.size()] = boundaries.size();
        boundaries.add(total);
        starts = boundaries.stream().mapToInt(Integer::intValue).toArray();
    }

    /** The grid of a model. */
    public static BlockGrid of(Mlp mlp) {
        return new BlockGrid(mlp.leaves());
    }

    static int blockElements(int total) {
        int elements = MIN_BLOCK_ELEMENTS;
        while ((long) elements * TARGET_BLOCKS < total) {
            elements *= 2;
        }
        return elements;
    }

    /** The leaves in order. */
    public List<Leaf> leaves() {
        return leaves;
    }

    /** How many elements a full block has. */
    public int blockElements() {
        return blockElements;
    }

    /** How many elements there are in all. */
    public int elements() {
        return starts[starts.length - 1];
    }

    /** How many blocks there are. */
    public int blocks() {
        return starts.length - 1;
    }

    /** The elements of a block. */
    public ElementRange block(int block) {
        Objects.checkIndex(block, blocks());
        return new ElementRange(starts[block], starts[block + 1]);
    }

    /** Where a block begins; for the number of blocks, where the last one ends. */
    int start(int block) {
        return starts[block];
    }

    /** The first block of a leaf; for the number of leaves, the number of blocks. */
    int firstBlock(int leaf) {
        return firstBlocks[leaf];
    }

    /**
     * The block that begins at an element, or the number of blocks for the end of the vector.
     *
     * @throws IllegalArgumentException if the element is no boundary of blocks
     */
    int blockAt(int element) {
        int found = Arrays.binarySearch(starts, element);
        if (found < 0) {
            throw new IllegalArgumentException(
                    "element %d is no block boundary: shards are cut with ShardCut.ranges"
                            .formatted(element));
        }
        return found;
    }
}
