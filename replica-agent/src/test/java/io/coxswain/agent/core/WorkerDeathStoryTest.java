package io.coxswain.agent.core;

import static io.coxswain.agent.core.Story.digest;
import static io.coxswain.agent.core.Story.init;
import static io.coxswain.agent.core.Story.state;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.agent.core.model.HeldState;
import io.coxswain.agent.core.model.Inventory;
import io.coxswain.agent.core.model.JobSpec;
import io.coxswain.agent.core.model.Restore;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

/** What becomes of a view, and of what its worker left, when the worker dies. */
class WorkerDeathStoryTest {
    private final Story story = new Story();

    @Test
    void areToldAndTheNextWorkerStartsAtOnceWithANewRegion() {
        story.running(5);
        story.made(1, 0);
        String old = region();
        story.exited("signal 11; last words: boom");
        assertThat(story.report(AgentReport.WorkerLost.class))
                .hasValueSatisfying(lost -> {
                    assertThat(lost.epoch()).isEqualTo(1);
                    assertThat(lost.cause()).contains("boom");
                });
        assertThat(story.each(AgentEffect.StartWorker.class))
                .singleElement()
                .satisfies(start -> assertThat(start.generation()).isEqualTo(2));
        assertThat(story.each(AgentEffect.CreateFile.class))
                .singleElement()
                .satisfies(create -> assertThat(create.file()).isNotEqualTo(old));
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
                                new AgentEvent.InspectedSlot(
                                        0, new HeldState(state(1, 0, 0), digest(0, 0), 1000)),
                                new AgentEvent.InspectedSlot(
                                        1, new HeldState(state(1, 1, 0), digest(1, 0), 1000)))));
        story.fenced(2).fencedData();
        assertThat(answered().snapshots())
                .extracting(HeldState::state)
                .containsExactly(state(1, 0, 0), state(1, 1, 0));
    }

    @Test
    void theirOldRegionGoesOnceTheFloorHasPassedIt() {
        story.running(5);
        story.made(1, 0);
        String old = region();
        story.exited("signal 9").filesMade().loaded();
        story.fenced(2)
                .fencedData()
                .ordered(
                        2,
                        1,
                        new Restore(Restore.Action.LOAD_LOCAL, state(1, 1, 0), digest(1, 0), null))
                .fencedData();
        story.prepared(digest(1, 0)).started(10);
        assertThat(story.each(AgentEffect.DeleteFile.class)).isEmpty();
        story.gatheredBase();
        assertThat(story.made(2, 1)).isEqualTo(0);
        story.executed(3).reduced(3, 2);
        assertThat(story.each(AgentEffect.DeleteFile.class))
                .containsExactly(new AgentEffect.DeleteFile(old));
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
        story.running(5)
                .give(
                        new AgentEvent.WorkerFaulted(
                                1, new WorkerRequest.Execute(1, 1), "out_of_memory", "heap"));
        assertThat(story.each(AgentEffect.KillWorker.class))
                .singleElement()
                .satisfies(kill -> assertThat(kill.reason()).contains("heap"));
    }

    @Test
    void aProgramThatFailsAtTheSameStepEachTimeIsGivenUp() {
        story.running(5);
        story.made(1, 0);
        int epoch = 1;
        for (int failure = 1; failure < AgentLimits.DEFAULT.loadAttempts(); failure++) {
            failsAtStep2(failure);
            assertThat(story.report(AgentReport.WorkerLost.class)).isPresent();
            assertThat(story.each(AgentEffect.StartWorker.class)).hasSize(1);
            story.filesMade().loaded();
            epoch++;
            story.fenced(epoch)
                    .fencedData()
                    .ordered(
                            epoch,
                            1,
                            new Restore(
                                    Restore.Action.LOAD_LOCAL, state(1, 1, 0), digest(1, 0), null))
                    .fencedData();
            story.prepared(digest(1, 0)).started(10);
        }
        failsAtStep2(AgentLimits.DEFAULT.loadAttempts());
        assertThat(story.report(AgentReport.WorkerLost.class)).isEmpty();
        assertThat(story.each(AgentEffect.StartWorker.class)).isEmpty();
        assertThat(story.report(AgentReport.JobUnfit.class))
                .hasValueSatisfying(told ->
                        assertThat(told.reason())
                                .contains("failed 3 times at step 2", "ValueError"));
    }

    @Test
    void aWorkerThatDiesInTheSameStepEachTimeIsGivenUp() {
        story.running(5);
        story.made(1, 0);
        int most = 2 * AgentLimits.DEFAULT.loadAttempts();
        for (int death = 1; death < most; death++) {
            story.exited("exited with status 0");
            assertThat(story.report(AgentReport.WorkerLost.class)).isPresent();
            assertThat(story.each(AgentEffect.StartWorker.class)).hasSize(1);
            restored(1 + death);
        }
        story.exited("exited with status 0");
        assertThat(story.report(AgentReport.WorkerLost.class)).isEmpty();
        assertThat(story.each(AgentEffect.StartWorker.class)).isEmpty();
        assertThat(story.report(AgentReport.JobUnfit.class))
                .hasValueSatisfying(told ->
                        assertThat(told.reason())
                                .contains("the worker died 6 times at step 2", "status 0"));
    }

    @Test
    void deathsInStepsThatAreMadeAfterwardsAreForgiven() {
        story.running(5);
        story.made(1, 0);
        for (int death = 1; death < 2 * AgentLimits.DEFAULT.loadAttempts(); death++) {
            story.exited("signal 9");
            restored(1 + death);
        }
        story.made(2, 0);
        story.exited("signal 9");
        assertThat(story.report(AgentReport.WorkerLost.class)).isPresent();
        assertThat(story.report(AgentReport.JobUnfit.class)).isEmpty();
    }

    @Test
    void aProgramWhoseSnapshotsFailOneAfterAnotherIsGivenUp() {
        story.running(9);
        int most = AgentLimits.DEFAULT.loadAttempts();
        for (int step = 1; step <= most; step++) {
            story.executed(step).reduced(step, 0);
            int slot = story.request(WorkerRequest.Apply.class).orElseThrow().snapshotSlot();
            story.applied(step).gathered(step);
            story.give(new AgentEvent.SnapshotFailed(1, 1, step, slot, "ValueError: no"));
            assertThat(story.each(AgentEffect.KillWorker.class)).hasSize(step < most ? 0 : 1);
        }
        story.exited("the snapshot of step 3 failed: ValueError: no");
        assertThat(story.report(AgentReport.JobUnfit.class))
                .hasValueSatisfying(told ->
                        assertThat(told.reason())
                                .contains(
                                        "3 snapshots failed one after another, the last one after"
                                                + " step 3",
                                        "ValueError: no"));
    }

    @Test
    void aProgramThatFailsAtTheEndIsGivenUpWhateverItMakesAgain() {
        var troubles = new ProgramTroubles(2);
        JobSpec job = Story.job();
        for (int end = 1; end <= 2; end++) {
            assertThat(troubles.verdict()).isEmpty();
            troubles.made(59);
            troubles.made(60);
            troubles.failedAtTheEnd(job, 60);
        }
        assertThat(troubles.verdict())
                .isEqualTo("the program failed 2 times at the job's end, after step 60");
        troubles.forget();
        assertThat(troubles.verdict()).isEmpty();
    }

    /** The next worker has taken up the state of step 1, and makes step 2. */
    private void restored(int epoch) {
        story.filesMade().loaded();
        story.fenced(epoch)
                .fencedData()
                .ordered(
                        epoch,
                        1,
                        new Restore(Restore.Action.LOAD_LOCAL, state(1, 1, 0), digest(1, 0), null))
                .fencedData();
        story.prepared(digest(1, 0)).started(10).gatheredBase();
    }

    @Test
    void aProgramThatDoesNotMakeItsInitialStateIsGivenUp() {
        story.standby();
        for (int epoch = 1; epoch < AgentLimits.DEFAULT.loadAttempts(); epoch++) {
            notInitialized(epoch);
            assertThat(story.report(AgentReport.ViewFailed.class)).isPresent();
            assertThat(story.report(AgentReport.JobUnfit.class)).isEmpty();
            story.fenced(epoch + 1).fencedData();
        }
        notInitialized(AgentLimits.DEFAULT.loadAttempts());
        assertThat(story.report(AgentReport.JobUnfit.class))
                .hasValueSatisfying(told ->
                        assertThat(told.reason())
                                .contains("failed 3 times to make its initial state", "NaN"));
    }

    private void notInitialized(int epoch) {
        story.ordered(epoch, 0, init(0));
        var seen = new ArrayList<>(story.each(AgentEffect.AskWorker.class));
        story.fencedData();
        seen.addAll(story.each(AgentEffect.AskWorker.class));
        assertThat(seen)
                .singleElement()
                .satisfies(asked ->
                        story.give(
                                new AgentEvent.WorkerFaulted(
                                        1, asked.request(), "internal", "w is NaN")));
    }

    private void failsAtStep2(int generation) {
        story.give(
                new AgentEvent.WorkerFaulted(
                        generation, new WorkerRequest.Apply(generation, 2, -1), "internal", "bug"));
        assertThat(story.each(AgentEffect.KillWorker.class)).hasSize(1);
        story.exited("ValueError: bug");
    }

    private String region() {
        return story.everAsked(WorkerRequest.Prepare.class).orElseThrow().region();
    }

    private Inventory answered() {
        return story.report(AgentReport.Holdings.class).orElseThrow().inventory();
    }
}
