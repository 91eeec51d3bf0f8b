package io.coxswain.coordinator.core.model;

import org.jspecify.annotations.Nullable;

import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;
import java.util.RandomAccess;

/**
 * A view's members by rank, and their ranks by key. Immutable; the index is made when somebody
 * first asks for a rank, by whichever thread does.
 */
final class Members extends AbstractList<AgentProfile> implements RandomAccess {
    /** A hash table with open addressing: who has 100,000 members has no room for map entries. */
    private static final class Index {
        final int[] hashes;
        final int[] ranks;

        /** The rank of somebody who has a lower one too, or {@link #FREE}. */
        int twice = FREE;

        Index(int size) {
            hashes = new int[size];
            ranks = new int[size];
            Arrays.fill(ranks, FREE);
        }
    }

    private static final int FREE = -1;

    private final AgentProfile[] byRank;
    private @Nullable Index index;

    private Members(AgentProfile[] byRank) {
        this.byRank = byRank;
    }

    static Members of(List<AgentProfile> members) {
        return members instanceof Members already
                ? already
                : new Members(List.copyOf(members).toArray(AgentProfile[]::new));
    }

    @Override
    public AgentProfile get(int rank) {
        return byRank[rank];
    }

    @Override
    public int size() {
        return byRank.length;
    }

    /** The lowest rank of that incarnation, or -1. */
    int rankOf(AgentKey key) {
        Index known = known();
        int hash = spread(key);
        int mask = known.ranks.length - 1;
        for (int at = hash & mask; known.ranks[at] != FREE; at = (at + 1) & mask) {
            if (known.hashes[at] == hash && byRank[known.ranks[at]].key().equals(key)) {
                return known.ranks[at];
            }
        }
        return -1;
    }

    /** The rank of somebody who has a lower one too, or -1. */
    int twice() {
        return known().twice;
    }

    private Index known() {
        Index known = index;
        if (known == null) {
            known = index();
            // Two threads may both make it; they make the same.
            index = known;
        }
        return known;
    }

    private Index index() {
        int size = Math.max(4, Integer.highestOneBit(byRank.length) * 4);
        var made = new Index(size);
        for (int rank = 0; rank < byRank.length; rank++) {
            int hash = spread(byRank[rank].key());
            int at = hash & (size - 1);
            while (made.ranks[at] != FREE) {
                if (made.hashes[at] == hash
                        && byRank[made.ranks[at]].key().equals(byRank[rank].key())) {
                    made.twice = rank;
                }
                at = (at + 1) & (size - 1);
            }
            made.hashes[at] = hash;
            made.ranks[at] = rank;
        }
        return made;
    }

    /** Names differ in few low bits. */
    private static int spread(AgentKey key) {
        int hash = key.hashCode() * 0x9E3779B9;
        return hash ^ hash >>> 16;
    }
}
