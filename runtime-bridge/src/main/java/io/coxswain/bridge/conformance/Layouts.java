package io.coxswain.bridge.conformance;

import io.coxswain.bridge.arena.ArenaFile;
import io.coxswain.proto.bridge.v1.JobLoaded;
import io.coxswain.proto.control.v1.JobSpec;
import io.coxswain.proto.control.v1.StateLayout;

/** What a worker may say of a job's state, and the region that follows from it. */
final class Layouts {
    private Layouts() {}

    static void requireSane(JobLoaded loaded, JobSpec job) throws Broken {
        StateLayout layout = loaded.getLayout();
        int shards = job.getShards();
        Broken.unless(!layout.getFingerprint().isEmpty(), "a fingerprint", "none");
        Broken.unless(
                layout.getParameterElements() >= 0, "parameters", layout.getParameterElements());
        requireCount(layout.getShardBeginCount(), shards + 1, "layout.shard_begin");
        requireCount(layout.getShardStateBytesCount(), shards, "layout.shard_state_bytes");
        requireCount(layout.getShardRegionBytesCount(), shards, "layout.shard_region_bytes");
        requireCount(loaded.getShardLiveBytesCount(), shards, "shard_live_bytes");
        requireCount(loaded.getShardPiecesCount(), shards, "shard_pieces");
        Broken.unless(
                layout.getShardBegin(0) == 0
                        && layout.getShardBegin(shards) == layout.getParameterElements(),
                "shard_begin from 0 to the %d parameters".formatted(layout.getParameterElements()),
                layout.getShardBeginList());
        int ranks = job.getReplicas() * shards;
        for (int shard = 0; shard < shards; shard++) {
            Broken.unless(
                    layout.getShardBegin(shard) <= layout.getShardBegin(shard + 1),
                    "shard_begin that never falls",
                    layout.getShardBeginList());
            Broken.unless(
                    layout.getShardStateBytes(shard) > 0,
                    "shard_state_bytes above 0",
                    layout.getShardStateBytesList());
            Broken.unless(
                    loaded.getShardLiveBytes(shard) >= 0,
                    "shard_live_bytes of at least 0",
                    loaded.getShardLiveBytesList());
            Broken.unless(
                    loaded.getShardPieces(shard) > 0,
                    "shard_pieces above 0",
                    loaded.getShardPiecesList());
            ArenaFile.Shape bare =
                    new ArenaFile.Shape(
                            layout.getParameterElements(),
                            Math.ceilDiv(job.getMicroshards(), ranks),
                            layout.getShardBegin(shard + 1) - layout.getShardBegin(shard),
                            loaded.getShardLiveBytes(shard),
                            0,
                            0,
                            0);
            Broken.unless(
                    layout.getShardRegionBytes(shard) >= bare.fileBytes(),
                    "shard_region_bytes of at least the %d bytes of a region without slots"
                            .formatted(bare.fileBytes()),
                    layout.getShardRegionBytesList());
        }
    }

    private static void requireCount(int count, int expected, String field) throws Broken {
        Broken.unless(count == expected, "%d entries in %s".formatted(expected, field), count);
    }

    static void requireEqual(JobLoaded first, JobLoaded second, String where) throws Broken {
        Broken.unless(
                described(first).equals(described(second)),
                "the same layout %s: %s".formatted(where, Texts.of(described(first))),
                Texts.of(described(second)));
    }

    /** Without how long it took. */
    private static JobLoaded described(JobLoaded loaded) {
        return loaded.toBuilder().clearLoadNanos().clearCompileNanos().build();
    }

    /** A rank's region, as an agent makes it. */
    static ArenaFile.Shape region(JobLoaded loaded, JobSpec job, int rank) {
        StateLayout layout = loaded.getLayout();
        int shard = rank % job.getShards();
        return new ArenaFile.Shape(
                layout.getParameterElements(),
                Math.ceilDiv(job.getMicroshards(), job.getReplicas() * job.getShards()),
                layout.getShardBegin(shard + 1) - layout.getShardBegin(shard),
                loaded.getShardLiveBytes(shard),
                Mesh.SLOTS,
                layout.getShardStateBytes(shard),
                loaded.getShardPieces(shard));
    }
}
