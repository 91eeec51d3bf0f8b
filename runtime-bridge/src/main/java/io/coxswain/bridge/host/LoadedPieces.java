package io.coxswain.bridge.host;

import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.bridge.arena.SlotTable.Box;
import io.coxswain.bridge.pieces.ElementTypes;
import io.coxswain.bridge.pieces.PieceCheck;
import io.coxswain.proto.bridge.v1.JobLoaded;
import io.coxswain.proto.bridge.v1.LeafCut;
import io.coxswain.proto.bridge.v1.ShardBox;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * Whether the pieces that a worker declared make its state, and are those that it counted. {@code
 * docs/bridge.md}, "Pieces". Pure; any thread.
 */
public final class LoadedPieces {
    private LoadedPieces() {}

    /** What is wrong, for a person; null if nothing is, or nothing was declared. */
    public static @Nullable String problem(JobLoaded loaded) {
        if (loaded.getLeavesCount() == 0) {
            return null;
        }
        List<List<Box>> shards;
        try {
            shards = boxes(loaded);
        } catch (IllegalArgumentException | ArithmeticException e) {
            return "the pieces of the state are wrong: " + e.getMessage();
        }
        String wrong = PieceCheck.problem(shards);
        if (wrong != null) {
            return "the pieces of the state do not fit together: " + wrong;
        }
        for (int shard = 0; shard < shards.size(); shard++) {
            wrong = countsDiffer(loaded, shard, shards.get(shard));
            if (wrong != null) {
                return "shard %d %s".formatted(shard, wrong);
            }
        }
        return null;
    }

    /**
     * The boxes of each shard, in the order of leaves.
     *
     * @throws IllegalArgumentException if a box is none, or in no shard
     */
    private static List<List<Box>> boxes(JobLoaded loaded) {
        int count = loaded.getLayout().getShardStateBytesCount();
        var shards = new ArrayList<List<Box>>(count);
        for (int shard = 0; shard < count; shard++) {
            shards.add(new ArrayList<>());
        }
        for (LeafCut leaf : loaded.getLeavesList()) {
            if (leaf.getBoxesCount() == 0) {
                throw new IllegalArgumentException("leaf " + leaf.getLeaf() + " is in no shard");
            }
            for (ShardBox box : leaf.getBoxesList()) {
                if (box.getShard() < 0 || box.getShard() >= count) {
                    throw new IllegalArgumentException(
                            "leaf %s has a piece in shard %s; the layout has %d shards"
                                    .formatted(
                                            leaf.getLeaf(),
                                            Integer.toUnsignedString(box.getShard()),
                                            count));
                }
                shards.get(box.getShard()).add(box(leaf, box));
            }
        }
        return shards;
    }

    private static Box box(LeafCut leaf, ShardBox box) {
        return new Box(
                leaf.getLeaf(),
                leaf.getDtype(),
                leaf.getShapeList(),
                box.getOffsetList(),
                box.getExtentList(),
                leaf.getPerRank(),
                ElementTypes.bytes(leaf.getDtype(), box.getExtentList()));
    }

    private static @Nullable String countsDiffer(JobLoaded loaded, int shard, List<Box> boxes) {
        int pieces = shard < loaded.getShardPiecesCount() ? loaded.getShardPieces(shard) : 0;
        if (pieces != boxes.size()) {
            return "has %d pieces, and `shard_pieces` says %d".formatted(boxes.size(), pieces);
        }
        long bytes = 0;
        for (Box box : boxes) {
            bytes = Math.addExact(bytes, aligned(box.bytes()));
        }
        long said = loaded.getLayout().getShardStateBytes(shard);
        // The last piece is not filled up, whichever it is.
        if (said < 0 || aligned(said) != bytes) {
            return "has pieces of %d bytes, each filled up to a multiple of %d, and `shard_state_bytes` says %d"
                    .formatted(bytes, SlotTable.PIECE_ALIGNMENT, said);
        }
        return null;
    }

    private static long aligned(long bytes) {
        return Math.ceilDiv(bytes, (long) SlotTable.PIECE_ALIGNMENT) * SlotTable.PIECE_ALIGNMENT;
    }
}
