package io.coxswain.coordinator.core.model;

import java.util.List;

/**
 * An immutable assignment of ranks to incarnations.
 *
 * @param members by rank
 * @param baseStep the step every member's state starts from
 */
public record View(
        long epoch, long parentEpoch, long baseStep, Mesh mesh, List<AgentProfile> members) {
    public View {
        members = List.copyOf(members);
        if (members.size() != mesh.ranks()) {
            throw new IllegalArgumentException(
                    "view " + epoch + ": " + members.size() + " members for mesh " + mesh);
        }
    }

    /** The rank of that incarnation, or -1. */
    public int rankOf(AgentKey key) {
        for (int rank = 0; rank < members.size(); rank++) {
            if (members.get(rank).key().equals(key)) {
                return rank;
            }
        }
        return -1;
    }
}
