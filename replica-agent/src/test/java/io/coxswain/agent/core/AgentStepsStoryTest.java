package io.coxswain.agent.core;

import static io.coxswain.agent.core.Story.JOB;
import static io.coxswain.agent.core.Story.MILLI;
import static io.coxswain.agent.core.Story.OTHER;
import static io.coxswain.agent.core.Story.SELF;
import static io.coxswain.agent.core.Story.SPARE;
import static io.coxswain.agent.core.Story.digest;
import static io.coxswain.agent.core.Story.duty;
import static io.coxswain.agent.core.Story.state;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.agent.core.model.CopyTerms;
import io.coxswain.agent.core.model.Placement;
import io.coxswain.agent.core.model.PrepareOrder;
import io.coxswain.agent.core.model.SlotRef;
import io.coxswain.agent.core.model.Standing;
import io.coxswain.agent.core.model.StepRun;
import io.coxswain.agent.core.model.View;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

import java.util.List;

/** The machine in its ordinary life, told as stories. */
class AgentStepsStoryTest {
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
            assertThat(story.all.stream().filter(AgentEffect.StartWorker.class::isInstance))
                    .hasSize(1);
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
                    assertThat(story.machine.nextDeadlineNanos(story.now))
                            .isLessThan(story.now + 1_000 * MILLI);
                    story.later(500 * MILLI);
                }
            }
            assertThat(story.report(AgentReport.JobUnfit.class))
                    .hasValueSatisfying(unfit ->
                            assertThat(unfit.reason()).contains("3 times", "exit status 3"));
        }

        @Test
        void noRoomForTheRegionMakesTheAgentUnfit() {
            story.attached()
                    .offered()
                    .give(new AgentEvent.WorkerConnected(1))
                    .give(new AgentEvent.JobLoaded(1, Story.LAYOUT, 0, 4, 1, 2));
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
            assertThat(story.report(AgentReport.WorkerLost.class))
                    .hasValueSatisfying(lost -> assertThat(lost.hung()).isTrue());
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
            assertThat(story.request(WorkerRequest.Execute.class))
                    .contains(new WorkerRequest.Execute(1, 1));
            story.executed(1);
            assertThat(story.each(AgentEffect.Reduce.class))
                    .singleElement()
                    .satisfies(reduce -> assertThat(reduce.executeNanos()).isEqualTo(5 * MILLI));
            story.reduced(1, 0);
            assertThat(story.request(WorkerRequest.Apply.class))
                    .contains(new WorkerRequest.Apply(1, 1, 1));
            story.applied(1);
            assertThat(story.each(AgentEffect.Gather.class))
                    .containsExactly(new AgentEffect.Gather(1, 1));
            assertThat(story.machine.live()).isEqualTo(state(1, 1, 0));
            story.gathered(1);
            assertThat(story.request(WorkerRequest.Execute.class))
                    .contains(new WorkerRequest.Execute(1, 2));
        }

        @Test
        void stopWhereCreditsEndAndGoOnWithMore() {
            story.running(1);
            story.made(1, 0);
            assertThat(story.request(WorkerRequest.Execute.class)).isEmpty();
            story.give(new AgentEvent.StepsGranted(story.term, JOB, 1, 2));
            assertThat(story.request(WorkerRequest.Execute.class))
                    .contains(new WorkerRequest.Execute(1, 2));
        }

        @Test
        void areReportedInRunsThatThePlanCuts() {
            story.running(100);
            for (long step = 1; step <= 21; step++) {
                story.now += 10 * MILLI;
                story.made(step, step - 1);
            }
            List<StepRun> runs =
                    story.everReported(AgentReport.StepsDone.class).stream()
                            .flatMap(done -> done.progress().runs().stream())
                            .toList();
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
            assertThat(story.request(WorkerRequest.Finish.class))
                    .hasValueSatisfying(finish -> assertThat(finish.evaluate()).isTrue());
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
            story.give(new AgentEvent.StepsGranted(story.term, JOB, 1, 50))
                    .give(new AgentEvent.ViewStarted(story.term, JOB, 1, 50));
            assertThat(story.last).isEmpty();
            assertThat(story.machine.phase()).isEqualTo(Phase.FENCED);
        }

        @Test
        void tellOfAPeerThatCannotBeReachedOnceASecond() {
            story.running(5).executed(1).give(new AgentEvent.PeerLost(1, 1, "refused"));
            assertThat(story.report(AgentReport.PeerUnreachable.class))
                    .hasValueSatisfying(report -> assertThat(report.peer()).isEqualTo(OTHER.key()));
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
                    .hasValueSatisfying(holdings -> {
                        assertThat(holdings.inventory().tail()).isNotNull();
                        assertThat(
                                        Story.runsOf(holdings.inventory().tail())
                                                .getLast()
                                                .skippedSnapshots())
                                .isEqualTo(2);
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
            assertThat(story.each(AgentEffect.CancelPushes.class))
                    .containsExactly(new AgentEffect.CancelPushes(new SlotRef(region(), 0)));
            assertThat(story.each(AgentEffect.FreeSlot.class)).isEmpty();
            story.give(new AgentEvent.CopyPushed(state(1, 0, 0), SPARE.key(), false, "cancelled"));
            assertThat(story.each(AgentEffect.FreeSlot.class))
                    .containsExactly(new AgentEffect.FreeSlot(new SlotRef(region(), 0)));
        }

        @Test
        void waitForTheSlotThatACancelledTransferStillReads() {
            story.running(100, duty(0, SPARE));
            story.made(1, 0);
            story.made(2, 0);
            // Step 0 is on its way still; its slot is the only one for step 3.
            story.executed(3).reduced(3, 1);
            assertThat(story.request(WorkerRequest.Apply.class)).isEmpty();
            story.later(2 * MILLI);
            assertThat(story.request(WorkerRequest.Apply.class)).isEmpty();
            story.give(new AgentEvent.CopyPushed(state(1, 0, 0), SPARE.key(), false, "cancelled"));
            assertThat(story.request(WorkerRequest.Apply.class))
                    .hasValueSatisfying(apply -> assertThat(apply.snapshotSlot()).isEqualTo(0));
        }

        @Test
        void tellTheHolderWhatIsStillNeeded() {
            story.running(100, duty(0, SPARE));
            story.verified(1, 0, SPARE);
            story.made(1, 0);
            story.verified(1, 1, SPARE);
            story.made(2, 1);
            assertThat(story.find(AgentEffect.PushCopy.class))
                    .hasValueSatisfying(push ->
                            assertThat(push.terms())
                                    .isEqualTo(new CopyTerms(1, 1, List.of(1L, 2L), 1)));
        }

        @Test
        void aNewHolderBindsAllThatIsAboveTheFloor() {
            story.running(100, duty(0, SPARE));
            story.verified(1, 0, SPARE);
            story.made(1, 0);
            story.verified(1, 1, SPARE);
            story.give(
                    new AgentEvent.PlacementInstalled(
                            story.term, new Placement(JOB, 1, 2, List.of(duty(0, OTHER)), 2)));
            assertThat(pushes()).containsExactly(state(1, 1, 0));
            story.verified(1, 1, OTHER).executed(2);
            assertThat(acknowledged()).isEqualTo(1);
            story.reduced(2, 1).applied(2).gathered(2).committed(2, 0);
            assertThat(pushes()).containsExactly(state(1, 2, 0));
            story.executed(3);
            assertThat(acknowledged()).isEqualTo(1);
            story.reduced(3, 1).applied(3).gathered(3).verified(1, 2, OTHER).executed(4);
            assertThat(acknowledged()).isEqualTo(2);
        }

        private List<Object> pushes() {
            return story.each(AgentEffect.PushCopy.class).stream()
                    .<Object>map(AgentEffect.PushCopy::state)
                    .toList();
        }

        private long acknowledged() {
            return story.each(AgentEffect.Reduce.class).getFirst().acknowledgedStep();
        }
    }

    @Nested
    class Holding {
        @Test
        void aSpareMakesFilesAndTellsOfItsFirstCopyAndThenNowAndAgain() {
            story.standby().ordered(1, 0, -1, null, null, duty(0, SELF), duty(1, SELF));
            assertThat(story.all.stream().filter(AgentEffect.HoldCopies.class::isInstance))
                    .hasSize(2);
            story.give(received(1, 0));
            assertThat(story.report(AgentReport.CopyHeld.class)).isPresent();
            story.later(10 * MILLI).give(received(2, 1));
            assertThat(story.report(AgentReport.CopyHeld.class)).isEmpty();
            story.later(1_000 * MILLI);
            assertThat(story.report(AgentReport.CopyHeld.class))
                    .hasValueSatisfying(
                            held -> assertThat(held.copy().state()).isEqualTo(state(1, 2, 0)));
        }

        @Test
        void withoutMemoryForCopiesItSaysSoOnEveryStreamAndAsksNotAgain() {
            story.standby();
            story.give(
                    new AgentEvent.ViewOrdered(
                            story.term,
                            new PrepareOrder(
                                    new View(JOB, 1, 0, 0, 1, 2, List.of(Story.peer("c"), OTHER)),
                                    -1,
                                    null,
                                    null,
                                    new Placement(JOB, 1, 1, List.of(duty(0, SELF)), 0),
                                    List.of(),
                                    0)));
            AgentEffect.CreateFile asked = story.each(AgentEffect.CreateFile.class).getFirst();
            story.give(new AgentEvent.FileFailed(asked.file(), "no memory"));
            var refusal = new AgentReport.CopiesRefused(JOB, 1, 0, "no memory");
            assertThat(story.report(AgentReport.CopiesRefused.class)).hasValue(refusal);
            story.give(new AgentEvent.StreamClosed("reset")).give(new AgentEvent.StreamOpened());
            assertThat(story.report(AgentReport.CopiesRefused.class)).hasValue(refusal);
            story.give(
                    new AgentEvent.PlacementInstalled(
                            story.term, new Placement(JOB, 1, 2, List.of(duty(0, SELF)), 0)));
            assertThat(story.each(AgentEffect.CreateFile.class)).isEmpty();
        }

        @Test
        void aCopyOfAnAbandonedBranchGoesWhenTheViewStarts() {
            story.standby()
                    .ordered(1, 0, -1, null, null, duty(0, SELF))
                    .give(received(7, 0))
                    .give(received(8, 1));
            story.fenced(2).fencedData().ordered(2, 7, -1, null, null, duty(0, SELF)).started(50);
            assertThat(story.each(AgentEffect.DropCopy.class))
                    .containsExactly(
                            new AgentEffect.DropCopy(state(1, 8, 0), new SlotRef("copies-0-0", 1)));
        }

        @Test
        void aDutyTakenAwayKeepsItsCopiesUntilTheFloorPasses() {
            story.running(50, duty(1, SELF));
            story.give(
                    new AgentEvent.CopyReceived(
                            state(1, 1, 1),
                            new SlotRef("copies-1-0", 0),
                            digest(1, 1),
                            1000,
                            0,
                            1));
            story.give(
                    new AgentEvent.PlacementInstalled(
                            story.term, new Placement(JOB, 1, 2, List.of(), 2)));
            assertThat(story.each(AgentEffect.ReleaseCopies.class)).hasSize(1);
            assertThat(story.each(AgentEffect.DeleteFile.class)).isEmpty();
            story.made(1, 0);
            story.made(2, 1);
            story.executed(3).reduced(3, 2);
            assertThat(story.each(AgentEffect.DeleteFile.class))
                    .containsExactly(new AgentEffect.DeleteFile("copies-1-0"));
        }

        private AgentEvent received(long step, int slot) {
            return new AgentEvent.CopyReceived(
                    state(1, step, 0),
                    new SlotRef("copies-0-0", slot),
                    digest(step, 0),
                    1000,
                    Math.max(0, step - 1),
                    1);
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
                    .hasValueSatisfying(
                            beat -> assertThat(beat.jobTimeNanos()).isEqualTo(5_250 * MILLI));
        }

        @Test
        void areNotBelievedWhereTheirWordWasLongUnderWay() {
            story.running(0).give(new AgentEvent.HeartbeatAnswered(story.term, 1, 5_000 * MILLI));
            story.later(3_000 * MILLI)
                    .give(new AgentEvent.HeartbeatAnswered(story.term, 2, 6_000 * MILLI))
                    .give(new AgentEvent.StreamClosed("reset"))
                    .give(new AgentEvent.StreamOpened());
            assertThat(story.report(AgentReport.Attach.class).orElseThrow().jobTimeNanos())
                    .isGreaterThanOrEqualTo(8_000 * MILLI);
        }

        @Test
        void hearOnANewStreamWhatWasNotAcknowledged() {
            story.running(100);
            for (long step = 1; step <= 12; step++) {
                story.made(step, step - 1);
            }
            story.give(new AgentEvent.ProgressAcknowledged(story.term, JOB, 1, 1))
                    .give(new AgentEvent.StreamClosed("reset"))
                    .give(new AgentEvent.StreamOpened());
            AgentReport.Attach attach = story.report(AgentReport.Attach.class).orElseThrow();
            assertThat(attach.inventory().tail()).isNotNull();
            assertThat(Story.runsOf(attach.inventory().tail()))
                    .singleElement()
                    .satisfies(run -> assertThat(run.first()).isEqualTo(2));
            assertThat(attach.inventory().live()).isEqualTo(state(1, 12, 0));
        }

        @Test
        void hearOnANewStreamWhatItMayDo() {
            story.running(100);
            for (long step = 1; step <= 12; step++) {
                story.made(step, step - 1);
            }
            story.give(new AgentEvent.StreamClosed("reset"))
                    .later(700 * MILLI)
                    .give(new AgentEvent.StreamOpened());
            Standing standing = story.report(AgentReport.Attach.class).orElseThrow().standing();
            assertThat(standing).isNotNull();
            assertThat(standing.epoch()).isEqualTo(1);
            assertThat(standing.rank()).isZero();
            assertThat(standing.started()).isTrue();
            assertThat(standing.through()).isEqualTo(100);
            assertThat(standing.floors()).isEmpty();
            assertThat(standing.reportEvery()).isPositive();
            assertThat(standing.sinceNanos()).isGreaterThanOrEqualTo(700 * MILLI);
            assertThat(standing.idle()).isFalse();
        }

        @Test
        void hearThatNothingIsUnderWay() {
            story.running(5);
            for (long step = 1; step <= 5; step++) {
                story.made(step, step - 1);
            }
            story.give(new AgentEvent.StreamClosed("reset"))
                    .later(3_000 * MILLI)
                    .give(new AgentEvent.StreamOpened());
            AgentReport.Attach attach = story.report(AgentReport.Attach.class).orElseThrow();
            assertThat(attach.standing()).isNotNull();
            assertThat(attach.standing().idle()).isTrue();
            assertThat(attach.standing().sinceNanos()).isGreaterThanOrEqualTo(3_000 * MILLI);
            // What was made is told whole, wherever the plan cuts.
            assertThat(Story.runsOf(attach.inventory().tail()).getLast().last()).isEqualTo(5);
        }

        @Test
        void hearWhenTheLastStepOfAViewThatWasLeftEnded() {
            story.running(100);
            for (long step = 1; step <= 3; step++) {
                story.made(step, step - 1);
            }
            story.give(new AgentEvent.Fenced(story.term, JOB, 5))
                    .give(new AgentEvent.DataFenced(5))
                    .give(new AgentEvent.StreamClosed("reset"))
                    .later(900 * MILLI)
                    .give(new AgentEvent.StreamOpened());
            Standing standing = story.report(AgentReport.Attach.class).orElseThrow().standing();
            assertThat(standing).isNotNull();
            assertThat(standing.left()).isTrue();
            assertThat(standing.epoch()).isEqualTo(1);
            assertThat(standing.sinceNanos()).isGreaterThanOrEqualTo(900 * MILLI);
        }

        @Test
        void ofASpareHearNoStanding() {
            story.give(new AgentEvent.StreamOpened());
            assertThat(story.report(AgentReport.Attach.class).orElseThrow().standing()).isNull();
        }

        @Test
        void areCountedWhereTheyWereSucceeded() {
            story.running(5).give(new AgentEvent.Fenced(story.term - 1, JOB, 9));
            assertThat(story.machine.staleWords()).isEqualTo(1);
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

    private String region() {
        return story.everAsked(WorkerRequest.Prepare.class).orElseThrow().region();
    }
}
