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
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Which shards exist at which steps among the candidates: only instances that may be used. An
 * instance counts if it is not excluded, lies on the completed history's line, and does not differ
 * from what the majority of its holders has.
 *
 * <p>A state is on the line if the lineage trusts it; if it is the base state of a view that was
 * prepared but never started (it is a verified restore of a trusted state, and no step was made
 * there); or if its digest equals that of a trusted state of the same step and shard.
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

    private static final Comparator<Instance> ORDER =
            Comparator.comparing((Instance i) -> i.agent())
                    .thenComparing(Instance::where)
                    .thenComparingLong(i -> -i.name().epoch())
                    .thenComparing(i -> i.state().digest().hex());

    private final List<NavigableMap<Long, List<Instance>>> byShard = new ArrayList<>();
    private final List<RecoveryReason.Conflict> conflicts = new ArrayList<>();

    StateIndex(RecoveryProblem problem) {
        for (int shard = 0; shard < problem.spec().mesh().shards(); shard++) {
            byShard.add(new TreeMap<>());
        }
        for (Candidate candidate : problem.candidates()) {
            Inventory inventory = candidate.inventory();
            if (inventory.live() != null && inventory.workerAlive()) {
                add(problem, new Instance(candidate, Where.LIVE, inventory.live()));
            }
            inventory
                    .snapshots()
                    .forEach(s -> add(problem, new Instance(candidate, Where.SNAPSHOT, s)));
            inventory.copies().forEach(s -> add(problem, new Instance(candidate, Where.COPY, s)));
        }
        for (NavigableMap<Long, List<Instance>> steps : byShard) {
            steps.values().forEach(instances -> keepTrusted(problem, instances));
            steps.values().removeIf(List::isEmpty);
        }
        for (int shard = 0; shard < byShard.size(); shard++) {
            for (Map.Entry<Long, List<Instance>> entry : byShard.get(shard).entrySet()) {
                settleConflict(shard, entry.getKey(), entry.getValue());
            }
            byShard.get(shard).values().removeIf(List::isEmpty);
        }
    }

    /** True if the job has that shard. */
    boolean knows(int shard) {
        return shard >= 0 && shard < byShard.size();
    }

    /** Usable instances of that shard at that step, in a fixed order; empty when there are none. */
    List<Instance> instances(int shard, long step) {
        return byShard.get(shard).getOrDefault(step, List.of());
    }

    /**
     * The instance of that state at that agent that is cheapest to use in place; null when it has
     * none. O(log of the instances).
     */
    @Nullable Instance at(AgentKey agent, int shard, long step) {
        List<Instance> instances = instances(shard, step);
        int low = 0;
        int high = instances.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (instances.get(middle).agent().compareTo(agent) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        // Of one agent's instances the cheapest comes first.
        return low < instances.size() && instances.get(low).agent().equals(agent)
                ? instances.get(low)
                : null;
    }

    /**
     * The digest that all instances with a known one share; {@link Digest#NONE} when none is known.
     */
    Digest digest(int shard, long step) {
        for (Instance instance : instances(shard, step)) {
            if (instance.state().digest().known()) {
                return instance.state().digest();
            }
        }
        return Digest.NONE;
    }

    /** The newest step that every shard has, or -1. */
    long newestHeldByAll() {
        for (long step : byShard.getFirst().descendingKeySet()) {
            if (missingAt(step).isEmpty()) {
                return step;
            }
        }
        return -1;
    }

    /** The shards without an instance at that step, ascending. */
    List<Integer> missingAt(long step) {
        var missing = new ArrayList<Integer>();
        for (int shard = 0; shard < byShard.size(); shard++) {
            if (!byShard.get(shard).containsKey(step)) {
                missing.add(shard);
            }
        }
        return missing;
    }

    /** The oldest step above {@code step} that some shard has, or -1. */
    long nextNewer(long step) {
        long next = -1;
        for (NavigableMap<Long, List<Instance>> steps : byShard) {
            Long higher = steps.higherKey(step);
            if (higher != null && (next < 0 || higher < next)) {
                next = higher;
            }
        }
        return next;
    }

    /** The step that the fewest shards lack, the newest of such; -1 when nothing is held. */
    long leastMissing() {
        var all = new TreeSet<Long>();
        byShard.forEach(steps -> all.addAll(steps.keySet()));
        long best = -1;
        int fewest = Integer.MAX_VALUE;
        for (long step : all.descendingSet()) {
            int missing = missingAt(step).size();
            if (missing < fewest) {
                fewest = missing;
                best = step;
            }
        }
        return best;
    }

    /** Disagreements that touched a step at or above {@code step}; older ones change nothing. */
    List<RecoveryReason.Conflict> conflictsFrom(long step) {
        return conflicts.stream().filter(conflict -> conflict.step() >= step).toList();
    }

    private void add(RecoveryProblem problem, Instance instance) {
        StateName name = instance.name();
        // With runtime collectives a result beyond the completed step may not be everybody's
        // (design §5).
        boolean tentative =
                !problem.spec().collectivesAcross().equals("agent")
                        && name.step() > problem.completedStep();
        boolean bad = problem.excluded().contains(new BadSource(instance.agent(), name));
        if (!tentative && !bad && name.shard() >= 0 && name.shard() < byShard.size()) {
            byShard.get(name.shard())
                    .computeIfAbsent(name.step(), _ -> new ArrayList<>())
                    .add(instance);
        }
    }

    private static void keepTrusted(RecoveryProblem problem, List<Instance> instances) {
        if (instances.size() > 1) {
            instances.sort(ORDER);
        }
        if (instances.stream().allMatch(instance -> onLine(problem, instance.name()))) {
            return;
        }
        Set<Digest> trusted = new HashSet<>();
        for (Instance instance : instances) {
            if (onLine(problem, instance.name()) && instance.state().digest().known()) {
                trusted.add(instance.state().digest());
            }
        }
        instances.removeIf(
                i -> !onLine(problem, i.name()) && !trusted.contains(i.state().digest()));
    }

    private static boolean onLine(RecoveryProblem problem, StateName name) {
        Lineage lineage = problem.lineage();
        View previous = problem.previous();
        boolean preparedOnly =
                previous != null
                        && previous.epoch() == name.epoch()
                        && previous.baseStep() == name.step()
                        && lineage.branches().stream()
                                .noneMatch(branch -> branch.epoch() >= name.epoch());
        return preparedOnly || lineage.trusts(name.epoch(), name.step());
    }

    private void settleConflict(int shard, long step, List<Instance> instances) {
        if (agree(instances)) {
            return;
        }
        Map<String, Set<AgentKey>> voters = new TreeMap<>();
        for (Instance instance : instances) {
            if (instance.state().digest().known()) {
                voters.computeIfAbsent(instance.state().digest().hex(), _ -> new HashSet<>())
                        .add(instance.agent());
            }
        }
        if (voters.size() < 2) {
            return;
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
        // An instance of unknown digest may be any of them: with a conflict it is not used either.
        instances.removeIf(i -> counts.getOrDefault(i.state().digest().hex(), 0) <= half);
        conflicts.add(new RecoveryReason.Conflict(step, shard, votes, instances.isEmpty()));
    }

    /** True if no two known digests differ: nearly always. */
    private static boolean agree(List<Instance> instances) {
        Digest known = Digest.NONE;
        for (Instance instance : instances) {
            Digest digest = instance.state().digest();
            if (!digest.agreesWith(known)) {
                return false;
            }
            known = digest.known() ? digest : known;
        }
        return true;
    }
}
