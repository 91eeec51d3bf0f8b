package io.coxswain.coordinator.core.placement;

import io.coxswain.coordinator.core.model.AgentProfile;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * Numbers failure domains: two agents have the same number exactly if they are in one domain at the
 * level. Remembers who had which rank, since one plan after the other asks for nearly the same
 * agents; what it answers does not depend on that.
 *
 * <p>Not thread-safe: the owner of the plans owns it.
 */
public final class DomainNumbers {
    private static final AgentProfile[] NOBODY = {};

    private final int level;
    private final Map<DomainKey, Integer> numbers = new HashMap<>();
    private final BitSet used = new BitSet();
    private @Nullable AgentProfile[] known = NOBODY;
    private int[] knownNumbers = {};

    /** For the domains at {@code level}; 0 is the widest. */
    public DomainNumbers(int level) {
        this.level = level;
    }

    int level() {
        return level;
    }

    /** Another plan begins, of so many ranks. */
    void begin(int ranks) {
        used.clear();
        if (known.length < ranks) {
            known = Arrays.copyOf(known, ranks);
            knownNumbers = Arrays.copyOf(knownNumbers, ranks);
        }
    }

    /** The number of a rank's agent. */
    int ofRank(int rank, AgentProfile agent) {
        if (known[rank] != agent) {
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

    /** How many domains were asked for in this plan. */
    int count() {
        return used.cardinality();
    }
}
