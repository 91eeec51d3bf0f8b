package io.coxswain.coordinator.core.placement;

import io.coxswain.coordinator.core.model.AgentProfile;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * What one plan leaves to the next, since they ask for nearly the same: the numbers of failure
 * domains (two agents have the same number exactly if they are in one domain at the level), who had
 * which rank, and who held a copy of which shard. What comes out does not depend on it.
 *
 * <p>Not thread-safe: the owner of the plans owns it.
 */
public final class PlacementMemory {
    private static final AgentProfile[] NOBODY = {};

    private final int level;
    private final Map<DomainKey, Integer> numbers = new HashMap<>();
    private final BitSet used = new BitSet();
    private @Nullable AgentProfile[] known = NOBODY;
    private int[] knownNumbers = {};

    /** By shard: where the first holder of a copy was among the holders, plus 1. */
    private int[] holders = {};

    /** For the domains at {@code level}; 0 is the widest. */
    public PlacementMemory(int level) {
        this.level = level;
    }

    int level() {
        return level;
    }

    /** Another plan begins. */
    void begin(int ranks, int shards) {
        used.clear();
        if (holders.length < shards) {
            holders = Arrays.copyOf(holders, shards);
        }
        if (known.length < ranks) {
            known = Arrays.copyOf(known, ranks);
            knownNumbers = Arrays.copyOf(knownNumbers, ranks);
        }
    }

    /** The number of a rank's agent. */
    int ofRank(int rank, AgentProfile agent) {
        if (!agent.equals(known[rank])) {
            known[rank] = agent;
            knownNumbers[rank] = of(agent);
        }
        used.set(knownNumbers[rank]);
        return knownNumbers[rank];
    }

    /** The number of a spare. */
    int ofSpare(AgentProfile agent) {
        int number = of(agent);
        used.set(number);
        return number;
    }

    private int of(AgentProfile agent) {
        return numbers.computeIfAbsent(DomainKey.of(agent.domain(), level), _ -> numbers.size());
    }

    /** Where to look first for a holder of a copy of that shard; -1: no idea. */
    int holderOf(int shard) {
        return holders[shard] - 1;
    }

    void holderOf(int shard, int index) {
        holders[shard] = index + 1;
    }

    /** How many domains were asked for in this plan. */
    int count() {
        return used.cardinality();
    }
}
