package io.coxswain.coordinator.core.placement;

import static io.coxswain.coordinator.core.model.Samples.MB;
import static io.coxswain.coordinator.core.model.Samples.agent;
import static io.coxswain.coordinator.core.model.Samples.layout;
import static io.coxswain.coordinator.core.model.Samples.view;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.CopyDuty;
import io.coxswain.coordinator.core.model.FailureDomain;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Placement;
import io.coxswain.coordinator.core.model.Samples;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

class PlacementPlannerTest {
    /** A rank needs 350 MB, its restart 150 more; a copy takes 300. */
    private static final long RANK = 500 * MB;

    private static final long COPY = 300 * MB;

    private static List<AgentProfile> agents(int count, String prefix, long budgetBytes) {
        var agents = new ArrayList<AgentProfile>();
        for (int i = 0; i < count; i++) {
            agents.add(agent(prefix + i, prefix + "rack" + i, budgetBytes));
        }
        return agents;
    }

    private static PlacementDecision plan(
            JobSpec job, List<AgentProfile> members, List<AgentProfile> spares) {
        return plan(job, members, spares, Map.of(), null);
    }

    private static PlacementDecision plan(
            JobSpec job,
            List<AgentProfile> members,
            List<AgentProfile> spares,
            Map<AgentKey, Set<Integer>> held,
            @Nullable Placement previous) {
        return PlacementPlanner.plan(
                new PlacementProblem(
                        job,
                        layout(job.mesh().shards()),
                        view(1, job.mesh(), members),
                        spares,
                        held,
                        previous,
                        5));
    }

    private static List<String> holders(PlacementDecision decision, int shard) {
        return decision.placement().duties().stream()
                .filter(d -> d.shard() == shard)
                .map(d -> d.holder().key().id())
                .toList();
    }

    @Test
    void aSpareHoldsEveryShardSoThatItsPromotionMovesNothing() {
        JobSpec job = Samples.job(2, 2, 1, 1);
        PlacementDecision decision =
                plan(job, agents(4, "m", RANK), List.of(agent("s", "spares", RANK + 2 * COPY)));

        assertThat(decision.placement().version()).isEqualTo(5);
        assertThat(decision.placement().duties())
                .extracting(CopyDuty::shard, d -> d.holder().key().id())
                .containsExactly(tuple(0, "s"), tuple(1, "s"));
        assertThat(decision.deficits()).isEmpty();
        assertThat(decision.refusal()).isNull();
        assertThat(decision.survives())
                .isEqualTo(
                        "any two agents; any two domains at level 0; three random agents at once"
                                + " with 80.0%");
    }

    @Test
    void eachOfTwoSparesHoldsAllShardsWhereTheyFit() {
        JobSpec job = Samples.job(1, 4, 2, 1);
        PlacementDecision decision =
                plan(job, agents(4, "m", RANK), agents(2, "s", RANK + 4 * COPY));
        for (int shard = 0; shard < 4; shard++) {
            assertThat(holders(decision, shard)).containsExactly("s0", "s1");
        }
        assertThat(decision.deficits()).isEmpty();
    }

    @Test
    void scarceSparesCoverEveryShardBeforeAnyTwice() {
        JobSpec job = Samples.job(1, 4, 1, 1);
        PlacementDecision decision =
                plan(job, agents(4, "m", RANK), agents(2, "s", RANK + 2 * COPY));
        for (int shard = 0; shard < 4; shard++) {
            assertThat(holders(decision, shard)).hasSize(1);
        }
        assertThat(decision.placement().duties())
                .extracting(d -> d.holder().key().id())
                .contains("s0", "s1");
    }

    @Test
    void withoutSparesOtherRanksHoldEachOthersCopies() {
        JobSpec job = Samples.job(1, 3, 1, 1);
        PlacementDecision decision = plan(job, agents(3, "m", RANK + COPY), List.of());
        assertThat(decision.placement().duties()).hasSize(3);
        assertThat(decision.placement().duties())
                .extracting(d -> d.holder().key().id())
                .as("balanced")
                .containsExactlyInAnyOrder("m0", "m1", "m2");
        assertThat(decision.deficits()).isEmpty();
        assertThat(decision.survives())
                .startsWith("any one agent; any one domain at level 0; two random agents");
    }

    @Test
    void replicasInDistinctDomainsAreCopiesAlready() {
        JobSpec job = Samples.job(2, 2, 1, 1);
        PlacementDecision decision = plan(job, agents(4, "m", RANK), List.of());
        assertThat(decision.placement().duties()).isEmpty();
        assertThat(decision.deficits()).isEmpty();
    }

    @Test
    void replicasInOneRackAreNot() {
        JobSpec job = Samples.job(2, 1, 1, 0);
        var members = List.of(agent("m0", "east"), agent("m1", "east"));
        PlacementDecision alone = plan(job, members, List.of());
        assertThat(alone.deficits())
                .containsExactly(
                        "shard 0 has instances in 0 of 1 other domains at level 0: no further agent"
                                + " is attached in another domain");
        assertThat(alone.refusal())
                .contains(
                        "copies: 1 needs agents in 2 failure domains at level 0, but the 2 attached"
                                + " are in 1");
        assertThat(alone.survives())
                .isEqualTo(
                        "any one agent; any one domain at level 1; two random agents at once with"
                                + " 0.0%");

        PlacementDecision with =
                plan(job, members, List.of(agent("s0", "east"), agent("s1", "west")));
        assertThat(holders(with, 0)).containsExactly("s1");
        assertThat(with.deficits()).isEmpty();
    }

    @Test
    void noCopiesMeansNoDuties() {
        JobSpec job = Samples.job(1, 2, 0, 1);
        PlacementDecision decision = plan(job, agents(2, "m", RANK), agents(1, "s", 10 * RANK));
        assertThat(decision.placement().duties()).isEmpty();
        assertThat(decision.refusal()).isNull();
        assertThat(decision.survives())
                .isEqualTo("no loss: 2 of 3 agents hold a shard that nobody else has");
    }

    @Test
    void tooLittleMemoryIsRefusedWithTheSum() {
        JobSpec job = Samples.job(1, 4, 1, 1);
        PlacementDecision decision =
                plan(job, agents(4, "m", RANK), List.of(agent("s", "x", RANK + 2 * COPY)));
        assertThat(decision.refusal())
                .isEqualTo(
                        "copies: 1 needs 1200.0 MB of shared memory for copies (3 slots each), but"
                            + " the 5 attached agents have 600.0 MB beside their own slots and what"
                            + " a restart or a promotion takes; give them 600.0 MB more, lower"
                            + " protect.copies or attach more agents");
        assertThat(decision.deficits())
                .hasSize(2)
                .first()
                .asString()
                .endsWith(
                        "a copy takes 300.0 MB and the agents in other domains have at most 0.0 MB"
                                + " free");

        PlacementDecision tiny = plan(job, agents(4, "m", 300 * MB), List.of());
        assertThat(tiny.refusal())
                .startsWith(
                        "agent m0 may use 300.0 MB of shared memory, but rank 0 needs 350.0 MB:"
                                + " 50.0 MB for the worker and 3 snapshot slots of 100.0 MB");
    }

    @Test
    void roomInTheWrongPlaceIsRefusedToo() {
        JobSpec job = Samples.job(1, 2, 1, 1);
        PlacementDecision decision =
                plan(
                        job,
                        List.of(agent("m0", "x", RANK + 4 * COPY), agent("m1", "y", RANK)),
                        List.of());
        assertThat(decision.refusal())
                .startsWith("copies: 1 of shard 0 need agents with 300.0 MB free in 1 other");
        assertThat(decision.deficits()).hasSize(1);
    }

    @Test
    void aPromotedSpareKeepsTheCopiesThatAreStillNeeded() {
        JobSpec job = Samples.job(1, 4, 1, 1);
        List<AgentProfile> members = agents(4, "m", RANK + COPY);
        AgentProfile spare = agent("s", "x", RANK + 4 * COPY);
        PlacementDecision before = plan(job, members, List.of(spare));
        var after = new ArrayList<>(members);
        after.set(1, spare);
        PlacementDecision decision =
                plan(
                        job,
                        after,
                        List.of(),
                        Map.of(spare.key(), Set.of(0, 1, 2, 3)),
                        before.placement());

        for (int shard : new int[] {0, 2, 3}) {
            assertThat(holders(decision, shard)).containsExactly("s");
        }
        assertThat(holders(decision, 1)).hasSize(1).doesNotContain("s");
        assertThat(decision.deficits()).isEmpty();
    }

    @Test
    void whoHoldsACopyAlreadyIsPreferred() {
        JobSpec job = Samples.job(1, 2, 1, 1);
        List<AgentProfile> members = agents(2, "m", RANK);
        List<AgentProfile> spares = agents(3, "s", RANK + COPY);
        PlacementDecision decision =
                plan(
                        job,
                        members,
                        spares,
                        Map.of(spares.get(2).key(), Set.of(0), spares.get(0).key(), Set.of(1)),
                        null);
        assertThat(holders(decision, 0)).contains("s2");
        assertThat(holders(decision, 1)).contains("s0");
    }

    @Test
    void ownersShareTheStreaming() {
        JobSpec job = Samples.job(2, 1, 1, 1);
        PlacementDecision decision = plan(job, agents(2, "m", RANK), agents(2, "s", RANK + COPY));
        assertThat(decision.placement().duties())
                .extracting(CopyDuty::sourceRank)
                .containsExactly(0, 1);
    }

    @Test
    void aHolderIsFedByAnOwnerOfAnotherDomain() {
        JobSpec job = Samples.job(2, 1, 1, 0);
        var members = List.of(agent("m0", "east"), agent("m1", "west"));
        PlacementDecision decision =
                plan(job, members, List.of(agent("s0", "east"), agent("s1", "west")));
        assertThat(decision.placement().duties())
                .extracting(CopyDuty::sourceRank, d -> d.holder().key().id())
                .containsExactly(tuple(1, "s0"), tuple(0, "s1"));
    }

    @Test
    void aSpareOfTheViewsOwnMembersIsRefused() {
        JobSpec job = Samples.job(1, 2, 1, 1);
        List<AgentProfile> members = agents(2, "m", RANK);
        assertThatThrownBy(() -> plan(job, members, members.subList(0, 1)))
                .hasMessageContaining("it is no spare");
    }

    @Test
    void domainKeysAreEqualExactlyWhereDomainsAreNotIndependent() {
        var paths = List.of("a", "b", "a/b", "a/c", "a/b/c", "a/b/d", "b/b/c", "a//c", "a/b/c/d");
        for (String one : paths) {
            for (String other : paths) {
                for (int level = 0; level < 5; level++) {
                    FailureDomain left = FailureDomain.parse(one);
                    FailureDomain right = FailureDomain.parse(other);
                    assertThat(!DomainKey.of(left, level).equals(DomainKey.of(right, level)))
                            .as("%s and %s at level %d", one, other, level)
                            .isEqualTo(left.independentOf(right, level));
                }
            }
        }
    }

    /** Switches of two racks of one agent each. */
    private static List<AgentProfile> underSwitches(int count, String prefix, long budgetBytes) {
        var agents = new ArrayList<AgentProfile>();
        for (int i = 0; i < count; i++) {
            String path = "switch" + i / 2 + "/" + prefix + "rack" + i;
            agents.add(agent(String.format("%s%03d", prefix, i), path, budgetBytes));
        }
        return agents;
    }

    private static String switchOf(AgentProfile agent) {
        return agent.domain().parts().getFirst();
    }

    @Test
    void ofEquallyFreeAgentsCopiesGoUnderAnotherSwitchThoughARackWouldDo() {
        // With 16 shards holders are looked for one by one, with 64 in a sorted set.
        for (int ranks : new int[] {4, 16, 64}) {
            JobSpec job = Samples.job(1, ranks, 1, 1);
            List<AgentProfile> members = underSwitches(ranks, "m", RANK + COPY);
            PlacementDecision decision = plan(job, members, List.of());
            assertThat(decision.placement().duties()).hasSize(ranks);
            for (CopyDuty duty : decision.placement().duties()) {
                assertThat(switchOf(duty.holder()))
                        .as("of %s ranks, %s", ranks, duty)
                        .isNotEqualTo(switchOf(members.get(duty.sourceRank())));
            }
            assertThat(decision.survives()).contains("any one domain at level 0");
        }
    }

    @Test
    void ofEquallyFreeSparesTheOneUnderAnotherSwitchHoldsTheCopy() {
        JobSpec job = Samples.job(1, 2, 1, 1);
        List<AgentProfile> members =
                List.of(agent("m0", "switch0/rack0", RANK), agent("m1", "switch1/rack1", RANK));
        List<AgentProfile> spares =
                List.of(
                        agent("s0", "switch0/rack8", RANK + COPY),
                        agent("s1", "switch1/rack9", RANK + COPY));
        PlacementDecision decision = plan(job, members, spares);
        assertThat(holders(decision, 0)).containsExactly("s1");
        assertThat(holders(decision, 1)).containsExactly("s0");
    }

    @Test
    void whoHoldsLessIsPreferredToWhoIsFurther() {
        JobSpec job = Samples.job(1, 3, 1, 1);
        // With the distance first m2 would hold two copies.
        List<AgentProfile> members =
                List.of(
                        agent("m0", "switch0/rack0", RANK + 2 * COPY),
                        agent("m1", "switch0/rack1", RANK + 2 * COPY),
                        agent("m2", "switch1/rack2", RANK + 2 * COPY));
        PlacementDecision decision = plan(job, members, List.of());
        assertThat(decision.placement().duties())
                .extracting(duty -> duty.holder().key().id())
                .as("one copy each")
                .containsExactlyInAnyOrder("m0", "m1", "m2");
    }
}
