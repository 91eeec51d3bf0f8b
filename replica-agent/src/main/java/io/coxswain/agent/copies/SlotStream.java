package io.coxswain.agent.copies;

import com.google.protobuf.ByteString;

import io.coxswain.agent.core.model.CopyTerms;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.agent.transfer.Connection;
import io.coxswain.agent.transfer.Lane;
import io.coxswain.bridge.arena.Slot;
import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.proto.replica.v1.CopyBegin;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * Sends a committed slot: the table, the chunks straight from the arena with the checksums of the
 * table, and the digest. A few chunks are handed to the network at a time. Confined to the lane's
 * thread.
 */
final class SlotStream {
    /** Told how the stream goes. */
    interface Listener {
        /** Some bytes have left. */
        void progress();

        /** The slot cannot be read any more. */
        void broken(String reason);

        /**
         * The network reads none of the slot's memory any more, after the end or {@link #cancel}.
         */
        void idle();
    }

    private static final int CHUNKS_IN_FLIGHT = 4;

    private final Lane lane;
    private final Connection connection;
    private final long transfer;
    private final StateName state;
    private final Slot slot;
    private final SlotTable table;
    private final List<SlotTable.Chunk> chunks;
    private final @Nullable Pace pace;
    private final Listener listener;
    private int next;
    private int inFlight;
    private boolean yielded;
    private boolean sleeping;
    private boolean over;

    /**
     * @param pace null: as fast as it goes
     * @throws IllegalStateException if the slot is not committed
     */
    SlotStream(
            Lane lane,
            Connection connection,
            long transfer,
            StateName state,
            Slot slot,
            @Nullable Pace pace,
            Listener listener) {
        this.lane = lane;
        this.connection = connection;
        this.transfer = transfer;
        this.state = state;
        this.slot = slot;
        this.table = slot.table();
        this.chunks = table.meta().chunks();
        this.pace = pace;
        this.listener = listener;
    }

    /** Why a slot's content is not the state of this name; empty if it is. */
    static String mismatch(StateName state, SlotTable.Meta meta) {
        StateName actual = new StateName(meta.jobId(), meta.epoch(), meta.step(), meta.shard());
        return actual.equals(state) ? "" : "the slot holds %s, not %s".formatted(actual, state);
    }

    Connection connection() {
        return connection;
    }

    Slot slot() {
        return slot;
    }

    SlotTable table() {
        return table;
    }

    /** True when no further chunk will be sent. */
    boolean ended() {
        return over;
    }

    /** True while the network may read the slot's memory. */
    boolean memoryInUse() {
        return inFlight > 0;
    }

    /**
     * @param terms of a push; null where the receiver asked for the state
     */
    void start(@Nullable CopyTerms terms) {
        byte[] encoded = table.meta().encode();
        boolean inHeader = encoded.length <= CopyFrames.TABLE_IN_HEADER_BYTES;
        CopyBegin.Builder begin =
                CopyBegin.newBuilder()
                        .setTransferId(transfer)
                        .setDataBytes(table.meta().dataBytes())
                        .setChunkBytes(table.meta().chunkBytes());
        if (terms != null) {
            begin.setViewEpoch(terms.epoch())
                    .setFloor(terms.floor())
                    .addAllNeededSteps(terms.needed())
                    .setPlacementVersion(terms.placementVersion());
        }
        if (inHeader) {
            begin.setSlotTable(ByteString.copyFrom(encoded));
        }
        connection.write(
                CopyFrames.begin(state, begin),
                inHeader ? List.of() : List.of(Unpooled.wrappedBuffer(encoded)),
                () -> {});
        pump();
    }

    /** Sends no more. */
    void cancel() {
        if (!over) {
            over = true;
            if (inFlight == 0) {
                listener.idle();
            }
        }
    }

    private void pump() {
        boolean wrote = false;
        try {
            while (!over && !sleeping && inFlight < CHUNKS_IN_FLIGHT && next < chunks.size()) {
                if (held()) {
                    break;
                }
                SlotTable.Chunk chunk = chunks.get(next);
                ByteBuffer memory = slot.data().bytes(chunk.offset(), chunk.length());
                ByteBuf payload = Unpooled.wrappedBuffer(memory);
                inFlight++;
                connection.write(
                        CopyFrames.chunk(state, transfer, chunk.offset(), table.crc(next)),
                        List.of(payload),
                        this::left);
                next++;
                wrote = true;
            }
        } catch (IllegalStateException e) {
            over = true;
            listener.broken("the slot cannot be read any more: " + e.getMessage());
            return;
        }
        if (!over && next == chunks.size()) {
            over = true;
            connection.write(CopyFrames.end(state, transfer, table.digest()), List.of(), () -> {});
            wrote = true;
            if (inFlight == 0) {
                listener.idle();
            }
        }
        if (wrote) {
            connection.flush();
        }
    }

    private boolean held() {
        Pace limits = pace;
        if (limits == null) {
            return false;
        }
        long now = System.nanoTime();
        long delay = limits.delayNanos(now);
        if (delay == 0 && !yielded && limits.shouldYield()) {
            delay = Pace.YIELD_NANOS;
        }
        if (delay == 0) {
            yielded = false;
            limits.sent(chunks.get(next).length(), now);
            return false;
        }
        sleeping = true;
        lane.schedule(
                () -> {
                    sleeping = false;
                    yielded = true;
                    pump();
                },
                delay);
        return true;
    }

    private void left() {
        inFlight--;
        listener.progress();
        if (over) {
            if (inFlight == 0) {
                listener.idle();
            }
        } else {
            pump();
        }
    }
}
