package io.coxswain.bridge.reference;

import io.coxswain.bridge.data.Sha256;
import io.coxswain.bridge.spi.LeafDigest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;

/**
 * The digest of a whole training state, computed in parallel where the state lives and independent
 * of the mesh.
 *
 * <p>The state is a list of vectors of the same shape: the parameters first, then the optimizer's.
 * It is a SHA-256 tree of three levels:
 *
 * <ol>
 *   <li>block: the elements as little-endian float32, every NaN as {@code 0x7fc00000};
 *   <li>leaf: the UTF-8 name and a zero byte, {@code f32} and a zero byte, u32 rank, u32 extents,
 *       u32 block elements, then its blocks' digests in order; a leaf of an optimizer vector is
 *       called {@code vector/leaf};
 *   <li>state: {@code coxswain-state-1} and a zero byte, u32 number of leaves, then the leaves'
 *       digests, vector by vector.
 * </ol>
 *
 * <p>Integers are little-endian. Pure functions, safe for any thread.
 */
public final class StateDigest {
    /** The name of the vector whose leaves carry no prefix. */
    public static final String PARAMETERS = "parameters";

    /** How many bytes a digest has. */
    public static final int DIGEST_BYTES = 32;

    private static final byte[] HEADER = "coxswain-state-1\0".getBytes(StandardCharsets.US_ASCII);
    private static final String DTYPE = "f32";

    private StateDigest() {}

    /**
     * The names of the vectors of a state, in the order of the digest: the parameters, then the
     * optimizer's.
     */
    public static List<String> vectorNames(Optimizer optimizer) {
        List<String> names = new ArrayList<>();
        names.add(PARAMETERS);
        names.addAll(optimizer.stateNames());
        return List.copyOf(names);
    }

    /**
     * The digests of the blocks in a shard's range of one vector, one after another.
     *
     * @param grid the model's blocks
     * @param range begins and ends at block boundaries
     * @param values holds the elements of the range, the first at {@code valuesAt}
     * @return {@value #DIGEST_BYTES} bytes per block, in order
     */
    public static byte[] blockDigests(
            BlockGrid grid, ElementRange range, float[] values, int valuesAt) {
        int first = grid.blockAt(range.from());
        int end = grid.blockAt(range.to());
        byte[] digests = new byte[Math.multiplyExact(end - first, DIGEST_BYTES)];
        ByteBuffer bytes =
                ByteBuffer.allocate(
                                Math.multiplyExact(
                                        Math.min(grid.blockElements(), grid.elements()),
                                        Float.BYTES))
                        .order(ByteOrder.LITTLE_ENDIAN);
        MessageDigest sha256 = Sha256.digest();
        for (int block = first; block < end; block++) {
            encode(
                    values,
                    valuesAt + grid.start(block) - range.from(),
                    grid.block(block).elements(),
                    bytes);
            sha256.update(bytes);
            byte[] digest = sha256.digest();
            System.arraycopy(digest, 0, digests, (block - first) * DIGEST_BYTES, DIGEST_BYTES);
        }
        return digests;
    }

    /**
     * The digest of the state.
     *
     * @param grid the model's blocks
     * @param vectorNames the vectors' names in order, as {@link #vectorNames} gives them
     * @param blockDigests per vector the digests of all its blocks: the shards' {@link
     *     #blockDigests} joined in order
     * @return {@value #DIGEST_BYTES} bytes
     */
    public static byte[] combine(
            BlockGrid grid, List<String> vectorNames, List<byte[]> blockDigests) {
        if (vectorNames.size() != blockDigests.size()) {
            throw new IllegalArgumentException(
                    "%d vectors but digests of %d"
                            .formatted(vectorNames.size(), blockDigests.size()));
        }
        MessageDigest state = Sha256.digest();
        state.update(HEADER);
        state.update(integers(vectorNames.size() * grid.leaves().size()));
        for (int vector = 0; vector < vectorNames.size(); vector++) {
            byte[] digests = blockDigests.get(vector);
            if (digests.length != grid.blocks() * DIGEST_BYTES) {
                throw new IllegalArgumentException(
                        "vector %s has %d bytes of block digests, and %d blocks make %d"
                                .formatted(
                                        vectorNames.get(vector),
                                        digests.length,
                                        grid.blocks(),
                                        grid.blocks() * DIGEST_BYTES));
            }
            for (int leaf = 0; leaf < grid.leaves().size(); leaf++) {
                state.update(leafDigest(grid, leaf, vectorNames.get(vector), digests));
            }
        }
        return state.digest();
    }

    private static void encode(float[] values, int at, int elements, ByteBuffer bytes) {
        bytes.clear();
        bytes.asFloatBuffer().put(values, at, elements);
        bytes.limit(elements * Float.BYTES);
        // The buffer keeps the payload of a NaN, which differs between processors. NaNs are rare,
        // and looking for them
        // costs less than converting each element.
        boolean nan = false;
        for (int i = at; i < at + elements; i++) {
            nan |= Float.isNaN(values[i]);
        }
        if (nan) {
            for (int i = 0; i < elements; i++) {
                bytes.putInt(i * Float.BYTES, Float.floatToIntBits(values[at + i]));
            }
        }
    }

    /**
     * What a leaf's digest covers before the digests of its blocks: name, dtype, rank, extents and
     * block elements.
     *
     * @param leaf which of the grid's leaves
     * @param vectorName the vector that the leaf is of, as {@link #vectorNames} gives it
     */
    public static byte[] leafHeader(BlockGrid grid, int leaf, String vectorName) {
        return LeafDigest.header(
                leafName(grid, leaf, vectorName),
                DTYPE,
                grid.leaves().get(leaf).shape().stream().map(Integer::longValue).toList(),
                grid.blockElements());
    }

    /** What a leaf of a vector is called. */
    public static String leafName(BlockGrid grid, int leaf, String vectorName) {
        String name = grid.leaves().get(leaf).name();
        return vectorName.equals(PARAMETERS) ? name : vectorName + "/" + name;
    }

    private static byte[] leafDigest(BlockGrid grid, int leaf, String vectorName, byte[] digests) {
        MessageDigest sha256 = Sha256.digest();
        sha256.update(leafHeader(grid, leaf, vectorName));
        int from = grid.firstBlock(leaf) * DIGEST_BYTES;
        int to = grid.firstBlock(leaf + 1) * DIGEST_BYTES;
        sha256.update(digests, from, to - from);
        return sha256.digest();
    }

    private static ByteBuffer integers(int value) {
        return ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .flip();
    }
}
