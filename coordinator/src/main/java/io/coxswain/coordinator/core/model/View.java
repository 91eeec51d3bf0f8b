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
        members = Members.of(members);
        if (members.size() != mesh.ranks()) {
            throw new IllegalArgumentException(
                    "view " + epoch + ": " + members.size() + " members for mesh " + mesh);
        }
    }

    /** The rank of that incarnation, or -1. O(1), but for the first time it is asked for. */
    public int rankOf(AgentKey key) {
        return ((Members) members).rankOf(key);
    }

    /** The higher rank of an agent that has two, or -1 where there is none, as it should be. */
    public int rankOfTwice() {
        return ((Members) members).twice();
    }

    /** The rank of that agent, or -1; {@code hint} is looked at first, and may be anything. */
    public int rankOf(AgentProfile agent, int hint) {
        boolean right = hint >= 0 && hint < members.size() && members.get(hint).equals(agent);
        return right ? hint : rankOf(agent.key(), hint);
    }

    /** The same; {@code hint} is looked at first, and may be anything. */
    public int rankOf(AgentKey key, int hint) {
        boolean right = hint >= 0 && hint < members.size() && members.get(hint).key().equals(key);
        return right ? hint : rankOf(key);
    }
}
