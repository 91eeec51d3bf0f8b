package io.coxswain.coordinator.core.recovery;

import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.Digest;
import io.coxswain.coordinator.core.model.HeldState;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.Lineage;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.coordinator.core.model.RestoreSource;
import io.coxswain.coordinator.core.model.View;
import io.coxswain.coordinator.core.recovery.StateIndex.Instance;
import io.coxswain.coordinator.core.recovery.StateIndex.Where;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Plans how a job goes on (design §7): the newest step of which every shard has an intact, trusted
 * instance; who takes which rank; where each rank's state comes from.
 *
 * <p>A rank's source is the cheapest there is: its live state, then its own arena (a snapshot of
 * its own, or a copy it holds), then a peer. Peers are asked for committed snapshots and copies
 * before live states, which they would have to copy first, and the one with the fewest bytes to
 * send goes first.
 *
 * <p>The cost model: an install takes {@value #INSTALL_NANOS} ns; loading from the own arena moves
 * {@value #MEMORY_BYTES_PER_SECOND} bytes a second, checksums included; a donor sends {@value
 * #NETWORK_BYTES_PER_SECOND} bytes a second, one recipient after the other. Ranks restore at the
 * same time, so the slowest counts.
 *
 * <p>Pure and deterministic: the order of candidates does not matter.
 */
public final class RecoveryPlanner {
    /** Two messages and a barrier. */
    static final long INSTALL_NANOS = 20_000_000L;

    static final long MEMORY_BYTES_PER_SECOND = 2_000_000_000L;

    static final long NETWORK_BYTES_PER_SECOND = 700_000_000L;

    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private final RecoveryProblem problem;
    private final Mesh mesh;
    private final StateIndex states;

    private RecoveryPlanner(RecoveryProblem problem) {
        this.problem = problem;
        this.mesh = problem.spec().mesh();
        this.states = new StateIndex(problem);
    }

    public static RecoveryDecision plan(RecoveryProblem problem) {
        return new RecoveryPlanner(problem).plan();
    }

    private RecoveryDecision plan() {
        long target = states.newestHeldByAll();
        boolean fromSeed = problem.nothingEverCompleted() && target <= 0;
        if (target < 0 && !fromSeed) {
            long best = states.leastMissing();
            List<Integer> shards = states.missingAt(best);
            return new RecoveryDecision.ShardLost(
                    shards,
                    new RecoveryReason.NoCommonStep(
                            shards, best, problem.completedStep(), states.conflictsFrom(0)));
        }
        List<Candidate> ready = ready();
        if (ready.size() < mesh.ranks()) {
            return new RecoveryDecision.NeedCapacity(
                    mesh.ranks() - ready.size(),
                    new RecoveryReason.TooFewReady(
                            mesh.ranks(), ready.size(), problem.candidates().size()));
        }
        return fromSeed ? fromSeed(ready) : recover(ready, target);
    }

    private List<Candidate> ready() {
        List<Candidate> candidates = problem.candidates();
        var ready = new ArrayList<Candidate>(candidates.size());
        for (int i = 0; i < candidates.size(); i++) {
            if (candidates.get(i).ready()) {
                ready.add(candidates.get(i));
            }
        }
        return ready;
    }

    private RecoveryDecision fromSeed(List<Candidate> ready) {
        List<Candidate> ranks = assign(ready, new Local(states, -1));
        List<RestoreSource> sources = Collections.nCopies(ranks.size(), new RestoreSource.Init());
        long bytes = Collections.max(problem.layout().shardStateBytes());
        return new RecoveryDecision.Recover(
                view(0, ranks),
                sources,
                INSTALL_NANOS + nanos(bytes, MEMORY_BYTES_PER_SECOND),
                new RecoveryReason.FromSeed(ranks.size(), states.conflictsFrom(0)));
    }

    private RecoveryDecision recover(List<Candidate> ready, long target) {
        var local = new Local(states, target);
        List<Candidate> ranks = assign(ready, local);
        var sources = new ArrayList<RestoreSource>(ranks.size());
        var sentBytes = new HashMap<AgentKey, Long>();
        int kept = 0;
        int loaded = 0;
        int fetched = 0;
        long moved = 0;
        long slowestNanos = 0;
        for (int rank = 0; rank < ranks.size(); rank++) {
            int shard = mesh.shardOf(rank);
            long bytes = problem.layout().shardStateBytes().get(shard);
            Instance own = local.instance(ranks.get(rank), shard);
            if (own == null) {
                Instance donor = donor(shard, target, ranks, sentBytes);
                long sent = sentBytes.merge(donor.agent(), bytes, Long::sum);
                slowestNanos = Math.max(slowestNanos, nanos(sent, NETWORK_BYTES_PER_SECOND));
                moved += bytes;
                fetched++;
                sources.add(
                        new RestoreSource.Fetch(
                                donor.name(), digestOf(donor), donor.holder().agent()));
            } else if (own.where() == Where.LIVE) {
                kept++;
                sources.add(new RestoreSource.KeepLive(own.name(), own.state().digest()));
            } else {
                slowestNanos = Math.max(slowestNanos, nanos(bytes, MEMORY_BYTES_PER_SECOND));
                loaded++;
                sources.add(
                        own.where() == Where.SNAPSHOT
                                ? new RestoreSource.LoadLocal(own.name(), digestOf(own))
                                : new RestoreSource.PromoteCopy(own.name(), digestOf(own)));
            }
        }
        long newer = states.nextNewer(target);
        var reason =
                new RecoveryReason.NewestHeldByAll(
                        target,
                        problem.completedStep(),
                        newer < 0 ? List.of() : states.missingAt(newer),
                        kept,
                        loaded,
                        fetched,
                        moved,
                        states.conflictsFrom(target));
        return new RecoveryDecision.Recover(
                view(target, ranks), sources, INSTALL_NANOS + slowestNanos, reason);
    }

    private List<Candidate> assign(List<Candidate> ready, Local local) {
        return RankAssignment.assign(
                mesh, problem.spec().protectLevel(), ready, problem.previous(), local);
    }

    private View view(long baseStep, List<Candidate> ranks) {
        List<Lineage.Branch> branches = problem.lineage().branches();
        long parent = branches.isEmpty() ? 0 : branches.getLast().epoch();
        return new View(
                problem.nextEpoch(),
                parent,
                baseStep,
                mesh,
                ranks.stream().map(Candidate::agent).toList());
    }

    /**
     * Never the recipient: who holds an instance does not fetch. Who gets no rank could not write
     * its live state into a slot, so it is asked for that last.
     */
    private Instance donor(
            int shard, long target, List<Candidate> ranks, Map<AgentKey, Long> sentBytes) {
        var owners = new HashSet<AgentKey>();
        for (int replica = 0; replica < mesh.replicas(); replica++) {
            owners.add(ranks.get(mesh.rankOf(replica, shard)).agent().key());
        }
        return Collections.min(
                states.instances(shard, target),
                Comparator.comparing((Instance i) -> i.where() == Where.LIVE)
                        .thenComparing(i -> i.where() == Where.LIVE && !owners.contains(i.agent()))
                        .thenComparing(i -> sentBytes.getOrDefault(i.agent(), 0L))
                        .thenComparing(i -> i.agent())
                        .thenComparing(Instance::where));
    }

    private Digest digestOf(Instance instance) {
        Digest own = instance.state().digest();
        return own.known() ? own : states.digest(instance.name().shard(), instance.name().step());
    }

    private static long nanos(long bytes, long bytesPerSecond) {
        return (long) ((double) bytes / bytesPerSecond * NANOS_PER_SECOND);
    }

    /** What each agent holds at the target; {@code target} -1 for nothing. */
    private record Local(StateIndex states, long target) implements RankAssignment.Holdings {
        @Nullable Instance instance(Candidate candidate, int shard) {
            return states.at(candidate, shard, target);
        }

        @Override
        public Set<Integer> heldShards(Candidate candidate) {
            var shards = new TreeSet<Integer>();
            Inventory inventory = candidate.inventory();
            HeldState live = inventory.live();
            if (live != null) {
                consider(candidate, live, shards);
            }
            inventory.snapshots().forEach(state -> consider(candidate, state, shards));
            inventory.copies().forEach(state -> consider(candidate, state, shards));
            return shards;
        }

        private void consider(Candidate candidate, HeldState state, Set<Integer> shards) {
            int shard = state.name().shard();
            if (state.name().step() == target
                    && states.knows(shard)
                    && instance(candidate, shard) != null) {
                shards.add(shard);
            }
        }
    }
}
