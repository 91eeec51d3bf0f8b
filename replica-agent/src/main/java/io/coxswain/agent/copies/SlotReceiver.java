package io.coxswain.agent.copies;

import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.agent.transfer.PayloadSink;
import io.coxswain.agent.transfer.ProtocolViolation;
import io.coxswain.bridge.arena.Slot;
import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.bridge.arena.SlotWriter;
import io.coxswain.proto.replica.v1.CopyBegin;
import io.coxswain.proto.replica.v1.CopyChunk;
import io.coxswain.proto.replica.v1.CopyEnd;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * Takes one transfer into a slot: the bytes straight to their place, each chunk's checksum compared
 * as it ends, the digest before the commit mark. Confined to the lane's thread.
 */
final class SlotReceiver {
    /** Told how it ends, once. */
    interface Listener {
        /** The slot is committed. */
        void committed(Digest digest);

        /** The slot is empty again. */
        void failed(String reason);
    }

    private final StateName state;
    private final Slot slot;
    private final Digest wanted;
    private final SlotWriter writer;
    private final SlotTable.Meta meta;
    private final List<SlotTable.Chunk> chunks;
    private final int[] crcs;
    private final Listener listener;
    private int next;
    private long receivedBytes;
    private long progressNanos = System.nanoTime();
    private boolean over;

    /**
     * @param wanted what the digest must be, if known
     * @throws IllegalStateException if the slot is committed
     * @throws IllegalArgumentException if the state does not fit into the slot
     */
    SlotReceiver(
            StateName state, SlotTable.Meta meta, Slot slot, Digest wanted, Listener listener) {
        this.state = state;
        this.slot = slot;
        this.wanted = wanted;
        this.writer = slot.write(meta);
        this.meta = meta;
        this.chunks = meta.chunks();
        this.crcs = new int[chunks.size()];
        this.listener = listener;
    }

    /** Reads and checks what a transfer begins with. */
    static SlotTable.Meta table(CopyBegin begin, byte[] encoded) {
        SlotTable.Meta meta;
        try {
            meta = SlotTable.Meta.decode(encoded);
        } catch (IllegalArgumentException e) {
            throw new ProtocolViolation("a copy begins with a bad table: " + e.getMessage());
        }
        String mismatch = SlotStream.mismatch(CopyFrames.decode(begin.getState()), meta);
        if (!mismatch.isEmpty()
                || meta.dataBytes() != begin.getDataBytes()
                || meta.chunkBytes() != begin.getChunkBytes()) {
            throw new ProtocolViolation(
                    "a copy's table and header differ: %s; %d and %d bytes, chunks of %d and %d"
                            .formatted(
                                    mismatch,
                                    meta.dataBytes(),
                                    begin.getDataBytes(),
                                    meta.chunkBytes(),
                                    begin.getChunkBytes()));
        }
        return meta;
    }

    StateName state() {
        return state;
    }

    Slot slot() {
        return slot;
    }

    long receivedBytes() {
        return receivedBytes;
    }

    /** When bytes arrived last. */
    long progressNanos() {
        return progressNanos;
    }

    /** Says where a chunk's bytes go. */
    PayloadSink chunk(CopyChunk header, int payloadBytes) {
        if (next >= chunks.size()
                || header.getOffset() != chunks.get(next).offset()
                || payloadBytes != chunks.get(next).length()) {
            throw new ProtocolViolation(
                    "%s: a chunk of %d bytes at %d came; expected %s"
                            .formatted(
                                    state,
                                    payloadBytes,
                                    header.getOffset(),
                                    next < chunks.size() ? chunks.get(next) : "the end"));
        }
        return new ChunkSink(next, header.getCrc32C());
    }

    /** All chunks were sent. */
    void end(CopyEnd end) {
        Digest claimed = Digest.of(end.getDigest().toByteArray());
        if (next < chunks.size()) {
            fail("only %d of %d chunks came".formatted(next, chunks.size()));
            return;
        }
        Digest actual = Digest.of(meta.digest(crcs));
        if (!actual.equals(claimed) || !actual.agreesWith(wanted)) {
            fail(
                    "the digest is %s; the sender says %s, wanted was %s"
                            .formatted(actual, claimed, wanted));
            return;
        }
        try {
            writer.commit();
        } catch (IllegalStateException e) {
            fail("the slot was taken away: " + e.getMessage());
            return;
        }
        over = true;
        listener.committed(actual);
    }

    /** Ends without a commit. */
    void fail(String reason) {
        if (!over) {
            over = true;
            try {
                writer.abandon();
            } finally {
                listener.failed(reason);
            }
        }
    }

    private final class ChunkSink implements PayloadSink {
        private final int chunk;
        private final int expected;

        ChunkSink(int chunk, int expected) {
            this.chunk = chunk;
            this.expected = expected;
        }

        @Override
        public ByteBuffer next(int remaining) {
            SlotTable.Chunk place = chunks.get(chunk);
            return writer.data().bytes(place.offset(), place.length());
        }

        @Override
        public void end(int crc32c) {
            SlotTable.Chunk place = chunks.get(chunk);
            progressNanos = System.nanoTime();
            receivedBytes += place.length();
            if (over) {
                return;
            }
            if (crc32c != expected) {
                fail(
                        "the chunk of %d bytes at %d has CRC-32C %08x, expected %08x"
                                .formatted(place.length(), place.offset(), crc32c, expected));
                return;
            }
            crcs[chunk] = crc32c;
            writer.chunkCrc(chunk, crc32c);
            next = chunk + 1;
        }

        @Override
        public void cancelled() {
            // The connection's end fails the whole transfer.
        }
    }
}
