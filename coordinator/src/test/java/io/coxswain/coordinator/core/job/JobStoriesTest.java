package io.coxswain.coordinator.core.job;

import static io.coxswain.coordinator.core.job.JobStory.MILLI;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.ledger.Category;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Set;

/** What a job lives through, in the words of the design. */
final class JobStoriesTest {
    private static JobStory twoByTwo() {
        return new JobStory(2, 2, 1, 60).attach("a0", "a1", "a2", "a3", "a4");
    }

    private static JobStory oneByFour() {
        return new JobStory(1, 4, 1, 60).attach("a0", "a1", "a2", "a3", "a4");
    }

    private static List<String> sources(Incident incident) {
        return incident.sources().stream().map(Incident.Source::source).toList();
    }

    @Test
    void anUndisturbedRunCompletes() {
        JobStory story = twoByTwo().isIn(JobPhase.ACTIVE).finish().isCompletedAsUndisturbed();
        assertThat(story.machine.incidents()).isEmpty();
        assertThat(story.machine.completedStep()).isEqualTo(60);
        assertThat(story.machine.protectedStep()).isGreaterThanOrEqualTo(58);
        assertThat(story.published(CoordinatorEvent.ViewActivated.class)).hasSize(1);
        assertThat(story.published(CoordinatorEvent.JobFinished.class))
                .singleElement()
                .matches(CoordinatorEvent.JobFinished::completed);
        assertThat(story.booked(Category.PRODUCTIVE)).isPositive();
        assertThat(story.booked(Category.COMPILE)).isPositive();
        assertThat(story.booked(Category.LOST_PROGRESS)).isZero();
    }

    @Test
    void theFirstViewWaitsAMomentForSpares() {
        var story = new JobStory(2, 2, 1, 20);
        story.attach("a0", "a1", "a2", "a3");
        // All that are attached are ready: nothing to wait for.
        story.isIn(JobPhase.ACTIVE);

        var slow = new JobStory(2, 2, 1, 20);
        slow.comes("a4", false);
        slow.attach("a0", "a1", "a2", "a3").isIn(JobPhase.WAITING);
        slow.workerBack("a4").isIn(JobPhase.ACTIVE);
        assertThat(slow.published(CoordinatorEvent.ViewActivated.class).getFirst().spares())
                .hasSize(1);

        var never = new JobStory(2, 2, 1, 20);
        never.comes("a4", false);
        never.attach("a0", "a1", "a2", "a3")
                .isIn(JobPhase.WAITING)
                .pass(300 * MILLI)
                .isIn(JobPhase.ACTIVE);
    }

    @Test
    void aJobWithoutAgentsSaysWhatItNeeds() {
        var story = new JobStory(2, 2, 1, 20).attach("a0", "a1");
        story.isIn(JobPhase.WAITING);
        assertThat(story.published(CoordinatorEvent.CapacityNeeded.class).getLast().slots())
                .isEqualTo(2);
        assertThat(story.machine.waiting()).isInstanceOf(WaitReason.AgentsMissing.class);
        story.attach("a2", "a3").isIn(JobPhase.ACTIVE);
        assertThat(story.machine.waiting()).isNull();
    }

    @Test
    void aJobThatCannotBeProtectedAsAskedIsRefused() {
        var story = new JobStory(1, 1, 1, 20).attach("a0").isIn(JobPhase.WAITING);
        assertThat(story.machine.waiting()).isInstanceOf(WaitReason.Unprotected.class);
        story.pass(2_000 * MILLI)
                .isIn(JobPhase.WAITING)
                .attach("a1")
                .isIn(JobPhase.ACTIVE)
                .finish()
                .isCompletedAsUndisturbed();

        var alone =
                new JobStory(1, 1, 1, 20).attach("a0").pass(6_000 * MILLI).isIn(JobPhase.FAILED);
        assertThat(alone.machine.phaseReason())
                .contains("cannot be protected as asked")
                .contains("copies: 1");
    }

    @Test
    void aSpareWithTheCopyTakesOverFromADeadHost() {
        JobStory story = oneByFour().steps(20);
        String dead = story.atRank(2).key.id();
        story.kill(dead).isIn(JobPhase.ACTIVE);
        assertThat(story.machine.incidents().getFirst().closed()).isFalse();
        story.steps(1);
        Incident incident = story.onlyIncident();
        assertThat(incident.closed()).isTrue();
        assertThat(incident.agents()).containsExactly(dead);
        assertThat(incident.stepsLost()).isZero();
        assertThat(incident.resumedAtStep()).isEqualTo(20);
        assertThat(sources(incident))
                .containsExactlyInAnyOrder("live", "live", "live", "peer-copy");
        assertThat(incident.phases().detect()).isGreaterThanOrEqualTo(20 * MILLI);
        assertThat(incident.phases().fence()).isPositive();
        assertThat(incident.phases().decide()).isPositive();
        assertThat(incident.phases().restore()).isPositive();
        assertThat(incident.phases().resume()).isPositive();
        story.finish().isCompletedAsUndisturbed();
        assertThat(story.booked(Category.DETECTION)).isPositive();
        assertThat(story.booked(Category.RECOVERY_RESTORE)).isPositive();
        assertThat(story.booked(Category.LOST_PROGRESS)).isZero();
    }

    @Test
    void aDeadHostInAReplicatedMeshCostsNoStep() {
        JobStory story = twoByTwo().steps(13);
        story.kill(story.atRank(0).key.id()).steps(1);
        assertThat(story.onlyIncident().stepsLost()).isZero();
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void aDeathInTheMiddleOfAStepRollsBackToTheFloorAtMost() {
        JobStory story = oneByFour().steps(20);
        story.copiesLag = true;
        story.steps(3);
        long floor = story.machine.protectedStep();
        story.stepOnce(Set.of(1));
        story.kill(story.atRank(1).key.id()).isIn(JobPhase.ACTIVE);
        story.copiesLag = false;
        story.steps(1);
        Incident incident = story.onlyIncident();
        assertThat(incident.stepsLost()).isBetween(1L, 24 - floor);
        assertThat(incident.resumedAtStep()).isGreaterThanOrEqualTo(floor);
        story.finish().isCompletedAsUndisturbed();
        assertThat(story.booked(Category.LOST_PROGRESS)).isPositive();
    }

    @Test
    void aRollbackBelowTheCompletedStepIsVisible() {
        JobStory story = oneByFour().steps(20);
        story.copiesLag = true;
        story.steps(4);
        long completed = story.machine.completedStep();
        assertThat(completed).isGreaterThan(21);
        story.kill(story.atRank(1).key.id());
        var back = story.published(CoordinatorEvent.RolledBack.class).getFirst();
        assertThat(back.fromStep()).isEqualTo(completed);
        assertThat(back.toStep()).isEqualTo(story.machine.completedStep()).isLessThan(completed);
        story.copiesLag = false;
        story.finish().isCompletedAsUndisturbed();
        assertThat(story.machine.incidents().getFirst().stepsLost())
                .isEqualTo(back.fromStep() - back.toStep());
    }

    @Test
    void aWorkerKilledAloneKeepsItsRankAndMovesNothing() {
        JobStory story = oneByFour().steps(20);
        SimAgent hurt = story.atRank(3);
        story.killWorker(hurt.key.id()).isIn(JobPhase.PLANNING);
        assertThat(story.machine.waiting()).isInstanceOf(WaitReason.WorkersRestarting.class);
        story.workerBack(hurt.key.id()).isIn(JobPhase.ACTIVE).steps(1);
        assertThat(story.atRank(3)).isSameAs(hurt);
        Incident incident = story.onlyIncident();
        assertThat(incident.phases().detect()).isZero();
        assertThat(incident.cause()).contains("signal 9");
        assertThat(sources(incident)).doesNotContain("fetched", "peer-copy").contains("local");
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void aWorkerThatDoesNotComeBackLosesItsRankToTheSpare() {
        JobStory story = oneByFour().steps(20);
        SimAgent hurt = story.atRank(3);
        story.killWorker(hurt.key.id())
                .isIn(JobPhase.PLANNING)
                .pass(16_000 * MILLI)
                .isIn(JobPhase.ACTIVE);
        assertThat(story.atRank(3)).isNotSameAs(hurt);
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void twoHostsAtOnceWithTwoCopies() {
        var story = new JobStory(1, 4, 2, 60).attach("a0", "a1", "a2", "a3", "a4", "a5").steps(20);
        story.dies(story.atRank(0));
        story.dies(story.atRank(2));
        story.settle().isIn(JobPhase.ACTIVE).steps(1);
        assertThat(story.onlyIncident().agents()).hasSize(2);
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void aDeadSpareStopsNobody() {
        JobStory story = oneByFour().steps(20);
        long epoch = epoch(story);
        story.kill("a4").isIn(JobPhase.ACTIVE);
        assertThat(epoch(story)).isEqualTo(epoch);
        Incident incident = story.onlyIncident();
        assertThat(incident.closed()).isTrue();
        assertThat(incident.cause()).startsWith("spare lost");
        assertThat(incident.stepsLost()).isZero();
        assertThat(story.published(CoordinatorEvent.PlacementChanged.class).getLast().version())
                .isEqualTo(2);
        long before = story.machine.completedStep();
        story.steps(4);
        assertThat(story.machine.completedStep()).isEqualTo(before + 4);
        story.finish().isCompletedAsUndisturbed();
        assertThat(story.booked(Category.DETECTION)).isZero();
    }

    @Test
    void aLateSpareIsToldOfTheViewAndTakesDuties() {
        var story = new JobStory(1, 4, 1, 60).attach("a0", "a1", "a2", "a3").steps(10);
        story.attach("a9");
        assertThat(story.agent("a9").startedEpoch).isEqualTo(epoch(story));
        story.steps(4)
                .kill(story.atRank(1).key.id())
                .isIn(JobPhase.ACTIVE)
                .finish()
                .isCompletedAsUndisturbed();
    }

    @Test
    void aDeathDuringTheRecoveryExtendsTheIncident() {
        for (Class<? extends JobEffect> held :
                List.of(
                        JobEffect.SendFence.class,
                        JobEffect.SendPrepareView.class,
                        JobEffect.PersistView.class)) {
            var story =
                    new JobStory(2, 2, 1, 60).attach("a0", "a1", "a2", "a3", "a4", "a5").steps(20);
            story.hold = held::isInstance;
            story.kill(story.atRank(0).key.id());
            assertThat(story.machine.phase())
                    .isIn(JobPhase.FENCING, JobPhase.PREPARING, JobPhase.PERSISTING);
            long epoch = story.machine.nextEpoch();
            story.kill(story.atRank(3).key.id());
            story.release().isIn(JobPhase.ACTIVE).steps(1);
            Incident incident = story.onlyIncident();
            assertThat(incident.agents()).hasSize(2);
            assertThat(incident.closed()).isTrue();
            if (held != JobEffect.SendFence.class) {
                assertThat(epoch(story)).isGreaterThanOrEqualTo(epoch);
            }
            story.finish().isCompletedAsUndisturbed();
        }
    }

    @Test
    void theAgentThatJustTookOverDiesToo() {
        var story = new JobStory(1, 4, 1, 60).attach("a0", "a1", "a2", "a3", "a4", "a5").steps(20);
        story.kill(story.atRank(2).key.id()).isIn(JobPhase.ACTIVE);
        story.kill(story.atRank(2).key.id());
        assertThat(story.machine.incidents()).hasSize(1);
        story.finish();
        // Its copy was the only one of that shard: unless somebody else had one, that is said
        // plainly.
        assertThat(story.machine.phase()).isIn(JobPhase.COMPLETED, JobPhase.FAILED);

        var later = new JobStory(1, 4, 1, 60).attach("a0", "a1", "a2", "a3", "a4", "a5").steps(20);
        later.kill(later.atRank(2).key.id()).steps(2);
        later.kill(later.atRank(2).key.id()).steps(2);
        assertThat(later.machine.incidents()).hasSize(2);
        later.finish().isCompletedAsUndisturbed();
    }

    @Test
    void withoutASpareTheJobWaitsAndGoesOnWhenAnAgentComes() {
        var story = new JobStory(2, 2, 1, 60).attach("a0", "a1", "a2", "a3").steps(20);
        story.kill(story.atRank(1).key.id()).isIn(JobPhase.WAITING);
        assertThat(story.published(CoordinatorEvent.CapacityNeeded.class).getLast().slots())
                .isEqualTo(1);
        assertThat(story.published(CoordinatorEvent.JobWaiting.class)).isNotEmpty();
        story.pass(5_000 * MILLI).isIn(JobPhase.WAITING);
        story.attach("b7").isIn(JobPhase.ACTIVE).steps(1);
        assertThat(sources(story.onlyIncident())).contains("fetched");
        assertThat(story.onlyIncident().stepsLost()).isZero();
        story.finish().isCompletedAsUndisturbed();
        assertThat(story.booked(Category.CONTROLLER_WAIT))
                .isGreaterThanOrEqualTo(4 * 5_000 * MILLI);
    }

    @Test
    void aLostShardReturnsWithItsArena() {
        var story = new JobStory(1, 2, 0, 60).attach("a0", "a1", "a2").steps(20);
        SimAgent gone = story.atRank(1);
        story.kill(gone.key.id()).isIn(JobPhase.RETURN_WAIT);
        assertThat(story.machine.waiting()).isInstanceOf(WaitReason.ShardsLost.class);
        assertThat(story.machine.phaseReason()).contains(gone.key.id());
        story.pass(10_000 * MILLI).isIn(JobPhase.RETURN_WAIT);
        story.comesBackWithArena(gone);
        story.settle().isIn(JobPhase.ACTIVE).finish().isCompletedAsUndisturbed();
    }

    @Test
    void aLostShardThatDoesNotReturnFailsTheJobPlainly() {
        var story = new JobStory(1, 2, 0, 60).attach("a0", "a1", "a2").steps(20);
        SimAgent gone = story.atRank(1);
        story.kill(gone.key.id()).pass(61_000 * MILLI).isIn(JobPhase.FAILED);
        JobResult result = story.machine.result();
        assertThat(result).isNotNull();
        assertThat(String.valueOf(result))
                .contains("shard 1")
                .contains(gone.key.id())
                .contains("step 20");
        assertThat(story.published(CoordinatorEvent.JobFinished.class).getFirst().completed())
                .isFalse();
        assertThat(story.effects).anyMatch(JobEffect.SendEndJob.class::isInstance);
        story.accountIsExact();
    }

    @Test
    void nothingIsLostBeforeTheFirstStep() {
        var story = new JobStory(1, 2, 0, 20).attach("a0", "a1", "a2");
        story.kill(story.atRank(1).key.id())
                .isIn(JobPhase.ACTIVE)
                .finish()
                .isCompletedAsUndisturbed();
    }

    @Test
    void ghostsAreIgnored() {
        JobStory story = twoByTwo().steps(20);
        SimAgent dead = story.atRank(0);
        var oldProgress = story.atRank(1).progress(21);
        story.kill(dead.key.id()).isIn(JobPhase.ACTIVE);
        long epoch = epoch(story);
        SimAgent alive = story.atRank(1);
        long completed = story.machine.completedStep();
        int sent = story.effects.size();
        var booked = story.ledger.totalSlotNanos();
        story.tell(new JobEvent.ProgressReported(alive.key, oldProgress));
        story.tell(new JobEvent.ProgressReported(dead.key, oldProgress));
        story.tell(new JobEvent.WorkerLostReported(dead.key, epoch, "ghost", false));
        story.tell(new JobEvent.WorkerLostReported(alive.key, epoch - 1, "ghost", false));
        story.tell(
                new JobEvent.ViewFailedReported(alive.key, epoch - 1, "ghost", false, null, null));
        story.tell(new JobEvent.ViewPersisted(epoch - 1, JobEffect.ViewState.ACTIVE));
        story.tell(new JobEvent.AgentLost(dead.key, "again", story.now));
        story.tell(new JobEvent.TimerFired(JobEffect.TimerKind.FENCE_LIMIT, epoch));
        story.tell(new JobEvent.TimerFired(JobEffect.TimerKind.PREPARE_LIMIT, epoch));
        story.tell(new JobEvent.TimerFired(JobEffect.TimerKind.TICK, epoch - 1));
        story.tell(new JobEvent.LinkAccused(alive.key, story.atRank(2).key, epoch - 1, "ghost"));
        assertThat(story.effects).hasSize(sent);
        assertThat(story.ledger.totalSlotNanos()).isEqualTo(booked);
        assertThat(story.machine.completedStep()).isEqualTo(completed);
        story.isIn(JobPhase.ACTIVE).finish().isCompletedAsUndisturbed();
    }

    @Test
    void aStepIsCompletedWhenTheLastRankReportedIt() {
        JobStory story = twoByTwo().steps(3);
        long completed = story.machine.completedStep();
        story.stepOnce(Set.of());
        for (int rank = 0; rank < 4; rank++) {
            assertThat(story.machine.completedStep()).isEqualTo(completed);
            assertThat(story.deliverFrom(story.atRank(rank).key)).isTrue();
            story.settleOnly(story.atRank(rank).key);
        }
        assertThat(story.machine.completedStep()).isEqualTo(4);
    }

    @Test
    void aTimerOfAnOlderFenceIsStale() {
        JobStory story = twoByTwo().steps(20);
        story.hold = JobEffect.SendFence.class::isInstance;
        story.kill(story.atRank(0).key.id()).isIn(JobPhase.FENCING);
        story.tell(new JobEvent.TimerFired(JobEffect.TimerKind.FENCE_LIMIT, epoch(story)));
        story.isIn(JobPhase.FENCING).release().isIn(JobPhase.ACTIVE);
    }

    @Test
    void aWorkerThatDiesAfterItsAgentAnsweredTheFenceTookItsLiveStateAlong() {
        JobStory story = twoByTwo().steps(20);
        long epoch = epoch(story);
        SimAgent hurt = story.atRank(1);
        SimAgent silent = story.atRank(2);
        silent.silent = true;
        story.kill(story.atRank(0).key.id()).isIn(JobPhase.FENCING);
        story.killWorker(hurt.key.id()).workerBack(hurt.key.id()).isIn(JobPhase.FENCING);
        silent.silent = false;
        story.tell(new JobEvent.AgentAttached(silent.profile, silent.inventory()));
        story.settle().isIn(JobPhase.ACTIVE);
        assertThat(epoch(story)).isEqualTo(epoch + 1);
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void duplicatesDoNoHarm() {
        JobStory story = twoByTwo().steps(3);
        SimAgent member = story.atRank(2);
        story.stepOnce(Set.of());
        var again = List.copyOf(story.inbox.get(member.key));
        story.settle();
        long productive = story.booked(Category.PRODUCTIVE);
        again.forEach(story::tell);
        assertThat(story.booked(Category.PRODUCTIVE)).isEqualTo(productive);
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void aDamagedCopyIsNotOfferedAgain() {
        var story = new JobStory(1, 2, 2, 60).attach("a0", "a1", "a2", "a3").steps(20);
        SimAgent dead = story.atRank(1);
        for (SimAgent holder : List.of(story.agent("a2"), story.agent("a3"))) {
            assertThat(holder.copies.keySet())
                    .anyMatch(name -> name.shard() == 1 && name.step() == 20);
        }
        SimAgent damaged = story.agent("a2");
        for (var name : damaged.copies.keySet()) {
            story.corrupt.add(new JobStory.Instance(damaged.key, name));
        }
        story.kill(dead.key.id()).isIn(JobPhase.ACTIVE).steps(1);
        assertThat(story.onlyIncident().stepsLost()).isZero();
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void damagedEverywhereMeansAnOlderStepAndSaysSo() {
        var story = new JobStory(1, 2, 1, 60).attach("a0", "a1", "a2").steps(20);
        SimAgent dead = story.atRank(1);
        SimAgent holder = story.agent("a2");
        holder.copies.keySet().stream()
                .filter(name -> name.step() == 20)
                .forEach(name -> story.corrupt.add(new JobStory.Instance(holder.key, name)));
        story.kill(dead.key.id());
        // The owners still hold the floor beside the newest.
        assertThat(story.machine.phase()).isIn(JobPhase.ACTIVE, JobPhase.RETURN_WAIT);
        if (story.machine.phase() == JobPhase.ACTIVE) {
            assertThat(story.machine.completedStep()).isLessThan(20);
            assertThat(story.published(CoordinatorEvent.RolledBack.class)).isNotEmpty();
            story.finish().isCompletedAsUndisturbed();
        }
    }

    @Test
    void aSilentAgentIsLeftOutButNotLost() {
        JobStory story = twoByTwo().steps(20);
        SimAgent silent = story.atRank(3);
        silent.silent = true;
        story.kill(story.atRank(0).key.id())
                .isIn(JobPhase.FENCING)
                .pass(1_100 * MILLI)
                .isIn(JobPhase.WAITING);
        silent.silent = false;
        story.tell(new JobEvent.AgentAttached(silent.profile, silent.inventory()));
        story.settle().isIn(JobPhase.ACTIVE).finish().isCompletedAsUndisturbed();
    }

    @Test
    void aStreamThatBreaksAndComesBackChangesNothing() {
        JobStory story = twoByTwo().steps(20);
        long epoch = epoch(story);
        SimAgent member = story.atRank(1);
        story.tell(new JobEvent.AgentAttached(member.profile, member.inventory()));
        story.settle().isIn(JobPhase.ACTIVE);
        assertThat(epoch(story)).isEqualTo(epoch);
        assertThat(story.machine.incidents()).isEmpty();
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void aRestartedAgentReplacesItsFormerSelf() {
        JobStory story = twoByTwo().steps(20);
        SimAgent former = story.atRank(1);
        former.up = false;
        story.comesBackWithArena(former);
        story.settle();
        story.finish().isCompletedAsUndisturbed();
        assertThat(story.machine.incidents()).hasSize(1);
    }

    @Test
    void aCutDataLinkMakesTheMostAccusedLeave() {
        JobStory story = twoByTwo().steps(20);
        SimAgent cut = story.atRank(2);
        for (int rank : List.of(0, 1, 3)) {
            story.tell(
                    new JobEvent.LinkAccused(
                            story.atRank(rank).key, cut.key, epoch(story), "connection timed out"));
        }
        story.tell(
                new JobEvent.LinkAccused(
                        cut.key, story.atRank(0).key, epoch(story), "connection timed out"));
        story.pass(500 * MILLI).isIn(JobPhase.ACTIVE).pass(1_000 * MILLI).isIn(JobPhase.ACTIVE);
        assertThat(story.members()).doesNotContain(cut);
        assertThat(story.machine.incidents().getFirst().cause())
                .contains(cut.key.id())
                .contains("suspected");
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void aHangingMemberIsFencedAndOneThatHangsAgainIsLeftOut() {
        JobStory story = twoByTwo().steps(20);
        SimAgent stuck = story.atRank(2);
        story.tell(
                new JobEvent.HangSuspected(
                        stuck.key, epoch(story) - 1, false, "ghost", 3_000 * MILLI));
        assertThat(story.machine.incidents()).isEmpty();
        story.tell(
                new JobEvent.HangSuspected(
                        stuck.key, epoch(story), false, "stuck in execute", 3_000 * MILLI));
        story.settle().steps(4).isIn(JobPhase.ACTIVE);
        assertThat(story.members()).contains(stuck);
        assertThat(story.machine.incidents().getFirst().cause())
                .contains(stuck.key.id())
                .contains("stuck in execute");
        assertThat(story.machine.incidents().getFirst().phases().detect()).isEqualTo(3_000 * MILLI);
        story.tell(
                new JobEvent.HangSuspected(
                        stuck.key, epoch(story), false, "stuck again", 3_000 * MILLI));
        story.settle().steps(4).isIn(JobPhase.ACTIVE);
        assertThat(story.members()).doesNotContain(stuck);
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void accusationsAreForgottenWhenStepsGoOn() {
        JobStory story = twoByTwo().steps(20);
        story.tell(
                new JobEvent.LinkAccused(
                        story.atRank(0).key, story.atRank(1).key, epoch(story), "slow"));
        story.steps(4).pass(3_000 * MILLI).isIn(JobPhase.ACTIVE);
        assertThat(story.machine.incidents()).isEmpty();
    }

    @Test
    void anAgentWithAnotherProgramIsRefused() {
        var story = new JobStory(1, 2, 0, 20).attach("a0");
        SimAgent odd = story.comes("a1", false);
        story.settle();
        var other =
                new io.coxswain.coordinator.core.model.StateLayout(
                        1, List.of(0L, 1L, 2L), List.of(1L, 1L), List.of(1L, 1L), "other", true);
        story.tell(new JobEvent.AgentReady(odd.key, other, 0, 0));
        assertThat(story.published(CoordinatorEvent.AgentUnfit.class))
                .singleElement()
                .satisfies(unfit -> assertThat(unfit.reason()).contains("other").contains("fp"));
        story.isIn(JobPhase.WAITING).attach("a2").isIn(JobPhase.ACTIVE);
    }

    @Test
    void aCancelledJobEndsOnceItsResultIsDurable() {
        JobStory story = twoByTwo().steps(7);
        story.hold = JobEffect.PersistResult.class::isInstance;
        story.tell(new JobEvent.CancelRequested("not needed"));
        story.isIn(JobPhase.RECORDING);
        assertThat(story.published(CoordinatorEvent.JobFinished.class)).isEmpty();
        story.release().isIn(JobPhase.CANCELLED).accountIsExact();
        assertThat(story.published(CoordinatorEvent.JobFinished.class).getFirst().reason())
                .contains("not needed");
    }

    @Test
    void aHostThatDiesWhileFinalStatesAreCollected() {
        JobStory story = new JobStory(2, 2, 1, 20).attach("a0", "a1", "a2", "a3", "a4");
        story.hold = JobEffect.SendCollectFinal.class::isInstance;
        story.steps(20).isIn(JobPhase.FINISHING);
        story.kill(story.atRank(1).key.id()).isIn(JobPhase.FINISHING);
        assertThat(story.onlyIncident().closed()).isTrue();
        story.release().isCompletedAsUndisturbed();
    }

    @Test
    void creditsCoverTheLeaseAndAreNotRenewedEachStep() {
        JobStory story =
                new JobStory(2, 2, 1, 5_000).attach("a0", "a1", "a2", "a3", "a4").steps(1_000);
        long perStep = story.machine.stepTimes().meanNanos();
        assertThat((story.machine.grantedThrough() - story.machine.completedStep()) * perStep)
                .isGreaterThanOrEqualTo(JobLimits.defaults().leaseNanos());
        assertThat(story.effects.stream().filter(JobEffect.SendGrant.class::isInstance).count())
                .isLessThan(40);
    }

    private static long epoch(JobStory story) {
        var view = story.machine.view();
        if (view == null) {
            throw new AssertionError("no view");
        }
        return view.epoch();
    }
}
