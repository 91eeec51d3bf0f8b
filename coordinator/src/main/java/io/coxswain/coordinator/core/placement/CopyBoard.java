package io.coxswain.coordinator.core.placement;

import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.coordinator.core.model.StateLayout;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The copies chosen so far, and what they leave of each agent's memory. */
final class CopyBoard {
    /** An agent that may hold copies. */
    static final class Holder implements Comparable<Holder> {
        final AgentProfile agent;
        final DomainKey domain;

        /** -1 for a spare. */
        final int ownShard;

        /** What there was before any copy. */
        final long allRoomBytes;

        long roomBytes;
        long heldBytes;
        final TreeSet<Integer> shards = new TreeSet<>();

        Holder(AgentProfile agent, DomainKey domain, int ownShard, long roomBytes) {
            this.agent = agent;
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
            return ORDER.compare(this, other);
        }

        private static final Comparator<Holder> ORDER =
                Comparator.comparingLong((Holder h) -> h.heldBytes)
                        .thenComparingLong(h -> -h.roomBytes)
                        .thenComparing(h -> h.agent.key());
    }

    private final StateLayout layout;
    private final List<Set<DomainKey>> ownerDomains = new ArrayList<>();
    private final List<List<Holder>> copies = new ArrayList<>();
    private final List<Integer> spareCopies = new ArrayList<>();
    private final Map<AgentKey, Holder> byAgent = new HashMap<>();
    private final TreeSet<Holder> leastFirst = new TreeSet<>();

    CopyBoard(PlacementProblem problem) {
        layout = problem.layout();
        Mesh mesh = problem.view().mesh();
        int level = problem.spec().protectLevel();
        for (int shard = 0; shard < mesh.shards(); shard++) {
            ownerDomains.add(new HashSet<>());
            copies.add(new ArrayList<>());
            spareCopies.add(0);
        }
        for (int rank = 0; rank < mesh.ranks(); rank++) {
            AgentProfile agent = problem.view().members().get(rank);
            int shard = mesh.shardOf(rank);
            DomainKey domain = DomainKey.of(agent.domain(), level);
            ownerDomains.get(shard).add(domain);
            enter(
                    new Holder(
                            agent,
                            domain,
                            shard,
                            MemoryRule.memberRoomBytes(layout, shard, agent.arenaBudgetBytes())));
        }
        for (AgentProfile agent : problem.spares()) {
            long room = MemoryRule.spareRoomBytes(layout, agent.arenaBudgetBytes());
            enter(new Holder(agent, DomainKey.of(agent.domain(), level), -1, room));
        }
    }

    private void enter(Holder holder) {
        byAgent.put(holder.agent.key(), holder);
        leastFirst.add(holder);
    }

    @Nullable Holder holder(AgentKey agent) {
        return byAgent.get(agent);
    }

    /**
     * All holders, who holds least first; a copy of the order at this moment is up to the caller.
     */
    Iterable<Holder> leastFirst() {
        return leastFirst;
    }

    List<Holder> spares() {
        return byAgent.values().stream()
                .filter(Holder::spare)
                .sorted(Comparator.comparing((Holder h) -> h.agent.key()))
                .toList();
    }

    int shards() {
        return copies.size();
    }

    List<Holder> copiesOf(int shard) {
        return copies.get(shard);
    }

    int spareCopiesOf(int shard) {
        return spareCopies.get(shard);
    }

    Set<DomainKey> ownerDomains(int shard) {
        return ownerDomains.get(shard);
    }

    /** Domains that have an instance, owners' included. */
    Set<DomainKey> domains(int shard) {
        var domains = new HashSet<>(ownerDomains.get(shard));
        copies.get(shard).forEach(holder -> domains.add(holder.domain));
        return domains;
    }

    long copyBytes(int shard) {
        return MemoryRule.copyBytes(layout, shard);
    }

    /** Memory aside: it is no owner, holds none yet, and some owner is outside its domain. */
    boolean mayHold(Holder holder, int shard) {
        Set<DomainKey> owners = ownerDomains.get(shard);
        return holder.ownShard != shard
                && !holder.shards.contains(shard)
                && (owners.size() > 1 || !owners.contains(holder.domain));
    }

    boolean canHold(Holder holder, int shard) {
        return holder.roomBytes >= copyBytes(shard) && mayHold(holder, shard);
    }

    void add(Holder holder, int shard) {
        change(holder, shard, copyBytes(shard));
        holder.shards.add(shard);
        copies.get(shard).add(holder);
        spareCopies.set(shard, spareCopies.get(shard) + (holder.spare() ? 1 : 0));
    }

    void remove(Holder holder, int shard) {
        change(holder, shard, -copyBytes(shard));
        holder.shards.remove(shard);
        copies.get(shard).remove(holder);
        spareCopies.set(shard, spareCopies.get(shard) - (holder.spare() ? 1 : 0));
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
        leastFirst.remove(holder);
        holder.roomBytes -= bytes;
        holder.heldBytes += bytes;
        leastFirst.add(holder);
    }
}
