package io.coxswain.coordinator.core.placement;

import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.coordinator.core.model.StateLayout;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * The copies chosen so far, and what they leave of each agent's memory. Domains are numbered, and
 * which of them have an instance of a shard is kept up to date, since planning asks little else.
 */
final class CopyBoard {
    /** An agent that may hold copies. */
    static final class Holder implements Comparable<Holder> {
        final AgentProfile agent;

        /** Number of its domain at the level asked; equal exactly for the same domain. */
        final int domain;

        /** -1 for a spare. */
        final int ownShard;

        /** What there was before any copy. */
        final long allRoomBytes;

        /** Its place among all holders: ranks, then spares as given. */
        final int index;

        long roomBytes;
        long heldBytes;
        final TreeSet<Integer> shards = new TreeSet<>();

        Holder(AgentProfile agent, int index, int domain, int ownShard, long roomBytes) {
            this.agent = agent;
            this.index = index;
            this.domain = domain;
            this.ownShard = ownShard;
            this.allRoomBytes = roomBytes;
            this.roomBytes = roomBytes;
        }

        boolean spare() {
            return ownShard < 0;
        }

        /**
         * Who holds least comes first; changes with every copy, so a holder is taken out of sorted
         * sets before.
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

    /** Domains of one shard's instances, each with how many it has; few, so a list is searched. */
    private static final class Domains {
        private int[] ids = new int[4];
        private int[] counts = new int[4];
        private int size;

        int add(int id, int by) {
            int at = indexOf(id);
            if (at < 0) {
                at = size++;
                if (at == ids.length) {
                    ids = java.util.Arrays.copyOf(ids, 2 * at);
                    counts = java.util.Arrays.copyOf(counts, 2 * at);
                }
                ids[at] = id;
                counts[at] = 0;
            }
            counts[at] += by;
            if (counts[at] == 0) {
                size--;
                ids[at] = ids[size];
                counts[at] = counts[size];
            }
            return size;
        }

        int indexOf(int id) {
            for (int i = 0; i < size; i++) {
                if (ids[i] == id) {
                    return i;
                }
            }
            return -1;
        }
    }

    private final StateLayout layout;
    private final int[] domainOfRank;
    private final List<Domains> owners = new ArrayList<>();
    private final List<Domains> all = new ArrayList<>();
    private final List<List<Holder>> copies = new ArrayList<>();
    private final int[] spareCopies;
    private final Map<AgentKey, Holder> byAgent = new HashMap<>();
    private final List<Holder> holders = new ArrayList<>();
    private final List<Holder> spares = new ArrayList<>();

    /** Only made once somebody asks: when nearly all copies stay where they are nobody may. */
    private @Nullable TreeSet<Holder> leastFirst;

    CopyBoard(PlacementProblem problem) {
        layout = problem.layout();
        Mesh mesh = problem.view().mesh();
        int level = problem.spec().protectLevel();
        spareCopies = new int[mesh.shards()];
        domainOfRank = new int[mesh.ranks()];
        for (int shard = 0; shard < mesh.shards(); shard++) {
            owners.add(new Domains());
            all.add(new Domains());
            copies.add(new ArrayList<>(2));
        }
        var numbers = new HashMap<DomainKey, Integer>();
        for (int rank = 0; rank < mesh.ranks(); rank++) {
            AgentProfile agent = problem.view().members().get(rank);
            int shard = mesh.shardOf(rank);
            int domain = number(numbers, agent, level);
            domainOfRank[rank] = domain;
            owners.get(shard).add(domain, 1);
            all.get(shard).add(domain, 1);
            long room = MemoryRule.memberRoomBytes(layout, shard, agent.arenaBudgetBytes());
            enter(new Holder(agent, rank, domain, shard, room));
        }
        long promotion = MemoryRule.promotionBytes(layout);
        for (AgentProfile agent : problem.spares()) {
            long room = Math.max(0, agent.arenaBudgetBytes() - promotion);
            int index = holders.size();
            var spare = new Holder(agent, index, number(numbers, agent, level), -1, room);
            enter(spare);
            spares.add(spare);
        }
        spares.sort(Comparator.comparing((Holder h) -> h.agent.key()));
    }

    private static int number(Map<DomainKey, Integer> numbers, AgentProfile agent, int level) {
        return numbers.computeIfAbsent(DomainKey.of(agent.domain(), level), _ -> numbers.size());
    }

    private void enter(Holder holder) {
        byAgent.put(holder.agent.key(), holder);
        holders.add(holder);
    }

    /** All, by {@link Holder#index}: first the ranks' agents by rank. */
    List<Holder> holders() {
        return holders;
    }

    @Nullable Holder holder(AgentKey agent) {
        return byAgent.get(agent);
    }

    /**
     * All holders, who holds least first; a copy of the order at this moment is up to the caller.
     */
    Iterable<Holder> leastFirst() {
        if (leastFirst == null) {
            leastFirst = new TreeSet<>(holders);
        }
        return leastFirst;
    }

    /** In the order of their keys. */
    List<Holder> spares() {
        return spares;
    }

    int shards() {
        return copies.size();
    }

    List<Holder> copiesOf(int shard) {
        return copies.get(shard);
    }

    int spareCopiesOf(int shard) {
        return spareCopies[shard];
    }

    int domainOfRank(int rank) {
        return domainOfRank[rank];
    }

    /** Domains of the shard's owners. */
    int ownerDomains(int shard) {
        return owners.get(shard).size;
    }

    boolean ownedIn(int shard, int domain) {
        return owners.get(shard).indexOf(domain) >= 0;
    }

    /** Domains that have an instance, owners' included. */
    int domains(int shard) {
        return all.get(shard).size;
    }

    boolean instanceIn(int shard, int domain) {
        return all.get(shard).indexOf(domain) >= 0;
    }

    long copyBytes(int shard) {
        return MemoryRule.copyBytes(layout, shard);
    }

    /** Memory aside: it is no owner, holds none yet, and some owner is outside its domain. */
    boolean mayHold(Holder holder, int shard) {
        return holder.ownShard != shard
                && !holder.shards.contains(shard)
                && (ownerDomains(shard) > 1 || !ownedIn(shard, holder.domain));
    }

    boolean canHold(Holder holder, int shard) {
        return holder.roomBytes >= copyBytes(shard) && mayHold(holder, shard);
    }

    void add(Holder holder, int shard) {
        change(holder, shard, copyBytes(shard));
        holder.shards.add(shard);
        copies.get(shard).add(holder);
        all.get(shard).add(holder.domain, 1);
        spareCopies[shard] += holder.spare() ? 1 : 0;
    }

    void remove(Holder holder, int shard) {
        change(holder, shard, -copyBytes(shard));
        holder.shards.remove(shard);
        copies.get(shard).remove(holder);
        all.get(shard).add(holder.domain, -1);
        spareCopies[shard] -= holder.spare() ? 1 : 0;
    }

    private void change(Holder holder, int shard, long bytes) {
        if (bytes > holder.roomBytes) {
            throw new IllegalStateException(
                    "a copy of shard "
                            + shard
                            + " does not fit at "
                            + holder.agent.key()
                            + ": "
                            + bytes
                            + " bytes, "
                            + holder.roomBytes
                            + " free");
        }
        if (leastFirst != null) {
            leastFirst.remove(holder);
        }
        holder.roomBytes -= bytes;
        holder.heldBytes += bytes;
        if (leastFirst != null) {
            leastFirst.add(holder);
        }
    }
}
