package io.coxswain.coordinator.core.recovery;

import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.coordinator.core.model.View;
import io.coxswain.coordinator.core.placement.DomainKey;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Who takes which rank. Survivors keep theirs. Of the free agents as many as possible take a rank
 * whose state they hold (a maximum matching, by augmenting paths: Kuhn 1955); the others spread the
 * replicas of a shard over domains, from the domain with the most free agents, which is the order
 * in which such an assignment succeeds if one exists (Gale, Ryser 1957, where all ranks are free).
 * Every order is fixed, so that the same problem gives the same ranks.
 */
final class RankAssignment {
    private final Mesh mesh;
    private final int level;
    private final Holdings holdings;
    private final @Nullable Candidate[] byRank;

    /** What an agent holds at the target. */
    interface Holdings {
        Set<Integer> heldShards(Candidate candidate);
    }

    private RankAssignment(Mesh mesh, int level, Holdings holdings) {
        this.mesh = mesh;
        this.level = level;
        this.holdings = holdings;
        this.byRank = new Candidate[mesh.ranks()];
    }

    /**
     * Assigns every rank.
     *
     * @param ready at least as many as ranks
     * @param previous whose members keep their ranks; null for the first view
     * @return by rank
     */
    static List<Candidate> assign(
            Mesh mesh,
            int level,
            List<Candidate> ready,
            @Nullable View previous,
            Holdings holdings) {
        var assignment = new RankAssignment(mesh, level, holdings);
        List<Candidate> free = assignment.keepSurvivors(ready, previous);
        free = assignment.promoteHolders(free);
        assignment.spread(free);
        var ranks = new ArrayList<Candidate>(mesh.ranks());
        for (Candidate candidate : assignment.byRank) {
            if (candidate == null) {
                throw new IllegalArgumentException(
                        ready.size() + " ready agents for " + mesh.ranks() + " ranks");
            }
            ranks.add(candidate);
        }
        return ranks;
    }

    private List<Candidate> keepSurvivors(List<Candidate> ready, @Nullable View previous) {
        var free = new ArrayList<Candidate>();
        for (Candidate candidate : ready) {
            int rank =
                    previous == null
                            ? -1
                            : previous.rankOf(candidate.agent(), candidate.rankHint());
            if (rank < 0) {
                free.add(candidate);
            } else {
                byRank[rank] = candidate;
            }
        }
        free.sort(Comparator.comparing((Candidate c) -> c.agent().key()));
        return free;
    }

    private List<Candidate> promoteHolders(List<Candidate> free) {
        var holders = new HashMap<Integer, List<Integer>>();
        for (int i = 0; i < free.size(); i++) {
            for (int shard : holdings.heldShards(free.get(i))) {
                holders.computeIfAbsent(shard, _ -> new ArrayList<>()).add(i);
            }
        }
        int[] rankOfFree = new int[free.size()];
        Arrays.fill(rankOfFree, -1);
        for (int rank : missingRanks()) {
            augment(rank, free, holders, rankOfFree, new HashSet<>());
        }
        var left = new ArrayList<Candidate>();
        for (int i = 0; i < free.size(); i++) {
            if (rankOfFree[i] < 0) {
                left.add(free.get(i));
            } else {
                byRank[rankOfFree[i]] = free.get(i);
            }
        }
        return left;
    }

    private boolean augment(
            int rank,
            List<Candidate> free,
            Map<Integer, List<Integer>> holders,
            int[] rankOfFree,
            Set<Integer> visited) {
        int shard = mesh.shardOf(rank);
        Set<DomainKey> used = domainsOf(shard);
        // Holders outside the domains of the shard's other owners first.
        for (boolean clash : new boolean[] {false, true}) {
            for (int i : holders.getOrDefault(shard, List.of())) {
                if (used.contains(domain(free.get(i))) != clash || !visited.add(i)) {
                    continue;
                }
                if (rankOfFree[i] < 0
                        || augment(rankOfFree[i], free, holders, rankOfFree, visited)) {
                    rankOfFree[i] = rank;
                    return true;
                }
            }
        }
        return false;
    }

    private void spread(List<Candidate> free) {
        List<Integer> missing = missingRanks();
        if (missing.isEmpty()) {
            return;
        }
        // By rows first, as a person would number the agents; by shards where that runs two
        // replicas into one domain.
        Map<Integer, Candidate> best = spread(missing, free);
        if (clashes(best) > 0) {
            List<Integer> byShard = new ArrayList<>(missing);
            byShard.sort(Comparator.comparingInt(mesh::shardOf));
            Map<Integer, Candidate> other = spread(byShard, free);
            if (clashes(other) < clashes(best)) {
                best = other;
            }
        }
        best.forEach((rank, candidate) -> byRank[rank] = candidate);
    }

    private Map<Integer, Candidate> spread(List<Integer> ranks, List<Candidate> free) {
        var byDomain = new HashMap<DomainKey, List<Candidate>>();
        for (Candidate candidate : free) {
            byDomain.computeIfAbsent(domain(candidate), _ -> new ArrayList<>()).add(candidate);
        }
        var buckets = new TreeSet<Bucket>();
        byDomain.forEach((domain, members) -> {
            // Who holds least goes first: the holders stay free for the shards that they hold.
            members.sort(Comparator.comparingInt(this::held).thenComparing(c -> c.agent().key()));
            buckets.add(bucket(domain, new ArrayDeque<>(members)));
        });
        var used = new HashMap<Integer, Set<DomainKey>>();
        var chosen = new HashMap<Integer, Candidate>();
        for (int rank : ranks) {
            Set<DomainKey> taken = used.computeIfAbsent(mesh.shardOf(rank), this::domainsOf);
            Bucket bucket = buckets.getFirst();
            for (Bucket candidate : buckets) {
                if (!taken.contains(candidate.domain())) {
                    bucket = candidate;
                    break;
                }
            }
            buckets.remove(bucket);
            chosen.put(rank, bucket.members().removeFirst());
            taken.add(bucket.domain());
            if (!bucket.members().isEmpty()) {
                buckets.add(bucket(bucket.domain(), bucket.members()));
            }
        }
        return chosen;
    }

    private Bucket bucket(DomainKey domain, ArrayDeque<Candidate> members) {
        Candidate head = members.getFirst();
        return new Bucket(domain, members, members.size(), held(head), head);
    }

    /**
     * The free agents of one domain; {@code size}, {@code held} and {@code head} are fixed while it
     * is queued.
     */
    private record Bucket(
            DomainKey domain, ArrayDeque<Candidate> members, int size, int held, Candidate head)
            implements Comparable<Bucket> {
        private static final Comparator<Bucket> ORDER =
                Comparator.comparingInt((Bucket b) -> -b.size)
                        .thenComparingInt(b -> b.held)
                        .thenComparing(b -> b.head.agent().key());

        @Override
        public int compareTo(Bucket other) {
            return ORDER.compare(this, other);
        }
    }

    private int clashes(Map<Integer, Candidate> chosen) {
        var used = new HashMap<Integer, Set<DomainKey>>();
        int clashes = 0;
        for (Map.Entry<Integer, Candidate> entry : chosen.entrySet()) {
            Set<DomainKey> taken =
                    used.computeIfAbsent(mesh.shardOf(entry.getKey()), this::domainsOf);
            if (!taken.add(domain(entry.getValue()))) {
                clashes++;
            }
        }
        return clashes;
    }

    /** Domains of the agents that own the shard so far. */
    private Set<DomainKey> domainsOf(int shard) {
        var domains = new HashSet<DomainKey>();
        for (int replica = 0; replica < mesh.replicas(); replica++) {
            Candidate owner = byRank[mesh.rankOf(replica, shard)];
            if (owner != null) {
                domains.add(domain(owner));
            }
        }
        return domains;
    }

    private int held(Candidate candidate) {
        return holdings.heldShards(candidate).size();
    }

    private DomainKey domain(Candidate candidate) {
        return DomainKey.of(candidate.agent().domain(), level);
    }

    private List<Integer> missingRanks() {
        var missing = new ArrayList<Integer>();
        for (int rank = 0; rank < byRank.length; rank++) {
            if (byRank[rank] == null) {
                missing.add(rank);
            }
        }
        return missing;
    }
}
