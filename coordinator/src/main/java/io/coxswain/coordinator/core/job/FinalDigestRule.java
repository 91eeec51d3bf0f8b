package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.model.FinalShard;
import io.coxswain.coordinator.core.model.Mesh;

import org.jspecify.annotations.Nullable;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Collection;
import java.util.HexFormat;
import java.util.TreeMap;

/**
 * Combines the ranks' block digests into the digest of the whole final state. A leaf's digest is
 * SHA-256 over its header and the digests of all its blocks in order; the state's digest is SHA-256
 * over the leaves' digests in order of their index. Nothing of the mesh enters, so every mesh gives
 * the same digest for the same state.
 *
 * <p>Every block must be there. A block that several ranks report (replicas of a shard, scalars
 * that are in every shard) must be the same in all.
 */
public final class FinalDigestRule {
    private static final int DIGEST_BYTES = 32;
    private static final HexFormat HEX = HexFormat.of();

    private FinalDigestRule() {}

    /** What came out. */
    public sealed interface Verdict {
        /** {@code hex}: lower-case hex SHA-256. */
        record Combined(String hex) implements Verdict {}

        /**
         * Two ranks report different digests for one block: one of them computed something else.
         */
        record Disagreement(String text) implements Verdict {}

        /** The parts do not make a whole. */
        record Incomplete(String text) implements Verdict {}
    }

    private static final class Leaf {
        final FinalShard.LeafPart first;
        final byte[] blocks;
        final int[] reporter;

        Leaf(FinalShard.LeafPart part) {
            first = part;
            int count = Math.toIntExact(part.leafBlocks());
            blocks = new byte[Math.multiplyExact(count, DIGEST_BYTES)];
            reporter = new int[count];
            Arrays.fill(reporter, -1);
        }
    }

    /** {@code shards}: one per rank of {@code mesh}, in any order. */
    public static Verdict combine(Mesh mesh, Collection<FinalShard> shards) {
        var leaves = new TreeMap<Integer, Leaf>();
        for (FinalShard shard : shards) {
            if (shard.rank() < 0 || shard.rank() >= mesh.ranks()) {
                return new Verdict.Incomplete("rank " + shard.rank() + " is not in mesh " + mesh);
            }
            for (FinalShard.LeafPart part : shard.leaves()) {
                Leaf leaf = leaves.computeIfAbsent(part.leafIndex(), index -> new Leaf(part));
                Verdict refused = add(leaf, part, shard.rank());
                if (refused != null) {
                    return refused;
                }
            }
        }
        if (leaves.isEmpty()) {
            return new Verdict.Incomplete("no rank reported a leaf");
        }
        MessageDigest state = sha256();
        int expected = 0;
        for (var entry : leaves.entrySet()) {
            Leaf leaf = entry.getValue();
            if (entry.getKey() != expected) {
                return new Verdict.Incomplete(
                        "leaf "
                                + expected
                                + " is missing; the next one reported is "
                                + entry.getKey()
                                + " ("
                                + leaf.first.leaf()
                                + ")");
            }
            for (int block = 0; block < leaf.reporter.length; block++) {
                if (leaf.reporter[block] < 0) {
                    return new Verdict.Incomplete(
                            "block "
                                    + block
                                    + " of "
                                    + leaf.reporter.length
                                    + " of leaf "
                                    + leaf.first.leaf()
                                    + " was reported by no rank");
                }
            }
            MessageDigest digest = sha256();
            digest.update(HEX.parseHex(leaf.first.headerHex()));
            digest.update(leaf.blocks);
            state.update(digest.digest());
            expected++;
        }
        return new Verdict.Combined(HEX.formatHex(state.digest()));
    }

    private static @Nullable Verdict add(Leaf leaf, FinalShard.LeafPart part, int rank) {
        FinalShard.LeafPart first = leaf.first;
        if (!first.leaf().equals(part.leaf())
                || !first.headerHex().equals(part.headerHex())
                || first.leafBlocks() != part.leafBlocks()) {
            return new Verdict.Disagreement(
                    "rank "
                            + rank
                            + " describes leaf "
                            + part.leafIndex()
                            + " as "
                            + part.leaf()
                            + " of "
                            + part.leafBlocks()
                            + " blocks, another rank as "
                            + first.leaf()
                            + " of "
                            + first.leafBlocks()
                            + " blocks or with another header");
        }
        byte[] digests = HEX.parseHex(part.blockDigestsHex());
        if (digests.length % DIGEST_BYTES != 0) {
            return new Verdict.Incomplete(
                    "rank "
                            + rank
                            + ", leaf "
                            + part.leaf()
                            + ": "
                            + digests.length
                            + " bytes of block digests are not whole digests of 32 bytes");
        }
        int count = digests.length / DIGEST_BYTES;
        if (part.firstBlock() < 0 || part.firstBlock() + count > leaf.reporter.length) {
            return new Verdict.Incomplete(
                    "rank "
                            + rank
                            + " reports blocks "
                            + part.firstBlock()
                            + ".."
                            + (part.firstBlock() + count - 1)
                            + " of leaf "
                            + part.leaf()
                            + ", which has "
                            + leaf.reporter.length);
        }
        for (int i = 0; i < count; i++) {
            int block = (int) part.firstBlock() + i;
            int at = block * DIGEST_BYTES;
            if (leaf.reporter[block] < 0) {
                leaf.reporter[block] = rank;
                System.arraycopy(digests, i * DIGEST_BYTES, leaf.blocks, at, DIGEST_BYTES);
            } else if (!Arrays.equals(
                    leaf.blocks,
                    at,
                    at + DIGEST_BYTES,
                    digests,
                    i * DIGEST_BYTES,
                    (i + 1) * DIGEST_BYTES)) {
                return new Verdict.Disagreement(
                        "ranks "
                                + leaf.reporter[block]
                                + " and "
                                + rank
                                + " report different digests for block "
                                + block
                                + " of leaf "
                                + part.leaf());
            }
        }
        return null;
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
    }
}
