package io.coxswain.bridge.conformance;

import io.coxswain.bridge.arena.ByteRegion;
import io.coxswain.bridge.arena.SlotTable;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** A shard of a toy model: parameters with momentum, and bulk that makes copies take a while. */
final class ToyState {
    static final int PARAMETERS = 64;
    static final int PIECES = 4;

    private static final int BULK_BYTES = 3 << 20;

    final int shard;
    final int from;
    final int to;
    final float[] parameters;
    private final float[] momentum;
    private final int shards;
    private long step;

    ToyState(int shard, int shards) {
        this.shard = shard;
        this.shards = shards;
        this.from = begin(shard, shards);
        this.to = begin(shard + 1, shards);
        this.parameters = new float[to - from];
        this.momentum = new float[to - from];
    }

    static int begin(int shard, int shards) {
        return PARAMETERS * shard / shards;
    }

    /** The state of step 0. */
    void initialize(long seed) {
        step = 0;
        for (int i = from; i < to; i++) {
            parameters[i - from] = noise(seed, i);
            momentum[i - from] = 0;
        }
    }

    /** A number between -1 and 1. */
    static float noise(long seed, long at) {
        long mixed = (seed * 0x9E3779B97F4A7C15L) ^ (at * 0xBF58476D1CE4E5B9L);
        mixed ^= mixed >>> 29;
        mixed *= 0x94D049BB133111EBL;
        mixed ^= mixed >>> 32;
        return (mixed >> 40) * 0x1p-23f;
    }

    void apply(long newStep, float[] gradient, int batch) {
        for (int i = 0; i < parameters.length; i++) {
            momentum[i] = 0.9f * momentum[i] + gradient[i] / batch;
            parameters[i] -= 0.05f * momentum[i];
        }
        step = newStep;
    }

    List<SlotTable.Box> boxes() {
        int count = to - from;
        return List.of(
                SlotTable.Box.range("p", "f32", PARAMETERS, from, count, 4L * count),
                SlotTable.Box.range("m", "f32", PARAMETERS, from, count, 4L * count),
                SlotTable.Box.range("step", "i64", 1, 0, 1, 8),
                SlotTable.Box.range(
                        "bulk",
                        "u8",
                        (long) BULK_BYTES * shards,
                        (long) BULK_BYTES * shard,
                        BULK_BYTES,
                        BULK_BYTES));
    }

    static long dataBytes(int shard, int shards) {
        return SlotTable.Meta.layOut("x", 0, 0, shard, new ToyState(shard, shards).boxes())
                .dataBytes();
    }

    /** The bytes of a slot's data area. */
    byte[] bytes(SlotTable.Meta meta) {
        ByteBuffer data =
                ByteBuffer.allocate((int) meta.dataBytes()).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < parameters.length; i++) {
            data.putFloat((int) meta.pieces().get(0).dataOffset() + 4 * i, parameters[i]);
            data.putFloat((int) meta.pieces().get(1).dataOffset() + 4 * i, momentum[i]);
        }
        data.putLong((int) meta.pieces().get(2).dataOffset(), step);
        data.position((int) meta.pieces().get(3).dataOffset());
        for (int word = 0; word < BULK_BYTES / 8; word++) {
            data.putLong(step * 1_000_003 + word);
        }
        return data.array();
    }

    void load(SlotTable.Meta meta, ByteRegion data) {
        data.readFloats(meta.pieces().get(0).dataOffset(), parameters, 0, parameters.length);
        data.readFloats(meta.pieces().get(1).dataOffset(), momentum, 0, momentum.length);
        step = data.word(meta.pieces().get(2).dataOffset());
    }
}
