package io.coxswain.agent.collective;

import io.coxswain.agent.core.model.Peer;
import io.coxswain.bridge.arena.ArenaFile;

import java.util.List;

/**
 * What a collective has to know of a view.
 *
 * @param rank the own rank, replica · shards + shard
 * @param microshards M, over the whole mesh; rank i of N has [i·M/N, (i+1)·M/N)
 * @param shardBegin S+1 bounds into the flat parameter vector
 * @param members by rank, the own included
 * @param region has at least {@code shardBegin[S]} parameters, a gradient buffer for each own
 *     microshard, and a reduced gradient as long as the own shard
 */
public record CollectiveView(
        String jobId,
        long epoch,
        int rank,
        int replicas,
        int shards,
        int microshards,
        List<Long> shardBegin,
        List<Peer> members,
        ArenaFile region) {
    /** Checks that the numbers fit together. */
    public CollectiveView {
        shardBegin = List.copyOf(shardBegin);
        members = List.copyOf(members);
        int ranks = replicas * shards;
        if (epoch < 1
                || replicas < 1
                || shards < 1
                || microshards < 1
                || rank < 0
                || rank >= ranks
                || members.size() != ranks
                || shardBegin.size() != shards + 1) {
            throw new IllegalArgumentException(
                    "view %d of job '%s': rank %d, %d members, %d shard bounds and %d microshards do not fit a mesh of %d×%d"
                            .formatted(
                                    epoch,
                                    jobId,
                                    rank,
                                    members.size(),
                                    shardBegin.size(),
                                    microshards,
                                    replicas,
                                    shards));
        }
        long parameters = region.shape().parameterElements();
        for (int s = 0; s < shards; s++) {
            if (shardBegin.get(s) < 0 || shardBegin.get(s) > shardBegin.get(s + 1)) {
                throw new IllegalArgumentException(
                        "shard bounds %s must not fall".formatted(shardBegin));
            }
        }
        int shard = rank % shards;
        int buffers = (int) ((rank + 1L) * microshards / ranks - (long) rank * microshards / ranks);
        if (shardBegin.get(shards) > parameters
                || shardBegin.get(shard + 1) - shardBegin.get(shard)
                        > region.shape().reducedElements()
                || buffers > region.shape().gradientBuffers()) {
            throw new IllegalArgumentException(
                    "rank %d of view %d needs %d parameters, %d gradient buffers and its shard's reduced gradient; the region has %s"
                            .formatted(
                                    rank, epoch, shardBegin.get(shards), buffers, region.shape()));
        }
    }

    int ranks() {
        return members.size();
    }

    int shard() {
        return rank % shards;
    }

    int replica() {
        return rank / shards;
    }

    long begin(int shard) {
        return shardBegin.get(shard);
    }

    long elements(int shard) {
        return shardBegin.get(shard + 1) - shardBegin.get(shard);
    }

    /** First own microshard of a rank; of {@code rank + 1}, the one after the rank's last. */
    int microshardBegin(int ofRank) {
        return (int) ((long) ofRank * microshards / ranks());
    }
}
