package io.coxswain.bridge.pieces;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.bridge.arena.SlotTable.Box;
import io.coxswain.bridge.arena.SlotTable.Piece;
import io.coxswain.bridge.pieces.PiecePlan.Run;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Random;

class PiecePlanTest {
    private static final List<Long> SHAPE = List.of(6L, 4L);

    private static List<Piece> stored(long row, long column, long rows, long columns) {
        return RandomMesh.stored(
                List.of(
                        RandomMesh.box(
                                "w",
                                "f32",
                                SHAPE,
                                new Space(List.of(row, column), List.of(rows, columns)))));
    }

    private static List<Piece> leaf(String name, boolean perRank) {
        return RandomMesh.stored(
                List.of(new Box(name, "u64", List.of(2L), List.of(0L), List.of(2L), perRank, 16)));
    }

    @Test
    void whateverTheMeshesAreTheGatheredPiecesAreThoseOfTheWhole() {
        for (int seed = 0; seed < 2000; seed++) {
            var mesh = new RandomMesh(new Random(seed));
            List<Long> shape = mesh.shape();
            String type = mesh.type();
            List<List<Piece>> before =
                    mesh.shards(type, shape).stream().map(RandomMesh::stored).toList();
            List<byte[]> data = before.stream().map(RandomMesh::data).toList();
            for (List<Box> shard : mesh.shards(type, shape)) {
                List<Piece> wanted = RandomMesh.stored(shard);
                byte[] found = RandomMesh.untouched(wanted);
                for (Run run : PiecePlan.of(wanted, before, 0)) {
                    System.arraycopy(
                            data.get(run.source()),
                            (int) run.sourceAt(),
                            found,
                            (int) run.targetAt(),
                            (int) run.length());
                }
                assertThat(found).as("seed %d", seed).isEqualTo(RandomMesh.data(wanted));
            }
        }
    }

    @Test
    void runsAreAsLongAsCanBe() {
        List<List<Piece>> whole = List.of(stored(0, 0, 6, 4));

        assertThat(PiecePlan.of(stored(2, 0, 3, 4), whole, 0))
                .containsExactly(new Run(0, 32, 0, 48));
        assertThat(PiecePlan.of(stored(1, 1, 2, 2), whole, 0))
                .containsExactly(new Run(0, 20, 0, 8), new Run(0, 36, 8, 8));
    }

    @Test
    void whoHasGivenLeastIsAsked() {
        List<Piece> both =
                RandomMesh.stored(
                        List.of(
                                leaf("a", false).getFirst().box(),
                                leaf("b", false).getFirst().box()));

        assertThat(PiecePlan.of(both, List.of(both, both), 0))
                .extracting(Run::source)
                .containsExactly(0, 1);
    }

    @Test
    void whatIsPerRankComesFromTheRanksOwnSource() {
        List<Piece> mine = leaf("random", true);

        assertThat(PiecePlan.of(mine, List.of(mine, mine), 1))
                .containsExactly(new Run(1, 0, 0, 16));
    }

    @Test
    void whatNobodyHasIsNamed() {
        assertThatThrownBy(() -> PiecePlan.of(stored(0, 0, 6, 4), List.of(stored(0, 0, 5, 4)), 0))
                .hasMessage("4 elements of [0:6, 0:4] of leaf w are in no source");
        assertThatThrownBy(() ->
                        PiecePlan.of(
                                stored(0, 0, 6, 4),
                                List.of(stored(0, 0, 6, 4), stored(0, 0, 5, 4)),
                                0))
                .hasMessage("the sources' pieces of leaf w overlap");
        assertThatThrownBy(() -> PiecePlan.of(leaf("a", false), List.of(leaf("a", true)), 0))
                .hasMessageContaining("source 0: leaf a is u64[2], and u64[2] per rank");
    }
}
