package io.coxswain.coordinator.core.placement;

import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.CopyDuty;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.coordinator.core.model.Placement;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.BitSet;
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
 * <p>Pure and deterministic: the order of spares does not matter. A plan that goes on from the one
 * before ({@link PlacementMemory}) chooses anew only for shards whose owners or holders changed,
 * and those for which there is room now; what comes out is what a plan from nothing gives.
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

    /** The duties before that may go on. */
    private final List<CopyDuty> previous;

    /** {@link #previous} is in the order of shards. */
    private final boolean ordered;

    /** Shards whose copies are chosen anew; those of the others are on the board and stay. */
    private final BitSet open = new BitSet();

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
        CopyBoard known = memory.take(problem);
        this.board = known == null ? CopyBoard.of(problem) : known;
        this.previous = known == null ? previousDuties() : duties(problem.previous());
        this.ordered = known != null;
        this.leastCopyBytes = board.leastCopyBytes();
        open.or(board.changed());
        open.or(board.unsteady());
    }

    private static List<CopyDuty> duties(@Nullable Placement placement) {
        return placement == null ? List.of() : placement.duties();
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

    private PlacementDecision plan() {
        if (copies > 0) {
            for (int shard = open.nextSetBit(0); shard >= 0; shard = open.nextSetBit(shard + 1)) {
                board.clear(shard);
            }
            keepSpareCopies();
            fillSpares(true);
            keepMemberCopies();
            BitSet lacking = board.lacking();
            for (int i = lacking.nextSetBit(0); i >= 0; i = lacking.nextSetBit(i + 1)) {
                while (board.domains(i) <= copies && protect(i)) {
                    // one domain more each time
                }
            }
            protectWithinDomains();
            // Where copies were moved there may be room again.
            fillSpares(false);
        }
        board.settle(spareCopiesWanted());
        var placement = new Placement(problem.view().epoch(), problem.version(), duties());
        var review = new PlacementReview(problem, board);
        var decision =
                new PlacementDecision(
                        placement, review.deficits(), review.survives(), review.refusal());
        memory.keep(board, placement);
        return decision;
    }

    /** The duties before of shards that are {@link #open}, in their order. */
    private List<CopyDuty> openDuties() {
        if (!ordered) {
            return previous;
        }
        var duties = new ArrayList<CopyDuty>();
        var before = new DutiesByShard(previous);
        for (int shard = open.nextSetBit(0); shard >= 0; shard = open.nextSetBit(shard + 1)) {
            before.skipTo(shard);
            duties.addAll(before.take(shard));
        }
        return duties;
    }

    private void keepSpareCopies() {
        for (CopyDuty duty : openDuties()) {
            Holder holder = board.holder(duty.holder().key());
            if (holder != null
                    && holder.spare()
                    && board.spareCopiesOf(duty.shard()) < spareCopiesWanted()
                    && board.canHold(holder, duty.shard())) {
                board.add(holder, duty.shard());
            }
        }
    }

    /**
     * In rounds: every shard has one copy on a spare before any has two.
     *
     * @param membersLater copies at other ranks' agents are chosen after these, so those that a
     *     shard has do not count
     */
    private void fillSpares(boolean membersLater) {
        List<Holder> spares = withRoom(board.spares());
        for (int round = 0; round < spareCopiesWanted(); round++) {
            for (int shard = 0; shard < mesh.shards() && !spares.isEmpty(); shard++) {
                if (board.spareCopiesOf(shard) <= round && anyCanHold(spares, shard)) {
                    if (membersLater && !open.get(shard)) {
                        open.set(shard);
                        board.clearMembers(shard);
                    }
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

    private boolean anyCanHold(List<Holder> spares, int shard) {
        for (Holder spare : spares) {
            if (board.canHold(spare, shard)) {
                return true;
            }
        }
        return false;
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
        for (CopyDuty duty : openDuties()) {
            Holder holder = board.holder(duty.holder().key());
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
        BitSet lacking = board.lacking();
        if (lacking.isEmpty()) {
            return;
        }
        for (CopyDuty duty : openDuties()) {
            Holder holder = missing(duty.shard()) > 0 ? board.holder(duty.holder().key()) : null;
            if (holder != null && canHoldOutsideOwners(holder, duty.shard())) {
                board.add(holder, duty.shard());
            }
        }
        for (int i = lacking.nextSetBit(0); i >= 0; i = lacking.nextSetBit(i + 1)) {
            int shard = i;
            for (int more = missing(shard); more > 0; more--) {
                Holder holder = board.least(one -> canHoldOutsideOwners(one, shard));
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

    /**
     * Each copy is streamed by the owner outside its domain that streams least. What did not change
     * is the same object as before: placements are compared.
     */
    private List<CopyDuty> duties() {
        List<CopyDuty> inOrder = ordered ? previous : DutiesByShard.inOrder(previous);
        var before = new DutiesByShard(inOrder);
        var duties = new ArrayList<CopyDuty>(mesh.shards() * (copies + 1));
        BitSet changed = board.changed();
        boolean same = inOrder.equals(previous);
        for (int i = changed.nextSetBit(0); i >= 0; i = changed.nextSetBit(i + 1)) {
            duties.addAll(before.upTo(i));
            int from = duties.size();
            List<CopyDuty> known = before.take(i);
            addDuties(i, known, duties);
            same &= duties.subList(from, duties.size()).equals(known);
        }
        duties.addAll(before.upTo(mesh.shards()));
        return same ? previous : duties;
    }

    private void addDuties(int shard, List<CopyDuty> before, List<CopyDuty> duties) {
        List<Holder> holders = board.copiesOf(shard);
        if (holders.isEmpty()) {
            return;
        }
        if (holders.size() > 1) {
            holders = new ArrayList<>(holders);
            holders.sort(BY_KEY);
        }
        var load = new int[mesh.replicas()];
        for (Holder holder : holders) {
            CopyDuty known = dutyOf(holder.agent.key(), before);
            int source = source(shard, holder, load, known == null ? -1 : known.sourceRank());
            load[mesh.replicaOf(source)]++;
            duties.add(
                    known != null
                                    && known.sourceRank() == source
                                    && known.holder().equals(holder.agent)
                            ? known
                            : new CopyDuty(shard, source, holder.agent));
        }
    }

    private static @Nullable CopyDuty dutyOf(AgentKey holder, List<CopyDuty> duties) {
        for (CopyDuty duty : duties) {
            if (duty.holder().key().equals(holder)) {
                return duty;
            }
        }
        return null;
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

    /** Duties in the order of shards, walked through while shards ascend. */
    private static final class DutiesByShard {
        private final List<CopyDuty> duties;
        private int at;

        DutiesByShard(List<CopyDuty> inOrder) {
            duties = inOrder;
        }

        /** As {@link #duties()} makes them; others may come in any order. */
        static List<CopyDuty> inOrder(List<CopyDuty> previous) {
            for (int i = 1; i < previous.size(); i++) {
                if (previous.get(i - 1).shard() > previous.get(i).shard()) {
                    var sorted = new ArrayList<>(previous);
                    sorted.sort(Comparator.comparingInt(CopyDuty::shard));
                    return sorted;
                }
            }
            return previous;
        }

        /** Those before the shard's, from where the walk was. */
        List<CopyDuty> upTo(int shard) {
            int from = at;
            skipTo(shard);
            return duties.subList(from, at);
        }

        void skipTo(int shard) {
            int step = 1;
            // Ever longer strides, then halves of the last one: shards may be near or far.
            while (at + step <= duties.size() && duties.get(at + step - 1).shard() < shard) {
                at += step;
                step *= 2;
            }
            for (; step > 0; step /= 2) {
                if (at + step <= duties.size() && duties.get(at + step - 1).shard() < shard) {
                    at += step;
                }
            }
        }

        /** The shard's own. */
        List<CopyDuty> take(int shard) {
            int from = at;
            while (at < duties.size() && duties.get(at).shard() == shard) {
                at++;
            }
            return duties.subList(from, at);
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
