package io.coxswain.bridge.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.proto.bridge.v1.JobLoaded;
import io.coxswain.proto.bridge.v1.LeafCut;
import io.coxswain.proto.bridge.v1.ShardBox;
import io.coxswain.proto.control.v1.StateLayout;

import org.junit.jupiter.api.Test;

import java.util.List;

class LoadedPiecesTest {
    private static ShardBox box(int shard, long first, long count) {
        return ShardBox.newBuilder().setShard(shard).addOffset(first).addExtent(count).build();
    }

    private static LeafCut.Builder leaf(ShardBox... boxes) {
        LeafCut.Builder leaf = LeafCut.newBuilder().setLeaf("w").setDtype("f32").addShape(3);
        for (ShardBox box : boxes) {
            leaf.addBoxes(box);
        }
        return leaf;
    }

    private static JobLoaded.Builder loaded(LeafCut.Builder leaf) {
        return JobLoaded.newBuilder()
                .setLayout(StateLayout.newBuilder().addShardStateBytes(8).addShardStateBytes(4))
                .addShardPieces(1)
                .addShardPieces(1)
                .addLeaves(leaf);
    }

    @Test
    void piecesThatFitAndNoneAtAll() {
        assertThat(LoadedPieces.problem(loaded(leaf(box(0, 0, 2), box(1, 2, 1))).build())).isNull();
        assertThat(LoadedPieces.problem(JobLoaded.getDefaultInstance())).isNull();
    }

    @Test
    void whatIsWrongIsNamed() {
        assertProblem("1 of its 3 elements", loaded(leaf(box(0, 0, 1), box(1, 2, 1))));
        assertProblem("do not lie in shape [3]", loaded(leaf(box(0, 0, 2), box(1, 2, 2))));
        assertProblem("do not lie in shape [3]", loaded(leaf(box(0, 0, 2), box(1, -1L, 1))));
        assertProblem(
                "must have equally many dimensions",
                loaded(leaf(box(0, 0, 2).toBuilder().addExtent(1).build())));
        assertProblem("leaf w is in no shard", loaded(leaf()));
        assertProblem(
                "leaf w has a piece in shard 2; the layout has 2 shards",
                loaded(leaf(box(0, 0, 2), box(2, 2, 1))));
        assertProblem("in shard 4294967295", loaded(leaf(box(-1, 0, 3))));
        assertProblem("elements of type 'f9'", loaded(leaf(box(0, 0, 3)).setDtype("f9")));
    }

    @Test
    void whatWasCountedMustBeWhatWasDeclared() {
        assertProblem(
                "shard 1 has 0 pieces, and `shard_pieces` says 1", loaded(leaf(box(0, 0, 3))));
        assertProblem(
                "shard 0 has 1 pieces, and `shard_pieces` says 0",
                loaded(leaf(box(0, 0, 2), box(1, 2, 1))).setShardPieces(0, 0));
        // Room for long names.
        JobLoaded.Builder roomy = loaded(leaf(box(0, 0, 2), box(1, 2, 1))).setShardPieces(0, 9);
        assertThat(LoadedPieces.problem(roomy.build())).isNull();
        JobLoaded.Builder larger = loaded(leaf(box(0, 0, 2), box(1, 2, 1)));
        larger.getLayoutBuilder().setShardStateBytes(1, 65);
        assertProblem("shard 1 has pieces of 64 bytes", larger);
    }

    /** What a process has of the one shard of three elements. */
    private static JobLoaded process(long first, long count) {
        return JobLoaded.newBuilder()
                .setLayout(StateLayout.newBuilder().addShardStateBytes(4 * count))
                .addShardPieces(1)
                .addLeaves(leaf(box(0, first, count)))
                .build();
    }

    @Test
    void processesOfARankHoldItsStateTogetherOrEachAllOfIt() {
        assertThat(LoadedPieces.problem(List.of(process(0, 2), process(2, 1)))).isNull();
        assertThat(LoadedPieces.problem(List.of(process(0, 3), process(0, 3)))).isNull();
        assertThat(LoadedPieces.problem(List.of(process(0, 1), JobLoaded.getDefaultInstance())))
                .isNull();
        assertThat(LoadedPieces.problem(List.of(process(0, 1), process(2, 1))))
                .contains("leaf w of shape [3]: 1 of its 3 elements are in no shard");
        assertThat(LoadedPieces.problem(List.of(process(0, 2), process(1, 2))))
                .contains("in shard 0, local rank 0 and", "in shard 0, local rank 1 overlap");
        JobLoaded miscounted = process(2, 1).toBuilder().setShardPieces(0, 0).build();
        assertThat(LoadedPieces.problem(List.of(process(0, 2), miscounted)))
                .startsWith("local rank 1: shard 0 has 1 pieces");
        JobLoaded strange = process(2, 1).toBuilder().setLeaves(0, leaf(box(1, 2, 1))).build();
        assertThat(LoadedPieces.problem(List.of(process(0, 2), strange)))
                .startsWith("local rank 1: the pieces of the state are wrong: leaf w has a piece");
    }

    @Test
    void aShardOfSeveralProcessesIsCutAgain() {
        JobLoaded.Builder first = loaded(leaf(box(0, 0, 1), box(1, 2, 1)));
        first.getLayoutBuilder().setShardStateBytes(0, 4);
        JobLoaded.Builder second = loaded(leaf(box(0, 1, 1), box(1, 2, 1)));
        second.getLayoutBuilder().setShardStateBytes(0, 4);

        assertThat(LoadedPieces.problem(List.of(first.build(), second.build()))).isNull();
    }

    private static void assertProblem(String expected, JobLoaded.Builder loaded) {
        assertThat(LoadedPieces.problem(loaded.build())).contains(expected);
    }
}
