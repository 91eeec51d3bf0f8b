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

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

import java.util.List;

/** The machine in its accidents, told as stories. */
class AgentRecoveryStoryTest {
    private final Story story = new Story();

    @Nested
    class Fences {
        @Test
        void inExecuteTheStepIsNotMade() {
            story.running(5);
            story.made(1, 0);
            story.fenced(2);
            assertThat(story.each(AgentEffect.AbortWorker.class))
                    .containsExactly(new AgentEffect.AbortWorker(1, 2));
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
            assertThat(Story.runsOf(answered().tail()))
                    .singleElement()
                    .satisfies(run -> assertThat(run.last()).isEqualTo(1));
        }

        @Test
        void inApplyThatHadNotBegunTheStepIsNotMade() {
            story.running(5).executed(1).reduced(1, 0);
            WorkerRequest.Apply apply = story.request(WorkerRequest.Apply.class).orElseThrow();
            story.fenced(2).fencedData().give(new AgentEvent.RequestAborted(1, apply));
            assertThat(answered().live()).isEqualTo(state(1, 0, 0));
            assertThat(answered().snapshots())
                    .extracting(HeldState::state)
                    .containsExactly(state(1, 0, 0));
            assertThat(answered().tail()).isNull();
        }

        @Test
        void inGatherTheStepCounts() {
            story.running(5)
                    .executed(1)
                    .reduced(1, 0)
                    .applied(1)
                    .committed(1, 1)
                    .fenced(2)
                    .fencedData();
            assertThat(answered().live()).isEqualTo(state(1, 1, 0));
            assertThat(Story.runsOf(answered().tail()))
                    .singleElement()
                    .satisfies(run -> assertThat(run.last()).isEqualTo(1));
        }

        @Test
        void waitAMomentForASnapshotThatIsBeingCommitted() {
            story.running(5)
                    .executed(1)
                    .reduced(1, 0)
                    .applied(1)
                    .gathered(1)
                    .fenced(2)
                    .fencedData();
            assertThat(story.report(AgentReport.Holdings.class)).isEmpty();
            story.committed(1, 1);
            assertThat(answered().snapshots())
                    .extracting(HeldState::state)
                    .containsExactly(state(1, 0, 0), state(1, 1, 0));
        }

        @Test
        void waitNoLongerThanThat() {
            story.running(5)
                    .executed(1)
                    .reduced(1, 0)
                    .applied(1)
                    .gathered(1)
                    .fenced(2)
                    .fencedData()
                    .later(0);
            long due = story.machine.nextDeadlineNanos(story.now);
            assertThat(due - story.now).isEqualTo(50 * MILLI);
            story.later(50 * MILLI);
            assertThat(answered().snapshots())
                    .extracting(HeldState::state)
                    .containsExactly(state(1, 0, 0));
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
            story.give(new AgentEvent.WorkerPonged(1))
                    .later(999 * MILLI)
                    .give(new AgentEvent.WorkerPonged(1));
            assertThat(story.each(AgentEffect.KillWorker.class)).isEmpty();
            story.later(2 * MILLI);
            assertThat(story.each(AgentEffect.KillWorker.class)).hasSize(1);
        }

        @Test
        void leaveAWorkerAliveThatStopped() {
            story.running(5)
                    .fenced(2)
                    .fencedData()
                    .give(new AgentEvent.RequestAborted(1, new WorkerRequest.Execute(1, 1)));
            story.give(new AgentEvent.WorkerPonged(1)).later(1_500 * MILLI);
            assertThat(story.each(AgentEffect.KillWorker.class)).isEmpty();
        }

        @Test
        void duringARestoreLeaveNoLiveState() {
            story.running(5);
            story.made(1, 0);
            story.fenced(2).fencedData();
            story.ordered(
                            2,
                            0,
                            new Restore(
                                    Restore.Action.LOAD_LOCAL, state(1, 0, 0), digest(0, 0), null))
                    .fencedData();
            assertThat(story.everAsked(WorkerRequest.Prepare.class))
                    .hasValueSatisfying(p -> assertThat(p.epoch()).isEqualTo(2));
            story.fenced(3).fencedData();
            assertThat(answered().live()).isNull();
            assertThat(answered().snapshots())
                    .extracting(HeldState::state)
                    .contains(state(1, 1, 0));
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
        /**
         * Steps 1 and 2 made, fenced with epoch 2; snapshots of 1 and 2 are here, the floor is 1.
         */
        private void fencedAtTwo() {
            story.running(2);
            story.made(1, 0);
            story.made(2, 1);
            story.fenced(2).fencedData();
        }

        @Test
        void keepWhatIsLive() {
            fencedAtTwo();
            story.ordered(
                            2,
                            2,
                            new Restore(
                                    Restore.Action.KEEP_LIVE, state(1, 2, 0), digest(2, 0), null))
                    .fencedData();
            assertThat(prepare().origin()).isEqualTo(WorkerRequest.Origin.KEEP_LIVE);
            story.prepared(Digest.NONE);
            assertThat(story.report(AgentReport.ViewReady.class))
                    .hasValueSatisfying(ready -> {
                        assertThat(ready.action()).isEqualTo(Restore.Action.KEEP_LIVE);
                        assertThat(ready.digest()).isEqualTo(digest(2, 0));
                        assertThat(ready.step()).isEqualTo(2);
                    });
            story.started(10);
            assertThat(story.request(WorkerRequest.Snapshot.class)).isEmpty();
            assertThat(story.each(AgentEffect.Gather.class))
                    .containsExactly(new AgentEffect.Gather(2, 2));
        }

        @Test
        void refuseToKeepWhatIsNotLive() {
            fencedAtTwo();
            story.ordered(
                            2,
                            1,
                            new Restore(
                                    Restore.Action.KEEP_LIVE, state(1, 1, 0), digest(1, 0), null))
                    .fencedData();
            assertThat(story.everReported(AgentReport.ViewFailed.class))
                    .singleElement()
                    .satisfies(failed -> {
                        assertThat(failed.badState()).isTrue();
                        assertThat(failed.source()).isEqualTo(SELF.key());
                    });
        }

        @Test
        void loadAnOwnSnapshotAndFreeTheUntrustedOnlyAtTheStart() {
            fencedAtTwo();
            story.ordered(
                            2,
                            1,
                            new Restore(
                                    Restore.Action.LOAD_LOCAL, state(1, 1, 0), digest(1, 0), null))
                    .fencedData();
            assertThat(prepare().origin()).isEqualTo(WorkerRequest.Origin.SLOT);
            assertThat(prepare().source()).isEqualTo(new SlotRef(region(), 1));
            assertThat(story.all.stream().filter(AgentEffect.FreeSlot.class::isInstance))
                    .isNotEmpty();
            story.all.clear();
            story.prepared(digest(1, 0));
            assertThat(story.all.stream().filter(AgentEffect.FreeSlot.class::isInstance)).isEmpty();
            story.started(10);
            assertThat(story.each(AgentEffect.FreeSlot.class)).hasSize(1);
            assertThat(story.each(AgentEffect.UnshareState.class))
                    .containsExactly(new AgentEffect.UnshareState(state(1, 2, 0)));
        }

        @Test
        void neverTrustAnotherDigest() {
            fencedAtTwo();
            story.ordered(
                            2,
                            1,
                            new Restore(
                                    Restore.Action.LOAD_LOCAL, state(1, 1, 0), digest(9, 0), null))
                    .fencedData();
            assertThat(story.everReported(AgentReport.ViewFailed.class))
                    .singleElement()
                    .satisfies(failed -> assertThat(failed.badState()).isTrue());
            assertThat(story.everAsked(WorkerRequest.Prepare.class))
                    .hasValueSatisfying(p -> assertThat(p.epoch()).isEqualTo(1));
        }

        @Test
        void aWorkerThatLoadedSomethingElseIsNotReady() {
            fencedAtTwo();
            story.ordered(
                            2,
                            1,
                            new Restore(
                                    Restore.Action.LOAD_LOCAL, state(1, 1, 0), digest(1, 0), null))
                    .fencedData()
                    .prepared(digest(5, 0));
            assertThat(story.report(AgentReport.ViewReady.class)).isEmpty();
            assertThat(story.report(AgentReport.ViewFailed.class)).isPresent();
        }

        @Test
        void fetchIntoAFreeSlotAndTryAgain() {
            fencedAtTwo();
            story.ordered(
                            2,
                            3,
                            new Restore(Restore.Action.FETCH, state(1, 3, 0), digest(3, 0), OTHER))
                    .fencedData();
            AgentEffect.FetchState fetch = story.find(AgentEffect.FetchState.class).orElseThrow();
            assertThat(fetch.destination()).isEqualTo(new SlotRef(region(), 2));
            story.give(
                    new AgentEvent.StateFetched(
                            fetch.state(),
                            fetch.destination(),
                            false,
                            "not here yet",
                            Digest.NONE,
                            0));
            assertThat(story.report(AgentReport.ViewFailed.class)).isEmpty();
            story.later(30 * MILLI);
            assertThat(story.each(AgentEffect.FetchState.class)).hasSize(1);
            story.give(
                    new AgentEvent.StateFetched(
                            fetch.state(), fetch.destination(), true, "", digest(3, 0), 1000));
            assertThat(prepare().source()).isEqualTo(fetch.destination());
            story.prepared(digest(3, 0));
            assertThat(story.report(AgentReport.ViewReady.class))
                    .hasValueSatisfying(
                            r -> assertThat(r.action()).isEqualTo(Restore.Action.FETCH));
        }

        @Test
        void nameTheDonorWhenAFetchFailsForGood() {
            fencedAtTwo();
            story.ordered(
                            2,
                            3,
                            new Restore(Restore.Action.FETCH, state(1, 3, 0), digest(3, 0), OTHER))
                    .fencedData();
            AgentEffect.FetchState fetch = story.find(AgentEffect.FetchState.class).orElseThrow();
            story.now += 2_000 * MILLI;
            story.give(
                    new AgentEvent.StateFetched(
                            fetch.state(), fetch.destination(), false, "refused", Digest.NONE, 0));
            assertThat(story.report(AgentReport.ViewFailed.class))
                    .hasValueSatisfying(failed -> {
                        assertThat(failed.badState()).isTrue();
                        assertThat(failed.source()).isEqualTo(OTHER.key());
                        assertThat(failed.state()).isEqualTo(state(1, 3, 0));
                        assertThat(failed.reason()).contains("refused");
                    });
        }

        /** The donor may be the last who has it. */
        @Test
        void blameNoDonorForWhatGoesWrongAfterAWholeFetch() {
            fencedAtTwo();
            story.ordered(
                            2,
                            3,
                            new Restore(Restore.Action.FETCH, state(1, 3, 0), digest(3, 0), OTHER))
                    .fencedData();
            AgentEffect.FetchState fetch = story.find(AgentEffect.FetchState.class).orElseThrow();
            story.give(
                    new AgentEvent.StateFetched(
                            fetch.state(), fetch.destination(), true, "", digest(3, 0), 1000));
            story.give(
                    new AgentEvent.WorkerFaulted(
                            story.generation, prepare(), "bad_state", "chunk 4 has another CRC"));
            assertThat(story.report(AgentReport.ViewFailed.class))
                    .hasValueSatisfying(failed -> {
                        assertThat(failed.badState()).isTrue();
                        assertThat(failed.source()).isEqualTo(SELF.key());
                    });
        }

        @Test
        void serveAFetchFromTheOwnArenaIfTheSameStateIsThere() {
            fencedAtTwo();
            story.ordered(
                            2,
                            2,
                            new Restore(Restore.Action.FETCH, state(9, 2, 0), digest(2, 0), OTHER))
                    .fencedData();
            assertThat(story.find(AgentEffect.FetchState.class)).isEmpty();
            story.prepared(digest(2, 0));
            assertThat(story.report(AgentReport.ViewReady.class))
                    .hasValueSatisfying(
                            r -> assertThat(r.action()).isEqualTo(Restore.Action.LOAD_LOCAL));
        }

        @Test
        void whatTurnedOutDamagedIsNotFoundAgain() {
            fencedAtTwo();
            story.ordered(
                            2,
                            2,
                            new Restore(
                                    Restore.Action.LOAD_LOCAL, state(1, 2, 0), digest(2, 0), null))
                    .fencedData();
            story.give(
                    new AgentEvent.WorkerFaulted(
                            story.generation, prepare(), "bad_state", "chunk 4 has another CRC"));
            assertThat(story.report(AgentReport.ViewFailed.class))
                    .hasValueSatisfying(failed -> {
                        assertThat(failed.badState()).isTrue();
                        assertThat(failed.source()).isEqualTo(SELF.key());
                    });
            story.fenced(3).fencedData();
            assertThat(answered().snapshots())
                    .extracting(HeldState::state)
                    .containsExactly(state(1, 1, 0));
            story.ordered(
                            3,
                            2,
                            new Restore(Restore.Action.FETCH, state(1, 2, 0), digest(2, 0), OTHER))
                    .fencedData();
            assertThat(story.find(AgentEffect.FetchState.class)).isPresent();
        }

        @Test
        void waitForAWorkerThatIsBeingStartedAgain() {
            fencedAtTwo();
            story.exited("signal 9");
            assertThat(story.report(AgentReport.WorkerLost.class))
                    .hasValueSatisfying(lost -> assertThat(lost.hung()).isFalse());
            story.filesMade();
            story.ordered(
                            3,
                            2,
                            new Restore(
                                    Restore.Action.LOAD_LOCAL, state(1, 2, 0), digest(2, 0), null))
                    .fencedData();
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
                    new AgentEvent.CopyReceived(
                            state(1, 5, 1),
                            new SlotRef("copies-1-0", 0),
                            digest(5, 1),
                            1000,
                            4,
                            1));
            story.give(
                    new AgentEvent.CopyReceived(
                            state(1, 6, 1),
                            new SlotRef("copies-1-0", 1),
                            digest(6, 1),
                            1000,
                            5,
                            1));
            story.fenced(2).fencedData();
            assertThat(answered().copies())
                    .extracting(HeldState::state)
                    .containsExactly(state(1, 5, 1), state(1, 6, 1));
            assertThat(answered().floor()).isEqualTo(5);
            story.ordered(
                            2,
                            6,
                            1,
                            new Restore(
                                    Restore.Action.PROMOTE_COPY,
                                    state(1, 6, 1),
                                    digest(6, 1),
                                    null),
                            plan(2, 1, 10),
                            duty(1, SPARE))
                    .fencedData();
            assertThat(prepare().source()).isEqualTo(new SlotRef("copies-1-0", 1));
            story.prepared(digest(6, 1)).started(20);
            assertThat(story.each(AgentEffect.ReleaseCopies.class))
                    .containsExactly(new AgentEffect.ReleaseCopies(1, "copies-1-0", true));
            assertThat(story.request(WorkerRequest.Snapshot.class)).isEmpty();
            assertThat(story.each(AgentEffect.PushCopy.class))
                    .singleElement()
                    .satisfies(push -> assertThat(push.state()).isEqualTo(state(1, 6, 1)));
            story.gatheredBase();
            // Until the new holder has the base nothing newer is taken, and the old way back stays.
            assertThat(story.made(7, 5)).isEqualTo(-1);
            story.verified(1, 6, SPARE).executed(8);
            assertThat(story.each(AgentEffect.Reduce.class).getFirst().acknowledgedStep())
                    .isEqualTo(6);
            story.all.clear();
            story.reduced(8, 6);
            assertThat(story.each(AgentEffect.FreeSlot.class))
                    .containsExactly(new AgentEffect.FreeSlot(new SlotRef("copies-1-0", 0)));
            assertThat(story.request(WorkerRequest.Apply.class))
                    .hasValueSatisfying(apply -> assertThat(apply.snapshotSlot()).isEqualTo(0));
            story.applied(8)
                    .gathered(8)
                    .committed(8, 0)
                    .verified(1, 8, SPARE)
                    .verified(2, 8, SPARE)
                    .executed(9)
                    .reduced(9, 8);
            assertThat(story.each(AgentEffect.DeleteFile.class))
                    .containsExactly(new AgentEffect.DeleteFile("copies-1-0"));
        }

        @Test
        void aLiveStateWithoutASnapshotGetsOneAtTheViewsBegin() {
            story.running(5).executed(1).reduced(1, 0);
            WorkerRequest.Apply apply = story.request(WorkerRequest.Apply.class).orElseThrow();
            story.applied(1)
                    .give(new AgentEvent.SnapshotFailed(1, 1, 1, apply.snapshotSlot(), "abandoned"))
                    .fenced(2)
                    .fencedData();
            assertThat(answered().liveDigest()).isEqualTo(Digest.NONE);
            story.ordered(
                            2,
                            1,
                            new Restore(
                                    Restore.Action.KEEP_LIVE, state(1, 1, 0), Digest.NONE, null))
                    .fencedData()
                    .prepared(Digest.NONE)
                    .started(9);
            assertThat(story.request(WorkerRequest.Snapshot.class))
                    .hasValueSatisfying(s -> assertThat(s.step()).isEqualTo(1));
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
                                    new Restore(
                                            Restore.Action.KEEP_LIVE,
                                            state(1, 2, 0),
                                            Digest.NONE,
                                            null),
                                    plan(2, 1, 10),
                                    new Placement(JOB, 2, 1, List.of(), 0),
                                    List.of(
                                            new Restore(
                                                    Restore.Action.FETCH,
                                                    state(8, 2, 0),
                                                    digest(2, 0),
                                                    null)),
                                    0)));
            assertThat(story.each(AgentEffect.ShareState.class))
                    .singleElement()
                    .satisfies(share -> assertThat(share.state()).isEqualTo(state(8, 2, 0)));
        }

        @Test
        void anotherIncarnationsRankIsRefused() {
            fencedAtTwo();
            story.give(
                    new AgentEvent.ViewOrdered(
                            story.term,
                            new PrepareOrder(
                                    Story.view(2, 0),
                                    1,
                                    init(1),
                                    plan(2, 1, 10),
                                    new Placement(JOB, 2, 1, List.of(), 0),
                                    List.of(),
                                    0)));
            assertThat(story.report(AgentReport.ViewFailed.class))
                    .hasValueSatisfying(
                            f -> assertThat(f.reason()).contains("not this incarnation"));
        }

        private WorkerRequest.Prepare prepare() {
            return story.everAsked(WorkerRequest.Prepare.class).orElseThrow();
        }
    }

    private String region() {
        return story.everAsked(WorkerRequest.Prepare.class).orElseThrow().region();
    }

    private Inventory answered() {
        return story.report(AgentReport.Holdings.class).orElseThrow().inventory();
    }
}
