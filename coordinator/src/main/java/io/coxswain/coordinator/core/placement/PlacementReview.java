package io.coxswain.coordinator.core.placement;

import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.Mesh;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.BitSet;
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
        BitSet lacking = board.lacking();
        for (int i = lacking.nextSetBit(0); i >= 0; i = lacking.nextSetBit(i + 1)) {
            deficits.add(
                    "shard "
                            + i
                            + " has instances in "
                            + (board.domains(i) - 1)
                            + " of "
                            + copies
                            + " other domains at level "
                            + problem.spec().protectLevel()
                            + ": "
                            + whyShort(i));
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
        int rank = board.tooSmallRank();
        if (rank >= 0) {
            return tooSmall(rank);
        }
        return copies == 0 ? null : copiesRefusal();
    }

    private String tooSmall(int rank) {
        AgentProfile agent = problem.view().members().get(rank);
        int shard = mesh.shardOf(rank);
        return "agent "
                + agent.key().id()
                + " may use "
                + MemoryRule.megabytes(agent.arenaBudgetBytes())
                + " of shared memory, but rank "
                + rank
                + " needs "
                + MemoryRule.megabytes(MemoryRule.rankBytes(problem.layout(), shard))
                + ": "
                + MemoryRule.megabytes(problem.layout().shardRegionBytes().get(shard))
                + " for the worker and "
                + MemoryRule.SLOTS
                + " snapshot slots of "
                + MemoryRule.megabytes(problem.layout().shardStateBytes().get(shard))
                + "; give the agent more memory or cut the state into more shards";
    }

    private @Nullable String copiesRefusal() {
        int level = problem.spec().protectLevel();
        int domains = board.domainCount();
        int agents = board.holders().size();
        long room = board.allRoomBytes();
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
        long needs = board.neededBytes();
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
        BitSet lacking = board.lacking();
        for (int shard = lacking.nextSetBit(0); shard >= 0; shard = lacking.nextSetBit(shard + 1)) {
            var reachable = new HashSet<Integer>();
            for (int replica = 0; replica < mesh.replicas(); replica++) {
                reachable.add(board.domainOfRank(mesh.rankOf(replica, shard)));
            }
            for (Holder holder : board.holders()) {
                if (reachable.size() > copies) {
                    break;
                }
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
        Spread spread = board.spread();
        int depth = board.depth();
        int attached = board.holders().size();
        int least = spread.leastInstances();
        int smallest = spread.distinct(least);
        if (least == 1) {
            return "no loss: "
                    + smallest
                    + " of "
                    + attached
                    + " agents hold a shard that nobody else has";
        }
        var text = new StringBuilder(any(least - 1, "agent"));
        for (int level = 0; level < depth; level++) {
            int domains = spread.leastDomains(level);
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
