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
     * What is wrong with what the processes of one rank declared, who hold its state together, in
     * the order of their local ranks; null if nothing is, or one of them declared nothing.
     */
    public static @Nullable String problem(List<JobLoaded> processes) {
        if (processes.size() == 1) {
            return problem(processes.getFirst());
        }
        int count = processes.size();
        var parts = new ArrayList<List<Box>>();
        int shards = processes.getFirst().getLayout().getShardStateBytesCount();
        for (int part = 0; part < shards * count; part++) {
            parts.add(List.of());
        }
        for (int local = 0; local < count; local++) {
            JobLoaded loaded = processes.get(local);
            if (loaded.getLeavesCount() == 0) {
                return null;
            }
            try {
                List<List<Box>> own = boxes(loaded);
                for (int shard = 0; shard < shards; shard++) {
                    String wrong = countsDiffer(loaded, shard, own.get(shard));
                    if (wrong != null) {
                        return "local rank %d: shard %d %s".formatted(local, shard, wrong);
                    }
                    parts.set(shard * count + local, own.get(shard));
                }
            } catch (IllegalArgumentException | ArithmeticException e) {
                return "local rank %d: the pieces of the state are wrong: %s"
                        .formatted(local, e.getMessage());
            }
        }
        String wrong =
                PieceCheck.problem(
                        parts,
                        part -> "shard %d, local rank %d".formatted(part / count, part % count));
        return wrong == null ? null : "the pieces of the state do not fit together: " + wrong;
    }

    /**
     * The boxes of one shard that a process declared, in the order of its leaves.
     *
     * @throws IllegalArgumentException if a box is none, or in no shard
     */
    public static List<Box> declared(JobLoaded loaded, int shard) {
        return boxes(loaded).get(shard);
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
        // More where names are long: it is the room that slots have for their tables.
        if (pieces < boxes.size() || (boxes.isEmpty() && pieces > 0)) {
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
