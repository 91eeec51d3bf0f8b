package io.coxswain.bridge.vectors;

import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.JobLoaded;
import io.coxswain.proto.bridge.v1.LeafCut;
import io.coxswain.proto.bridge.v1.ShardBox;
import io.coxswain.proto.control.v1.StateLayout;

import java.util.List;

/** A state that is cut into pieces. */
final class PieceVectors {
    private PieceVectors() {}

    static void addTo(List<MessageVectors.Vector> all) {
        all.add(
                new MessageVectors.Vector(
                        "job_loaded, pieces",
                        "a matrix cut by rows, uneven; a number that each rank has one of",
                        FromWorker.newBuilder().setRequestId(1).setJobLoaded(loaded()).build()));
    }

    private static JobLoaded loaded() {
        return JobLoaded.newBuilder()
                .setLayout(
                        StateLayout.newBuilder()
                                .addAllShardBegin(List.of(0L, 0L, 0L))
                                .addAllShardStateBytes(List.of(2440L, 1224L))
                                .addAllShardRegionBytes(List.of(4096L, 4096L))
                                .setFingerprint("f00d"))
                .addAllShardLiveBytes(List.of(0L, 0L))
                .addAllShardPieces(List.of(2, 2))
                .addLeaves(
                        LeafCut.newBuilder()
                                .setLeaf("größe")
                                .setDtype("f32")
                                .addAllShape(List.of(3L, 300L))
                                .addBoxes(box(0, List.of(0L, 0L), List.of(2L, 300L)))
                                .addBoxes(box(1, List.of(2L, 0L), List.of(1L, 300L))))
                .addLeaves(
                        LeafCut.newBuilder()
                                .setLeaf("random")
                                .setDtype("u64")
                                .setPerRank(true)
                                .addBoxes(box(0, List.of(), List.of()))
                                .addBoxes(box(1, List.of(), List.of())))
                .build();
    }

    private static ShardBox box(int shard, List<Long> offset, List<Long> extent) {
        return ShardBox.newBuilder()
                .setShard(shard)
                .addAllOffset(offset)
                .addAllExtent(extent)
                .build();
    }
}
