package io.coxswain.bridge.pieces;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.bridge.arena.SlotTable.Box;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

class PieceCheckTest {
    private static final Box LEFT = box("w", "f32", List.of(4L, 4L), 0, 0, 2, 4);
    private static final Box RIGHT = box("w", "f32", List.of(4L, 4L), 2, 0, 2, 4);
    private static final Box SEED =
            new Box("seed", "u64", List.of(2L), List.of(0L), List.of(2L), true, 16);

    private static Box box(String leaf, String type, List<Long> shape, long... numbers) {
        var offset = new ArrayList<Long>();
        var extent = new ArrayList<Long>();
        for (int i = 0; i < numbers.length; i++) {
            (i < numbers.length / 2 ? offset : extent).add(numbers[i]);
        }
        return RandomMesh.box(leaf, type, shape, new Space(offset, extent));
    }

    @Test
    void whateverIsCutMakesAWholeUntilABoxIsLeftOut() {
        for (int seed = 0; seed < 2000; seed++) {
            var random = new Random(seed);
            var mesh = new RandomMesh(random);
            List<List<Box>> shards = mesh.shards(mesh.type(), mesh.shape());

            assertThat(PieceCheck.problem(shards)).as("seed %d", seed).isNull();

            List<Box> all =
                    shards.stream().flatMap(List::stream).filter(b -> b.bytes() > 0).toList();
            Box gone = all.get(random.nextInt(all.size()));
            List<List<Box>> without =
                    shards.stream()
                            .map(shard -> shard.stream().filter(b -> !b.equals(gone)).toList())
                            .toList();
            if (without.stream().anyMatch(shard -> !shard.isEmpty())) {
                assertThat(PieceCheck.problem(without))
                        .as("seed %d", seed)
                        .contains("elements are in no shard, such as " + gone.offset());
            }
        }
    }

    @Test
    void piecesThatFit() {
        assertThat(PieceCheck.problem(List.of())).isNull();
        assertThat(PieceCheck.problem(List.of(List.of(LEFT), List.of(RIGHT)))).isNull();
        assertThat(PieceCheck.problem(List.of(List.of(LEFT, RIGHT), List.of(RIGHT)))).isNull();
        assertThat(PieceCheck.problem(List.of(List.of(LEFT, SEED), List.of(RIGHT, SEED)))).isNull();
        assertThat(
                        PieceCheck.problem(
                                List.of(List.of(box("none", "f32", List.of(0L, 9L), 0, 0, 0, 9)))))
                .isNull();
    }

    @Test
    void gapsAndOverlapsAreNamed() {
        assertProblem(
                "leaf w of shape [4, 4]: 2 of its 16 elements are in no shard, such as [2, 3]",
                List.of(LEFT),
                List.of(box("w", "f32", List.of(4L, 4L), 2, 0, 2, 3)));
        assertProblem(
                "[0:2, 0:4] in shard 0 and [1:4, 0:4] in shard 1 overlap",
                List.of(LEFT),
                List.of(box("w", "f32", List.of(4L, 4L), 1, 0, 3, 4)));
        assertProblem(
                "shard 0: has [0:2, 0:4] of leaf w twice", List.of(LEFT, LEFT), List.of(RIGHT));
    }

    @Test
    void whatDescribesTheLeafOtherwiseIsNamed() {
        assertProblem(
                "shard 1: leaf w is f64[4, 4], and f32[4, 4] in another piece",
                List.of(LEFT),
                List.of(box("w", "f64", List.of(4L, 4L), 2, 0, 2, 4)));
        assertProblem(
                "leaf w is f32[4, 5], and f32[4, 4]",
                List.of(LEFT),
                List.of(box("w", "f32", List.of(4L, 5L), 2, 0, 2, 4)));
        assertProblem(
                "leaf seed is u64[2], and u64[2] per rank",
                List.of(SEED),
                List.of(box("seed", "u64", List.of(2L), 0, 2)));
        assertProblem(
                "shard 0: leaf w has elements of type 'f9'; there are f64",
                List.of(new Box("w", "f9", List.of(1L), List.of(0L), List.of(1L), false, 4)));
        assertProblem(
                "[0:3] of leaf w, f32, has 11 bytes; its elements have 12",
                List.of(new Box("w", "f32", List.of(3L), List.of(0L), List.of(3L), false, 11)));
    }

    @Test
    void whatIsPerRankIsWholeInEachShard() {
        assertProblem("shard 1 has no piece of leaf seed", List.of(LEFT, SEED), List.of(RIGHT));
        assertProblem(
                "leaf seed is per rank, so that each rank has all of its own, and this is [0:1] of"
                        + " [2]",
                List.of(new Box("seed", "u64", List.of(2L), List.of(0L), List.of(1L), true, 8)));
    }

    @Test
    void sizesThatDoNotFitIntoALongAreNamed() {
        assertProblem(
                "leaf w of shape [4294967296, 4294967296] has more bytes than 63 bits can count",
                List.of(
                        new Box(
                                "w",
                                "u8",
                                List.of(1L << 32, 1L << 32),
                                List.of(0L, 0L),
                                List.of(1L, 1L),
                                false,
                                1)));
    }

    @Test
    void manyShardsAreCheckedSoon() {
        var shards = new ArrayList<List<Box>>();
        for (long shard = 0; shard < 10_000; shard++) {
            shards.add(List.of(box("w", "f32", List.of(4L, 20_000L), 0, 2 * shard, 4, 2)));
        }
        assertThat(PieceCheck.problem(shards)).isNull();
        shards.set(7777, shards.get(7776));
        assertThat(PieceCheck.problem(shards)).contains("8 of its 80000 elements", "[0, 15554]");
    }

    @SafeVarargs
    @SuppressWarnings("varargs")
    private static void assertProblem(String expected, List<Box>... shards) {
        assertThat(PieceCheck.problem(List.of(shards))).contains(expected);
    }
}
