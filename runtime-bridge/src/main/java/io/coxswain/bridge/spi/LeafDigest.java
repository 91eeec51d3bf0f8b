package io.coxswain.bridge.spi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * One rank's part of one leaf of the final digest tree. Immutable: arrays are copied in and out.
 */
public final class LeafDigest {
    private final String leaf;
    private final int leafIndex;
    private final byte[] header;
    private final long leafBlocks;
    private final long firstBlock;
    private final byte[] blockDigests;

    /**
     * Describes the part.
     *
     * @param leaf the leaf's name
     * @param leafIndex its position in the tree
     * @param header what the tree hashes before the leaf's blocks
     * @param leafBlocks how many blocks the whole leaf has
     * @param firstBlock the first of them that this rank has
     * @param blockDigests the digests of this rank's blocks, 32 bytes each, in order
     */
    public LeafDigest(
            String leaf,
            int leafIndex,
            byte[] header,
            long leafBlocks,
            long firstBlock,
            byte[] blockDigests) {
        this.leaf = leaf;
        this.leafIndex = leafIndex;
        this.header = header.clone();
        this.leafBlocks = leafBlocks;
        this.firstBlock = firstBlock;
        this.blockDigests = blockDigests.clone();
    }

    /**
     * What the tree hashes before a leaf's blocks: name and a zero byte, dtype and a zero byte, u32
     * rank, u32 extents, u32 elements of a full block; little-endian.
     *
     * @param dtype f32, i32 …
     * @param shape extents, each below 2^32
     */
    public static byte[] header(String name, String dtype, List<Long> shape, int blockElements) {
        byte[] nameBytes = name.getBytes(StandardCharsets.UTF_8);
        byte[] dtypeBytes = dtype.getBytes(StandardCharsets.US_ASCII);
        ByteBuffer header =
                ByteBuffer.allocate(
                                nameBytes.length
                                        + dtypeBytes.length
                                        + 2
                                        + (shape.size() + 2) * Integer.BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN);
        header.put(nameBytes).put((byte) 0).put(dtypeBytes).put((byte) 0).putInt(shape.size());
        shape.forEach(extent -> header.putInt((int) (long) extent));
        return header.putInt(blockElements).array();
    }

    /** The leaf's name. */
    public String leaf() {
        return leaf;
    }

    /** Its position in the tree. */
    public int leafIndex() {
        return leafIndex;
    }

    /** What the tree hashes before the leaf's blocks. */
    public byte[] header() {
        return header.clone();
    }

    /** How many blocks the whole leaf has. */
    public long leafBlocks() {
        return leafBlocks;
    }

    /** The first block that this rank has. */
    public long firstBlock() {
        return firstBlock;
    }

    /** The digests of this rank's blocks, 32 bytes each, in order. */
    public byte[] blockDigests() {
        return blockDigests.clone();
    }
}
