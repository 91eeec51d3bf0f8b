package io.coxswain.agent.adapter;

import com.google.protobuf.ByteString;

import io.coxswain.bridge.arena.Slot;
import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.bridge.arena.SlotWriter;
import io.coxswain.proto.bridge.v1.LocalPart;
import io.coxswain.proto.bridge.v1.SnapshotCommitted;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A rank's snapshot that its processes wrote in parts: the agent joins their tables and sets the
 * commit mark. Until then the slot holds nothing that anybody trusts, whoever is killed at whatever
 * moment. Stateless.
 */
final class PartedSnapshot {
    private PartedSnapshot() {}

    /**
     * Commits what all processes have written.
     *
     * @param parts where each one's part lies, in the order of local ranks
     * @param written what each one said
     * @throws IllegalArgumentException if the parts do not fit each other or the slot; the message
     *     says why
     * @throws IllegalStateException if the slot holds a committed state
     */
    static SnapshotCommitted commit(
            Slot slot, List<LocalPart> parts, List<SnapshotCommitted> written) {
        var pieces = new ArrayList<SlotTable.Piece>();
        var crcs = new ArrayList<int[]>();
        SlotTable.Meta first = null;
        for (int local = 0; local < written.size(); local++) {
            SnapshotCommitted one = written.get(local);
            SlotTable.Meta meta = SlotTable.Meta.decode(one.getPieceTable().toByteArray());
            requireFits(local, meta, parts.get(local), one);
            int[] own = crcs(one);
            if (own.length != meta.chunkCount()) {
                throw new IllegalArgumentException(
                        "local rank %d told the checksums of %d chunks, its pieces have %d"
                                .formatted(local, own.length, meta.chunkCount()));
            }
            if (first == null) {
                first = meta;
            } else {
                requireSameState(local, first, meta);
            }
            pieces.addAll(meta.pieces());
            crcs.add(own);
        }
        if (first == null) {
            throw new IllegalArgumentException("a snapshot of no process");
        }
        long end = pieces.isEmpty() ? 0 : pieces.getLast().end();
        var whole =
                new SlotTable.Meta(
                        first.jobId(),
                        first.epoch(),
                        first.step(),
                        first.shard(),
                        pieces,
                        end,
                        first.chunkBytes());
        SlotWriter writer = slot.write(whole);
        int chunk = 0;
        for (int crc : crcs.stream().flatMapToInt(Arrays::stream).toArray()) {
            writer.chunkCrc(chunk++, crc);
        }
        byte[] digest = writer.commit();
        return written.getFirst().toBuilder()
                .clearPieceTable()
                .clearChunkCrcs()
                .setDigest(ByteString.copyFrom(digest))
                .setBytes(end)
                .build();
    }

    private static void requireFits(
            int local, SlotTable.Meta meta, LocalPart part, SnapshotCommitted said) {
        boolean inside =
                meta.pieces().isEmpty()
                        || (meta.pieces().getFirst().dataOffset() >= part.getSlotOffset()
                                && meta.dataBytes() <= part.getSlotOffset() + part.getSlotBytes());
        if (!inside) {
            throw new IllegalArgumentException(
                    "local rank %d wrote bytes %d to %d of the slot; its part is %d to %d"
                            .formatted(
                                    local,
                                    meta.pieces().getFirst().dataOffset(),
                                    meta.dataBytes(),
                                    part.getSlotOffset(),
                                    part.getSlotOffset() + part.getSlotBytes()));
        }
        if (meta.epoch() != said.getEpoch() || meta.step() != said.getStep()) {
            throw new IllegalArgumentException(
                    "local rank %d wrote epoch %d, step %d where it was asked for epoch %d, step %d"
                            .formatted(
                                    local,
                                    meta.epoch(),
                                    meta.step(),
                                    said.getEpoch(),
                                    said.getStep()));
        }
    }

    private static void requireSameState(int local, SlotTable.Meta first, SlotTable.Meta meta) {
        if (!meta.jobId().equals(first.jobId())
                || meta.shard() != first.shard()
                || meta.chunkBytes() != first.chunkBytes()) {
            throw new IllegalArgumentException(
                    "local rank %d wrote job %s, shard %d in chunks of %d bytes, local rank 0 job %s, shard %d in chunks of %d"
                            .formatted(
                                    local,
                                    meta.jobId(),
                                    meta.shard(),
                                    meta.chunkBytes(),
                                    first.jobId(),
                                    first.shard(),
                                    first.chunkBytes()));
        }
    }

    private static int[] crcs(SnapshotCommitted one) {
        var buffer =
                ByteBuffer.wrap(one.getChunkCrcs().toByteArray())
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .asIntBuffer();
        int[] crcs = new int[buffer.remaining()];
        buffer.get(crcs);
        return crcs;
    }
}
