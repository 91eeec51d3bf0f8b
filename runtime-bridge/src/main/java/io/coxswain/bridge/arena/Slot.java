package io.coxswain.bridge.arena;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * A place for one snapshot or copy. EMPTY → WRITING → COMMITTED → EMPTY.
 *
 * <p>The commit mark is stored last, with release order, and read with acquire order: a process
 * that sees COMMITTED sees the data, and a writer that dies leaves WRITING, which is never trusted.
 * Any thread may read; one writer at a time.
 */
public final class Slot {
    /** What the commit mark says. */
    public enum State {
        /** Nothing is in it. */
        EMPTY,
        /** Somebody writes it, died while writing it, or the mark is damaged: not to be trusted. */
        WRITING,
        /** Complete. */
        COMMITTED
    }

    private final int index;
    private final int maxPieces;
    private final long slotDataBytes;
    private final MemorySegment header;
    private final MemorySegment table;
    private final MemorySegment crcs;
    private final MemorySegment data;

    Slot(int index, ArenaFile.Shape shape, MemorySegment segment) {
        this.index = index;
        this.maxPieces = shape.maxPieces();
        this.slotDataBytes = shape.slotDataBytes();
        int tableBytes = ArenaFormat.tableCapacity(maxPieces);
        long crcBytes = shape.slotCrcBytes();
        this.header = segment.asSlice(0, ArenaFormat.SLOT_HEADER_BYTES);
        this.table = segment.asSlice(ArenaFormat.SLOT_HEADER_BYTES, tableBytes);
        this.crcs = segment.asSlice(ArenaFormat.SLOT_HEADER_BYTES + tableBytes, crcBytes);
        this.data = segment.asSlice(shape.slotDataOffset(), slotDataBytes);
    }

    /** Which slot of the file it is. */
    public int index() {
        return index;
    }

    /** How many bytes the encoded table of a state may have. */
    public int tableCapacity() {
        return (int) table.byteSize();
    }

    /** What the commit mark says now. */
    public State state() {
        long mark = mark();
        if (mark == ArenaFormat.MARK_COMMITTED) {
            return State.COMMITTED;
        }
        return mark == ArenaFormat.MARK_EMPTY ? State.EMPTY : State.WRITING;
    }

    /**
     * What is in a committed slot.
     *
     * @throws IllegalStateException if the slot is not committed, or its header or table does not
     *     match its CRC
     */
    public SlotTable table() {
        Read read = read();
        if (read.table == null) {
            throw new IllegalStateException("slot %d: %s".formatted(index, read.trouble));
        }
        return read.table;
    }

    /**
     * Begins to write. An interrupted write is taken over: its writer cannot commit any more.
     *
     * @throws IllegalStateException if the slot is committed: {@link #free} it first
     * @throws IllegalArgumentException if the state does not fit into the slot; the message says
     *     why
     */
    public SlotWriter write(SlotTable.Meta meta) {
        if (state() == State.COMMITTED) {
            throw new IllegalStateException(
                    "slot %d holds a committed state; free it before it is written"
                            .formatted(index));
        }
        byte[] encoded = meta.encode();
        int chunks = meta.chunkCount();
        if (meta.dataBytes() > slotDataBytes
                || encoded.length > table.byteSize()
                || meta.pieces().size() > maxPieces
                || chunks > crcs.byteSize() / Integer.BYTES) {
            throw new IllegalArgumentException(
                    "slot %d takes %d data bytes, %d pieces, %d table bytes and %d chunks; the state has %d, %d, %d and %d"
                            .formatted(
                                    index,
                                    slotDataBytes,
                                    maxPieces,
                                    table.byteSize(),
                                    crcs.byteSize() / Integer.BYTES,
                                    meta.dataBytes(),
                                    meta.pieces().size(),
                                    encoded.length,
                                    chunks));
        }
        long generation = header.get(ArenaFormat.LONG, ArenaFormat.SLOT_GENERATION) + 1;
        // Volatile: no store of the new content may be seen before the old mark is gone.
        ArenaFormat.LONG_HANDLE.setVolatile(
                header, (long) ArenaFormat.SLOT_MARK, ArenaFormat.MARK_WRITING);
        header.set(ArenaFormat.LONG, ArenaFormat.SLOT_GENERATION, generation);
        return new Writer(meta, encoded, generation, chunks);
    }

    /** True if a writer put all data in place and has not yet committed. */
    public boolean isFilled() {
        return mark() == ArenaFormat.MARK_FILLED;
    }

    /**
     * Finishes the work of a writer that is gone: computes the checksums of a filled slot and
     * commits it. To be called only when the writer's process has ended.
     *
     * @return what is in the slot now, or null if it was not filled or its table is damaged
     */
    public @Nullable SlotTable completeFilled() {
        if (!isFilled()) {
            return null;
        }
        int tableBytes = header.get(ArenaFormat.INT, ArenaFormat.SLOT_TABLE_BYTES);
        if (tableBytes < 0
                || tableBytes > table.byteSize()
                || header.get(ArenaFormat.INT, ArenaFormat.SLOT_CRC)
                        != ArenaFormat.crc(table, 0, tableBytes)) {
            return null;
        }
        byte[] encoded = new byte[tableBytes];
        MemorySegment.copy(table, ValueLayout.JAVA_BYTE, 0, encoded, 0, tableBytes);
        SlotTable.Meta meta = SlotTable.Meta.decode(encoded);
        long generation = header.get(ArenaFormat.LONG, ArenaFormat.SLOT_GENERATION);
        Writer successor = new Writer(meta, encoded, generation, meta.chunkCount());
        successor.checksum();
        successor.commit();
        return table();
    }

    /** Empties the slot, whatever is in it; a writer that is not done cannot commit any more. */
    public void free() {
        header.set(
                ArenaFormat.LONG,
                ArenaFormat.SLOT_GENERATION,
                header.get(ArenaFormat.LONG, ArenaFormat.SLOT_GENERATION) + 1);
        ArenaFormat.LONG_HANDLE.setVolatile(
                header, (long) ArenaFormat.SLOT_MARK, ArenaFormat.MARK_EMPTY);
    }

    /** Reads every byte of a committed slot and compares it with its checksums. */
    public Verification verify() {
        Read read = read();
        SlotTable found = read.table;
        if (found == null) {
            return new Verification.Damaged("slot %d: %s".formatted(index, read.trouble));
        }
        List<SlotTable.Chunk> chunks = found.meta().chunks();
        for (int i = 0; i < chunks.size(); i++) {
            SlotTable.Chunk chunk = chunks.get(i);
            int crc = ArenaFormat.crc(data, chunk.offset(), chunk.length());
            if (crc != found.crc(i)) {
                return new Verification.Damaged(
                        "slot %d: chunk %d (%s, bytes %d to %d) has CRC %08x, expected %08x"
                                .formatted(
                                        index,
                                        i,
                                        found.meta().pieces().get(chunk.piece()).box().leaf(),
                                        chunk.offset(),
                                        chunk.offset() + chunk.length(),
                                        crc,
                                        found.crc(i)));
            }
        }
        byte[] digest = found.meta().digest(found.crcs());
        if (!Arrays.equals(digest, found.digest())) {
            return new Verification.Damaged(
                    "slot %d: the digest does not match the chunks".formatted(index));
        }
        return new Verification.Intact(digest);
    }

    /** The data area. What is in it counts only while the slot is committed. */
    public ByteRegion data() {
        return new ByteRegion(data);
    }

    private long mark() {
        return (long) ArenaFormat.LONG_HANDLE.getAcquire(header, (long) ArenaFormat.SLOT_MARK);
    }

    /** A table, or why there is none. */
    private record Read(@Nullable SlotTable table, String trouble) {}

    private Read read() {
        long mark = mark();
        if (mark != ArenaFormat.MARK_COMMITTED) {
            return new Read(null, "it is not committed (mark %016x)".formatted(mark));
        }
        int tableBytes = header.get(ArenaFormat.INT, ArenaFormat.SLOT_TABLE_BYTES);
        int chunks = header.get(ArenaFormat.INT, ArenaFormat.SLOT_CHUNKS);
        if (tableBytes < 0
                || tableBytes > table.byteSize()
                || chunks < 0
                || chunks > crcs.byteSize() / Integer.BYTES) {
            return new Read(
                    null,
                    "its header names a table of %d bytes and %d chunks"
                            .formatted(tableBytes, chunks));
        }
        int expected = header.get(ArenaFormat.INT, ArenaFormat.SLOT_CRC);
        int crc = headerCrc(tableBytes, chunks);
        if (crc != expected) {
            return new Read(
                    null, "its header has CRC %08x, expected %08x".formatted(crc, expected));
        }
        byte[] encoded = new byte[tableBytes];
        MemorySegment.copy(table, ValueLayout.JAVA_BYTE, 0, encoded, 0, tableBytes);
        SlotTable.Meta meta;
        try {
            meta = SlotTable.Meta.decode(encoded);
        } catch (IllegalArgumentException e) {
            return new Read(null, String.valueOf(e.getMessage()));
        }
        if (meta.chunkCount() != chunks || meta.dataBytes() > slotDataBytes) {
            return new Read(null, "its table does not fit its header");
        }
        int[] values = new int[chunks];
        MemorySegment.copy(crcs, ArenaFormat.INT, 0, values, 0, chunks);
        byte[] digest = new byte[SlotTable.DIGEST_BYTES];
        MemorySegment.copy(
                header,
                ValueLayout.JAVA_BYTE,
                ArenaFormat.SLOT_DIGEST,
                digest,
                0,
                SlotTable.DIGEST_BYTES);
        return new Read(new SlotTable(meta, values, digest), "");
    }

    private int headerCrc(int tableBytes, int chunks) {
        CRC32C crc = new CRC32C();
        ArenaFormat.update(
                crc,
                header,
                ArenaFormat.SLOT_CRC_FROM,
                ArenaFormat.SLOT_CRC_TO - ArenaFormat.SLOT_CRC_FROM);
        ArenaFormat.update(crc, table, 0, tableBytes);
        ArenaFormat.update(crc, crcs, 0, (long) chunks * Integer.BYTES);
        return (int) crc.getValue();
    }

    private final class Writer implements SlotWriter {
        private final SlotTable.Meta meta;
        private final byte[] encoded;
        private final long generation;
        private final int[] values;
        private final boolean[] known;
        private final ByteRegion area;

        Writer(SlotTable.Meta meta, byte[] encoded, long generation, int chunks) {
            this.meta = meta;
            this.encoded = encoded;
            this.generation = generation;
            this.values = new int[chunks];
            this.known = new boolean[chunks];
            this.area = new ByteRegion(data.asSlice(0, meta.dataBytes()));
        }

        @Override
        public SlotTable.Meta meta() {
            return meta;
        }

        @Override
        public ByteRegion data() {
            return area;
        }

        @Override
        public void chunkCrc(int chunk, int crc32c) {
            values[chunk] = crc32c;
            known[chunk] = true;
        }

        @Override
        public void filled() {
            requireOwned();
            MemorySegment.copy(encoded, 0, table, ValueLayout.JAVA_BYTE, 0, encoded.length);
            header.set(ArenaFormat.INT, ArenaFormat.SLOT_TABLE_BYTES, encoded.length);
            header.set(
                    ArenaFormat.INT,
                    ArenaFormat.SLOT_CRC,
                    ArenaFormat.crc(table, 0, encoded.length));
            boolean marked =
                    ArenaFormat.LONG_HANDLE.compareAndSet(
                            header,
                            (long) ArenaFormat.SLOT_MARK,
                            ArenaFormat.MARK_WRITING,
                            ArenaFormat.MARK_FILLED);
            if (!marked) {
                throw lost();
            }
        }

        @Override
        public void checksum() {
            List<SlotTable.Chunk> chunks = meta.chunks();
            for (int i = 0; i < chunks.size(); i++) {
                if (!known[i]) {
                    SlotTable.Chunk chunk = chunks.get(i);
                    chunkCrc(i, ArenaFormat.crc(data, chunk.offset(), chunk.length()));
                }
            }
        }

        @Override
        public byte[] commit() {
            for (int i = 0; i < known.length; i++) {
                if (!known[i]) {
                    throw new IllegalStateException(
                            "slot %d: chunk %d of %d has no CRC yet"
                                    .formatted(index, i, known.length));
                }
            }
            requireOwned();
            byte[] digest = meta.digest(values);
            MemorySegment.copy(encoded, 0, table, ValueLayout.JAVA_BYTE, 0, encoded.length);
            MemorySegment.copy(values, 0, crcs, ArenaFormat.INT, 0, values.length);
            header.set(ArenaFormat.INT, ArenaFormat.SLOT_TABLE_BYTES, encoded.length);
            header.set(ArenaFormat.INT, ArenaFormat.SLOT_CHUNKS, values.length);
            header.set(ArenaFormat.LONG, ArenaFormat.SLOT_DATA_BYTES, meta.dataBytes());
            MemorySegment.copy(
                    digest,
                    0,
                    header,
                    ValueLayout.JAVA_BYTE,
                    ArenaFormat.SLOT_DIGEST,
                    digest.length);
            header.set(
                    ArenaFormat.INT,
                    ArenaFormat.SLOT_CRC,
                    headerCrc(encoded.length, values.length));
            requireOwned();
            boolean marked =
                    exchange(ArenaFormat.MARK_FILLED) || exchange(ArenaFormat.MARK_WRITING);
            if (!marked) {
                throw lost();
            }
            return digest;
        }

        @Override
        public void abandon() {
            if (owned()) {
                free();
            }
        }

        private boolean exchange(long from) {
            return ArenaFormat.LONG_HANDLE.compareAndSet(
                    header, (long) ArenaFormat.SLOT_MARK, from, ArenaFormat.MARK_COMMITTED);
        }

        private boolean owned() {
            long mark = mark();
            return (mark == ArenaFormat.MARK_WRITING || mark == ArenaFormat.MARK_FILLED)
                    && header.get(ArenaFormat.LONG, ArenaFormat.SLOT_GENERATION) == generation;
        }

        private void requireOwned() {
            if (!owned()) {
                throw lost();
            }
        }

        private IllegalStateException lost() {
            return new IllegalStateException(
                    "slot %d was freed or taken over while step %d was being written"
                            .formatted(index, meta.step()));
        }
    }
}
