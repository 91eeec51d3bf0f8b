package io.coxswain.bridge.arena;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A region of an arena as bytes; may be longer than 2 GiB. Views and copies go to the shared memory
 * itself. Any thread; after the file is closed every call throws {@link IllegalStateException}, and
 * a call outside the region {@link IndexOutOfBoundsException}.
 */
public final class ByteRegion {
    private final MemorySegment segment;

    ByteRegion(MemorySegment segment) {
        this.segment = segment;
    }

    /** How many bytes the region has. */
    public long size() {
        return segment.byteSize();
    }

    /** A little-endian direct view. */
    public ByteBuffer bytes(long offset, int length) {
        return segment.asSlice(offset, length).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Copies {@code count} bytes from {@code offset} of the region into {@code target}. */
    public void read(long offset, byte[] target, int targetFrom, int count) {
        MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, offset, target, targetFrom, count);
    }

    /** Copies {@code count} bytes of {@code source} into the region at {@code offset}. */
    public void write(long offset, byte[] source, int sourceFrom, int count) {
        MemorySegment.copy(source, sourceFrom, segment, ValueLayout.JAVA_BYTE, offset, count);
    }

    /**
     * Copies {@code count} float32 of the region, little-endian from byte {@code offset} on, into
     * {@code target}.
     */
    public void readFloats(long offset, float[] target, int targetFrom, int count) {
        MemorySegment.copy(segment, ArenaFormat.FLOAT, offset, target, targetFrom, count);
    }

    /**
     * Copies {@code count} float32 of {@code source} into the region, little-endian from byte
     * {@code offset} on.
     */
    public void writeFloats(long offset, float[] source, int sourceFrom, int count) {
        MemorySegment.copy(source, sourceFrom, segment, ArenaFormat.FLOAT, offset, count);
    }

    /** The little-endian word at {@code offset}, a multiple of 8. */
    public long word(long offset) {
        return segment.get(ArenaFormat.LONG, offset);
    }

    /** Sets the little-endian word at {@code offset}, a multiple of 8. */
    public void word(long offset, long value) {
        segment.set(ArenaFormat.LONG, offset, value);
    }

    /**
     * Copies {@code count} bytes of another region, of this file or of another one, into this
     * region.
     */
    public void copyFrom(ByteRegion source, long sourceOffset, long targetOffset, long count) {
        MemorySegment.copy(source.segment, sourceOffset, segment, targetOffset, count);
    }

    /** The CRC-32C of {@code length} bytes from {@code offset} on. */
    public int crc32c(long offset, long length) {
        return ArenaFormat.crc(segment, offset, length);
    }

    /**
     * The region's memory itself, for code that hands its address outside the JVM. It ends with the
     * file: whoever does so makes sure that nobody uses the address after {@link ArenaFile#close}.
     */
    public MemorySegment segment() {
        return segment;
    }
}
