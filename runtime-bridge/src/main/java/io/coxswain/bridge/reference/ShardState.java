package io.coxswain.bridge.reference;

import io.coxswain.bridge.arena.ByteRegion;
import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.bridge.spi.LeafDigest;
import io.coxswain.bridge.spi.RuntimeFault;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The live state of one shard: its range of the parameters and of each vector of the optimizer, on
 * the heap, and the ballast, in the region. A snapshot has a piece per leaf and vector, flat, then
 * the step, then the ballast.
 */
final class ShardState {
    private static final String STEP = "step";
    private static final String BALLAST = "ballast";

    private final ReferenceProgram program;
    private final int shard;
    private final ElementRange range;
    private final List<float[]> vectors = new ArrayList<>();
    private final List<SlotTable.Box> boxes;
    private long step;

    ShardState(ReferenceProgram program, int shard) {
        this.program = program;
        this.shard = shard;
        this.range = program.cuts().get(shard);
        for (int vector = 0; vector < program.vectorNames().size(); vector++) {
            vectors.add(new float[range.elements()]);
        }
        this.boxes = boxes(program, shard);
    }

    /** The pieces of a snapshot of a shard; the state itself need not be there. */
    static List<SlotTable.Box> boxes(ReferenceProgram program, int shard) {
        ElementRange range = program.cuts().get(shard);
        List<SlotTable.Box> boxes = new ArrayList<>();
        for (String vector : program.vectorNames()) {
            for (int i = 0; i < program.grid().leaves().size(); i++) {
                ElementRange leaf = program.grid().leaves().get(i).range();
                int from = Math.max(leaf.from(), range.from());
                int to = Math.min(leaf.to(), range.to());
                if (from < to) {
                    boxes.add(
                            SlotTable.Box.range(
                                    StateDigest.leafName(program.grid(), i, vector),
                                    "f32",
                                    leaf.elements(),
                                    from - leaf.from(),
                                    to - from,
                                    (long) Float.BYTES * (to - from)));
                }
            }
        }
        boxes.add(SlotTable.Box.range(STEP, "i64", 1, 0, 1, Long.BYTES));
        long ballast = program.ballastBytes();
        if (ballast > 0) {
            long all = Math.multiplyExact(ballast, (long) program.cuts().size());
            boxes.add(SlotTable.Box.range(BALLAST, "u8", all, shard * ballast, ballast, ballast));
        }
        return List.copyOf(boxes);
    }

    int shard() {
        return shard;
    }

    ElementRange range() {
        return range;
    }

    List<SlotTable.Box> boxes() {
        return boxes;
    }

    /** The shard's parameters. */
    float[] parameters() {
        return vectors.getFirst();
    }

    void initialize(ByteRegion live) {
        program.config().model().initialize(program.seed(), range, parameters(), 0);
        vectors.subList(1, vectors.size()).forEach(vector -> Arrays.fill(vector, 0f));
        Ballast.fill(live, program.ballastBytes(), program.seed(), shard);
        step = 0;
    }

    /** Takes a verified snapshot. */
    void load(SlotTable.Meta meta, ByteRegion data, ByteRegion live) throws RuntimeFault {
        if (!meta.pieces().stream().map(SlotTable.Piece::box).toList().equals(boxes)) {
            throw new RuntimeFault(
                    RuntimeFault.Code.BAD_STATE,
                    "the snapshot has other pieces than shard %d of this model: %s"
                            .formatted(shard, meta.pieces()));
        }
        int piece = 0;
        for (float[] vector : vectors) {
            int at = 0;
            while (at < vector.length) {
                SlotTable.Piece next = meta.pieces().get(piece++);
                int count = elements(next);
                data.readFloats(next.dataOffset(), vector, at, count);
                at += count;
            }
        }
        step = data.word(meta.pieces().get(piece++).dataOffset());
        if (step != meta.step()) {
            throw new RuntimeFault(
                    RuntimeFault.Code.BAD_STATE,
                    "the snapshot is called step %d and holds step %d"
                            .formatted(meta.step(), step));
        }
        if (program.ballastBytes() > 0) {
            live.copyFrom(data, meta.pieces().get(piece).dataOffset(), 0, program.ballastBytes());
        }
    }

    /** Copies the state to where a snapshot has it. */
    void store(SlotTable.Meta meta, ByteRegion data, ByteRegion live) {
        int piece = 0;
        for (float[] vector : vectors) {
            int at = 0;
            while (at < vector.length) {
                SlotTable.Piece next = meta.pieces().get(piece++);
                int count = elements(next);
                data.writeFloats(next.dataOffset(), vector, at, count);
                at += count;
            }
        }
        data.word(meta.pieces().get(piece++).dataOffset(), step);
        if (program.ballastBytes() > 0) {
            data.copyFrom(live, 0, meta.pieces().get(piece).dataOffset(), program.ballastBytes());
        }
    }

    /**
     * Makes a step.
     *
     * @param gradients the summed gradients of the shard's elements
     */
    void apply(long newStep, float[] gradients, ByteRegion live) {
        float[][] state = vectors.subList(1, vectors.size()).toArray(new float[0][]);
        program.config()
                .optimizer()
                .apply(
                        newStep,
                        1f / program.batch(),
                        parameters(),
                        0,
                        gradients,
                        0,
                        state,
                        0,
                        range.elements());
        Ballast.stamp(live, program.ballastBytes(), newStep);
        step = newStep;
    }

    /**
     * The shard's part of the final digest tree: parameters, then the optimizer's vectors; no
     * ballast.
     */
    List<LeafDigest> digests() {
        BlockGrid grid = program.grid();
        int shardFirst = grid.blockAt(range.from());
        int shardEnd = grid.blockAt(range.to());
        List<LeafDigest> digests = new ArrayList<>();
        for (int v = 0; v < vectors.size(); v++) {
            String name = program.vectorNames().get(v);
            byte[] blocks = StateDigest.blockDigests(grid, range, vectors.get(v), 0);
            for (int leaf = 0; leaf < grid.leaves().size(); leaf++) {
                int leafFirst = grid.firstBlock(leaf);
                int leafEnd = grid.firstBlock(leaf + 1);
                int from = Math.max(shardFirst, leafFirst);
                int to = Math.min(shardEnd, leafEnd);
                if (from < to) {
                    digests.add(
                            new LeafDigest(
                                    StateDigest.leafName(grid, leaf, name),
                                    v * grid.leaves().size() + leaf,
                                    StateDigest.leafHeader(grid, leaf, name),
                                    leafEnd - leafFirst,
                                    from - leafFirst,
                                    Arrays.copyOfRange(
                                            blocks,
                                            (from - shardFirst) * StateDigest.DIGEST_BYTES,
                                            (to - shardFirst) * StateDigest.DIGEST_BYTES)));
                }
            }
        }
        return digests;
    }

    private static int elements(SlotTable.Piece piece) {
        return Math.toIntExact(piece.box().bytes() / Float.BYTES);
    }
}
