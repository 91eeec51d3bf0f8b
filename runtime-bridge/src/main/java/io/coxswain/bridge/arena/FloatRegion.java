package io.coxswain.bridge.arena;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * A region of an arena that holds float32 elements, little-endian. Views and copies go to the
 * shared memory itself; who may write when is a matter of the bridge's protocol. Any thread; after
 * the file is closed every call throws {@link IllegalStateException}.
 */
public final class FloatRegion {
    private final MemorySegment segment;
    private final long elements;

    FloatRegion(MemorySegment segment, long elements) {
        this.segment = segment;
        this.elements = elements;
    }

    /** How many elements the region has. */
    public long elements() {
        return elements;
    }

    /**
     * Copies {@code count} elements from element {@code from} of the region into {@code target}.
     */
    public void read(long from, float[] target, int targetFrom, int count) {
        Objects.checkFromIndexSize(from, count, elements);
        MemorySegment.copy(
                segment, ArenaFormat.FLOAT, from * Float.BYTES, target, targetFrom, count);
    }

    /**
     * Copies {@code count} elements of {@code source} into the region from element {@code from} on.
     */
    public void write(long from, float[] source, int sourceFrom, int count) {
        Objects.checkFromIndexSize(from, count, elements);
        MemorySegment.copy(
                source, sourceFrom, segment, ArenaFormat.FLOAT, from * Float.BYTES, count);
    }

    /** A little-endian direct view of {@code count} elements from element {@code from} on. */
    public ByteBuffer bytes(long from, int count) {
        Objects.checkFromIndexSize(from, count, elements);
        return segment.asSlice(from * Float.BYTES, (long) count * Float.BYTES)
                .asByteBuffer()
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The same memory as bytes. */
    public ByteRegion asBytes() {
        return new ByteRegion(segment);
    }

    /**
     * The region's memory itself, for code that hands its address outside the JVM; its length is a
     * multiple of 4 bytes and its beginning one of 64. It ends with the file: whoever does so makes
     * sure that nobody uses the address after {@link ArenaFile#close}.
     */
    public MemorySegment segment() {
        return segment;
    }
}
