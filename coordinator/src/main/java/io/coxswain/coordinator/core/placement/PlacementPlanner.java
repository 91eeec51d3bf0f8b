package io.coxswain.coordinator.core.placement;

import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.CopyDuty;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.coordinator.core.model.Placement;
import io.coxswain.coordinator.core.placement.CopyBoard.Holder;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Plans who holds copies of whom (design §6).
 *
 * <p>{@code copies: k} asks that each shard has instances in k domains besides an owner's, at the
 * level asked; replicas in distinct domains count. So a shard needs k + 1 domains.
 *
 * <ol>
 *   <li>Spares first, needed or not: a spare that holds the copy takes over without moving a byte.
 *       Each shard gets up to {@code max(2, k + 1)} copies on spares, as memory allows. With k + 1
 *       of them any k + 1 ranks that die together find as many different spares that hold what they
 *       need (Hall's condition), while more would cost streams without buying anything.
 *   <li>Where that leaves a shard short, other ranks' agents in new domains, who holds least first;
 *       of equal ones those in other domains at wider levels too.
 *   <li>Where no agent has room, copies are moved along augmenting paths to make some.
 * </ol>
 *
 * <p>A copy never lies at an agent that owns the shard, nor in the domain of the rank that streams
 * it. Duties that still serve are kept, and who already holds a copy is preferred, so that small
 * changes move little. Memory is counted by {@link MemoryRule} and never over-committed.
 *
 * <p>Pure and deterministic: the order of spares does not matter.
 */
public final class PlacementPlanner {
    private static final int LEAST_SPARE_COPIES = 2;

    /**
     * Looks at holders that the search for room may spend on one plan: beyond that a hopeless
     * problem is reported, not solved.
     */
    private static final int SEARCH_WORK = 2_000_000;

    private static final int SEARCH_DEPTH = 64;

    private static final Comparator<Holder> BY_KEY = Comparator.comparing(h -> h.agent.key());

    private final PlacementProblem problem;
    private final Mesh mesh;
    private final int copies;
    private final CopyBoard board;

    /** The duties before that may go on, and who has them; null: not attached any more. */
    private final List<CopyDuty> previous;

    private final List<@Nullable Holder> previousHolders;

    /** Who holds a copy of a shard already; made when it is first asked for. */
    private @Nullable Map<Integer, List<Holder>> holdingNow;

    private final PlacementMemory memory;

    /** The smallest copy there is: an agent with less room is full. */
    private final long leastCopyBytes;

    private int work = SEARCH_WORK;

    private PlacementPlanner(PlacementProblem problem, PlacementMemory memory) {
        this.problem = problem;
        this.memory = memory;
        this.mesh = problem.view().mesh();
        this.copies = problem.spec().protectCopies();
        this.board = new CopyBoard(problem, memory);
        this.previous = previousDuties();
        this.previousHolders = new ArrayList<>(previous.size());
        for (CopyDuty duty : previous) {
            previousHolders.add(holder(duty));
        }
        long least = Long.MAX_VALUE;
        for (int shard = 0; shard < mesh.shards(); shard++) {
            least = Math.min(least, board.copyBytes(shard));
        }
        this.leastCopyBytes = least;
    }

    /** Plans the placement. */
    public static PlacementDecision plan(PlacementProblem problem) {
        return plan(problem, new PlacementMemory(problem.spec().protectLevel()));
    }

    /**
     * The same, faster where one plan follows another.
     *
     * @param memory of the level that the job asks for; kept from plan to plan
     */
    public static PlacementDecision plan(PlacementProblem problem, PlacementMemory memory) {
        if (memory.level() != problem.spec().protectLevel()) {
            throw new IllegalArgumentException(
                    "domains are numbered at level "
                            + memory.level()
                            + ", the job asks for "
                            + problem.spec().protectLevel());
        }
        return new PlacementPlanner(problem, memory).plan();
    }

    private @Nullable Holder holder(CopyDuty duty) {
        int hint = memory.holderOf(duty.shard());
        if (hint >= 0 && hint < board.holders().size()) {
            Holder holder = board.holders().get(hint);
            if (holder.agent.equals(duty.holder())) {
                return holder;
            }
        }
        return board.holder(duty.holder().key());
    }

    private PlacementDecision plan() {
        if (copies > 0) {
            keepSpareCopies();
            fillSpares();
            keepMemberCopies();
            for (int shard = 0; shard < mesh.shards(); shard++) {
                while (board.domains(shard) <= copies && protect(shard)) {
                    // one domain more each time
                }
            }
            protectWithinDomains();
            // Where copies were moved there may be room again.
            fillSpares();
        }
        var placement = new Placement(problem.view().epoch(), problem.version(), duties());
        var review = new PlacementReview(problem, board);
        return new PlacementDecision(
                placement, review.deficits(), review.survives(), review.refusal());
    }

    private void keepSpareCopies() {
        for (int i = 0; i < previous.size(); i++) {
            CopyDuty duty = previous.get(i);
            Holder holder = previousHolders.get(i);
            if (holder != null
                    && holder.spare()
                    && board.spareCopiesOf(duty.shard()) < spareCopiesWanted()
                    && board.canHold(holder, duty.shard())) {
                board.add(holder, duty.shard());
            }
        }
    }

    /** In rounds: every shard has one copy on a spare before any has two. */
    private void fillSpares() {
        List<Holder> spares = withRoom(board.spares());
        for (int round = 0; round < spareCopiesWanted(); round++) {
            for (int shard = 0; shard < mesh.shards() && !spares.isEmpty(); shard++) {
                if (board.spareCopiesOf(shard) <= round) {
                    Holder spare = bestSpare(spares, shard);
                    if (spare != null) {
                        board.add(spare, shard);
                        if (spare.roomBytes < leastCopyBytes) {
                            spares.remove(spare);
                        }
                    }
                }
            }
        }
    }

    /** Most spares are full most of the time; they need not be looked at for every shard. */
    private List<Holder> withRoom(List<Holder> spares) {
        var left = new ArrayList<Holder>();
        for (Holder spare : spares) {
            if (spare.roomBytes >= leastCopyBytes) {
                left.add(spare);
            }
        }
        return left;
    }

    /**
     * The spare in a new domain, else the one that holds the copy already, else the one with most
     * room, else the one furthest from the shard's instances, else the first.
     */
    private @Nullable Holder bestSpare(List<Holder> spares, int shard) {
        Holder best = null;
        int bestRank = 0;
        int apart = 0;
        for (Holder spare : spares) {
            if (!board.canHold(spare, shard)) {
                continue;
            }
            int rank =
                    (board.instanceIn(shard, spare.domain) ? 2 : 0)
                            + (holdsNow(spare, shard) ? 0 : 1);
            boolean better =
                    best == null
                            || rank < bestRank
                            || (rank == bestRank
                                    && (spare.roomBytes > best.roomBytes
                                            || (spare.roomBytes == best.roomBytes
                                                    && apart > 0
                                                    && board.apartAt(spare, shard) < apart)));
            if (better) {
                best = spare;
                bestRank = rank;
                apart = board.apartAt(spare, shard);
            }
        }
        return best;
    }

    private void keepMemberCopies() {
        for (int i = 0; i < previous.size(); i++) {
            CopyDuty duty = previous.get(i);
            Holder holder = previousHolders.get(i);
            if (holder != null
                    && helps(holder, duty.shard())
                    && board.canHold(holder, duty.shard())) {
                board.add(holder, duty.shard());
            }
        }
    }

    /** A copy there would bring the shard a domain that it needs. */
    private boolean helps(Holder holder, int shard) {
        return board.domains(shard) <= copies && !board.instanceIn(shard, holder.domain);
    }

    /** Gives the shard an instance in one more domain; false when that cannot be found. */
    private boolean protect(int shard) {
        if (holdingNow == null) {
            holdingNow = holdingNow();
        }
        for (Holder holder : holdingNow.getOrDefault(shard, List.of())) {
            if (board.canHold(holder, shard) && !board.instanceIn(shard, holder.domain)) {
                board.add(holder, shard);
                return true;
            }
        }
        return place(shard, new HashSet<>(), SEARCH_DEPTH);
    }

    /** Finds room in a new domain of the shard, moving other copies where need be. */
    private boolean place(int shard, Set<Holder> visited, int depth) {
        Holder best =
                board.leastAndApart(
                        shard,
                        holder ->
                                board.canHold(holder, shard)
                                        && !board.instanceIn(shard, holder.domain));
        if (best != null) {
            board.add(best, shard);
            return true;
        }
        if (depth == 0) {
            return false;
        }
        for (Holder holder : full(shard)) {
            if (work <= 0) {
                return false;
            }
            if (visited.add(holder) && makeRoom(holder, shard, visited, depth)) {
                return true;
            }
        }
        return false;
    }

    /**
     * In new domains of the shard, with memory that other copies take up; who holds least first.
     */
    private List<Holder> full(int shard) {
        var full = new ArrayList<Holder>();
        for (Holder holder : board.leastFirst()) {
            work--;
            if (holder.allRoomBytes >= board.copyBytes(shard)
                    && board.mayHold(holder, shard)
                    && !board.instanceIn(shard, holder.domain)) {
                full.add(holder);
            }
        }
        return full;
    }

    private boolean makeRoom(Holder holder, int shard, Set<Holder> visited, int depth) {
        for (int other : holder.shards()) {
            if (holder.roomBytes + board.copyBytes(other) < board.copyBytes(shard)) {
                continue;
            }
            board.remove(holder, other);
            board.add(holder, shard);
            // A copy beyond what its shard needs may simply go.
            if (board.domains(other) > copies || place(other, visited, depth - 1)) {
                return true;
            }
            board.remove(holder, shard);
            board.add(holder, other);
        }
        return false;
    }

    /**
     * Where domains are short, further copies in the same ones are better than none, though the
     * deficit stays. Those there were go first.
     */
    private void protectWithinDomains() {
        for (int i = 0; i < previous.size(); i++) {
            CopyDuty duty = previous.get(i);
            Holder holder = previousHolders.get(i);
            if (holder != null
                    && missing(duty.shard()) > 0
                    && canHoldOutsideOwners(holder, duty.shard())) {
                board.add(holder, duty.shard());
            }
        }
        for (int shard = 0; shard < mesh.shards(); shard++) {
            for (int i = missing(shard); i > 0; i--) {
                int of = shard;
                Holder holder = board.least(one -> canHoldOutsideOwners(one, of));
                if (holder != null) {
                    board.add(holder, shard);
                }
            }
        }
    }

    /** Instances that the shard lacks, wherever they are. */
    private int missing(int shard) {
        int instances = board.ownerDomains(shard) + board.copiesOf(shard).size();
        return board.domains(shard) > copies ? 0 : copies + 1 - instances;
    }

    private boolean canHoldOutsideOwners(Holder holder, int shard) {
        return board.canHold(holder, shard) && !board.ownedIn(shard, holder.domain);
    }

    /** Each copy is streamed by the owner outside its domain that streams least. */
    private List<CopyDuty> duties() {
        var before = new DutiesByShard(previous);
        var duties = new ArrayList<CopyDuty>(mesh.shards() * (copies + 1));
        var load = new int[mesh.replicas()];
        for (int shard = 0; shard < mesh.shards(); shard++) {
            Arrays.fill(load, 0);
            List<Holder> holders = board.copiesOf(shard);
            if (holders.size() > 1) {
                holders = new ArrayList<>(holders);
                holders.sort(BY_KEY);
            }
            for (int i = 0; i < holders.size(); i++) {
                Holder holder = holders.get(i);
                if (i == 0) {
                    memory.holderOf(shard, holder.index);
                }
                CopyDuty known = before.find(shard, holder.agent.key());
                int source = source(shard, holder, load, known == null ? -1 : known.sourceRank());
                load[mesh.replicaOf(source)]++;
                // The same duty stays the same object: placements are compared.
                duties.add(
                        known != null
                                        && known.sourceRank() == source
                                        && known.holder().equals(holder.agent)
                                ? known
                                : new CopyDuty(shard, source, holder.agent));
            }
        }
        return duties;
    }

    /** The rank that streams: who streams least, of equal ones who did before. */
    private int source(int shard, Holder holder, int[] load, int before) {
        int best = -1;
        for (int replica = 0; replica < mesh.replicas(); replica++) {
            if (board.domainOfRank(mesh.rankOf(replica, shard)) == holder.domain) {
                continue;
            }
            boolean better = best < 0 || load[replica] < load[best];
            boolean asBefore =
                    best >= 0
                            && load[replica] == load[best]
                            && mesh.rankOf(replica, shard) == before;
            if (better || asBefore) {
                best = replica;
            }
        }
        return mesh.rankOf(best, shard);
    }

    /** The duties before, found by shard and holder while shards ascend. */
    private static final class DutiesByShard {
        private final List<CopyDuty> duties;
        private int from;

        DutiesByShard(List<CopyDuty> previous) {
            duties = inOrder(previous);
        }

        /** As {@link #duties()} makes them; others may come in any order. */
        private static List<CopyDuty> inOrder(List<CopyDuty> previous) {
            for (int i = 1; i < previous.size(); i++) {
                if (previous.get(i - 1).shard() > previous.get(i).shard()) {
                    var sorted = new ArrayList<>(previous);
                    sorted.sort(Comparator.comparingInt(CopyDuty::shard));
                    return sorted;
                }
            }
            return previous;
        }

        @Nullable CopyDuty find(int shard, AgentKey holder) {
            while (from < duties.size() && duties.get(from).shard() < shard) {
                from++;
            }
            for (int i = from; i < duties.size() && duties.get(i).shard() == shard; i++) {
                if (duties.get(i).holder().key().equals(holder)) {
                    return duties.get(i);
                }
            }
            return null;
        }
    }

    private int spareCopiesWanted() {
        return Math.max(LEAST_SPARE_COPIES, copies + 1);
    }

    private boolean holdsNow(Holder holder, int shard) {
        return problem.copiesHeld().getOrDefault(holder.agent.key(), Set.of()).contains(shard);
    }

    /** Of the shards that lack a domain: nobody asks for the others. */
    private Map<Integer, List<Holder>> holdingNow() {
        var holding = new HashMap<Integer, List<Holder>>();
        for (int shard = 0; shard < mesh.shards(); shard++) {
            if (board.domains(shard) <= copies) {
                holding.put(shard, new ArrayList<>(2));
            }
        }
        problem.copiesHeld()
                .forEach((agent, shards) -> {
                    for (int shard : shards) {
                        List<Holder> holders = holding.get(shard);
                        Holder holder = holders == null ? null : board.holder(agent);
                        if (holders != null && holder != null) {
                            holders.add(holder);
                        }
                    }
                });
        holding.values().forEach(holders -> holders.sort(BY_KEY));
        return holding;
    }

    private List<CopyDuty> previousDuties() {
        Placement previous = problem.previous();
        if (previous == null) {
            return List.of();
        }
        boolean all = true;
        for (CopyDuty duty : previous.duties()) {
            all &= known(duty);
        }
        return all ? previous.duties() : previous.duties().stream().filter(this::known).toList();
    }

    private boolean known(CopyDuty duty) {
        return duty.shard() >= 0 && duty.shard() < mesh.shards();
    }
}
