package io.coxswain.coordinator.core.model;

/** R × S. Rank = replica · shards + shard. */
public record Mesh(int replicas, int shards) {
    public Mesh {
        if (replicas < 1 || shards < 1) {
            throw new IllegalArgumentException(
                    "a mesh needs at least one replica and one shard, got "
                            + replicas
                            + "×"
                            + shards);
        }
    }

    public int ranks() {
        return replicas * shards;
    }

    public int shardOf(int rank) {
        return rank % shards;
    }

    public int replicaOf(int rank) {
        return rank / shards;
    }

    public int rankOf(int replica, int shard) {
        return replica * shards + shard;
    }

    @Override
    public String toString() {
        return replicas + "×" + shards;
    }
}
