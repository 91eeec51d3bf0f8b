package io.coxswain.coordinator.core.placement;

import io.coxswain.coordinator.core.model.AgentProfile;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.Set;

/** An agent that may hold copies, and what it holds on a {@link CopyBoard}. */
final class Holder implements Comparable<Holder> {
    private static final int[] NONE = {};

    final AgentProfile agent;

    /** Of all holders there ever were on the board, no two have the same. */
    final int id;

    /**
     * The numbers of its domains, by level; those at one level are equal exactly for the same
     * domain.
     */
    final int[] domains;

    /** Number of its domain at the level asked. */
    final int domain;

    /** -1 for a spare. */
    final int ownShard;

    /** What there was before any copy. */
    final long allRoomBytes;

    /** Its place among all holders of the board, which moves when others go. */
    int index;

    long roomBytes;
    long heldBytes;

    /** Ascending. */
    private int[] shards = NONE;

    private int held;

    /** It takes copies of these shards only; null: of all. */
    @Nullable Set<Integer> closedBut;

    /**
     * @param level that the job asks for
     */
    Holder(AgentProfile agent, int id, int[] domains, int level, int ownShard, long roomBytes) {
        this.agent = agent;
        this.id = id;
        this.domains = domains;
        this.domain = domains[level];
        this.ownShard = ownShard;
        this.allRoomBytes = roomBytes;
        this.roomBytes = roomBytes;
    }

    boolean spare() {
        return ownShard < 0;
    }

    /** Shards of which a copy lies here, ascending; a copy of the list. */
    int[] shards() {
        return Arrays.copyOf(shards, held);
    }

    boolean holds(int shard) {
        return Arrays.binarySearch(shards, 0, held, shard) >= 0;
    }

    /** A copy of that size lies here from now on. */
    void hold(int shard, long bytes) {
        int at = -1 - Arrays.binarySearch(shards, 0, held, shard);
        if (held == shards.length) {
            shards = Arrays.copyOf(shards, Math.max(2, 2 * held));
        }
        System.arraycopy(shards, at, shards, at + 1, held - at);
        shards[at] = shard;
        held++;
        roomBytes -= bytes;
        heldBytes += bytes;
    }

    /** It lies here no more. */
    void drop(int shard, long bytes) {
        int at = Arrays.binarySearch(shards, 0, held, shard);
        held--;
        System.arraycopy(shards, at + 1, shards, at, held - at);
        roomBytes += bytes;
        heldBytes -= bytes;
    }

    boolean asFullAs(Holder other) {
        return heldBytes == other.heldBytes && roomBytes == other.roomBytes;
    }

    /**
     * Who holds least comes first; changes with every copy, so a holder is taken out of sorted sets
     * before.
     */
    @Override
    public int compareTo(Holder other) {
        if (heldBytes != other.heldBytes) {
            return Long.compare(heldBytes, other.heldBytes);
        }
        return roomBytes != other.roomBytes
                ? Long.compare(other.roomBytes, roomBytes)
                : agent.key().compareTo(other.agent.key());
    }
}
