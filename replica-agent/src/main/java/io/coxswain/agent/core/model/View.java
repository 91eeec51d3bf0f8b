package io.coxswain.agent.core.model;

import java.util.List;

/**
 * An immutable assignment of ranks to incarnations.
 *
 * @param baseStep the state that every member starts from
 * @param members by rank
 */
public record View(
        String jobId,
        long epoch,
        long parentEpoch,
        long baseStep,
        int replicas,
        int shards,
        List<Peer> members) {
    public View {
        members = List.copyOf(members);
        if (epoch < 1
                || baseStep < 0
                || replicas < 1
                || shards < 1
                || members.size() != replicas * shards) {
            throw new IllegalArgumentException(
                    "view "
                            + epoch
                            + " of job '"
                            + jobId
                            + "': "
                            + members.size()
                            + " members at base step "
                            + baseStep
                            + " for a mesh of "
                            + replicas
                            + "×"
                            + shards);
        }
    }

    public int ranks() {
        return members.size();
    }

    public int shardOf(int rank) {
        return rank % shards;
    }

    /** False for a state of an older view beyond the step at which this view branched off. */
    public boolean trusts(StateName state) {
        return state.jobId().equals(jobId)
                && (state.epoch() == epoch || (state.epoch() < epoch && state.step() <= baseStep));
    }
}
