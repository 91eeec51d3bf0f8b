package io.coxswain.bridge.arena;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * The numbers of {@code docs/arena.md}: where each field and region lies. All integers are
 * little-endian.
 */
final class ArenaFormat {
    static final long MAGIC = 0x414E_4552_4158_4F43L; // "COXARENA"
    static final int VERSION = 1;
    static final int HEADER_BYTES = 4096;
    static final int PAGE_BYTES = 4096;
    static final int LINE_BYTES = 64;

    // File header.
    static final int AT_MAGIC = 0;
    static final int AT_VERSION = 8;
    static final int AT_HEADER_BYTES = 12;
    static final int AT_FILE_BYTES = 16;
    static final int AT_PARAMETER_ELEMENTS = 24;
    static final int AT_GRADIENT_BUFFERS = 32;
    static final int AT_SLOTS = 36;
    static final int AT_REDUCED_ELEMENTS = 40;
    static final int AT_LIVE_BYTES = 48;
    static final int AT_SLOT_DATA_BYTES = 56;
    static final int AT_MAX_PIECES = 64;
    static final int AT_HEADER_CRC = 68;
    static final int HEADER_CRC_COVERS = 68;

    // Slot header.
    static final int SLOT_HEADER_BYTES = 128;
    static final int SLOT_MARK = 0;
    static final int SLOT_GENERATION = 8;
    static final int SLOT_TABLE_BYTES = 16;
    static final int SLOT_CHUNKS = 20;
    static final int SLOT_DATA_BYTES = 24;
    static final int SLOT_DIGEST = 32;
    static final int SLOT_CRC = 64;
    static final int SLOT_CRC_FROM = 8;
    static final int SLOT_CRC_TO = 64;

    /**
     * The commit marks differ from each other in many bits, so that a flipped bit makes none of
     * them from another.
     */
    static final long MARK_EMPTY = 0L;

    static final long MARK_WRITING = 0x474E_4954_4952_5743L; // "CWRITING"
    static final long MARK_FILLED = 0x0044_454C_4C49_4643L; // "CFILLED\0"
    static final long MARK_COMMITTED = 0x4445_5454_494D_4F43L; // "COMITTED"

    private static final int TABLE_BYTES_BASE = 1024;
    private static final int TABLE_BYTES_PER_PIECE = 256;

    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final VarHandle LONG_HANDLE = LONG.varHandle();

    private ArenaFormat() {}

    static long align(long bytes, int to) {
        return Math.addExact(bytes, to - 1) & -(long) to;
    }

    /** Bytes kept for a slot's encoded table. */
    static int tableCapacity(int maxPieces) {
        return Math.toIntExact(
                align(
                        TABLE_BYTES_BASE
                                + Math.multiplyExact((long) TABLE_BYTES_PER_PIECE, maxPieces),
                        LINE_BYTES));
    }

    /** How many chunks a slot can have: those of full length, and a shorter one for each piece. */
    static int chunkCapacity(long slotDataBytes, int maxPieces) {
        return Math.toIntExact(slotDataBytes / SlotTable.CHUNK_BYTES + maxPieces);
    }

    static int crc(MemorySegment segment, long from, long bytes) {
        CRC32C crc = new CRC32C();
        update(crc, segment, from, bytes);
        return (int) crc.getValue();
    }

    static void update(CRC32C crc, MemorySegment segment, long from, long bytes) {
        long at = from;
        long left = bytes;
        while (left > 0) {
            int now = (int) Math.min(left, 1 << 30);
            ByteBuffer view = segment.asSlice(at, now).asByteBuffer();
            crc.update(view);
            at += now;
            left -= now;
        }
    }
}
