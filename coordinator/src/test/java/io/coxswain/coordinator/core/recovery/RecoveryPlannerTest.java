package io.coxswain.coordinator.core.recovery;

import static io.coxswain.coordinator.core.model.Samples.agent;
import static io.coxswain.coordinator.core.model.Samples.held;
import static io.coxswain.coordinator.core.model.Samples.key;
import static io.coxswain.coordinator.core.model.Samples.view;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.Digest;
import io.coxswain.coordinator.core.model.HeldState;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Lineage;
import io.coxswain.coordinator.core.model.RestoreSource;
import io.coxswain.coordinator.core.model.Samples;
import io.coxswain.coordinator.core.model.StateName;
import io.coxswain.coordinator.core.model.View;
import io.coxswain.coordinator.core.recovery.RecoveryDecision.NeedCapacity;
import io.coxswain.coordinator.core.recovery.RecoveryDecision.Recover;
import io.coxswain.coordinator.core.recovery.RecoveryDecision.ShardLost;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Set;

class RecoveryPlannerTest {
    private static final AgentProfile A = agent("a", "r0");
    private static final AgentProfile B = agent("b", "r1");
    private static final AgentProfile C = agent("c", "r2");
    private static final AgentProfile D = agent("d", "r3");
    private static final AgentProfile SPARE = agent("s", "r4");
    private static final Lineage FIRST = Lineage.EMPTY.branch(1, 0);

    /**
     * Job of {@code replicas × shards} whose view 1 had a, b, c, d as members, as far as the mesh
     * goes.
     */
    private static final class Story {
        private final JobSpec job;
        private Lineage lineage = FIRST;
        private @Nullable View previous;
        private long completed = 40;
        private boolean nothingCompleted;
        private Set<BadSource> excluded = Set.of();

        Story(int replicas, int shards) {
            job = Samples.job(replicas, shards, 1, 1);
            previous = view(1, job.mesh(), List.of(A, B, C, D).subList(0, job.mesh().ranks()));
        }

        RecoveryDecision plan(Candidate... candidates) {
            return RecoveryPlanner.plan(
                    new RecoveryProblem(
                            job,
                            Samples.layout(job.mesh().shards()),
                            lineage,
                            previous,
                            9,
                            completed,
                            List.of(candidates),
                            excluded,
                            nothingCompleted));
        }

        Recover recover(Candidate... candidates) {
            return (Recover) plan(candidates);
        }
    }

    private static Candidate with(
            AgentProfile agent,
            @Nullable HeldState live,
            List<HeldState> snapshots,
            List<HeldState> copies) {
        return new Candidate(agent, new Inventory(1, true, live, snapshots, copies, null, 0), true);
    }

    private static Candidate live(AgentProfile agent, HeldState state) {
        return with(agent, state, List.of(), List.of());
    }

    private static Candidate copies(AgentProfile agent, HeldState... states) {
        return with(agent, null, List.of(), List.of(states));
    }

    private static Candidate idle(AgentProfile agent) {
        return copies(agent);
    }

    private static StateName name(long epoch, long step, int shard) {
        return new StateName(epoch, step, shard);
    }

    @Test
    void aSpareThatHoldsTheCopyTakesOverAndSurvivorsKeepTheirLiveState() {
        Recover plan =
                new Story(1, 2)
                        .recover(
                                live(A, held(1, 41, 0, "aa")),
                                copies(SPARE, held(1, 41, 1, "bb"), held(1, 40, 1, "b0")));

        assertThat(plan.view().members()).containsExactly(A, SPARE);
        assertThat(plan.view().baseStep()).isEqualTo(41);
        assertThat(plan.view().epoch()).isEqualTo(9);
        assertThat(plan.view().parentEpoch()).isEqualTo(1);
        assertThat(plan.sources())
                .containsExactly(
                        new RestoreSource.KeepLive(name(1, 41, 0), new Digest("aa")),
                        new RestoreSource.PromoteCopy(name(1, 41, 1), new Digest("bb")));
        assertThat(plan.reason().text())
                .isEqualTo(
                        "step 41 is the newest that every shard has: 1 ranks keep their live state,"
                                + " 1 load from their own memory, 0 fetch from a peer");
    }

    @Test
    void whatACopyLagsIsRolledBackAndSaid() {
        Recover plan =
                new Story(1, 2)
                        .recover(
                                with(
                                        A,
                                        held(1, 40, 0, "a4"),
                                        List.of(held(1, 38, 0, "a2")),
                                        List.of()),
                                copies(SPARE, held(1, 38, 1, "b2")));

        assertThat(plan.view().baseStep()).isEqualTo(38);
        assertThat(plan.sources().getFirst())
                .isEqualTo(new RestoreSource.LoadLocal(name(1, 38, 0), new Digest("a2")));
        var reason = (RecoveryReason.NewestHeldByAll) plan.reason();
        assertThat(reason.stepsLost()).isEqualTo(2);
        assertThat(reason.limitingShards()).containsExactly(1);
        assertThat(reason.text())
                .contains("newer is missing of shard 1")
                .contains("2 completed steps are made again");
    }

    @Test
    void aReplicaDonatesWhereNoCopyIsLocal() {
        Recover plan =
                new Story(2, 1)
                        .recover(
                                with(
                                        B,
                                        held(1, 40, 0, "aa"),
                                        List.of(held(1, 40, 0, "aa")),
                                        List.of()),
                                idle(SPARE));

        assertThat(plan.view().members()).containsExactly(SPARE, B);
        assertThat(plan.sources().getFirst())
                .isEqualTo(new RestoreSource.Fetch(name(1, 40, 0), new Digest("aa"), B));
        assertThat(plan.expectedNanos())
                .isGreaterThan(RecoveryPlanner.INSTALL_NANOS + 100_000_000L);
    }

    @Test
    void fetchesAreSpreadOverDonorsAndCommittedStatesGoFirst() {
        HeldState state = held(1, 40, 0, "aa");
        var story = new Story(4, 1);
        Recover plan =
                story.recover(
                        with(A, state, List.of(state), List.of()),
                        copies(agent("h", "r9"), state),
                        live(B, held(1, 40, 0, "")),
                        idle(agent("t", "r5")),
                        idle(agent("u", "r6")));

        assertThat(plan.view().members())
                .as("the holder promotes its copy")
                .extracting(m -> m.key().id())
                .containsExactly("a", "b", "h", "t");
        Recover two =
                new Story(4, 1)
                        .recover(
                                with(A, state, List.of(state), List.of()),
                                new Candidate(
                                        agent("h", "r9"),
                                        new Inventory(
                                                1, false, null, List.of(), List.of(state), null, 0),
                                        false),
                                live(B, held(1, 40, 0, "")),
                                idle(agent("t", "r5")),
                                idle(agent("u", "r6")));
        assertThat(two.sources().subList(2, 4))
                .extracting(s -> ((RestoreSource.Fetch) s).donor().key().id())
                .containsExactlyInAnyOrder("a", "h");
        assertThat(two.sources().get(1))
                .as("a live state of unknown digest is kept as it is")
                .isEqualTo(new RestoreSource.KeepLive(name(1, 40, 0), Digest.NONE));
    }

    @Test
    void theArenaOfAnAgentWithoutWorkerStillDonatesButItsLiveStateIsGone() {
        var arena =
                new Candidate(
                        B,
                        new Inventory(
                                1,
                                false,
                                held(1, 41, 1, "b5"),
                                List.of(held(1, 40, 1, "b4")),
                                List.of(),
                                null,
                                0),
                        false);
        Recover plan =
                new Story(1, 2)
                        .recover(
                                with(
                                        A,
                                        held(1, 41, 0, "a5"),
                                        List.of(held(1, 40, 0, "a4")),
                                        List.of()),
                                arena,
                                idle(SPARE));

        assertThat(plan.view().baseStep()).isEqualTo(40);
        assertThat(plan.view().members()).containsExactly(A, SPARE);
        assertThat(plan.sources().get(1))
                .isEqualTo(new RestoreSource.Fetch(name(1, 40, 1), new Digest("b4"), B));
    }

    @Test
    void aWorkerKilledAloneLoadsFromItsOwnArena() {
        Recover plan =
                new Story(1, 1)
                        .recover(
                                new Candidate(
                                        A,
                                        new Inventory(
                                                1,
                                                false,
                                                null,
                                                List.of(held(1, 40, 0, "a4")),
                                                List.of(),
                                                null,
                                                0),
                                        true));
        assertThat(plan.sources())
                .containsExactly(new RestoreSource.LoadLocal(name(1, 40, 0), new Digest("a4")));
    }

    @Test
    void anAbandonedBranchIsNotTrusted() {
        var story = new Story(1, 1);
        story.lineage = FIRST.branch(2, 30);
        story.previous = view(2, story.job.mesh(), List.of(A));
        Recover plan =
                story.recover(
                        with(
                                A,
                                held(1, 45, 0, "xx"),
                                List.of(held(1, 30, 0, "aa"), held(2, 33, 0, "cc")),
                                List.of()));
        assertThat(plan.view().baseStep()).isEqualTo(33);
    }

    @Test
    void aStateOfAnAbandonedViewCountsWhereItsDigestIsATrustedOnes() {
        var story = new Story(1, 2);
        story.lineage = FIRST;
        Recover plan =
                story.recover(
                        with(A, held(5, 40, 0, "aa"), List.of(), List.of(held(1, 40, 1, "bb"))),
                        with(B, held(5, 40, 1, "bb"), List.of(), List.of(held(1, 40, 0, "aa"))));
        assertThat(plan.sources())
                .containsExactly(
                        new RestoreSource.KeepLive(name(5, 40, 0), new Digest("aa")),
                        new RestoreSource.KeepLive(name(5, 40, 1), new Digest("bb")));
    }

    @Test
    void theBaseOfAViewThatWasOnlyPreparedIsTrustedAndNothingBeyond() {
        var story = new Story(1, 1);
        story.previous = new View(3, 1, 40, story.job.mesh(), List.of(A));
        assertThat(story.recover(live(A, held(3, 40, 0, ""))).view().baseStep()).isEqualTo(40);
        assertThat(story.plan(live(A, held(3, 41, 0, "")))).isInstanceOf(ShardLost.class);
    }

    @Test
    void withRuntimeCollectivesOnlyCompletedStepsAreTrusted() {
        JobSpec job = Samples.job(1, 1, 0, 1);
        var runtime =
                new JobSpec(
                        job.jobId(),
                        job.name(),
                        job.mesh(),
                        job.steps(),
                        job.seed(),
                        job.data(),
                        job.batch(),
                        job.microshards(),
                        1,
                        1,
                        1,
                        0,
                        "runtime",
                        "runtime",
                        "reference",
                        "{}");
        var problem =
                new RecoveryProblem(
                        runtime,
                        Samples.layout(1),
                        FIRST,
                        view(1, runtime.mesh(), List.of(A)),
                        2,
                        40,
                        List.of(
                                with(
                                        A,
                                        held(1, 41, 0, "a5"),
                                        List.of(held(1, 40, 0, "a4")),
                                        List.of())),
                        Set.of(),
                        false);
        assertThat(((Recover) RecoveryPlanner.plan(problem)).view().baseStep()).isEqualTo(40);
    }

    @Test
    void anExcludedSourceIsNeverOfferedAgain() {
        var story = new Story(1, 2);
        Candidate a = live(A, held(1, 40, 0, "aa"));
        Candidate spare = copies(SPARE, held(1, 40, 1, "bb"));
        Candidate other = copies(D, held(1, 40, 1, "bb"));
        story.excluded = Set.of(new BadSource(SPARE.key(), name(1, 40, 1)));

        Recover plan = story.recover(a, spare, other);
        assertThat(plan.view().members()).containsExactly(A, D);

        story.excluded =
                Set.of(
                        new BadSource(SPARE.key(), name(1, 40, 1)),
                        new BadSource(D.key(), name(1, 40, 1)));
        assertThat(((ShardLost) story.plan(a, spare, other)).shards()).containsExactly(1);
    }

    @Test
    void theMajorityDecidesAConflictAndATieExcludesTheStep() {
        var story = new Story(1, 2);
        Candidate a =
                with(
                        A,
                        held(1, 40, 0, "aa"),
                        List.of(held(1, 39, 0, "a9")),
                        List.of(held(1, 40, 1, "bad")));
        Candidate spare = copies(SPARE, held(1, 40, 1, "bb"), held(1, 39, 1, "b9"));
        Candidate other = copies(D, held(1, 40, 1, "bb"));

        Recover plan = story.recover(a, spare, other);
        assertThat(plan.view().baseStep()).isEqualTo(40);
        assertThat(plan.reason().text())
                .contains(
                        "holders of shard 1 at step 40 disagree (bad by 1, bb by 2): the majority"
                                + " is used");

        Recover tie = story.recover(a, spare, idle(D));
        assertThat(tie.view().baseStep()).isEqualTo(39);
        assertThat(tie.reason().text()).contains("(bad by 1, bb by 1): not used");
    }

    @Test
    void aConvictedMemberKeepsItsRankAndFetches() {
        var story = new Story(3, 1);
        HeldState good = held(1, 40, 0, "aa");
        Recover plan =
                story.recover(
                        with(A, good, List.of(good), List.of()),
                        with(B, good, List.of(good), List.of()),
                        with(C, held(1, 40, 0, "cc"), List.of(held(1, 40, 0, "cc")), List.of()));
        assertThat(plan.view().members()).containsExactly(A, B, C);
        assertThat(plan.sources().get(2)).isInstanceOf(RestoreSource.Fetch.class);
    }

    @Test
    void aShardWithoutInstanceIsLostAndNotReplacedBySomethingElse() {
        var story = new Story(1, 3);
        ShardLost lost =
                (ShardLost)
                        story.plan(
                                live(A, held(1, 40, 0, "aa")),
                                live(C, held(1, 40, 2, "cc")),
                                idle(SPARE));
        assertThat(lost.shards()).containsExactly(1);
        assertThat(lost.reason().text())
                .isEqualTo(
                        "no instance is left of shard 1 at step 40, the one most shards have; step"
                                + " 40 was completed");

        ShardLost all = (ShardLost) story.plan(idle(A), idle(B), idle(C));
        assertThat(all.shards()).containsExactly(0, 1, 2);
        assertThat(all.reason().text()).contains("at any step");
    }

    @Test
    void stepZeroIsComputedAgainOnlyWhileNothingWasCompleted() {
        var story = new Story(1, 2);
        story.completed = 0;
        story.nothingCompleted = true;
        Recover fresh = story.recover(live(A, held(1, 1, 0, "")), idle(SPARE));
        assertThat(fresh.view().baseStep()).isZero();
        assertThat(fresh.sources()).containsOnly(new RestoreSource.Init());
        assertThat(fresh.view().members()).containsExactly(A, SPARE);

        Recover newer =
                story.recover(live(A, held(1, 1, 0, "")), copies(SPARE, held(1, 1, 1, "b1")));
        assertThat(newer.view().baseStep()).isEqualTo(1);

        story.nothingCompleted = false;
        story.completed = 5;
        Recover stored =
                story.recover(
                        with(A, null, List.of(held(1, 0, 0, "a0")), List.of()),
                        copies(SPARE, held(1, 0, 1, "b0")));
        assertThat(stored.view().baseStep()).isZero();
        assertThat(stored.sources()).doesNotContain(new RestoreSource.Init());
    }

    @Test
    void tooFewReadyAgentsAreCapacityWantedOnceTheStateIsKnownToExist() {
        var story = new Story(1, 2);
        Candidate holder = with(A, held(1, 40, 0, "aa"), List.of(), List.of(held(1, 40, 1, "bb")));
        NeedCapacity need = (NeedCapacity) story.plan(holder);
        assertThat(need.missing()).isEqualTo(1);
        assertThat(need.reason().text())
                .isEqualTo("2 ranks need an agent each; 1 agents are attached and 1 of them ready");
        assertThat(story.plan(live(A, held(1, 40, 0, "aa")))).isInstanceOf(ShardLost.class);
    }

    @Test
    void theFirstViewIsInTheAgentsOrderWithReplicasInDistinctRacks() {
        JobSpec job = Samples.job(2, 2, 1, 0);
        var candidates =
                List.of(
                        idle(agent("n0", "east")),
                        idle(agent("n1", "east")),
                        idle(agent("n2", "west")),
                        idle(agent("n3", "west")));
        Recover plan =
                (Recover)
                        RecoveryPlanner.plan(
                                new RecoveryProblem(
                                        job,
                                        Samples.layout(2),
                                        Lineage.EMPTY,
                                        null,
                                        1,
                                        0,
                                        candidates,
                                        Set.of(),
                                        true));
        List<AgentProfile> members = plan.view().members();
        for (int shard = 0; shard < 2; shard++) {
            assertThat(
                            members.get(shard)
                                    .domain()
                                    .independentOf(members.get(2 + shard).domain(), 0))
                    .isTrue();
        }
        assertThat(plan.view().parentEpoch()).isZero();

        JobSpec byHost = Samples.job(2, 2, 1, 1);
        Recover plain =
                (Recover)
                        RecoveryPlanner.plan(
                                new RecoveryProblem(
                                        byHost,
                                        Samples.layout(2),
                                        Lineage.EMPTY,
                                        null,
                                        1,
                                        0,
                                        candidates,
                                        Set.of(),
                                        true));
        assertThat(plain.view().members())
                .extracting(m -> m.key().id())
                .containsExactly("n0", "n1", "n2", "n3");
    }

    @Test
    void aProblemThatContradictsItselfIsRefused() {
        JobSpec job = Samples.job(1, 2, 1, 1);
        View before = view(4, job.mesh(), List.of(A, B));
        assertThatThrownBy(() ->
                        new RecoveryProblem(
                                job,
                                Samples.layout(2),
                                FIRST,
                                before,
                                4,
                                0,
                                List.of(),
                                Set.of(),
                                false))
                .hasMessageContaining("epoch 4 does not follow");
        assertThatThrownBy(() ->
                        new RecoveryProblem(
                                job,
                                Samples.layout(2),
                                FIRST,
                                before,
                                5,
                                0,
                                List.of(idle(A), idle(A)),
                                Set.of(),
                                false))
                .hasMessageContaining("a candidate twice");
        assertThat(key("a")).isEqualTo(A.key());
    }
}
