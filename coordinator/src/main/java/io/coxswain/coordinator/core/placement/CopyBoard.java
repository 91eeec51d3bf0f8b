package io.coxswain.coordinator.core.placement;

import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.FailureDomain;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.coordinator.core.model.StateLayout;
import io.coxswain.coordinator.core.model.View;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * The copies chosen so far, and what they leave of each agent's memory. Domains are numbered, and
 * which of them have an instance of a shard is kept up to date, since planning asks little else.
 *
 * <p>Made for every plan, of 100,000 ranks too: so it is a few plain arrays, and what only some
 * plans need is made when it is asked for.
 */
final class CopyBoard {
    /** An agent that may hold copies. */
    static final class Holder implements Comparable<Holder> {
        private static final int[] NONE = {};

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

        /** Ascending. */
        private int[] shards = NONE;

        private int held;

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

        /** Shards of which a copy lies here, ascending; a copy of the list. */
        int[] shards() {
            return Arrays.copyOf(shards, held);
        }

        boolean holds(int shard) {
            return Arrays.binarySearch(shards, 0, held, shard) >= 0;
        }

        private void hold(int shard) {
            int at = -1 - Arrays.binarySearch(shards, 0, held, shard);
            if (held == shards.length) {
                shards = Arrays.copyOf(shards, Math.max(2, 2 * held));
            }
            System.arraycopy(shards, at, shards, at + 1, held - at);
            shards[at] = shard;
            held++;
        }

        private void drop(int shard) {
            int at = Arrays.binarySearch(shards, 0, held, shard);
            held--;
            System.arraycopy(shards, at + 1, shards, at, held - at);
        }

        boolean asFullAs(Holder other) {
            return heldBytes == other.heldBytes && roomBytes == other.roomBytes;
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

    /**
     * Where one shard's instances are: domains, each with how many owners and how many instances it
     * has. They are few, so a list is searched.
     */
    private static final class Instances {
        private static final int WIDTH = 3;

        final List<Holder> copies = new ArrayList<>(2);
        int spareCopies;
        int ownerDomains;
        int domains;

        /** Domain, owners there, instances there; so for each domain. */
        private int[] counts = new int[2 * WIDTH];

        void own(int domain) {
            int at = at(domain);
            ownerDomains += counts[at + 1] == 0 ? 1 : 0;
            counts[at + 1]++;
            counts[at + 2]++;
        }

        void add(int domain) {
            int at = at(domain);
            counts[at + 2]++;
        }

        void remove(int domain) {
            int at = at(domain);
            counts[at + 2]--;
            if (counts[at + 2] == 0) {
                domains--;
                System.arraycopy(counts, domains * WIDTH, counts, at, WIDTH);
            }
        }

        boolean in(int domain) {
            return find(domain) >= 0;
        }

        boolean ownedIn(int domain) {
            int at = find(domain);
            return at >= 0 && counts[at + 1] > 0;
        }

        private int find(int domain) {
            for (int at = 0; at < domains * WIDTH; at += WIDTH) {
                if (counts[at] == domain) {
                    return at;
                }
            }
            return -1;
        }

        private int at(int domain) {
            int at = find(domain);
            if (at < 0) {
                at = domains * WIDTH;
                if (at == counts.length) {
                    counts = Arrays.copyOf(counts, 2 * at);
                }
                counts[at] = domain;
                counts[at + 1] = 0;
                counts[at + 2] = 0;
                domains++;
            }
            return at;
        }
    }

    /** So many searches go through all holders before it pays to sort them. */
    private static final int UNSORTED_SEARCHES = 16;

    /** Of equally full holders so many are compared by their distance. */
    private static final int MOST_EQUAL = 512;

    /** A shard with more instances is spread well enough. */
    private static final int MOST_COMPARED = 8;

    private final View view;
    private final int level;
    private final int[] domainOfRank;
    private final long[] copyBytes;
    private final Instances[] instances;
    private final List<Holder> holders;
    private final List<Holder> spares = new ArrayList<>();
    private final Map<AgentKey, Holder> spareByKey = new HashMap<>();
    private final int domainCount;

    private int searches;
    private @Nullable TreeSet<Holder> leastFirst;

    CopyBoard(PlacementProblem problem, PlacementMemory memory) {
        StateLayout layout = problem.layout();
        view = problem.view();
        level = problem.spec().protectLevel();
        Mesh mesh = view.mesh();
        copyBytes = new long[mesh.shards()];
        instances = new Instances[mesh.shards()];
        for (int shard = 0; shard < mesh.shards(); shard++) {
            copyBytes[shard] = MemoryRule.copyBytes(layout, shard);
            instances[shard] = new Instances();
        }
        domainOfRank = new int[mesh.ranks()];
        holders = new ArrayList<>(mesh.ranks() + problem.spares().size());
        memory.begin(mesh.ranks(), mesh.shards());
        for (int rank = 0; rank < mesh.ranks(); rank++) {
            AgentProfile agent = view.members().get(rank);
            int shard = mesh.shardOf(rank);
            int domain = memory.ofRank(rank, agent);
            domainOfRank[rank] = domain;
            instances[shard].own(domain);
            long room = MemoryRule.memberRoomBytes(layout, shard, agent.arenaBudgetBytes());
            holders.add(new Holder(agent, rank, domain, shard, room));
        }
        long promotion = MemoryRule.promotionBytes(layout);
        for (AgentProfile agent : problem.spares()) {
            long room = Math.max(0, agent.arenaBudgetBytes() - promotion);
            int domain = memory.ofSpare(agent);
            var spare = new Holder(agent, holders.size(), domain, -1, room);
            holders.add(spare);
            spares.add(spare);
            spareByKey.put(agent.key(), spare);
        }
        spares.sort(Comparator.comparing((Holder h) -> h.agent.key()));
        domainCount = memory.count();
    }

    /** All, by {@link Holder#index}: first the ranks' agents by rank. */
    List<Holder> holders() {
        return holders;
    }

    @Nullable Holder holder(AgentKey agent) {
        int rank = view.rankOf(agent);
        return rank >= 0 ? holders.get(rank) : spareByKey.get(agent);
    }

    /**
     * Of those that pass, the one that holds least; null when none does. What the test says must
     * not change on the way.
     */
    @Nullable Holder least(Predicate<Holder> test) {
        searches++;
        if (leastFirst == null && searches <= UNSORTED_SEARCHES) {
            Holder least = null;
            for (int i = 0; i < holders.size(); i++) {
                Holder holder = holders.get(i);
                if ((least == null || holder.compareTo(least) < 0) && test.test(holder)) {
                    least = holder;
                }
            }
            return least;
        }
        for (Holder holder : leastFirst()) {
            if (test.test(holder)) {
                return holder;
            }
        }
        return null;
    }

    /**
     * The same, but of those that hold equally little the one furthest from the shard's instances:
     * two racks under one switch are worth less than two under different ones, and cost the same.
     * Of very many equal ones only the first few hundred are looked at.
     */
    @Nullable Holder leastAndApart(int shard, Predicate<Holder> test) {
        Holder first = least(test);
        int apart = first == null ? 0 : apartAt(first, shard);
        if (first == null || apart == 0) {
            return first;
        }
        Holder best = first;
        int looks = 0;
        for (Holder holder : leastFirst == null ? holders : leastFirst.tailSet(first, false)) {
            if (leastFirst != null && (looks++ == MOST_EQUAL || !first.asFullAs(holder))) {
                break;
            }
            if (first.asFullAs(holder) && test.test(holder)) {
                int at = apartAt(holder, shard);
                if (at < apart || (at == apart && holder.compareTo(best) < 0)) {
                    best = holder;
                    apart = at;
                }
            }
        }
        return best;
    }

    /**
     * The widest level at which the holder shares no domain with any instance of the shard, if that
     * is wider than the one asked for; else that one.
     */
    int apartAt(Holder holder, int shard) {
        List<Holder> copies = instances[shard].copies;
        int replicas = view.mesh().replicas();
        if (replicas + copies.size() > MOST_COMPARED) {
            return level;
        }
        FailureDomain domain = holder.agent.domain();
        int apart = 0;
        for (int replica = 0; replica < replicas && apart < level; replica++) {
            AgentProfile owner = view.members().get(view.mesh().rankOf(replica, shard));
            apart = Math.max(apart, firstDifference(domain, owner.domain()));
        }
        for (int i = 0; i < copies.size() && apart < level; i++) {
            apart = Math.max(apart, firstDifference(domain, copies.get(i).agent.domain()));
        }
        return apart;
    }

    private int firstDifference(FailureDomain one, FailureDomain other) {
        for (int wider = 0; wider < level; wider++) {
            if (one.independentOf(other, wider)) {
                return wider;
            }
        }
        return level;
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
        return instances.length;
    }

    List<Holder> copiesOf(int shard) {
        return instances[shard].copies;
    }

    int spareCopiesOf(int shard) {
        return instances[shard].spareCopies;
    }

    int domainOfRank(int rank) {
        return domainOfRank[rank];
    }

    /** Domains that have an agent. */
    int domainCount() {
        return domainCount;
    }

    /** Domains of the shard's owners. */
    int ownerDomains(int shard) {
        return instances[shard].ownerDomains;
    }

    boolean ownedIn(int shard, int domain) {
        return instances[shard].ownedIn(domain);
    }

    /** Domains that have an instance, owners' included. */
    int domains(int shard) {
        return instances[shard].domains;
    }

    boolean instanceIn(int shard, int domain) {
        return instances[shard].in(domain);
    }

    long copyBytes(int shard) {
        return copyBytes[shard];
    }

    /** Memory aside: it is no owner, holds none yet, and some owner is outside its domain. */
    boolean mayHold(Holder holder, int shard) {
        return holder.ownShard != shard
                && !holder.holds(shard)
                && (ownerDomains(shard) > 1 || !ownedIn(shard, holder.domain));
    }

    boolean canHold(Holder holder, int shard) {
        return holder.roomBytes >= copyBytes[shard] && mayHold(holder, shard);
    }

    void add(Holder holder, int shard) {
        change(holder, shard, copyBytes[shard]);
        holder.hold(shard);
        Instances of = instances[shard];
        of.copies.add(holder);
        of.add(holder.domain);
        of.spareCopies += holder.spare() ? 1 : 0;
    }

    void remove(Holder holder, int shard) {
        change(holder, shard, -copyBytes[shard]);
        holder.drop(shard);
        Instances of = instances[shard];
        of.copies.remove(holder);
        of.remove(holder.domain);
        of.spareCopies -= holder.spare() ? 1 : 0;
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
