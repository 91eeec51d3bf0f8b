package io.coxswain.coordinator.core.recovery;

import static io.coxswain.coordinator.core.model.Samples.agent;
import static io.coxswain.coordinator.core.model.Samples.held;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.Digest;
import io.coxswain.coordinator.core.model.HeldState;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Lineage;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.coordinator.core.model.RestoreSource;
import io.coxswain.coordinator.core.model.Samples;
import io.coxswain.coordinator.core.model.StateName;
import io.coxswain.coordinator.core.model.View;
import io.coxswain.coordinator.core.recovery.RecoveryDecision.NeedCapacity;
import io.coxswain.coordinator.core.recovery.RecoveryDecision.Recover;
import io.coxswain.coordinator.core.recovery.RecoveryDecision.ShardLost;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Random small recoveries against what brute force says. */
class RecoveryPlannerPropertyTest {
    private static final int STEPS = 12;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void plansHoldTheirPromises(long seed) {
        var random = new Random(seed);
        int recovered = 0;
        int lost = 0;
        int short_ = 0;
        for (int i = 0; i < 2_000; i++) {
            RecoveryProblem problem = problem(random);
            RecoveryDecision decision = RecoveryPlanner.plan(problem);
            switch (decision) {
                case Recover recover -> {
                    recovered++;
                    check(problem, recover);
                }
                case NeedCapacity need -> {
                    short_++;
                    long ready = problem.candidates().stream().filter(Candidate::ready).count();
                    assertThat(need.missing())
                            .isPositive()
                            .isEqualTo((int) (problem.spec().mesh().ranks() - ready));
                    assertThat(bestTarget(problem) >= 0 || problem.nothingEverCompleted()).isTrue();
                }
                case ShardLost shards -> {
                    lost++;
                    assertThat(bestTarget(problem)).isNegative();
                    assertThat(problem.nothingEverCompleted()).isFalse();
                    assertThat(shards.shards()).isNotEmpty();
                }
            }
            assertThat(decision.reason().text()).isNotEmpty();
            List<Candidate> shuffled = new ArrayList<>(problem.candidates());
            Collections.shuffle(shuffled, random);
            assertThat(RecoveryPlanner.plan(withCandidates(problem, shuffled)))
                    .as("order of candidates")
                    .isEqualTo(decision);
        }
        assertThat(List.of(recovered, lost, short_))
                .as("each kind of decision was seen")
                .allMatch(n -> n > 50);
    }

    private static void check(RecoveryProblem problem, Recover plan) {
        Mesh mesh = problem.spec().mesh();
        View view = plan.view();
        long target = Math.max(0, bestTarget(problem));
        assertThat(view.baseStep()).as("the newest step that all shards have").isEqualTo(target);
        assertThat(view.epoch()).isEqualTo(problem.nextEpoch());
        assertThat(plan.sources()).hasSize(mesh.ranks());
        assertThat(view.members()).doesNotHaveDuplicates();
        View previous = Objects.requireNonNull(problem.previous());
        int free = 0;
        for (int rank = 0; rank < mesh.ranks(); rank++) {
            AgentProfile member = view.members().get(rank);
            Candidate candidate = candidate(problem, member.key());
            assertThat(candidate.ready()).isTrue();
            int before = previous.rankOf(member.key());
            assertThat(before < 0 || before == rank).as("survivors keep their rank").isTrue();
            checkSource(problem, candidate, mesh.shardOf(rank), target, plan.sources().get(rank));
            free +=
                    before < 0 && !(plan.sources().get(rank) instanceof RestoreSource.Fetch)
                            ? 1
                            : 0;
        }
        for (Candidate candidate : problem.candidates()) {
            int rank = previous.rankOf(candidate.agent().key());
            if (candidate.ready() && rank >= 0) {
                assertThat(view.members().get(rank)).isEqualTo(candidate.agent());
            }
        }
        if (!(plan.sources().getFirst() instanceof RestoreSource.Init)) {
            assertThat(free)
                    .as("as many free promotions as possible")
                    .isEqualTo(mostPromotions(problem, target));
        }
    }

    private static void checkSource(
            RecoveryProblem problem,
            Candidate candidate,
            int shard,
            long target,
            RestoreSource source) {
        boolean local = instances(problem, candidate, shard, target).findAny().isPresent();
        switch (source) {
            case RestoreSource.Init() -> {
                assertThat(problem.nothingEverCompleted()).isTrue();
                assertThat(target).isZero();
            }
            case RestoreSource.KeepLive(StateName state, Digest _) -> {
                assertThat(candidate.inventory().workerAlive()).isTrue();
                assertThat(name(candidate.inventory().live())).isEqualTo(state);
                assertGood(problem, candidate, state, shard, target);
            }
            case RestoreSource.LoadLocal(StateName state, Digest digest) -> {
                assertThat(candidate.inventory().snapshots())
                        .contains(new HeldState(state, digest, 100 * Samples.MB));
                assertGood(problem, candidate, state, shard, target);
                assertNotLive(problem, candidate, shard, target);
            }
            case RestoreSource.PromoteCopy(StateName state, Digest digest) -> {
                assertThat(candidate.inventory().copies())
                        .contains(new HeldState(state, digest, 100 * Samples.MB));
                assertGood(problem, candidate, state, shard, target);
                assertNotLive(problem, candidate, shard, target);
            }
            case RestoreSource.Fetch(StateName state, Digest _, AgentProfile donor) -> {
                assertThat(local).as("nothing crosses the network that is here").isFalse();
                assertThat(donor).isNotEqualTo(candidate.agent());
                Candidate from = candidate(problem, donor.key());
                assertThat(instances(problem, from, shard, target))
                        .anyMatch(s -> s.name().equals(state));
                assertGood(problem, from, state, shard, target);
            }
        }
    }

    private static void assertNotLive(
            RecoveryProblem problem, Candidate candidate, int shard, long target) {
        HeldState live = candidate.inventory().live();
        assertThat(
                        live != null
                                && candidate.inventory().workerAlive()
                                && good(problem, candidate, live, shard, target))
                .as("the live state is cheaper")
                .isFalse();
    }

    private static void assertGood(
            RecoveryProblem problem, Candidate holder, StateName state, int shard, long target) {
        assertThat(state.shard()).isEqualTo(shard);
        assertThat(state.step()).isEqualTo(target);
        assertThat(problem.lineage().trusts(state.epoch(), state.step())).isTrue();
        assertThat(problem.excluded()).doesNotContain(new BadSource(holder.agent().key(), state));
    }

    private static long bestTarget(RecoveryProblem problem) {
        for (long step = STEPS; step >= 0; step--) {
            boolean all = true;
            for (int shard = 0; shard < problem.spec().mesh().shards(); shard++) {
                boolean found = false;
                for (Candidate candidate : problem.candidates()) {
                    found |= instances(problem, candidate, shard, step).findAny().isPresent();
                }
                all &= found;
            }
            if (all) {
                return step;
            }
        }
        return -1;
    }

    private static Stream<HeldState> instances(
            RecoveryProblem problem, Candidate candidate, int shard, long step) {
        Inventory inventory = candidate.inventory();
        HeldState live = inventory.live();
        Stream<HeldState> alive =
                live != null && inventory.workerAlive() ? Stream.of(live) : Stream.of();
        return Stream.of(alive, inventory.snapshots().stream(), inventory.copies().stream())
                .flatMap(s -> s)
                .filter(s -> good(problem, candidate, s, shard, step));
    }

    private static boolean good(
            RecoveryProblem problem, Candidate holder, HeldState state, int shard, long step) {
        return state.name().shard() == shard
                && state.name().step() == step
                && problem.lineage().trusts(state.name().epoch(), step)
                && !problem.excluded().contains(new BadSource(holder.agent().key(), state.name()));
    }

    private static int mostPromotions(RecoveryProblem problem, long target) {
        View previous = Objects.requireNonNull(problem.previous());
        var missing = new ArrayList<Integer>();
        var free = new ArrayList<Candidate>();
        Set<Integer> kept = new HashSet<>();
        for (Candidate candidate : problem.candidates()) {
            int rank = previous.rankOf(candidate.agent().key());
            if (candidate.ready() && rank >= 0) {
                kept.add(rank);
            } else if (candidate.ready()) {
                free.add(candidate);
            }
        }
        for (int rank = 0; rank < problem.spec().mesh().ranks(); rank++) {
            if (!kept.contains(rank)) {
                missing.add(rank);
            }
        }
        return most(problem, target, missing, free);
    }

    private static int most(
            RecoveryProblem problem, long target, List<Integer> missing, List<Candidate> free) {
        if (missing.isEmpty()) {
            return 0;
        }
        List<Integer> rest = missing.subList(1, missing.size());
        int shard = problem.spec().mesh().shardOf(missing.getFirst());
        int best = most(problem, target, rest, free);
        for (Candidate candidate : free) {
            if (instances(problem, candidate, shard, target).findAny().isPresent()) {
                var others = new ArrayList<>(free);
                others.remove(candidate);
                best = Math.max(best, 1 + most(problem, target, rest, others));
            }
        }
        return best;
    }

    private static Candidate candidate(RecoveryProblem problem, AgentKey key) {
        return problem.candidates().stream()
                .filter(c -> c.agent().key().equals(key))
                .findFirst()
                .orElseThrow();
    }

    private static @Nullable StateName name(@Nullable HeldState state) {
        return state == null ? null : state.name();
    }

    private static RecoveryProblem withCandidates(
            RecoveryProblem problem, List<Candidate> candidates) {
        return new RecoveryProblem(
                problem.spec(),
                problem.layout(),
                problem.lineage(),
                problem.previous(),
                problem.nextEpoch(),
                problem.completedStep(),
                candidates,
                problem.excluded(),
                problem.nothingEverCompleted());
    }

    private static RecoveryProblem problem(Random random) {
        JobSpec job =
                Samples.job(1 + random.nextInt(2), 1 + random.nextInt(3), 1, random.nextInt(2));
        Mesh mesh = job.mesh();
        var lineage = Lineage.EMPTY;
        long base = 0;
        int epochs = 1 + random.nextInt(3);
        for (int epoch = 1; epoch <= epochs; epoch++) {
            lineage = lineage.branch(epoch, base);
            base = Math.min(STEPS, Math.max(0, base + random.nextInt(6) - 1));
        }
        var agents = new ArrayList<AgentProfile>();
        for (int i = 0; i < mesh.ranks() + 3; i++) {
            agents.add(agent("n" + i, "rack" + random.nextInt(4)));
        }
        View previous = Samples.view(epochs, mesh, agents.subList(0, mesh.ranks()));
        var candidates = new ArrayList<Candidate>();
        var excluded = new HashSet<BadSource>();
        for (int i = 0; i < agents.size(); i++) {
            if (random.nextInt(4) > 0) {
                int shard = i < mesh.ranks() ? mesh.shardOf(i) : random.nextInt(mesh.shards());
                candidates.add(candidate(random, agents.get(i), mesh, shard, lineage));
            }
        }
        for (Candidate candidate : candidates) {
            for (HeldState copy : candidate.inventory().copies()) {
                if (random.nextInt(10) == 0) {
                    excluded.add(new BadSource(candidate.agent().key(), copy.name()));
                }
            }
        }
        return new RecoveryProblem(
                job,
                Samples.layout(mesh.shards()),
                lineage,
                previous,
                epochs + 1,
                random.nextInt(STEPS),
                candidates,
                excluded,
                random.nextInt(8) == 0);
    }

    private static Candidate candidate(
            Random random, AgentProfile agent, Mesh mesh, int shard, Lineage lineage) {
        HeldState live = random.nextBoolean() ? state(random, shard, lineage) : null;
        var snapshots = new ArrayList<HeldState>();
        var copies = new ArrayList<HeldState>();
        for (int i = random.nextInt(4); i > 0; i--) {
            snapshots.add(state(random, shard, lineage));
        }
        for (int i = random.nextInt(4); i > 0; i--) {
            copies.add(state(random, random.nextInt(mesh.shards()), lineage));
        }
        return new Candidate(
                agent,
                new Inventory(0, random.nextInt(4) > 0, live, snapshots, copies, null, 0),
                random.nextInt(6) > 0);
    }

    /**
     * Mostly recent steps; what the lineage does not trust has another digest than what it does.
     */
    private static HeldState state(Random random, int shard, Lineage lineage) {
        long epoch = 1L + random.nextInt(lineage.branches().size());
        long step = Math.max(0, STEPS - random.nextInt(5) * random.nextInt(4));
        String digest =
                lineage.trusts(epoch, step)
                        ? "aa" + step + "0" + shard
                        : "bb" + random.nextInt(1000);
        return held(epoch, step, shard, digest);
    }

    @Test
    void replicasGoToDistinctRacksWheneverThatIsPossible() {
        var random = new Random(11);
        int possible = 0;
        for (int i = 0; i < 3_000; i++) {
            JobSpec job = Samples.job(2 + random.nextInt(2), 1 + random.nextInt(3), 1, 0);
            Mesh mesh = job.mesh();
            var candidates = new ArrayList<Candidate>();
            int count = mesh.ranks() + random.nextInt(3);
            for (int a = 0; a < count; a++) {
                candidates.add(
                        new Candidate(
                                agent("n" + a, "rack" + random.nextInt(5)), Inventory.EMPTY, true));
            }
            var problem =
                    new RecoveryProblem(
                            job,
                            Samples.layout(mesh.shards()),
                            Lineage.EMPTY,
                            null,
                            1,
                            0,
                            candidates,
                            Set.of(),
                            true);
            View view = ((Recover) RecoveryPlanner.plan(problem)).view();
            boolean distinct = true;
            for (int shard = 0; shard < mesh.shards(); shard++) {
                var racks = new TreeSet<String>();
                for (int replica = 0; replica < mesh.replicas(); replica++) {
                    racks.add(
                            view.members()
                                    .get(mesh.rankOf(replica, shard))
                                    .domain()
                                    .parts()
                                    .getFirst());
                }
                distinct &= racks.size() == mesh.replicas();
            }
            boolean feasible = feasible(mesh, candidates);
            possible += feasible ? 1 : 0;
            assertThat(distinct).isEqualTo(feasible);
        }
        assertThat(possible).isBetween(500, 2_950);
    }

    /**
     * Gale and Ryser: S shards with R distinct racks each fit iff the racks' sizes, each cut to S,
     * sum to R·S.
     */
    private static boolean feasible(Mesh mesh, List<Candidate> candidates) {
        var sizes = new HashMap<String, Integer>();
        candidates.forEach(
                c -> sizes.merge(c.agent().domain().parts().getFirst(), 1, Integer::sum));
        int room = sizes.values().stream().mapToInt(n -> Math.min(n, mesh.shards())).sum();
        return room >= mesh.ranks();
    }
}
