package io.coxswain.coordinator.core.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.job.FinalDigestRule.Verdict;
import io.coxswain.coordinator.core.model.FinalShard;
import io.coxswain.coordinator.core.model.Mesh;

import org.junit.jupiter.api.Test;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

final class FinalDigestRuleTest {
    private static final HexFormat HEX = HexFormat.of();

    /** The tree over leaves given as pairs of header and blocks, computed the plain way. */
    static String tree(String... headersAndBlocks) {
        try {
            MessageDigest state = MessageDigest.getInstance("SHA-256");
            for (int i = 0; i < headersAndBlocks.length; i += 2) {
                state.update(
                        MessageDigest.getInstance("SHA-256")
                                .digest(
                                        HEX.parseHex(
                                                headersAndBlocks[i] + headersAndBlocks[i + 1])));
            }
            return HEX.formatHex(state.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private static String blocks(int from, int to) {
        var hex = new StringBuilder();
        for (int block = from; block < to; block++) {
            hex.append(String.format("%064x", block + 1));
        }
        return hex.toString();
    }

    private static FinalShard shard(int rank, FinalShard.LeafPart... parts) {
        return new FinalShard(1, 10, rank, List.of(parts), rank == 0, 0, 0, 0, List.of());
    }

    private static FinalShard.LeafPart part(int leaf, int from, int to) {
        return new FinalShard.LeafPart("leaf" + leaf, leaf, 6, from, blocks(from, to), "0" + leaf);
    }

    private static String combined(Mesh mesh, List<FinalShard> shards) {
        return switch (FinalDigestRule.combine(mesh, shards)) {
            case Verdict.Combined combined -> combined.hex();
            case Verdict.Disagreement bad -> throw new AssertionError(bad.text());
            case Verdict.Incomplete bad -> throw new AssertionError(bad.text());
        };
    }

    @Test
    void everyMeshGivesTheSameDigest() {
        String expected = tree("00", blocks(0, 6), "01", blocks(0, 6));
        assertThat(combined(new Mesh(1, 1), List.of(shard(0, part(0, 0, 6), part(1, 0, 6)))))
                .isEqualTo(expected);
        var twoByTwo = new ArrayList<FinalShard>();
        for (int rank = 0; rank < 4; rank++) {
            int from = rank % 2 == 0 ? 0 : 2;
            int to = rank % 2 == 0 ? 2 : 6;
            twoByTwo.addFirst(shard(rank, part(1, from, to), part(0, from, to)));
        }
        assertThat(combined(new Mesh(2, 2), twoByTwo)).isEqualTo(expected);
    }

    @Test
    void replicasThatDisagreeAreNamed() {
        var odd = new FinalShard.LeafPart("leaf0", 0, 6, 3, blocks(9, 10), "00");
        Verdict verdict =
                FinalDigestRule.combine(
                        new Mesh(2, 1), List.of(shard(0, part(0, 0, 6)), shard(1, odd)));
        assertThat(verdict).isInstanceOf(Verdict.Disagreement.class);
        assertThat(verdict.toString())
                .contains("ranks 0 and 1")
                .contains("block 3")
                .contains("leaf0");
    }

    @Test
    void leavesThatAreDescribedDifferentlyDisagree() {
        var odd = new FinalShard.LeafPart("leaf0", 0, 6, 0, blocks(0, 6), "ff");
        assertThat(
                        FinalDigestRule.combine(
                                new Mesh(2, 1), List.of(shard(0, part(0, 0, 6)), shard(1, odd))))
                .isInstanceOf(Verdict.Disagreement.class);
    }

    @Test
    void missingBlocksAndLeavesAreNotPapered() {
        assertThat(
                        FinalDigestRule.combine(
                                        new Mesh(1, 2),
                                        List.of(shard(0, part(0, 0, 2)), shard(1, part(0, 3, 6))))
                                .toString())
                .contains("block 2 of 6");
        assertThat(
                        FinalDigestRule.combine(new Mesh(1, 1), List.of(shard(0, part(1, 0, 6))))
                                .toString())
                .contains("leaf 0 is missing");
        assertThat(FinalDigestRule.combine(new Mesh(1, 1), List.of(shard(0))))
                .isInstanceOf(Verdict.Incomplete.class);
        var beyond = new FinalShard.LeafPart("leaf0", 0, 6, 5, blocks(0, 2), "00");
        assertThat(FinalDigestRule.combine(new Mesh(1, 1), List.of(shard(0, beyond))))
                .isInstanceOf(Verdict.Incomplete.class);
        var ragged = new FinalShard.LeafPart("leaf0", 0, 6, 0, "abcd", "00");
        assertThat(FinalDigestRule.combine(new Mesh(1, 1), List.of(shard(0, ragged))))
                .isInstanceOf(Verdict.Incomplete.class);
    }

    @Test
    void scalarsThatEveryShardReportsCountOnce() {
        var scalar = new FinalShard.LeafPart("count", 1, 1, 0, blocks(7, 8), "01");
        String digest =
                combined(
                        new Mesh(1, 2),
                        List.of(shard(0, part(0, 0, 2), scalar), shard(1, part(0, 2, 6), scalar)));
        assertThat(digest).isEqualTo(tree("00", blocks(0, 6), "01", blocks(7, 8)));
    }
}
