package io.coxswain.coordinator.core.placement;

import static io.coxswain.coordinator.core.model.Samples.MB;
import static io.coxswain.coordinator.core.model.Samples.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.CopyDuty;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.coordinator.core.model.Samples;
import io.coxswain.coordinator.core.model.StateLayout;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * Random small placements against their promises, and against brute force where that is small
 * enough.
 */
class PlacementPlannerPropertyTest {
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void placementsHoldTheirPromises(long seed) {
        var random = new Random(seed);
        int complete = 0;
        int refused = 0;
        int kept = 0;
        for (int i = 0; i < 2_000; i++) {
            PlacementProblem problem = problem(random, true);
            PlacementDecision decision = PlacementPlanner.plan(problem);
            check(problem, decision);
            complete += decision.deficits().isEmpty() ? 1 : 0;
            refused += decision.refusal() != null ? 1 : 0;

            List<AgentProfile> shuffled = new ArrayList<>(problem.spares());
            Collections.shuffle(shuffled, random);
            assertThat(PlacementPlanner.plan(with(problem, shuffled, null)))
                    .as("order of spares")
                    .isEqualTo(decision);

            PlacementDecision again =
                    PlacementPlanner.plan(with(problem, problem.spares(), decision));
            assertThat(duties(again)).as("nothing changed").isEqualTo(duties(decision));

            if (!problem.spares().isEmpty()) {
                AgentProfile gone = problem.spares().get(random.nextInt(problem.spares().size()));
                var left = new ArrayList<>(problem.spares());
                left.remove(gone);
                PlacementProblem smaller = with(problem, left, decision);
                PlacementDecision after = PlacementPlanner.plan(smaller);
                check(smaller, after);
                Set<List<Object>> held = duties(decision);
                held.removeIf(d -> left.stream().noneMatch(s -> s.key().equals(d.get(1))));
                List<CopyDuty> rest =
                        decision.placement().duties().stream()
                                .filter(d -> !d.holder().equals(gone))
                                .toList();
                if (shortShards(smaller, rest) == 0) {
                    kept++;
                    assertThat(duties(after))
                            .as("the other spares keep what they hold")
                            .containsAll(held);
                }
            }
        }
        assertThat(complete).isGreaterThan(200);
        assertThat(refused).isGreaterThan(200);
        assertThat(kept).isGreaterThan(100);
    }

    private static void check(PlacementProblem problem, PlacementDecision decision) {
        JobSpec job = problem.spec();
        Mesh mesh = job.mesh();
        StateLayout layout = problem.layout();
        int level = job.protectLevel();
        var used = new HashMap<AgentKey, Long>();
        var seen = new HashSet<List<Object>>();
        for (CopyDuty duty : decision.placement().duties()) {
            AgentProfile source = problem.view().members().get(duty.sourceRank());
            assertThat(mesh.shardOf(duty.sourceRank())).isEqualTo(duty.shard());
            assertThat(duty.holder().domain().independentOf(source.domain(), level)).isTrue();
            int rank = problem.view().rankOf(duty.holder().key());
            assertThat(rank >= 0 && mesh.shardOf(rank) == duty.shard())
                    .as("an owner holds no copy")
                    .isFalse();
            assertThat(rank >= 0 || problem.spares().contains(duty.holder()))
                    .as("it is attached")
                    .isTrue();
            assertThat(seen.add(List.of(duty.shard(), duty.holder().key()))).isTrue();
            used.merge(
                    duty.holder().key(), 3 * layout.shardStateBytes().get(duty.shard()), Long::sum);
        }
        for (int rank = 0; rank < mesh.ranks(); rank++) {
            AgentProfile member = problem.view().members().get(rank);
            long copies = used.getOrDefault(member.key(), 0L);
            assertThat(
                            copies == 0
                                    || copies + ownBytes(layout, mesh.shardOf(rank))
                                            <= member.arenaBudgetBytes())
                    .as("memory of " + member.key())
                    .isTrue();
        }
        for (AgentProfile spare : problem.spares()) {
            long copies = used.getOrDefault(spare.key(), 0L);
            for (int shard = 0; shard < mesh.shards(); shard++) {
                assertThat(
                                copies == 0
                                        || copies + ownBytes(layout, shard)
                                                <= spare.arenaBudgetBytes())
                        .as("%s can be promoted to shard %d", spare.key(), shard)
                        .isTrue();
            }
        }
        int deficits = shortShards(problem, decision.placement().duties());
        assertThat(decision.deficits()).hasSize(job.protectCopies() == 0 ? 0 : deficits);
        assertThat(decision.refusal() == null || deficits > 0 || tooBigMember(problem))
                .as("what is met is not refused: " + decision.refusal())
                .isTrue();
        assertThat(decision.survives()).isNotEmpty();
        if (job.protectCopies() == 0) {
            assertThat(decision.placement().duties()).isEmpty();
        }
    }

    private static boolean tooBigMember(PlacementProblem problem) {
        Mesh mesh = problem.spec().mesh();
        for (int rank = 0; rank < mesh.ranks(); rank++) {
            if (MemoryRule.rankBytes(problem.layout(), mesh.shardOf(rank))
                    > problem.view().members().get(rank).arenaBudgetBytes()) {
                return true;
            }
        }
        return false;
    }

    private static long ownBytes(StateLayout layout, int shard) {
        return 2 * layout.shardRegionBytes().get(shard) + 4 * layout.shardStateBytes().get(shard);
    }

    /** Shards with too few domains. */
    private static int shortShards(PlacementProblem problem, List<CopyDuty> duties) {
        int deficits = 0;
        for (int shard = 0; shard < problem.spec().mesh().shards(); shard++) {
            deficits +=
                    domains(problem, duties, shard).size() <= problem.spec().protectCopies()
                            ? 1
                            : 0;
        }
        return deficits;
    }

    private static Set<DomainKey> domains(
            PlacementProblem problem, List<CopyDuty> duties, int shard) {
        int level = problem.spec().protectLevel();
        Mesh mesh = problem.spec().mesh();
        var domains = new HashSet<DomainKey>();
        for (int replica = 0; replica < mesh.replicas(); replica++) {
            domains.add(
                    DomainKey.of(
                            problem.view().members().get(mesh.rankOf(replica, shard)).domain(),
                            level));
        }
        for (CopyDuty duty : duties) {
            if (duty.shard() == shard) {
                domains.add(DomainKey.of(duty.holder().domain(), level));
            }
        }
        return domains;
    }

    private static Set<List<Object>> duties(PlacementDecision decision) {
        var duties = new HashSet<List<Object>>();
        decision.placement()
                .duties()
                .forEach(d -> duties.add(List.of(d.shard(), d.holder().key())));
        return duties;
    }

    private static PlacementProblem with(
            PlacementProblem problem,
            List<AgentProfile> spares,
            @Nullable PlacementDecision previous) {
        return new PlacementProblem(
                problem.spec(),
                problem.layout(),
                problem.view(),
                spares,
                problem.copiesHeld(),
                previous == null ? problem.previous() : previous.placement(),
                problem.version());
    }

    /**
     * Every shard as large as the next, budgets of whole copies: then a full search can tell what
     * is possible.
     */
    private static PlacementProblem problem(Random random, boolean sparesToo) {
        JobSpec job =
                Samples.job(
                        1 + random.nextInt(2),
                        1 + random.nextInt(4),
                        random.nextInt(4) == 0 ? 2 : random.nextInt(2),
                        random.nextInt(2));
        Mesh mesh = job.mesh();
        StateLayout layout = Samples.layout(mesh.shards());
        var members = new ArrayList<AgentProfile>();
        for (int i = 0; i < mesh.ranks(); i++) {
            members.add(agent("m" + i, "rack" + random.nextInt(4), budget(random)));
        }
        var spares = new ArrayList<AgentProfile>();
        for (int i = sparesToo ? random.nextInt(4) : 0; i > 0; i--) {
            spares.add(agent("s" + i, "rack" + random.nextInt(4), budget(random)));
        }
        var held = new HashMap<AgentKey, Set<Integer>>();
        spares.forEach(s -> held.put(s.key(), Set.of(random.nextInt(mesh.shards()))));
        return new PlacementProblem(
                job, layout, Samples.view(1, mesh, members), spares, held, null, 1);
    }

    private static long budget(Random random) {
        return random.nextInt(12) == 0 ? 340 * MB : (500 + 300L * random.nextInt(4)) * MB;
    }

    @Test
    void everyShardIsProtectedWheneverThatIsPossible() {
        var random = new Random(5);
        int possible = 0;
        int cases = 0;
        while (cases < 3_000) {
            PlacementProblem problem = problem(random, cases % 2 == 0);
            if (problem.spec().protectCopies() != 1) {
                continue;
            }
            cases++;
            boolean feasible = feasible(problem, 0, new HashMap<>());
            possible += feasible ? 1 : 0;
            PlacementDecision decision = PlacementPlanner.plan(problem);
            assertThat(decision.deficits().isEmpty()).as("%s", problem).isEqualTo(feasible);
            assertThat(feasible && decision.refusal() != null && !tooBigMember(problem)).isFalse();
        }
        assertThat(possible).isBetween(300, 2_700);
    }

    /** One copy for each shard that needs one, by trying all holders. */
    private static boolean feasible(PlacementProblem problem, int shard, Map<AgentKey, Long> used) {
        Mesh mesh = problem.spec().mesh();
        if (shard == mesh.shards()) {
            return true;
        }
        Set<DomainKey> owners = domains(problem, List.of(), shard);
        if (owners.size() > 1) {
            return feasible(problem, shard + 1, used);
        }
        var all = new ArrayList<>(problem.view().members());
        all.addAll(problem.spares());
        for (AgentProfile holder : all) {
            int rank = problem.view().rankOf(holder.key());
            long room =
                    rank >= 0
                            ? MemoryRule.memberRoomBytes(
                                    problem.layout(), mesh.shardOf(rank), holder.arenaBudgetBytes())
                            : MemoryRule.spareRoomBytes(
                                    problem.layout(), holder.arenaBudgetBytes());
            long before = used.getOrDefault(holder.key(), 0L);
            long copy = MemoryRule.copyBytes(problem.layout(), shard);
            if (!owners.contains(DomainKey.of(holder.domain(), problem.spec().protectLevel()))
                    && before + copy <= room) {
                used.put(holder.key(), before + copy);
                if (feasible(problem, shard + 1, used)) {
                    return true;
                }
                used.put(holder.key(), before);
            }
        }
        return false;
    }
}
