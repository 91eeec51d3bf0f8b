package io.coxswain.bridge.reference;

import java.util.ArrayList;
import java.util.List;

/**
 * Cuts the flat parameter vector into shards; a pure function of the grid and the number of shards.
 */
public final class ShardCut {
    private ShardCut() {}

    /**
     * Contiguous ranges that tile the vector, aligned to blocks and balanced by elements: the cut
     * after shard s is the block boundary nearest to elements·(s+1)/shards, the lower one of two
     * equally near. With more shards than blocks some are empty.
     *
     * @param shards how many, at least 1
     */
    public static List<ElementRange> ranges(BlockGrid grid, int shards) {
        if (shards < 1) {
            throw new IllegalArgumentException("a mesh has at least 1 shard, not " + shards);
        }
        List<ElementRange> ranges = new ArrayList<>(shards);
        int block = 0;
        int from = 0;
        for (int shard = 1; shard <= shards; shard++) {
            long ideal = (long) grid.elements() * shard / shards;
            while (block < grid.blocks()
                    && Math.abs(grid.start(block + 1) - ideal)
                            < Math.abs(grid.start(block) - ideal)) {
                block++;
            }
            int to = shard == shards ? grid.elements() : grid.start(block);
            ranges.add(new ElementRange(from, to));
            from = to;
        }
        return ranges;
    }
}
