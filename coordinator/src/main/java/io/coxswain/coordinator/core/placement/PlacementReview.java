package io.coxswain.coordinator.core.placement;

import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.FailureDomain;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.coordinator.core.placement.CopyBoard.Holder;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;

/** Says what a placement lacks, what it survives, and why it cannot be better. */
final class PlacementReview {
    private static final List<String> NUMBERS = List.of("no", "one", "two", "three", "four");

    private final PlacementProblem problem;
    private final Mesh mesh;
    private final int copies;
    private final CopyBoard board;

    PlacementReview(PlacementProblem problem, CopyBoard board) {
        this.problem = problem;
        this.mesh = problem.view().mesh();
        this.copies = problem.spec().protectCopies();
        this.board = board;
    }

    List<String> deficits() {
        var deficits = new ArrayList<String>();
        for (int shard = 0; shard < mesh.shards(); shard++) {
            int others = board.domains(shard) - 1;
            if (others < copies) {
                deficits.add(
                        "shard "
                                + shard
                                + " has instances in "
                                + others
                                + " of "
                                + copies
                                + " other domains at level "
                                + problem.spec().protectLevel()
                                + ": "
                                + whyShort(shard));
            }
        }
        return deficits;
    }

    private String whyShort(int shard) {
        long mostRoom = -1;
        for (Holder holder : board.holders()) {
            if (!board.instanceIn(shard, holder.domain) && board.mayHold(holder, shard)) {
                mostRoom = Math.max(mostRoom, holder.roomBytes);
            }
        }
        return mostRoom < 0
                ? "no further agent is attached in another domain"
                : "a copy takes "
                        + MemoryRule.megabytes(board.copyBytes(shard))
                        + " and the agents in other domains have at most "
                        + MemoryRule.megabytes(mostRoom)
                        + " free";
    }

    @Nullable String refusal() {
        for (int rank = 0; rank < mesh.ranks(); rank++) {
            AgentProfile agent = problem.view().members().get(rank);
            int shard = mesh.shardOf(rank);
            long needs = MemoryRule.rankBytes(problem.layout(), shard);
            if (needs > agent.arenaBudgetBytes()) {
                return "agent "
                        + agent.key().id()
                        + " may use "
                        + MemoryRule.megabytes(agent.arenaBudgetBytes())
                        + " of shared memory, but rank "
                        + rank
                        + " needs "
                        + MemoryRule.megabytes(needs)
                        + ": "
                        + MemoryRule.megabytes(problem.layout().shardRegionBytes().get(shard))
                        + " for the worker and "
                        + MemoryRule.SLOTS
                        + " snapshot slots of "
                        + MemoryRule.megabytes(problem.layout().shardStateBytes().get(shard))
                        + "; give the agent more memory or cut the state into more shards";
            }
        }
        return copies == 0 ? null : copiesRefusal();
    }

    private @Nullable String copiesRefusal() {
        int level = problem.spec().protectLevel();
        int domains = board.domainCount();
        int agents = board.holders().size();
        long room = 0;
        for (Holder holder : board.holders()) {
            room += holder.allRoomBytes;
        }
        if (domains <= copies) {
            return "copies: "
                    + copies
                    + " needs agents in "
                    + (copies + 1)
                    + " failure domains at level "
                    + level
                    + ", but the "
                    + agents
                    + " attached are in "
                    + domains
                    + "; attach agents elsewhere, lower protect.copies or choose a deeper"
                    + " protect.level";
        }
        long needs = 0;
        for (int shard = 0; shard < mesh.shards(); shard++) {
            needs += Math.max(0, copies + 1 - board.ownerDomains(shard)) * board.copyBytes(shard);
        }
        if (needs > room) {
            return "copies: "
                    + copies
                    + " needs "
                    + MemoryRule.megabytes(needs)
                    + " of shared memory for copies ("
                    + MemoryRule.SLOTS
                    + " slots each), but the "
                    + agents
                    + " attached agents have "
                    + MemoryRule.megabytes(room)
                    + " beside their own slots and what a restart or a promotion takes; give them "
                    + MemoryRule.megabytes(needs - room)
                    + " more, lower protect.copies or attach more agents";
        }
        for (int shard = 0; shard < mesh.shards(); shard++) {
            if (board.domains(shard) > copies) {
                continue;
            }
            var reachable = new HashSet<Integer>();
            for (int replica = 0; replica < mesh.replicas(); replica++) {
                reachable.add(board.domainOfRank(mesh.rankOf(replica, shard)));
            }
            for (Holder holder : board.holders()) {
                if (holder.ownShard != shard && holder.allRoomBytes >= board.copyBytes(shard)) {
                    reachable.add(holder.domain);
                }
            }
            if (reachable.size() <= copies) {
                return "copies: "
                        + copies
                        + " of shard "
                        + shard
                        + " need agents with "
                        + MemoryRule.megabytes(board.copyBytes(shard))
                        + " free in "
                        + (copies + 1 - board.ownerDomains(shard))
                        + " other failure domains at level "
                        + level
                        + ", but there are only "
                        + (reachable.size() - board.ownerDomains(shard))
                        + "; give agents there more memory, lower protect.copies or attach more"
                        + " agents";
            }
        }
        return null;
    }

    /** In words, and for one agent more than is certain, the chance. */
    String survives() {
        int depth = 1;
        int attached = board.holders().size();
        for (Holder holder : board.holders()) {
            depth = Math.max(depth, holder.agent.domain().parts().size());
        }
        int least = Integer.MAX_VALUE;
        for (int shard = 0; shard < mesh.shards(); shard++) {
            least = Math.min(least, mesh.replicas() + board.copiesOf(shard).size());
        }
        int smallest = distinct(least);
        if (least == 1) {
            return "no loss: "
                    + smallest
                    + " of "
                    + attached
                    + " agents hold a shard that nobody else has";
        }
        var text = new StringBuilder(any(least - 1, "agent"));
        for (int level = 0; level < depth; level++) {
            int domains = leastDomains(level);
            if (domains > 1) {
                text.append("; ")
                        .append(any(domains - 1, "domain"))
                        .append(" at level ")
                        .append(level);
                break;
            }
        }
        double chance = 1 - smallest / choose(attached, least);
        // Truncated, not rounded: 100% is for certain.
        long tenths = (long) (chance * 1000);
        return text
                + "; "
                + number(least)
                + " random agents at once with "
                + tenths / 10
                + "."
                + tenths % 10
                + "%";
    }

    /** Different sets of agents that hold a shard, of those with {@code size} agents. */
    private int distinct(int size) {
        var sets = new HashSet<List<Integer>>();
        var pairs = new long[size == 2 ? mesh.shards() : 0];
        int count = 0;
        for (int shard = 0; shard < mesh.shards(); shard++) {
            if (mesh.replicas() + board.copiesOf(shard).size() != size) {
                continue;
            }
            if (size == 2) {
                pairs[count++] = pair(shard);
            } else {
                sets.add(Arrays.stream(instances(shard)).boxed().toList());
            }
        }
        return size == 2 ? distinct(pairs, count) : sets.size();
    }

    /** The two agents with an instance of that shard. */
    private long pair(int shard) {
        List<Holder> copiesOf = board.copiesOf(shard);
        int one = mesh.rankOf(0, shard);
        int other = copiesOf.isEmpty() ? mesh.rankOf(1, shard) : copiesOf.getFirst().index;
        return (long) Math.min(one, other) << 32 | Math.max(one, other);
    }

    /** By a hash table with open addressing: there may be 100,000, and they need no order. */
    private static int distinct(long[] values, int count) {
        int size = Math.max(4, Integer.highestOneBit(count) * 4);
        var table = new long[size];
        int distinct = 0;
        for (int i = 0; i < count; i++) {
            // No pair is 0: its second agent comes after its first.
            long value = values[i];
            long hash = value * 0x9E3779B97F4A7C15L;
            int at = (int) (hash >>> 32) & (size - 1);
            while (table[at] != 0 && table[at] != value) {
                at = (at + 1) & (size - 1);
            }
            distinct += table[at] == 0 ? 1 : 0;
            table[at] = value;
        }
        return distinct;
    }

    /** The fewest domains at that level that have an instance of some shard. */
    private int leastDomains(int level) {
        int least = Integer.MAX_VALUE;
        for (int shard = 0; shard < mesh.shards() && least > 1; shard++) {
            if (level == problem.spec().protectLevel()) {
                least = Math.min(least, board.domains(shard));
                continue;
            }
            least = Math.min(least, domainsAt(level, shard, least));
        }
        return least;
    }

    /**
     * In how many domains at that level the shard has instances; {@code enough} stands for more.
     */
    private int domainsAt(int level, int shard, int enough) {
        FailureDomain first = board.holders().get(mesh.rankOf(0, shard)).agent.domain();
        if (enough == 2) {
            return allInOneDomain(level, shard, first) ? 1 : 2;
        }
        var domains = new ArrayList<DomainKey>(4);
        for (int index : instances(shard)) {
            DomainKey domain = DomainKey.of(board.holders().get(index).agent.domain(), level);
            if (!domains.contains(domain)) {
                domains.add(domain);
                if (domains.size() >= enough) {
                    break;
                }
            }
        }
        return domains.size();
    }

    private boolean allInOneDomain(int level, int shard, FailureDomain first) {
        for (int replica = 1; replica < mesh.replicas(); replica++) {
            Holder owner = board.holders().get(mesh.rankOf(replica, shard));
            if (owner.agent.domain().independentOf(first, level)) {
                return false;
            }
        }
        List<Holder> copiesOf = board.copiesOf(shard);
        for (int i = 0; i < copiesOf.size(); i++) {
            if (copiesOf.get(i).agent.domain().independentOf(first, level)) {
                return false;
            }
        }
        return true;
    }

    /** Owners and holders by their index, ascending. */
    private int[] instances(int shard) {
        List<Holder> copiesOf = board.copiesOf(shard);
        var agents = new int[mesh.replicas() + copiesOf.size()];
        for (int replica = 0; replica < mesh.replicas(); replica++) {
            agents[replica] = mesh.rankOf(replica, shard);
        }
        for (int i = 0; i < copiesOf.size(); i++) {
            agents[mesh.replicas() + i] = copiesOf.get(i).index;
        }
        Arrays.sort(agents);
        return agents;
    }

    private static String any(int count, String what) {
        return "any " + number(count) + " " + what + (count == 1 ? "" : "s");
    }

    private static String number(int count) {
        return count < NUMBERS.size() ? NUMBERS.get(count) : Integer.toString(count);
    }

    private static double choose(int of, int take) {
        double ways = 1;
        for (int i = 1; i <= take; i++) {
            ways = ways * (of - take + i) / i;
        }
        return ways;
    }
}
