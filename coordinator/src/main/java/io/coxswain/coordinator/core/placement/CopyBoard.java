package io.coxswain.coordinator.core.placement;

import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.coordinator.core.model.StateLayout;
import io.coxswain.coordinator.core.model.View;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * The copies chosen so far, and what they leave of each agent's memory. Domains are numbered, and
 * which of them have an instance of a shard is kept up to date, since planning asks little else.
 *
 * <p>One plan leaves it to the next, which takes in who came, went or changed ranks ({@link
 * #update}): a plan after one death costs a look at each rank's agent, and what that death changed.
 */
final class CopyBoard {
    /** So many searches go through all holders before it pays to sort them. */
    private static final int UNSORTED_SEARCHES = 16;

    /** Of equally full holders so many are compared by their distance. */
    private static final int MOST_EQUAL = 512;

    /** A shard with more instances is spread well enough. */
    private static final int MOST_COMPARED = 8;

    private final Mesh mesh;
    private final StateLayout layout;
    private final int level;
    private final int copies;
    private final DomainNumbers numbers;
    private final long promotionBytes;
    private final long[] copyBytes;
    private final long leastCopyBytes;
    private final ShardInstances[] instances;

    /** Of {@link #instances}, on spares. */
    private final int[] spareCopies;

    /** Nobody yet, before the first update. */
    private final @Nullable Holder[] byRank;

    /** Of {@link #byRank}: every plan compares them all. */
    private final @Nullable AgentProfile[] agentByRank;

    private final List<Holder> holders = new ArrayList<>();
    private final List<Holder> spares = new ArrayList<>();
    private final Map<AgentKey, Holder> spareByKey = new HashMap<>();
    private final Spread spread;

    /** Agents by the number of their domain, and how many numbers have one. */
    private int[] agentsIn = new int[16];

    private int domainCount;

    /** Agents by the parts of their domain's path. */
    private final TreeMap<Integer, Integer> depths = new TreeMap<>();

    /** Ranks whose agents have less memory than the rank needs. */
    private final BitSet tooSmall = new BitSet();

    /** Shards with fewer domains than are asked for. */
    private final BitSet lacking = new BitSet();

    /** Shards with copies that a plan would not choose again as they are. */
    private final BitSet unsteady = new BitSet();

    /** Shards whose owners or copies changed in this plan. */
    private final BitSet changed = new BitSet();

    private long allRoomBytes;

    /** What copies take where owners are not apart already. */
    private long neededBytes;

    private int nextId;

    /** Some holder takes no new copies. */
    private boolean anyClosed;

    private View view;
    private int searches;
    private @Nullable TreeSet<Holder> leastFirst;

    /**
     * An empty board.
     *
     * @param levels at which domains are told apart
     */
    private CopyBoard(PlacementProblem problem, int levels) {
        view = problem.view();
        mesh = view.mesh();
        layout = problem.layout();
        level = problem.spec().protectLevel();
        copies = problem.spec().protectCopies();
        numbers = new DomainNumbers(levels);
        promotionBytes = MemoryRule.promotionBytes(layout);
        copyBytes = new long[mesh.shards()];
        instances = new ShardInstances[mesh.shards()];
        spareCopies = new int[mesh.shards()];
        for (int shard = 0; shard < mesh.shards(); shard++) {
            copyBytes[shard] = MemoryRule.copyBytes(layout, shard);
            instances[shard] = new ShardInstances();
            neededBytes += neededBytes(shard);
        }
        leastCopyBytes = Arrays.stream(copyBytes).min().orElse(Long.MAX_VALUE);
        lacking.set(0, mesh.shards());
        byRank = new Holder[mesh.ranks()];
        agentByRank = new AgentProfile[mesh.ranks()];
        spread = new Spread(this, mesh, levels);
    }

    /** A board without copies. */
    static CopyBoard of(PlacementProblem problem) {
        var board =
                new CopyBoard(problem, Math.max(problem.spec().protectLevel() + 1, depth(problem)));
        board.update(problem);
        board.changed.set(0, board.mesh.shards());
        return board;
    }

    /** True if it can be {@linkplain #update updated} to that problem. */
    boolean serves(PlacementProblem problem) {
        return mesh.equals(problem.view().mesh())
                && level == problem.spec().protectLevel()
                && copies == problem.spec().protectCopies()
                && layout.equals(problem.layout());
    }

    private static int depth(PlacementProblem problem) {
        int depth = 1;
        for (AgentProfile agent : problem.view().members()) {
            depth = Math.max(depth, agent.domain().parts().size());
        }
        for (AgentProfile agent : problem.spares()) {
            depth = Math.max(depth, agent.domain().parts().size());
        }
        return depth;
    }

    // ------------------------------------------------------------------ from plan to plan

    /**
     * Takes in the problem's agents. Who left, has another rank, became a rank's agent or ceased to
     * be one holds nothing any more, and the shards that this changed are {@link #changed}.
     *
     * @return false if it cannot, and must not be used any more: somebody's domain is deeper than
     *     domains are told apart
     */
    boolean update(PlacementProblem problem) {
        view = problem.view();
        searches = 0;
        leastFirst = null;
        changed.clear();
        for (int rank = 0; rank < byRank.length; rank++) {
            AgentProfile agent = view.members().get(rank);
            AgentProfile before = agentByRank[rank];
            if (!agent.equals(before)) {
                if (tooDeep(agent)) {
                    return false;
                }
                replace(rank, agent);
            }
        }
        var known = new HashSet<Holder>();
        var come = new ArrayList<AgentProfile>();
        for (AgentProfile agent : problem.spares()) {
            Holder before = spareByKey.get(agent.key());
            if (before != null && before.agent.equals(agent)) {
                known.add(before);
            } else if (tooDeep(agent)) {
                return false;
            } else {
                come.add(agent);
            }
        }
        if (known.size() < spares.size()) {
            for (Holder spare : List.copyOf(spares)) {
                if (!known.contains(spare)) {
                    leave(spare);
                    spares.remove(spare);
                    spareByKey.remove(spare.agent.key());
                }
            }
        }
        for (AgentProfile agent : come) {
            Holder spare = join(agent, -1, Math.max(0, agent.arenaBudgetBytes() - promotionBytes));
            spares.add(spare);
            spareByKey.put(agent.key(), spare);
        }
        if (!come.isEmpty()) {
            spares.sort(Comparator.comparing((Holder h) -> h.agent.key()));
        }
        if (anyClosed || !problem.closed().isEmpty()) {
            anyClosed = !problem.closed().isEmpty();
            for (Holder holder : holders) {
                holder.closedBut = problem.closed().get(holder.agent.key());
            }
        }
        return true;
    }

    private boolean tooDeep(AgentProfile agent) {
        return agent.domain().parts().size() > numbers.levels();
    }

    private void replace(int rank, AgentProfile agent) {
        Holder before = byRank[rank];
        int shard = mesh.shardOf(rank);
        ShardInstances of = instances[shard];
        neededBytes -= neededBytes(shard);
        if (before != null) {
            leave(before);
            of.disown(before.domain);
        }
        long budget = agent.arenaBudgetBytes();
        Holder now = join(agent, shard, MemoryRule.memberRoomBytes(layout, shard, budget));
        byRank[rank] = now;
        agentByRank[rank] = agent;
        of.own(now.domain);
        neededBytes += neededBytes(shard);
        tooSmall.set(rank, MemoryRule.rankBytes(layout, shard) > budget);
        changed(shard);
    }

    private Holder join(AgentProfile agent, int ownShard, long roomBytes) {
        int[] domains = numbers.of(agent.domain());
        var holder = new Holder(agent, nextId++, domains, level, ownShard, roomBytes);
        holder.index = holders.size();
        holders.add(holder);
        allRoomBytes += roomBytes;
        depths.merge(agent.domain().parts().size(), 1, Integer::sum);
        if (holder.domain >= agentsIn.length) {
            agentsIn = Arrays.copyOf(agentsIn, 2 * holder.domain);
        }
        domainCount += agentsIn[holder.domain]++ == 0 ? 1 : 0;
        return holder;
    }

    private void leave(Holder holder) {
        for (int shard : holder.shards()) {
            remove(holder, shard);
        }
        Holder last = holders.removeLast();
        if (last != holder) {
            last.index = holder.index;
            holders.set(holder.index, last);
        }
        allRoomBytes -= holder.allRoomBytes;
        depths.computeIfPresent(
                holder.agent.domain().parts().size(), (_, count) -> count == 1 ? null : count - 1);
        domainCount -= --agentsIn[holder.domain] == 0 ? 1 : 0;
    }

    private long neededBytes(int shard) {
        return Math.max(0, copies + 1 - instances[shard].ownerDomains) * copyBytes[shard];
    }

    private void changed(int shard) {
        changed.set(shard);
        lacking.set(shard, instances[shard].domains <= copies);
    }

    /** Shards whose owners or copies changed since the plan began. */
    BitSet changed() {
        return changed;
    }

    /** Shards that have instances in fewer domains than are asked for. */
    BitSet lacking() {
        return lacking;
    }

    /** Shards whose copies are chosen anew by every plan, even if nothing about them changes. */
    BitSet unsteady() {
        return unsteady;
    }

    /** The plan is made: brings up to date what is known of the shards that changed. */
    void settle(int spareCopiesWanted) {
        for (int shard = changed.nextSetBit(0); shard >= 0; shard = changed.nextSetBit(shard + 1)) {
            spread.count(shard);
            unsteady.set(shard, !steady(shard, spareCopiesWanted));
        }
    }

    /**
     * True if a plan that finds these copies keeps them: first those on spares, then, in the order
     * of their keys, those that bring a domain that is needed.
     */
    private boolean steady(int shard, int spareCopiesWanted) {
        ShardInstances of = instances[shard];
        int spareCopiesThere = spareCopies[shard];
        if (spareCopiesThere > spareCopiesWanted) {
            return false;
        }
        boolean allNeeded = spareCopiesThere == of.copies.size() || of.domains - 1 <= copies;
        for (int i = 0; i < of.copies.size() && allNeeded; i++) {
            Holder holder = of.copies.get(i);
            allNeeded = holder.spare() || of.aloneIn(holder.domain);
        }
        return allNeeded;
    }

    Spread spread() {
        return spread;
    }

    /** All, in no particular order. */
    List<Holder> holders() {
        return holders;
    }

    Holder ofRank(int rank) {
        Holder holder = byRank[rank];
        if (holder == null) {
            throw new IllegalStateException("rank " + rank + " has no agent");
        }
        return holder;
    }

    @Nullable Holder holder(AgentKey agent) {
        int rank = view.rankOf(agent);
        return rank >= 0 ? byRank[rank] : spareByKey.get(agent);
    }

    /** The parts of the longest path of a domain. */
    int depth() {
        return depths.lastKey();
    }

    /** The lowest rank whose agent has less memory than the rank needs, or -1. */
    int tooSmallRank() {
        return tooSmall.nextSetBit(0);
    }

    /** Of all agents, before any copy. */
    long allRoomBytes() {
        return allRoomBytes;
    }

    /** What the copies asked for take, where owners are not apart already. */
    long neededBytes() {
        return neededBytes;
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
        List<Holder> others = instances[shard].copies;
        int replicas = mesh.replicas();
        if (replicas + others.size() > MOST_COMPARED) {
            return level;
        }
        int apart = 0;
        for (int replica = 0; replica < replicas && apart < level; replica++) {
            apart = Math.max(apart, firstDifference(holder, ofRank(mesh.rankOf(replica, shard))));
        }
        for (int i = 0; i < others.size() && apart < level; i++) {
            apart = Math.max(apart, firstDifference(holder, others.get(i)));
        }
        return apart;
    }

    private int firstDifference(Holder one, Holder other) {
        for (int wider = 0; wider < level; wider++) {
            if (one.domains[wider] != other.domains[wider]) {
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
        return spareCopies[shard];
    }

    int domainOfRank(int rank) {
        return ofRank(rank).domain;
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

    /** Of the smallest copy there is. */
    long leastCopyBytes() {
        return leastCopyBytes;
    }

    /** Memory aside: it is no owner, holds none yet, and some owner is outside its domain. */
    boolean mayHold(Holder holder, int shard) {
        return holder.ownShard != shard
                && !holder.holds(shard)
                && (holder.closedBut == null || holder.closedBut.contains(shard))
                && (ownerDomains(shard) > 1 || !ownedIn(shard, holder.domain));
    }

    boolean canHold(Holder holder, int shard) {
        return holder.roomBytes >= copyBytes[shard] && mayHold(holder, shard);
    }

    void add(Holder holder, int shard) {
        if (copyBytes[shard] > holder.roomBytes) {
            throw new IllegalStateException(
                    "a copy of shard "
                            + shard
                            + " does not fit at "
                            + holder.agent.key()
                            + ": "
                            + copyBytes[shard]
                            + " bytes, "
                            + holder.roomBytes
                            + " free");
        }
        reordered(holder, () -> holder.hold(shard, copyBytes[shard]));
        instances[shard].add(holder);
        spareCopies[shard] += holder.spare() ? 1 : 0;
        changed(shard);
    }

    void remove(Holder holder, int shard) {
        reordered(holder, () -> holder.drop(shard, copyBytes[shard]));
        instances[shard].remove(holder);
        spareCopies[shard] -= holder.spare() ? 1 : 0;
        changed(shard);
    }

    /** No agent holds a copy of that shard any more. */
    void clear(int shard) {
        for (Holder holder : List.copyOf(instances[shard].copies)) {
            remove(holder, shard);
        }
    }

    /** No rank's agent holds a copy of that shard any more. */
    void clearMembers(int shard) {
        for (Holder holder : List.copyOf(instances[shard].copies)) {
            if (!holder.spare()) {
                remove(holder, shard);
            }
        }
    }

    private void reordered(Holder holder, Runnable change) {
        if (leastFirst != null) {
            leastFirst.remove(holder);
        }
        change.run();
        if (leastFirst != null) {
            leastFirst.add(holder);
        }
    }
}
