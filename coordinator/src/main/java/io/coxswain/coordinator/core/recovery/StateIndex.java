package io.coxswain.coordinator.core.recovery;

import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.Digest;
import io.coxswain.coordinator.core.model.HeldState;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.Lineage;
import io.coxswain.coordinator.core.model.StateName;
import io.coxswain.coordinator.core.model.View;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Which shards exist at which steps among the candidates: only instances that may be used. An
 * instance counts if it is not excluded, lies on the completed history's line, and does not differ
 * from what the majority of its holders has.
 *
 * <p>A state is on the line if the lineage trusts it; if it is the base state of a view that was
 * prepared but never started (it is a verified restore of a trusted state, and no step was made
 * there); or if its digest equals that of a trusted state of the same step and shard.
 *
 * <p>All instances lie in one array, in the order of shards and, in a shard, of steps: a recovery
 * of 100,000 ranks looks at half a million of them.
 */
final class StateIndex {
    /** Where an instance lies, cheapest to use first. */
    enum Where {
        LIVE,
        SNAPSHOT,
        COPY
    }

    /**
     * One instance of one state.
     *
     * @param place of the holder among all candidates, in the order of their keys
     */
    record Instance(Candidate holder, int place, Where where, HeldState state) {
        StateName name() {
            return state.name();
        }

        AgentKey agent() {
            return holder.agent().key();
        }
    }

    private static final Comparator<Candidate> BY_KEY = Comparator.comparing(c -> c.agent().key());

    private final RecoveryProblem problem;
    private final int shards;

    /** By shard, step, holder, cheapest first. */
    private final Instance[] instances;

    /** Of {@link #instances}. */
    private final long[] steps;

    /** Where each shard's instances begin; one more entry for the end. */
    private final int[] begin;

    /** How many shards have an instance, by step. */
    private final TreeMap<Long, Integer> shardsAt = new TreeMap<>();

    private final List<RecoveryReason.Conflict> conflicts = new ArrayList<>();

    /** What was found of the last few epochs and steps: nearly all instances share them. */
    private final List<Line> lines = new ArrayList<>();

    private record Line(long epoch, long step, boolean trusted) {}

    private static final int MOST_LINES = 16;

    /** So many are sorted by insertion. */
    private static final int FEW = 32;

    StateIndex(RecoveryProblem problem) {
        this.problem = problem;
        shards = problem.spec().mesh().shards();
        begin = new int[shards + 1];
        List<Instance> usable = usable();
        instances = new Instance[usable.size()];
        steps = new long[usable.size()];
        deal(usable);
        int kept = 0;
        for (int shard = 0; shard < shards; shard++) {
            int from = begin[shard];
            int end = begin[shard + 1];
            begin[shard] = kept;
            sort(from, end);
            while (from < end) {
                int next = from + 1;
                while (next < end && steps[next] == steps[from]) {
                    next++;
                }
                kept = settle(shard, from, next, kept);
                from = next;
            }
        }
        begin[shards] = kept;
        Arrays.fill(instances, kept, instances.length, null);
    }

    // ------------------------------------------------------------------ how it is made

    /** What may be used at all, holder by holder. */
    private List<Instance> usable() {
        var found = new ArrayList<Instance>(4 * problem.candidates().size());
        List<Candidate> candidates = inOrder(problem.candidates());
        for (int place = 0; place < candidates.size(); place++) {
            Candidate candidate = candidates.get(place);
            Inventory inventory = candidate.inventory();
            if (inventory.live() != null && inventory.workerAlive()) {
                add(found, candidate, place, Where.LIVE, inventory.live());
            }
            for (HeldState state : inventory.snapshots()) {
                add(found, candidate, place, Where.SNAPSHOT, state);
            }
            for (HeldState state : inventory.copies()) {
                add(found, candidate, place, Where.COPY, state);
            }
        }
        return found;
    }

    private static List<Candidate> inOrder(List<Candidate> candidates) {
        for (int i = 1; i < candidates.size(); i++) {
            if (BY_KEY.compare(candidates.get(i - 1), candidates.get(i)) > 0) {
                var sorted = new ArrayList<>(candidates);
                sorted.sort(BY_KEY);
                return sorted;
            }
        }
        return candidates;
    }

    private void add(
            List<Instance> found, Candidate holder, int place, Where where, HeldState state) {
        StateName name = state.name();
        // With runtime collectives a result beyond the completed step may not be everybody's
        // (design §5).
        boolean tentative =
                name.step() > problem.completedStep()
                        && !problem.spec().collectivesAcross().equals("agent");
        if (tentative
                || !knows(name.shard())
                || (!problem.excluded().isEmpty()
                        && problem.excluded()
                                .contains(new BadSource(holder.agent().key(), name)))) {
            return;
        }
        found.add(new Instance(holder, place, where, state));
        begin[name.shard() + 1]++;
    }

    /** In the order of shards, else as they were; {@link #begin} holds the counts before. */
    private void deal(List<Instance> found) {
        for (int shard = 0; shard < shards; shard++) {
            begin[shard + 1] += begin[shard];
        }
        int[] next = begin.clone();
        for (int i = 0; i < found.size(); i++) {
            Instance instance = found.get(i);
            int at = next[instance.name().shard()]++;
            instances[at] = instance;
            steps[at] = instance.name().step();
        }
    }

    /** By step, holder, cheapest first. */
    private void sort(int from, int end) {
        if (end - from > FEW) {
            Arrays.sort(instances, from, end, StateIndex::compare);
            for (int i = from; i < end; i++) {
                steps[i] = instances[i].name().step();
            }
            return;
        }
        for (int i = from + 1; i < end; i++) {
            Instance instance = instances[i];
            long step = steps[i];
            int at = i;
            while (at > from
                    && (steps[at - 1] > step
                            || (steps[at - 1] == step
                                    && compare(instances[at - 1], instance) > 0))) {
                instances[at] = instances[at - 1];
                steps[at] = steps[at - 1];
                at--;
            }
            instances[at] = instance;
            steps[at] = step;
        }
    }

    private static int compare(Instance one, Instance other) {
        if (one.name().step() != other.name().step()) {
            return Long.compare(one.name().step(), other.name().step());
        }
        if (one.place != other.place) {
            return Integer.compare(one.place, other.place);
        }
        if (one.where != other.where) {
            return one.where.compareTo(other.where);
        }
        return one.name().epoch() != other.name().epoch()
                ? Long.compare(other.name().epoch(), one.name().epoch())
                : one.state.digest().hex().compareTo(other.state.digest().hex());
    }

    /**
     * Keeps of the instances {@code from..end} of one state those that may be used, from {@code
     * kept} on. Returns where the next ones go.
     */
    private int settle(int shard, int from, int end, int kept) {
        int last = keepTrusted(from, end, kept);
        if (last > kept) {
            last = settleConflict(shard, kept, last);
        }
        if (last > kept) {
            shardsAt.merge(steps[kept], 1, Integer::sum);
        }
        return last;
    }

    private int keepTrusted(int from, int end, int kept) {
        boolean all = true;
        for (int i = from; i < end; i++) {
            all &= onLine(instances[i].name());
        }
        Set<Digest> trusted = all ? Set.of() : trustedDigests(from, end);
        int last = kept;
        for (int i = from; i < end; i++) {
            Instance instance = instances[i];
            if (all || onLine(instance.name()) || trusted.contains(instance.state().digest())) {
                instances[last] = instance;
                steps[last++] = steps[from];
            }
        }
        return last;
    }

    private Set<Digest> trustedDigests(int from, int end) {
        Set<Digest> trusted = new HashSet<>();
        for (int i = from; i < end; i++) {
            Digest digest = instances[i].state().digest();
            if (digest.known() && onLine(instances[i].name())) {
                trusted.add(digest);
            }
        }
        return trusted;
    }

    private boolean onLine(StateName name) {
        for (int i = 0; i < lines.size(); i++) {
            Line line = lines.get(i);
            if (line.epoch == name.epoch() && line.step == name.step()) {
                return line.trusted;
            }
        }
        Lineage lineage = problem.lineage();
        View previous = problem.previous();
        boolean preparedOnly =
                previous != null
                        && previous.epoch() == name.epoch()
                        && previous.baseStep() == name.step()
                        && lineage.branches().stream()
                                .noneMatch(branch -> branch.epoch() >= name.epoch());
        boolean trusted = preparedOnly || lineage.trusts(name.epoch(), name.step());
        if (lines.size() < MOST_LINES) {
            lines.add(new Line(name.epoch(), name.step(), trusted));
        }
        return trusted;
    }

    private int settleConflict(int shard, int from, int end) {
        if (agree(from, end)) {
            return end;
        }
        Map<String, Set<AgentKey>> voters = new TreeMap<>();
        for (int i = from; i < end; i++) {
            Instance instance = instances[i];
            if (instance.state().digest().known()) {
                voters.computeIfAbsent(instance.state().digest().hex(), _ -> new HashSet<>())
                        .add(instance.agent());
            }
        }
        if (voters.size() < 2) {
            return end;
        }
        var votes = new ArrayList<RecoveryReason.Conflict.Vote>();
        var counts = new HashMap<String, Integer>();
        int all = 0;
        for (Map.Entry<String, Set<AgentKey>> entry : voters.entrySet()) {
            votes.add(new RecoveryReason.Conflict.Vote(entry.getKey(), entry.getValue().size()));
            counts.put(entry.getKey(), entry.getValue().size());
            all += entry.getValue().size();
        }
        int half = all / 2;
        long step = steps[from];
        int last = from;
        for (int i = from; i < end; i++) {
            // An instance of unknown digest may be any of them: with a conflict it is not used
            // either.
            if (counts.getOrDefault(instances[i].state().digest().hex(), 0) > half) {
                instances[last++] = instances[i];
            }
        }
        conflicts.add(new RecoveryReason.Conflict(step, shard, votes, last == from));
        return last;
    }

    /** True if no two known digests differ: nearly always. */
    private boolean agree(int from, int end) {
        Digest known = Digest.NONE;
        for (int i = from; i < end; i++) {
            Digest digest = instances[i].state().digest();
            if (!digest.agreesWith(known)) {
                return false;
            }
            known = digest.known() ? digest : known;
        }
        return true;
    }

    // ------------------------------------------------------------------ what it tells

    /** True if the job has that shard. */
    boolean knows(int shard) {
        return shard >= 0 && shard < shards;
    }

    /** Usable instances of that shard at that step, in a fixed order; empty when there are none. */
    List<Instance> instances(int shard, long step) {
        int from = firstFrom(shard, step);
        return Arrays.asList(instances).subList(from, firstFrom(from, begin[shard + 1], step + 1));
    }

    /**
     * The instance of that state at that agent that is cheapest to use in place; null when it has
     * none. O(log of the instances).
     */
    @Nullable Instance at(AgentKey agent, int shard, long step) {
        int low = firstFrom(shard, step);
        int high = begin[shard + 1];
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (steps[middle] == step && instances[middle].agent().compareTo(agent) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        // Of one agent's instances the cheapest comes first.
        return low < begin[shard + 1] && steps[low] == step && instances[low].agent().equals(agent)
                ? instances[low]
                : null;
    }

    /** Where that shard's instances of {@code step} or newer begin. */
    private int firstFrom(int shard, long step) {
        return firstFrom(begin[shard], begin[shard + 1], step);
    }

    private int firstFrom(int from, int end, long step) {
        int low = from;
        int high = end;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (steps[middle] < step) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /**
     * The digest that all instances with a known one share; {@link Digest#NONE} when none is known.
     */
    Digest digest(int shard, long step) {
        for (int i = firstFrom(shard, step); i < begin[shard + 1] && steps[i] == step; i++) {
            if (instances[i].state().digest().known()) {
                return instances[i].state().digest();
            }
        }
        return Digest.NONE;
    }

    /** The newest step that every shard has, or -1. */
    long newestHeldByAll() {
        for (Map.Entry<Long, Integer> entry : shardsAt.descendingMap().entrySet()) {
            if (entry.getValue() == shards) {
                return entry.getKey();
            }
        }
        return -1;
    }

    /** The shards without an instance at that step, ascending. */
    List<Integer> missingAt(long step) {
        var missing = new ArrayList<Integer>();
        for (int shard = 0; shard < shards; shard++) {
            int first = firstFrom(shard, step);
            if (first == begin[shard + 1] || steps[first] != step) {
                missing.add(shard);
            }
        }
        return missing;
    }

    /** The oldest step above {@code step} that some shard has, or -1. */
    long nextNewer(long step) {
        Long next = shardsAt.higherKey(step);
        return next == null ? -1 : next;
    }

    /** The step that the fewest shards lack, the newest of such; -1 when nothing is held. */
    long leastMissing() {
        long best = -1;
        int most = 0;
        for (Map.Entry<Long, Integer> entry : shardsAt.descendingMap().entrySet()) {
            if (entry.getValue() > most) {
                most = entry.getValue();
                best = entry.getKey();
            }
        }
        return best;
    }

    /** Disagreements that touched a step at or above {@code step}; older ones change nothing. */
    List<RecoveryReason.Conflict> conflictsFrom(long step) {
        return conflicts.stream().filter(conflict -> conflict.step() >= step).toList();
    }
}
