package io.coxswain.coordinator.core.placement;

import io.coxswain.coordinator.core.model.Mesh;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How far the shards' instances are spread: how many there are, over how many domains at each
 * level, and which agents have the same shards. Counted anew for a shard only when that changed.
 */
final class Spread {
    /** Agents that hold some shard, by their ids. */
    private static final class Agents {
        final int[] ids;

        /** {@code ids}: ascending. */
        Agents(int[] ids) {
            this.ids = ids;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Agents agents && Arrays.equals(ids, agents.ids);
        }

        @Override
        public int hashCode() {
            // Ids are small and near each other.
            int hash = Arrays.hashCode(ids) * 0x9E3779B9;
            return hash ^ hash >>> 16;
        }
    }

    private final CopyBoard board;
    private final Mesh mesh;

    /** By shard, what is counted of it; null: nothing yet. */
    private final @Nullable Agents[] agents;

    /** By level and shard. */
    private final int[][] domains;

    /** How many shards have so many instances. */
    private final TreeMap<Integer, Integer> instances = new TreeMap<>();

    /** By level: how many shards have instances in so many domains. */
    private final List<TreeMap<Integer, Integer>> domainsAt = new ArrayList<>();

    private final Map<Agents, Integer> sets = new HashMap<>();

    /** Different sets of agents, by their size. */
    private final Map<Integer, Integer> distinct = new HashMap<>();

    Spread(CopyBoard board, Mesh mesh, int levels) {
        this.board = board;
        this.mesh = mesh;
        agents = new Agents[mesh.shards()];
        domains = new int[levels][mesh.shards()];
        for (int level = 0; level < levels; level++) {
            domainsAt.add(new TreeMap<>());
        }
    }

    /** That shard's instances may be elsewhere now. */
    void count(int shard) {
        Agents before = agents[shard];
        if (before != null) {
            add(instances, before.ids.length, -1);
            for (int level = 0; level < domains.length; level++) {
                add(domainsAt.get(level), domains[level][shard], -1);
            }
            if (add(sets, before, -1) == 0) {
                add(distinct, before.ids.length, -1);
            }
        }
        Agents now = agentsOf(shard);
        agents[shard] = now;
        add(instances, now.ids.length, 1);
        for (int level = 0; level < domains.length; level++) {
            domains[level][shard] = domainsOf(shard, level);
            add(domainsAt.get(level), domains[level][shard], 1);
        }
        if (add(sets, now, 1) == 1) {
            add(distinct, now.ids.length, 1);
        }
    }

    /** The fewest instances that a shard has. */
    int leastInstances() {
        return instances.firstKey();
    }

    /** The fewest domains at that level that have an instance of some shard. */
    int leastDomains(int level) {
        return domainsAt.get(level).firstKey();
    }

    /** Different sets of agents that hold a shard, of those with {@code size} agents. */
    int distinct(int size) {
        return distinct.getOrDefault(size, 0);
    }

    private Agents agentsOf(int shard) {
        int replicas = mesh.replicas();
        var ids = new int[replicas + board.copiesOf(shard).size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = instance(shard, i).id;
        }
        Arrays.sort(ids);
        return new Agents(ids);
    }

    private int domainsOf(int shard, int level) {
        var numbers = new int[mesh.replicas() + board.copiesOf(shard).size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = instance(shard, i).domains[level];
        }
        Arrays.sort(numbers);
        int different = 1;
        for (int i = 1; i < numbers.length; i++) {
            different += numbers[i] == numbers[i - 1] ? 0 : 1;
        }
        return different;
    }

    /** Owners first. */
    private Holder instance(int shard, int index) {
        int replicas = mesh.replicas();
        return index < replicas
                ? board.ofRank(mesh.rankOf(index, shard))
                : board.copiesOf(shard).get(index - replicas);
    }

    /** The new count; none is kept of 0. */
    private static <K> int add(Map<K, Integer> counts, K key, int by) {
        int count = counts.getOrDefault(key, 0) + by;
        if (count == 0) {
            counts.remove(key);
        } else {
            counts.put(key, count);
        }
        return count;
    }
}
