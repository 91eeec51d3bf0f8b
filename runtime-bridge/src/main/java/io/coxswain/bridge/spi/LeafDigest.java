package io.coxswain.bridge.spi;

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
