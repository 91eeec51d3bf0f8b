package io.coxswain.agent.core;

import static io.coxswain.agent.core.Story.JOB;
import static io.coxswain.agent.core.Story.MILLI;
import static io.coxswain.agent.core.Story.OTHER;
import static io.coxswain.agent.core.Story.SELF;
import static io.coxswain.agent.core.Story.SPARE;
import static io.coxswain.agent.core.Story.digest;
import static io.coxswain.agent.core.Story.duty;
import static io.coxswain.agent.core.Story.init;
import static io.coxswain.agent.core.Story.plan;
import static io.coxswain.agent.core.Story.state;
import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.HeldState;
import io.coxswain.agent.core.model.Inventory;
import io.coxswain.agent.core.model.Placement;
import io.coxswain.agent.core.model.PrepareOrder;
import io.coxswain.agent.core.model.Restore;
import io.coxswain.agent.core.model.SlotRef;
import io.coxswain.agent.core.model.StepRun;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** The machine in its ordinary life and in its accidents, told as stories. */
class AgentMachineStoryTest {
    private final Story story = new Story();

    @Nested
    class Warming {
        @Test
        void sayingReadyWaitsForTheRegion() {
            story.attached().offered();
            story.generation = 1;
            story.give(new AgentEvent.WorkerConnected(1)).give(story.loadedEvent());
            assertThat(story.report(AgentReport.JobReady.class)).isEmpty();
            story.filesMade();
            assertThat(story.report(AgentReport.JobReady.class)).isPresent();
            assertThat(story.machine.phase()).isEqualTo(Phase.STANDBY);
        }

        @Test
        void anOfferHeardTwiceIsAnsweredTwiceByOneWorker() {
            story.standby().offered();
            assertThat(story.report(AgentReport.JobReady.class)).isPresent();
            assertThat(story.all.stream().filter(AgentEffect.StartWorker.class::isInstance)).hasSize(1);
        }

        @Test
        void anotherJobIsRefusedWithWords() {
            story.standby().give(new AgentEvent.JobOffered(story.term, Story.job("job-2")));
            assertThat(story.report(AgentReport.JobUnfit.class))
                    .hasValueSatisfying(unfit -> assertThat(unfit.reason()).contains(JOB));
        }

        @Test
        void aWorkerThatDiesWhileLoadingIsTriedAgainAndThenGivenUp() {
            story.attached().offered();
            for (int attempt = 1; attempt <= 3; attempt++) {
                story.generation = attempt;
                story.give(new AgentEvent.WorkerConnected(attempt)).exited("exit status 3");
                if (attempt < 3) {
                    assertThat(story.report(AgentReport.JobUnfit.class)).isEmpty();
                    assertThat(story.machine.nextDeadlineNanos(story.now)).isLessThan(story.now + 1_000 * MILLI);
                    story.later(500 * MILLI);
                }
            }
            assertThat(story.report(AgentReport.JobUnfit.class))
                    .hasValueSatisfying(unfit -> assertThat(unfit.reason()).contains("3 times", "exit status 3"));
        }

        @Test
        void noRoomForTheRegionMakesTheAgentUnfit() {
            story.attached().offered().give(new AgentEvent.WorkerConnected(1)).give(new AgentEvent.JobLoaded(1, Story.LAYOUT, 0, 4, 1, 2));
            String file = story.each(AgentEffect.CreateFile.class).getFirst().file();
            story.give(new AgentEvent.FileFailed(file, "needs 5 GB, 1 GB left"));
            assertThat(story.report(AgentReport.JobUnfit.class))
                    .hasValueSatisfying(unfit -> assertThat(unfit.reason()).contains("needs 5 GB"));
        }

        @Test
        void aSilentWorkerIsKilledAndReportedAsHung() {
            story.running(0).later(1_999 * MILLI);
            assertThat(story.each(AgentEffect.KillWorker.class)).isEmpty();
            story.later(2 * MILLI);
            assertThat(story.each(AgentEffect.KillWorker.class)).hasSize(1);
            story.exited("killed by its agent");
            assertThat(story.report(AgentReport.WorkerLost.class)).hasValueSatisfying(lost -> assertThat(lost.hung()).isTrue());
        }

        @Test
        void aWorkerThatPongsLives() {
            story.running(0);
            for (int i = 0; i < 20; i++) {
                story.later(250 * MILLI).give(new AgentEvent.WorkerPonged(story.generation));
                assertThat(story.each(AgentEffect.KillWorker.class)).isEmpty();
            }
        }
    }

    @Nested
    class Steps {
        @Test
        void followThePlanInOrder() {
            story.running(5);
            assertThat(story.machine.phase()).isEqualTo(Phase.STEPPING);
            assertThat(story.request(WorkerRequest.Execute.class)).contains(new WorkerRequest.Execute(1, 1));
            story.executed(1);
            assertThat(story.each(AgentEffect.Reduce.class)).singleElement().satisfies(reduce -> assertThat(reduce.executeNanos()).isEqualTo(5 * MILLI));
            story.reduced(1, 0);
            assertThat(story.request(WorkerRequest.Apply.class)).contains(new WorkerRequest.Apply(1, 1, 1));
            story.applied(1);
            assertThat(story.each(AgentEffect.Gather.class)).containsExactly(new AgentEffect.Gather(1, 1));
            assertThat(story.machine.live()).isEqualTo(state(1, 1, 0));
            story.gathered(1);
            assertThat(story.request(WorkerRequest.Execute.class)).contains(new WorkerRequest.Execute(1, 2));
        }

        @Test
        void stopWhereCreditsEndAndGoOnWithMore() {
            story.running(1);
            story.made(1, 0);
            assertThat(story.request(WorkerRequest.Execute.class)).isEmpty();
            story.give(new AgentEvent.StepsGranted(story.term, JOB, 1, 2));
            assertThat(story.request(WorkerRequest.Execute.class)).contains(new WorkerRequest.Execute(1, 2));
        }

        @Test
        void stopWithoutAWordFromALeaderAndGoOnWithOne() {
            story.running(5).executed(1).reduced(1, 0).applied(1);
            story.now += Story.LEASE + 1;
            story.gathered(1);
            assertThat(story.request(WorkerRequest.Execute.class)).isEmpty();
            story.give(new AgentEvent.HeartbeatAnswered(story.term, 1, 77));
            assertThat(story.request(WorkerRequest.Execute.class)).isPresent();
        }

        @Test
        void areReportedInRunsThatThePlanCuts() {
            story.running(100);
            for (long step = 1; step <= 21; step++) {
                story.now += 10 * MILLI;
                story.made(step, step - 1);
            }
            List<StepRun> runs =
                    story.everReported(AgentReport.StepsDone.class).stream().flatMap(done -> done.progress().runs().stream()).toList();
            assertThat(runs).extracting(StepRun::first).containsExactly(1L, 2L, 11L);
            assertThat(runs).extracting(StepRun::last).containsExactly(1L, 10L, 20L);
            StepRun second = runs.get(1);
            assertThat(second.elapsedNanos()).isEqualTo(90 * MILLI);
            assertThat(second.executeNanos()).isEqualTo(45 * MILLI);
            assertThat(second.stragglerWaitNanos()).isEqualTo(27 * MILLI);
            assertThat(second.samples()).isEqualTo(9 * 32);
            assertThat(second.sampleHash()).isEqualTo(9 * 99);
            assertThat(second.loss()).isEqualTo(2.0f);
            assertThat(second.digestStep()).isEqualTo(9);
            assertThat(second.digest()).isEqualTo(digest(9, 0));
        }

        @Test
        void endAtTheJobsLastAndAreCollected() {
            story.running(2000);
            for (long step = 1; step <= 1000; step++) {
                story.made(step, step - 1);
            }
            assertThat(story.request(WorkerRequest.Execute.class)).isEmpty();
            story.give(new AgentEvent.FinalRequested(story.term, JOB, 1, 1000, List.of()));
            assertThat(story.request(WorkerRequest.Finish.class)).hasValueSatisfying(finish -> assertThat(finish.evaluate()).isTrue());
            story.give(new AgentEvent.Finished(story.generation, Story.parts()));
            assertThat(story.report(AgentReport.FinalState.class)).isPresent();
            story.give(new AgentEvent.FinalRequested(story.term, JOB, 1, 1000, List.of()));
            assertThat(story.report(AgentReport.FinalState.class)).isPresent();
            assertThat(story.request(WorkerRequest.Finish.class)).isEmpty();
        }

        @Test
        void hearNothingOfOlderEpochs() {
            story.running(5).fenced(2).fencedData();
            story.executed(1);
            assertThat(story.each(AgentEffect.Reduce.class)).isEmpty();
            story.reduced(1, 0);
            assertThat(story.each(AgentEffect.AskWorker.class)).isEmpty();
            story.give(new AgentEvent.StepsGranted(story.term, JOB, 1, 50)).give(new AgentEvent.ViewStarted(story.term, JOB, 1, 50));
            assertThat(story.last).isEmpty();
            assertThat(story.machine.phase()).isEqualTo(Phase.FENCED);
        }

        @Test
        void tellOfAPeerThatCannotBeReachedOnceASecond() {
            story.running(5).executed(1).give(new AgentEvent.PeerLost(1, 1, "refused"));
            assertThat(story.report(AgentReport.PeerUnreachable.class)).hasValueSatisfying(report -> assertThat(report.peer()).isEqualTo(OTHER.key()));
            story.give(new AgentEvent.PeerLost(1, 1, "refused"));
            assertThat(story.last).isEmpty();
            story.later(1_001 * MILLI).give(new AgentEvent.PeerLost(1, 1, "refused"));
            assertThat(story.report(AgentReport.PeerUnreachable.class)).isPresent();
        }
    }

    @Nested
    class Snapshots {
        @Test
        void useThreeSlotsAndFreeWhatIsBelowTheFloor() {
            story.running(100);
            assertThat(story.made(1, 0)).isEqualTo(1);
            assertThat(story.made(2, 1)).isEqualTo(0);
            assertThat(story.made(3, 2)).isEqualTo(1);
            assertThat(story.made(4, 3)).isEqualTo(0);
        }

        @Test
        void areSkippedWhileTwoAreNewerThanTheFloor() {
            story.running(100);
            assertThat(story.made(1, 0)).isEqualTo(1);
            assertThat(story.made(2, 0)).isEqualTo(2);
            assertThat(story.made(3, 0)).isEqualTo(-1);
            assertThat(story.made(4, 0)).isEqualTo(-1);
            assertThat(story.made(5, 2)).isEqualTo(0);
            story.fenced(2).fencedData();
            assertThat(story.report(AgentReport.Holdings.class))
                    .hasValueSatisfying(
                            holdings -> {
                                assertThat(holdings.inventory().tail()).isNotNull();
                                assertThat(holdings.inventory().tail().runs().getLast().skippedSnapshots()).isEqualTo(2);
                            });
        }

        @Test
        void goToTheHoldersOldestFirstAndOneAtATime() {
            story.running(100, duty(0, SPARE));
            assertThat(pushes()).containsExactly(state(1, 0, 0));
            story.made(1, 0);
            assertThat(pushes()).isEmpty();
            story.made(2, 0);
            story.verified(1, 0, SPARE);
            assertThat(pushes()).containsExactly(state(1, 1, 0));
            story.verified(1, 1, SPARE);
            assertThat(pushes()).containsExactly(state(1, 2, 0));
        }

        @Test
        void countAsAcknowledgedWhenEveryHolderHasThem() {
            story.running(100, duty(0, SPARE), duty(0, OTHER));
            story.made(1, 0);
            story.verified(1, 0, SPARE).verified(1, 0, OTHER).verified(1, 1, SPARE);
            story.executed(2);
            assertThat(acknowledged()).isEqualTo(0);
            story.reduced(2, 0).applied(2).gathered(2).verified(1, 1, OTHER).executed(3);
            assertThat(acknowledged()).isEqualTo(1);
        }

        @Test
        void countAsAcknowledgedByTheirOwnCommitWhereNobodyHoldsCopies() {
            story.running(100);
            story.executed(1).reduced(1, 0).applied(1).gathered(1).executed(2);
            assertThat(acknowledged()).isEqualTo(0);
            story.reduced(2, 0).committed(1, 1).applied(2).gathered(2).executed(3);
            assertThat(acknowledged()).isEqualTo(1);
        }

        @Test
        void areSentAgainAfterARefusalButNotAtOnce() {
            story.running(100, duty(0, SPARE));
            story.give(new AgentEvent.CopyPushed(state(1, 0, 0), SPARE.key(), false, "no slot"));
            assertThat(pushes()).isEmpty();
            story.later(0);
            long due = story.machine.nextDeadlineNanos(story.now);
            assertThat(due - story.now).isBetween(1L, 100 * MILLI);
            story.later(due - story.now);
            assertThat(pushes()).containsExactly(state(1, 0, 0));
        }

        @Test
        void beingSentKeepTheirSlotUntilTheTransferEnds() {
            story.running(100, duty(0, SPARE));
            story.made(1, 0);
            story.executed(2).reduced(2, 1);
            // The floor went past step 0 while step 0 is on its way.
            assertThat(story.each(AgentEffect.CancelPushes.class)).containsExactly(new AgentEffect.CancelPushes(new SlotRef(region(), 0)));
            assertThat(story.each(AgentEffect.FreeSlot.class)).isEmpty();
            story.give(new AgentEvent.CopyPushed(state(1, 0, 0), SPARE.key(), false, "cancelled"));
            assertThat(story.each(AgentEffect.FreeSlot.class)).containsExactly(new AgentEffect.FreeSlot(new SlotRef(region(), 0)));
        }

        @Test
        void aNewHolderBindsFromTheEffectiveStepOn() {
            story.running(100, duty(0, SPARE));
            story.verified(1, 0, SPARE);
            story.made(1, 0);
            story.verified(1, 1, SPARE);
            story.give(new AgentEvent.PlacementInstalled(story.term, new Placement(JOB, 1, 2, List.of(duty(0, OTHER)), 2)));
            story.executed(2);
            assertThat(acknowledged()).isEqualTo(1);
            story.reduced(2, 1).applied(2).gathered(2).committed(2, 0);
            assertThat(pushes()).containsExactly(state(1, 2, 0));
            story.executed(3);
            assertThat(acknowledged()).isEqualTo(1);
            story.reduced(3, 1).applied(3).gathered(3).verified(1, 2, OTHER).executed(4);
            assertThat(acknowledged()).isEqualTo(2);
        }

        private List<Object> pushes() {
            return story.each(AgentEffect.PushCopy.class).stream().<Object>map(AgentEffect.PushCopy::state).toList();
        }

        private long acknowledged() {
            return story.each(AgentEffect.Reduce.class).getFirst().acknowledgedStep();
        }
    }

    private String region() {
        return story.everAsked(WorkerRequest.Prepare.class).orElseThrow().region();
    }

    private Inventory answered() {
        return story.report(AgentReport.Holdings.class).orElseThrow().inventory();
    }

    @Nested
    class Fences {
        @Test
        void inExecuteTheStepIsNotMade() {
            story.running(5);
            story.made(1, 0);
            story.fenced(2);
            assertThat(story.each(AgentEffect.AbortWorker.class)).containsExactly(new AgentEffect.AbortWorker(1, 2));
            assertThat(story.each(AgentEffect.FenceData.class)).hasSize(1);
            assertThat(story.report(AgentReport.Holdings.class)).isEmpty();
            story.fencedData();
            assertThat(answered().live()).isEqualTo(state(1, 1, 0));
            assertThat(answered().liveDigest()).isEqualTo(digest(1, 0));
            assertThat(answered().promisedEpoch()).isEqualTo(2);
        }

        @Test
        void inReduceTheStepIsNotMade() {
            story.running(5).executed(1).fenced(2).fencedData();
            assertThat(answered().live()).isEqualTo(state(1, 0, 0));
            assertThat(answered().tail()).isNull();
        }

        @Test
        void inApplyTheAnswerWaitsForIt() {
            story.running(5).executed(1).reduced(1, 0).fenced(2).fencedData();
            assertThat(story.report(AgentReport.Holdings.class)).isEmpty();
            story.applied(1).committed(1, 1);
            assertThat(answered().live()).isEqualTo(state(1, 1, 0));
            assertThat(answered().tail()).isNotNull();
            assertThat(answered().tail().runs()).singleElement().satisfies(run -> assertThat(run.last()).isEqualTo(1));
        }

        @Test
        void inApplyThatHadNotBegunTheStepIsNotMade() {
            story.running(5).executed(1).reduced(1, 0);
            WorkerRequest.Apply apply = story.request(WorkerRequest.Apply.class).orElseThrow();
            story.fenced(2).fencedData().give(new AgentEvent.RequestAborted(1, apply));
            assertThat(answered().live()).isEqualTo(state(1, 0, 0));
            assertThat(answered().snapshots()).extracting(HeldState::state).containsExactly(state(1, 0, 0));
            assertThat(answered().tail()).isNull();
        }

        @Test
        void inGatherTheStepCounts() {
            story.running(5).executed(1).reduced(1, 0).applied(1).committed(1, 1).fenced(2).fencedData();
            assertThat(answered().live()).isEqualTo(state(1, 1, 0));
            assertThat(answered().tail().runs()).singleElement().satisfies(run -> assertThat(run.last()).isEqualTo(1));
        }

        @Test
        void waitAMomentForASnapshotThatIsBeingCommitted() {
            story.running(5).executed(1).reduced(1, 0).applied(1).gathered(1).fenced(2).fencedData();
            assertThat(story.report(AgentReport.Holdings.class)).isEmpty();
            story.committed(1, 1);
            assertThat(answered().snapshots()).extracting(HeldState::state).containsExactly(state(1, 0, 0), state(1, 1, 0));
        }

        @Test
        void waitNoLongerThanThat() {
            story.running(5).executed(1).reduced(1, 0).applied(1).gathered(1).fenced(2).fencedData().later(0);
            long due = story.machine.nextDeadlineNanos(story.now);
            assertThat(due - story.now).isEqualTo(50 * MILLI);
            story.later(50 * MILLI);
            assertThat(answered().snapshots()).extracting(HeldState::state).containsExactly(state(1, 0, 0));
        }

        @Test
        void ofLowerEpochsAreRefusedAndOfTheSameAnsweredAgain() {
            story.running(5).fenced(3).fencedData();
            assertThat(answered().promisedEpoch()).isEqualTo(3);
            story.fenced(2);
            assertThat(story.last).isEmpty();
            story.fenced(3);
            assertThat(answered().promisedEpoch()).isEqualTo(3);
            story.ordered(2, 0, init(0));
            assertThat(story.last).isEmpty();
            assertThat(story.machine.phase()).isEqualTo(Phase.FENCED);
        }

        @Test
        void killAWorkerThatDoesNotStopItsStep() {
            story.running(5).fenced(2).fencedData();
            story.give(new AgentEvent.WorkerPonged(1)).later(999 * MILLI).give(new AgentEvent.WorkerPonged(1));
            assertThat(story.each(AgentEffect.KillWorker.class)).isEmpty();
            story.later(2 * MILLI);
            assertThat(story.each(AgentEffect.KillWorker.class)).hasSize(1);
        }

        @Test
        void leaveAWorkerAliveThatStopped() {
            story.running(5).fenced(2).fencedData().give(new AgentEvent.RequestAborted(1, new WorkerRequest.Execute(1, 1)));
            story.give(new AgentEvent.WorkerPonged(1)).later(1_500 * MILLI);
            assertThat(story.each(AgentEffect.KillWorker.class)).isEmpty();
        }

        @Test
        void duringARestoreLeaveNoLiveState() {
            story.running(5);
            story.made(1, 0);
            story.fenced(2).fencedData();
            story.ordered(2, 0, new Restore(Restore.Action.LOAD_LOCAL, state(1, 0, 0), digest(0, 0), null)).fencedData();
            assertThat(story.everAsked(WorkerRequest.Prepare.class)).hasValueSatisfying(p -> assertThat(p.epoch()).isEqualTo(2));
            story.fenced(3).fencedData();
            assertThat(answered().live()).isNull();
            assertThat(answered().snapshots()).extracting(HeldState::state).contains(state(1, 1, 0));
        }

        @Test
        void forAJobThatIsNotHereAreAnsweredEmpty() {
            story.attached().fenced(4);
            assertThat(answered().snapshots()).isEmpty();
            assertThat(answered().promisedEpoch()).isEqualTo(4);
        }
    }

    @Nested
    class Restores {
        /** Steps 1 and 2 made, fenced with epoch 2; snapshots of 1 and 2 are here, the floor is 1. */
        private void fencedAtTwo() {
            story.running(2);
            story.made(1, 0);
            story.made(2, 1);
            story.fenced(2).fencedData();
        }

        @Test
        void keepWhatIsLive() {
            fencedAtTwo();
            story.ordered(2, 2, new Restore(Restore.Action.KEEP_LIVE, state(1, 2, 0), digest(2, 0), null)).fencedData();
            assertThat(prepare().origin()).isEqualTo(WorkerRequest.Origin.KEEP_LIVE);
            story.prepared(Digest.NONE);
            assertThat(story.report(AgentReport.ViewReady.class))
                    .hasValueSatisfying(
                            ready -> {
                                assertThat(ready.action()).isEqualTo(Restore.Action.KEEP_LIVE);
                                assertThat(ready.digest()).isEqualTo(digest(2, 0));
                                assertThat(ready.step()).isEqualTo(2);
                            });
            story.started(10);
            assertThat(story.request(WorkerRequest.Snapshot.class)).isEmpty();
            assertThat(story.each(AgentEffect.Gather.class)).containsExactly(new AgentEffect.Gather(2, 2));
        }

        @Test
        void refuseToKeepWhatIsNotLive() {
            fencedAtTwo();
            story.ordered(2, 1, new Restore(Restore.Action.KEEP_LIVE, state(1, 1, 0), digest(1, 0), null)).fencedData();
            assertThat(story.everReported(AgentReport.ViewFailed.class))
                    .singleElement()
                    .satisfies(
                            failed -> {
                                assertThat(failed.badState()).isTrue();
                                assertThat(failed.source()).isEqualTo(SELF.key());
                            });
        }

        @Test
        void loadAnOwnSnapshotAndFreeTheUntrustedOnlyAtTheStart() {
            fencedAtTwo();
            story.ordered(2, 1, new Restore(Restore.Action.LOAD_LOCAL, state(1, 1, 0), digest(1, 0), null)).fencedData();
            assertThat(prepare().origin()).isEqualTo(WorkerRequest.Origin.SLOT);
            assertThat(prepare().source()).isEqualTo(new SlotRef(region(), 1));
            assertThat(story.all.stream().filter(AgentEffect.FreeSlot.class::isInstance)).isNotEmpty();
            story.all.clear();
            story.prepared(digest(1, 0));
            assertThat(story.all.stream().filter(AgentEffect.FreeSlot.class::isInstance)).isEmpty();
            story.started(10);
            assertThat(story.each(AgentEffect.FreeSlot.class)).hasSize(1);
            assertThat(story.each(AgentEffect.UnshareState.class)).containsExactly(new AgentEffect.UnshareState(state(1, 2, 0)));
        }

        @Test
        void neverTrustAnotherDigest() {
            fencedAtTwo();
            story.ordered(2, 1, new Restore(Restore.Action.LOAD_LOCAL, state(1, 1, 0), digest(9, 0), null)).fencedData();
            assertThat(story.everReported(AgentReport.ViewFailed.class)).singleElement().satisfies(failed -> assertThat(failed.badState()).isTrue());
            assertThat(story.everAsked(WorkerRequest.Prepare.class)).hasValueSatisfying(p -> assertThat(p.epoch()).isEqualTo(1));
        }

        @Test
        void aWorkerThatLoadedSomethingElseIsNotReady() {
            fencedAtTwo();
            story.ordered(2, 1, new Restore(Restore.Action.LOAD_LOCAL, state(1, 1, 0), digest(1, 0), null)).fencedData().prepared(digest(5, 0));
            assertThat(story.report(AgentReport.ViewReady.class)).isEmpty();
            assertThat(story.report(AgentReport.ViewFailed.class)).isPresent();
        }

        @Test
        void fetchIntoAFreeSlotAndTryAgain() {
            fencedAtTwo();
            story.ordered(2, 3, new Restore(Restore.Action.FETCH, state(1, 3, 0), digest(3, 0), OTHER)).fencedData();
            AgentEffect.FetchState fetch = story.find(AgentEffect.FetchState.class).orElseThrow();
            assertThat(fetch.destination()).isEqualTo(new SlotRef(region(), 2));
            story.give(new AgentEvent.StateFetched(fetch.state(), fetch.destination(), false, "not here yet", Digest.NONE, 0));
            assertThat(story.report(AgentReport.ViewFailed.class)).isEmpty();
            story.later(30 * MILLI);
            assertThat(story.each(AgentEffect.FetchState.class)).hasSize(1);
            story.give(new AgentEvent.StateFetched(fetch.state(), fetch.destination(), true, "", digest(3, 0), 1000));
            assertThat(prepare().source()).isEqualTo(fetch.destination());
            story.prepared(digest(3, 0));
            assertThat(story.report(AgentReport.ViewReady.class)).hasValueSatisfying(r -> assertThat(r.action()).isEqualTo(Restore.Action.FETCH));
        }

        @Test
        void nameTheDonorWhenAFetchFailsForGood() {
            fencedAtTwo();
            story.ordered(2, 3, new Restore(Restore.Action.FETCH, state(1, 3, 0), digest(3, 0), OTHER)).fencedData();
            AgentEffect.FetchState fetch = story.find(AgentEffect.FetchState.class).orElseThrow();
            story.now += 2_000 * MILLI;
            story.give(new AgentEvent.StateFetched(fetch.state(), fetch.destination(), false, "refused", Digest.NONE, 0));
            assertThat(story.report(AgentReport.ViewFailed.class))
                    .hasValueSatisfying(
                            failed -> {
                                assertThat(failed.badState()).isTrue();
                                assertThat(failed.source()).isEqualTo(OTHER.key());
                                assertThat(failed.state()).isEqualTo(state(1, 3, 0));
                                assertThat(failed.reason()).contains("refused");
                            });
        }

        @Test
        void serveAFetchFromTheOwnArenaIfTheSameStateIsThere() {
            fencedAtTwo();
            story.ordered(2, 2, new Restore(Restore.Action.FETCH, state(9, 2, 0), digest(2, 0), OTHER)).fencedData();
            assertThat(story.find(AgentEffect.FetchState.class)).isEmpty();
            story.prepared(digest(2, 0));
            assertThat(story.report(AgentReport.ViewReady.class))
                    .hasValueSatisfying(r -> assertThat(r.action()).isEqualTo(Restore.Action.LOAD_LOCAL));
        }

        @Test
        void waitForAWorkerThatIsBeingStartedAgain() {
            fencedAtTwo();
            story.exited("signal 9");
            assertThat(story.report(AgentReport.WorkerLost.class)).hasValueSatisfying(lost -> assertThat(lost.hung()).isFalse());
            story.filesMade();
            story.ordered(3, 2, new Restore(Restore.Action.LOAD_LOCAL, state(1, 2, 0), digest(2, 0), null)).fencedData();
            String old = region();
            story.loaded();
            assertThat(story.generation).isEqualTo(2);
            WorkerRequest.Prepare prepare = prepare();
            assertThat(prepare.epoch()).isEqualTo(3);
            assertThat(prepare.region()).isNotEqualTo(old);
            assertThat(prepare.source()).isNotNull();
            assertThat(prepare.source().file()).isEqualTo(old);
        }

        @Test
        void aPromotedCopyIsLoadedWhereItLiesAndTakenOver() {
            story.standby().ordered(1, 0, -1, null, null, duty(1, SELF));
            story.give(
                    new AgentEvent.CopyReceived(state(1, 5, 1), new SlotRef("copies-1-0", 0), digest(5, 1), 1000, 4, 1));
            story.give(new AgentEvent.CopyReceived(state(1, 6, 1), new SlotRef("copies-1-0", 1), digest(6, 1), 1000, 5, 1));
            story.fenced(2).fencedData();
            assertThat(answered().copies()).extracting(HeldState::state).containsExactly(state(1, 5, 1), state(1, 6, 1));
            assertThat(answered().floor()).isEqualTo(5);
            story.ordered(2, 6, 1, new Restore(Restore.Action.PROMOTE_COPY, state(1, 6, 1), digest(6, 1), null), plan(2, 1, 10), duty(1, SPARE)).fencedData();
            assertThat(prepare().source()).isEqualTo(new SlotRef("copies-1-0", 1));
            story.prepared(digest(6, 1)).started(20);
            assertThat(story.each(AgentEffect.ReleaseCopies.class)).containsExactly(new AgentEffect.ReleaseCopies(1, "copies-1-0", true));
            assertThat(story.request(WorkerRequest.Snapshot.class)).isEmpty();
            assertThat(story.each(AgentEffect.PushCopy.class)).singleElement().satisfies(push -> assertThat(push.state()).isEqualTo(state(1, 6, 1)));
            story.gatheredBase();
            // Until the new holder has the base nothing newer is taken, and the old way back stays.
            assertThat(story.made(7, 5)).isEqualTo(-1);
            story.verified(1, 6, SPARE).executed(8);
            assertThat(story.each(AgentEffect.Reduce.class).getFirst().acknowledgedStep()).isEqualTo(6);
            story.all.clear();
            story.reduced(8, 6);
            assertThat(story.each(AgentEffect.FreeSlot.class)).containsExactly(new AgentEffect.FreeSlot(new SlotRef("copies-1-0", 0)));
            assertThat(story.request(WorkerRequest.Apply.class)).hasValueSatisfying(apply -> assertThat(apply.snapshotSlot()).isEqualTo(0));
            story.applied(8).gathered(8).committed(8, 0).verified(1, 8, SPARE).verified(2, 8, SPARE).executed(9).reduced(9, 8);
            assertThat(story.each(AgentEffect.DeleteFile.class)).containsExactly(new AgentEffect.DeleteFile("copies-1-0"));
        }

        @Test
        void aLiveStateWithoutASnapshotGetsOneAtTheViewsBegin() {
            story.running(5).executed(1).reduced(1, 0);
            WorkerRequest.Apply apply = story.request(WorkerRequest.Apply.class).orElseThrow();
            story.applied(1).give(new AgentEvent.SnapshotFailed(1, 1, 1, apply.snapshotSlot(), "abandoned")).fenced(2).fencedData();
            assertThat(answered().liveDigest()).isEqualTo(Digest.NONE);
            story.ordered(2, 1, new Restore(Restore.Action.KEEP_LIVE, state(1, 1, 0), Digest.NONE, null)).fencedData().prepared(Digest.NONE).started(9);
            assertThat(story.request(WorkerRequest.Snapshot.class)).hasValueSatisfying(s -> assertThat(s.step()).isEqualTo(1));
            assertThat(story.machine.live()).isEqualTo(state(2, 1, 0));
        }

        @Test
        void whatOthersFetchIsSharedUnderTheNameTheyKnow() {
            fencedAtTwo();
            story.give(
                    new AgentEvent.ViewOrdered(
                            story.term,
                            new PrepareOrder(
                                    Story.view(2, 2),
                                    0,
                                    new Restore(Restore.Action.KEEP_LIVE, state(1, 2, 0), Digest.NONE, null),
                                    plan(2, 1, 10),
                                    new Placement(JOB, 2, 1, List.of(), 0),
                                    List.of(new Restore(Restore.Action.FETCH, state(8, 2, 0), digest(2, 0), null)))));
            assertThat(story.each(AgentEffect.ShareState.class)).singleElement().satisfies(share -> assertThat(share.state()).isEqualTo(state(8, 2, 0)));
        }

        @Test
        void anotherIncarnationsRankIsRefused() {
            fencedAtTwo();
            story.give(
                    new AgentEvent.ViewOrdered(
                            story.term,
                            new PrepareOrder(Story.view(2, 0), 1, init(1), plan(2, 1, 10), new Placement(JOB, 2, 1, List.of(), 0), List.of())));
            assertThat(story.report(AgentReport.ViewFailed.class)).hasValueSatisfying(f -> assertThat(f.reason()).contains("not this incarnation"));
        }

        private WorkerRequest.Prepare prepare() {
            return story.everAsked(WorkerRequest.Prepare.class).orElseThrow();
        }
    }

    @Nested
    class WorkerDeaths {
        @Test
        void areToldAndTheNextWorkerStartsAtOnceWithANewRegion() {
            story.running(5);
            story.made(1, 0);
            String old = region();
            story.exited("signal 11; last words: boom");
            assertThat(story.report(AgentReport.WorkerLost.class))
                    .hasValueSatisfying(
                            lost -> {
                                assertThat(lost.epoch()).isEqualTo(1);
                                assertThat(lost.cause()).contains("boom");
                            });
            assertThat(story.each(AgentEffect.StartWorker.class)).singleElement().satisfies(start -> assertThat(start.generation()).isEqualTo(2));
            assertThat(story.each(AgentEffect.CreateFile.class)).singleElement().satisfies(create -> assertThat(create.file()).isNotEqualTo(old));
            assertThat(story.each(AgentEffect.DeleteFile.class)).isEmpty();
            assertThat(story.machine.live()).isNull();
            story.filesMade().loaded();
            assertThat(story.everReported(AgentReport.JobReady.class)).hasSize(2);
            story.fenced(2).fencedData();
            assertThat(answered().snapshots()).extracting(HeldState::state).contains(state(1, 1, 0));
            assertThat(answered().workerAlive()).isTrue();
        }

        @Test
        void inASnapshotLeaveItToWhatTheRegionSays() {
            story.running(5).executed(1).reduced(1, 0).applied(1).exited("signal 9");
            AgentEffect.InspectFile inspect = story.each(AgentEffect.InspectFile.class).getFirst();
            story.give(
                    new AgentEvent.FileInspected(
                            inspect.file(),
                            List.of(
                                    new AgentEvent.InspectedSlot(0, new HeldState(state(1, 0, 0), digest(0, 0), 1000)),
                                    new AgentEvent.InspectedSlot(1, new HeldState(state(1, 1, 0), digest(1, 0), 1000)))));
            story.fenced(2).fencedData();
            assertThat(answered().snapshots()).extracting(HeldState::state).containsExactly(state(1, 0, 0), state(1, 1, 0));
        }

        @Test
        void theirOldRegionGoesOnceTheFloorHasPassedIt() {
            story.running(5);
            story.made(1, 0);
            String old = region();
            story.exited("signal 9").filesMade().loaded();
            story.fenced(2).fencedData().ordered(2, 1, new Restore(Restore.Action.LOAD_LOCAL, state(1, 1, 0), digest(1, 0), null)).fencedData();
            story.prepared(digest(1, 0)).started(10);
            assertThat(story.each(AgentEffect.DeleteFile.class)).isEmpty();
            story.gatheredBase();
            assertThat(story.made(2, 1)).isEqualTo(0);
            story.executed(3).reduced(3, 2);
            assertThat(story.each(AgentEffect.DeleteFile.class)).containsExactly(new AgentEffect.DeleteFile(old));
        }

        @Test
        void areToldAgainOnANewStreamUntilAFenceAnswers() {
            story.running(5).exited("signal 9");
            story.give(new AgentEvent.StreamClosed("reset")).attached();
            assertThat(story.report(AgentReport.WorkerLost.class)).isPresent();
            story.fenced(2).fencedData().give(new AgentEvent.StreamClosed("reset")).attached();
            assertThat(story.report(AgentReport.WorkerLost.class)).isEmpty();
        }

        @Test
        void whileRestoringFailTheView() {
            story.standby().ordered(1, 0, init(0)).fencedData().exited("signal 9");
            assertThat(story.report(AgentReport.WorkerLost.class)).isPresent();
            assertThat(story.report(AgentReport.ViewFailed.class)).isPresent();
        }

        @Test
        void wordsOfADeadGenerationAreNotHeard() {
            story.running(5).exited("signal 9");
            story.executed(1);
            assertThat(story.last).isEmpty();
        }

        @Test
        void aFaultInExecuteTakesTheWorkerDown() {
            story.running(5).give(new AgentEvent.WorkerFaulted(1, new WorkerRequest.Execute(1, 1), "out_of_memory", "heap"));
            assertThat(story.each(AgentEffect.KillWorker.class)).singleElement().satisfies(kill -> assertThat(kill.reason()).contains("heap"));
        }
    }

    @Nested
    class Holding {
        @Test
        void aSpareMakesFilesAndTellsOfItsFirstCopyAndThenNowAndAgain() {
            story.standby().ordered(1, 0, -1, null, null, duty(0, SELF), duty(1, SELF));
            assertThat(story.all.stream().filter(AgentEffect.HoldCopies.class::isInstance)).hasSize(2);
            story.give(received(1, 0));
            assertThat(story.report(AgentReport.CopyHeld.class)).isPresent();
            story.later(10 * MILLI).give(received(2, 1));
            assertThat(story.report(AgentReport.CopyHeld.class)).isEmpty();
            story.later(1_000 * MILLI);
            assertThat(story.report(AgentReport.CopyHeld.class))
                    .hasValueSatisfying(held -> assertThat(held.copy().state()).isEqualTo(state(1, 2, 0)));
        }

        @Test
        void aCopyOfAnAbandonedBranchGoesWhenTheViewStarts() {
            story.standby().ordered(1, 0, -1, null, null, duty(0, SELF)).give(received(7, 0)).give(received(8, 1));
            story.fenced(2).fencedData().ordered(2, 7, -1, null, null, duty(0, SELF)).started(50);
            assertThat(story.each(AgentEffect.DropCopy.class)).containsExactly(new AgentEffect.DropCopy(state(1, 8, 0), new SlotRef("copies-0-0", 1)));
        }

        @Test
        void aDutyTakenAwayKeepsItsCopiesUntilTheFloorPasses() {
            story.running(50, duty(1, SELF));
            story.give(new AgentEvent.CopyReceived(state(1, 1, 1), new SlotRef("copies-1-0", 0), digest(1, 1), 1000, 0, 1));
            story.give(new AgentEvent.PlacementInstalled(story.term, new Placement(JOB, 1, 2, List.of(), 2)));
            assertThat(story.each(AgentEffect.ReleaseCopies.class)).hasSize(1);
            assertThat(story.each(AgentEffect.DeleteFile.class)).isEmpty();
            story.made(1, 0);
            story.made(2, 1);
            story.executed(3).reduced(3, 2);
            assertThat(story.each(AgentEffect.DeleteFile.class)).containsExactly(new AgentEffect.DeleteFile("copies-1-0"));
        }

        private AgentEvent received(long step, int slot) {
            return new AgentEvent.CopyReceived(state(1, step, 0), new SlotRef("copies-0-0", slot), digest(step, 0), 1000, Math.max(0, step - 1), 1);
        }
    }

    @Nested
    class Leaders {
        @Test
        void ofLowerTermsAreLeft() {
            story.running(5).give(new AgentEvent.Fenced(story.term - 1, JOB, 9));
            assertThat(story.each(AgentEffect.LeaveStream.class)).hasSize(1);
            assertThat(story.machine.promisedEpoch()).isEqualTo(1);
        }

        @Test
        void hearHeartbeatsWithJobTime() {
            story.running(0).give(new AgentEvent.HeartbeatAnswered(story.term, 1, 5_000 * MILLI));
            story.later(250 * MILLI);
            assertThat(story.report(AgentReport.Heartbeat.class))
                    .hasValueSatisfying(beat -> assertThat(beat.jobTimeNanos()).isEqualTo(5_250 * MILLI));
        }

        @Test
        void hearOnANewStreamWhatWasNotAcknowledged() {
            story.running(100);
            for (long step = 1; step <= 12; step++) {
                story.made(step, step - 1);
            }
            story.give(new AgentEvent.ProgressAcknowledged(story.term, JOB, 1, 1)).give(new AgentEvent.StreamClosed("reset")).give(new AgentEvent.StreamOpened());
            AgentReport.Attach attach = story.report(AgentReport.Attach.class).orElseThrow();
            assertThat(attach.inventory().tail()).isNotNull();
            assertThat(attach.inventory().tail().runs()).singleElement().satisfies(run -> assertThat(run.first()).isEqualTo(2));
            assertThat(attach.inventory().live()).isEqualTo(state(1, 12, 0));
        }

        @Test
        void takingOverResendTheStartWithoutHarm() {
            story.running(5).give(new AgentEvent.ViewStarted(story.term + 1, JOB, 1, 8));
            assertThat(story.last).isEmpty();
            assertThat(story.machine.termSeen()).isEqualTo(story.term + 1);
            for (long step = 1; step <= 8; step++) {
                story.made(step, step - 1);
            }
            assertThat(story.request(WorkerRequest.Execute.class)).isEmpty();
        }

        @Test
        void endAJobWithAllThatItHad() {
            story.running(5, duty(1, SELF));
            story.give(new AgentEvent.JobEnded(story.term, JOB, "done"));
            assertThat(story.machine.phase()).isEqualTo(Phase.NO_JOB);
            assertThat(story.each(AgentEffect.StopWorker.class)).hasSize(1);
            assertThat(story.each(AgentEffect.DeleteFile.class)).hasSize(2);
            story.give(new AgentEvent.JobOffered(story.term, Story.job("job-2")));
            assertThat(story.each(AgentEffect.StartWorker.class)).hasSize(1);
        }
    }
}
