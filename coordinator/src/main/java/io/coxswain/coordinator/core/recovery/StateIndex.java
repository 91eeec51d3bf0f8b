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
 * <p>All instances lie in columns of plain arrays, and one array names them in the order of shards
 * and, in a shard, of steps: a recovery of 100,000 ranks looks at half a million of them.
 */
final class StateIndex {
    /** Where an instance lies, cheapest to use first. */
    enum Where {
        LIVE,
        SNAPSHOT,
        COPY
    }

    /** One instance of one state. */
    record Instance(Candidate holder, Where where, HeldState state) {
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
    private final Instances all;

    /** Instances by shard, step, holder, cheapest first. */
    private final int[] order;

    /** Of {@link #order}. */
    private final long[] steps;

    /** Where each shard's instances begin; one more entry for the end. */
    private final int[] begin;

    /** How many shards have an instance, by step. */
    private final TreeMap<Long, StepCount> shardsAt = new TreeMap<>();

    /** The steps counted last: a shard has few, and the next one mostly the same. */
    private final StepCount[] counted = new StepCount[MOST_COUNTED];

    private int nextCounted;

    private final List<RecoveryReason.Conflict> conflicts = new ArrayList<>();

    /** What was found of the last few epochs and steps: nearly all instances share them. */
    private final List<Line> lines = new ArrayList<>();

    private record Line(long epoch, long step, boolean trusted) {}

    private static final int MOST_LINES = 16;

    private static final int MOST_COUNTED = 4;

    /** So many are sorted by insertion. */
    private static final int FEW = 32;

    StateIndex(RecoveryProblem problem) {
        this.problem = problem;
        shards = problem.spec().mesh().shards();
        begin = new int[shards + 1];
        all = new Instances(inOrder(problem.candidates()));
        findUsable();
        order = new int[all.size];
        steps = new long[all.size];
        Arrays.fill(counted, new StepCount(Long.MIN_VALUE));
        deal();
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
    }

    /** How many shards have an instance of a step. */
    private static final class StepCount {
        final long step;
        int shards;

        StepCount(long step) {
            this.step = step;
        }
    }

    /** One column for each property: 100,000 agents have half a million, each short-lived. */
    private static final class Instances {
        /** In the order of their keys. */
        final List<Candidate> holders;

        HeldState[] states;

        /** Of {@link #states}, as are the next ones: read while they are at hand. */
        Digest[] digests;

        int[] shards;

        /** Of the holder. */
        int[] places;

        Where[] wheres;
        long[] epochs;
        long[] steps;
        int size;

        Instances(List<Candidate> holders) {
            this.holders = holders;
            int expected = 4 * holders.size() + 4;
            states = new HeldState[expected];
            digests = new Digest[expected];
            shards = new int[expected];
            places = new int[expected];
            wheres = new Where[expected];
            epochs = new long[expected];
            steps = new long[expected];
        }

        void add(int place, Where where, HeldState state) {
            if (size == places.length) {
                int more = size + size / 2;
                states = Arrays.copyOf(states, more);
                digests = Arrays.copyOf(digests, more);
                shards = Arrays.copyOf(shards, more);
                places = Arrays.copyOf(places, more);
                wheres = Arrays.copyOf(wheres, more);
                epochs = Arrays.copyOf(epochs, more);
                steps = Arrays.copyOf(steps, more);
            }
            states[size] = state;
            digests[size] = state.digest();
            shards[size] = state.name().shard();
            places[size] = place;
            wheres[size] = where;
            epochs[size] = state.name().epoch();
            steps[size++] = state.name().step();
        }

        Candidate holder(int instance) {
            return holders.get(places[instance]);
        }

        Digest digest(int instance) {
            return digests[instance];
        }

        /** By step, holder, cheapest first. */
        int compare(int one, int other) {
            if (steps[one] != steps[other]) {
                return Long.compare(steps[one], steps[other]);
            }
            if (places[one] != places[other]) {
                return Integer.compare(places[one], places[other]);
            }
            if (wheres[one] != wheres[other]) {
                return wheres[one].compareTo(wheres[other]);
            }
            return epochs[one] != epochs[other]
                    ? Long.compare(epochs[other], epochs[one])
                    : digest(one).hex().compareTo(digest(other).hex());
        }
    }

    // ------------------------------------------------------------------ how it is made

    /** What may be used at all, holder by holder; {@link #begin} counts them. */
    private void findUsable() {
        List<Candidate> holders = all.holders;
        for (int place = 0; place < holders.size(); place++) {
            Inventory inventory = holders.get(place).inventory();
            HeldState live = inventory.live();
            if (live != null && inventory.workerAlive()) {
                add(place, Where.LIVE, live);
            }
            addAll(place, Where.SNAPSHOT, inventory.snapshots());
            addAll(place, Where.COPY, inventory.copies());
        }
    }

    private void addAll(int place, Where where, List<HeldState> states) {
        for (int i = 0; i < states.size(); i++) {
            add(place, where, states.get(i));
        }
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

    private void add(int place, Where where, HeldState state) {
        StateName name = state.name();
        // With runtime collectives a result beyond the completed step may not be everybody's
        // (design §5).
        boolean tentative =
                name.step() > problem.completedStep() && problem.spec().runtimeReduces();
        if (tentative
                || !knows(name.shard())
                || (!problem.excluded().isEmpty()
                        && problem.excluded()
                                .contains(
                                        new BadSource(
                                                all.holders.get(place).agent().key(), name)))) {
            return;
        }
        all.add(place, where, state);
        begin[name.shard() + 1]++;
    }

    /** In the order of shards, else as they were; {@link #begin} holds the counts before. */
    private void deal() {
        for (int shard = 0; shard < shards; shard++) {
            begin[shard + 1] += begin[shard];
        }
        int[] next = begin.clone();
        for (int i = 0; i < all.size; i++) {
            int at = next[all.shards[i]]++;
            order[at] = i;
            steps[at] = all.steps[i];
        }
    }

    private void sort(int from, int end) {
        if (end - from > FEW) {
            int[] sorted =
                    Arrays.stream(order, from, end)
                            .boxed()
                            .sorted(all::compare)
                            .mapToInt(Integer::intValue)
                            .toArray();
            System.arraycopy(sorted, 0, order, from, sorted.length);
            for (int i = from; i < end; i++) {
                steps[i] = all.steps[order[i]];
            }
            return;
        }
        for (int i = from + 1; i < end; i++) {
            int instance = order[i];
            long step = steps[i];
            int at = i;
            while (at > from
                    && (steps[at - 1] > step
                            || (steps[at - 1] == step
                                    && all.compare(order[at - 1], instance) > 0))) {
                order[at] = order[at - 1];
                steps[at] = steps[at - 1];
                at--;
            }
            order[at] = instance;
            steps[at] = step;
        }
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
            shardsAt(steps[kept]).shards++;
        }
        return last;
    }

    private StepCount shardsAt(long step) {
        for (StepCount count : counted) {
            if (count.step == step) {
                return count;
            }
        }
        StepCount count = shardsAt.computeIfAbsent(step, StepCount::new);
        counted[nextCounted] = count;
        nextCounted = (nextCounted + 1) % MOST_COUNTED;
        return count;
    }

    private int keepTrusted(int from, int end, int kept) {
        boolean every = true;
        for (int i = from; i < end; i++) {
            every &= onLine(order[i]);
        }
        Set<Digest> trusted = every ? Set.of() : trustedDigests(from, end);
        int last = kept;
        for (int i = from; i < end; i++) {
            int instance = order[i];
            if (every || onLine(instance) || trusted.contains(all.digest(instance))) {
                order[last] = instance;
                steps[last++] = steps[from];
            }
        }
        return last;
    }

    private Set<Digest> trustedDigests(int from, int end) {
        Set<Digest> trusted = new HashSet<>();
        for (int i = from; i < end; i++) {
            Digest digest = all.digest(order[i]);
            if (digest.known() && onLine(order[i])) {
                trusted.add(digest);
            }
        }
        return trusted;
    }

    private boolean onLine(int instance) {
        long epoch = all.epochs[instance];
        long step = all.steps[instance];
        for (int i = 0; i < lines.size(); i++) {
            Line line = lines.get(i);
            if (line.epoch == epoch && line.step == step) {
                return line.trusted;
            }
        }
        Lineage lineage = problem.lineage();
        View previous = problem.previous();
        boolean preparedOnly =
                previous != null
                        && previous.epoch() == epoch
                        && previous.baseStep() == step
                        && lineage.branches().stream().noneMatch(branch -> branch.epoch() >= epoch);
        boolean trusted = preparedOnly || lineage.trusts(epoch, step);
        if (lines.size() < MOST_LINES) {
            lines.add(new Line(epoch, step, trusted));
        }
        return trusted;
    }

    private int settleConflict(int shard, int from, int end) {
        if (agree(from, end)) {
            return end;
        }
        Map<String, Set<AgentKey>> voters = new TreeMap<>();
        for (int i = from; i < end; i++) {
            Digest digest = all.digest(order[i]);
            if (digest.known()) {
                voters.computeIfAbsent(digest.hex(), _ -> new HashSet<>())
                        .add(all.holder(order[i]).agent().key());
            }
        }
        if (voters.size() < 2) {
            return end;
        }
        var votes = new ArrayList<RecoveryReason.Conflict.Vote>();
        var counts = new HashMap<String, Integer>();
        int votesCast = 0;
        for (Map.Entry<String, Set<AgentKey>> entry : voters.entrySet()) {
            votes.add(new RecoveryReason.Conflict.Vote(entry.getKey(), entry.getValue().size()));
            counts.put(entry.getKey(), entry.getValue().size());
            votesCast += entry.getValue().size();
        }
        int half = votesCast / 2;
        long step = steps[from];
        int last = from;
        for (int i = from; i < end; i++) {
            // An instance of unknown digest may be any of them: with a conflict it is not used
            // either.
            if (counts.getOrDefault(all.digest(order[i]).hex(), 0) > half) {
                order[last++] = order[i];
            }
        }
        conflicts.add(new RecoveryReason.Conflict(step, shard, votes, last == from));
        return last;
    }

    /** True if no two known digests differ: nearly always. */
    private boolean agree(int from, int end) {
        Digest known = Digest.NONE;
        for (int i = from; i < end; i++) {
            Digest digest = all.digest(order[i]);
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
        int end = firstFrom(from, begin[shard + 1], step + 1);
        var found = new ArrayList<Instance>(end - from);
        for (int i = from; i < end; i++) {
            found.add(instance(i));
        }
        return found;
    }

    private Instance instance(int at) {
        int instance = order[at];
        return new Instance(all.holder(instance), all.wheres[instance], all.states[instance]);
    }

    /**
     * The instance of that state at that candidate that is cheapest to use in place; null when it
     * has none. O(log of the instances).
     */
    @Nullable Instance at(Candidate candidate, int shard, long step) {
        int low = firstFrom(shard, step);
        int end = begin[shard + 1];
        // Of one agent's instances the cheapest comes first, and mostly there are few agents.
        for (int i = low; i < end && i < low + FEW && steps[i] == step; i++) {
            if (all.holder(order[i]).equals(candidate)) {
                return instance(i);
            }
        }
        AgentKey agent = candidate.agent().key();
        int high = end;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (steps[middle] == step && keyAt(middle).compareTo(agent) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low < end && steps[low] == step && keyAt(low).equals(agent) ? instance(low) : null;
    }

    private AgentKey keyAt(int at) {
        return all.holder(order[at]).agent().key();
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
            if (all.digest(order[i]).known()) {
                return all.digest(order[i]);
            }
        }
        return Digest.NONE;
    }

    /** The newest step that every shard has, or -1. */
    long newestHeldByAll() {
        for (StepCount count : shardsAt.descendingMap().values()) {
            if (count.shards == shards) {
                return count.step;
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
        for (StepCount count : shardsAt.descendingMap().values()) {
            if (count.shards > most) {
                most = count.shards;
                best = count.step;
            }
        }
        return best;
    }

    /** Disagreements that touched a step at or above {@code step}; older ones change nothing. */
    List<RecoveryReason.Conflict> conflictsFrom(long step) {
        return conflicts.stream().filter(conflict -> conflict.step() >= step).toList();
    }
}
