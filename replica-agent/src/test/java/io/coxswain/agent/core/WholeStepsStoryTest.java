package io.coxswain.agent.core;

import static io.coxswain.agent.core.Story.JOB;
import static io.coxswain.agent.core.Story.MILLI;
import static io.coxswain.agent.core.Story.OTHER;
import static io.coxswain.agent.core.Story.SELF;
import static io.coxswain.agent.core.Story.SPARE;
import static io.coxswain.agent.core.Story.digest;
import static io.coxswain.agent.core.Story.init;
import static io.coxswain.agent.core.Story.state;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.agent.core.model.CopyDuty;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.GrantedFloor;
import io.coxswain.agent.core.model.HeldState;
import io.coxswain.agent.core.model.Inventory;
import io.coxswain.agent.core.model.JobSpec;
import io.coxswain.agent.core.model.Placement;
import io.coxswain.agent.core.model.PrepareOrder;
import io.coxswain.agent.core.model.Restore;
import io.coxswain.agent.core.model.StateLayout;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.agent.core.model.StepPlan;
import io.coxswain.agent.core.model.View;

import org.junit.jupiter.api.Test;

import java.util.List;

/** Steps that the worker makes whole, where the runtime reduces between ranks. */
class WholeStepsStoryTest {
    private static final StateLayout LAYOUT =
            new StateLayout(0, List.of(0L, 0L), List.of(1000L), List.of(64L), "print", true);

    private final Story story = new Story();

    private static JobSpec job() {
        return new JobSpec(
                JOB,
                "mine",
                2,
                1,
                1000,
                1,
                "data",
                64,
                4,
                1,
                1,
                0,
                60_000 * MILLI,
                "runtime",
                "runtime",
                "process",
                "{}");
    }

    private static StepPlan plan(long epoch) {
        return new StepPlan(
                epoch,
                List.of(
                        new StepPlan.Operation(0, StepPlan.Kind.EXECUTE, List.of(), false, 1, 0, 2),
                        new StepPlan.Operation(
                                1, StepPlan.Kind.SNAPSHOT, List.of(0), false, 1, 0, 0),
                        new StepPlan.Operation(2, StepPlan.Kind.DIGEST, List.of(1), true, 1, 0, 0),
                        new StepPlan.Operation(
                                3, StepPlan.Kind.REPLICATE, List.of(2), true, 1, 0, 0)),
                1);
    }

    private void ordered(long epoch, long base, Restore restore, CopyDuty... duties) {
        story.epoch = epoch;
        story.base = base;
        story.give(
                new AgentEvent.ViewOrdered(
                        story.term,
                        new PrepareOrder(
                                new View(JOB, epoch, epoch - 1, base, 2, 1, List.of(SELF, OTHER)),
                                0,
                                restore,
                                plan(epoch),
                                new Placement(JOB, epoch, 1, List.of(duties), 0),
                                List.of(),
                                0)));
        story.filesMade();
    }

    private void loaded(boolean reforms) {
        story.generation =
                story.find(AgentEffect.StartWorker.class)
                        .map(AgentEffect.StartWorker::generation)
                        .orElseThrow();
        story.give(new AgentEvent.WorkerConnected(story.generation));
        story.give(new AgentEvent.JobLoaded(story.generation, LAYOUT, 0, 4, 1, 2, reforms));
        story.filesMade();
    }

    /** In the first view, granted up to a step, the base committed in slot 0. */
    private void running(boolean reforms, long through, CopyDuty... duties) {
        story.attached().give(new AgentEvent.JobOffered(story.term, job()));
        loaded(reforms);
        ordered(1, 0, init(0), duties);
        story.fencedData().prepared(Digest.NONE);
        story.give(
                new AgentEvent.ViewStarted(
                        story.term, JOB, 1, through, List.of(new GrantedFloor(through, 0))));
        List<AgentEffect> begun = story.last;
        story.committed(0, 0);
        story.last = begun;
    }

    private void executed(long step) {
        story.give(
                new AgentEvent.Executed(
                        story.generation,
                        story.epoch,
                        step,
                        new float[0],
                        32,
                        9,
                        MILLI,
                        0,
                        0.5f,
                        0,
                        0));
    }

    private void granted(long through, GrantedFloor... floors) {
        story.give(
                new AgentEvent.StepsGranted(
                        story.term, JOB, story.epoch, through, List.of(floors)));
    }

    private int snapshotSlot() {
        return story.request(WorkerRequest.Snapshot.class)
                .map(WorkerRequest.Snapshot::slot)
                .orElse(-1);
    }

    private Inventory answered() {
        return story.report(AgentReport.Holdings.class).orElseThrow().inventory();
    }

    private AgentEvent.WorkerFaulted broken(long step) {
        return new AgentEvent.WorkerFaulted(
                story.generation,
                new WorkerRequest.Execute(story.epoch, step),
                "group_broken",
                "connection closed by peer");
    }

    @Test
    void areOneRequestEachAndTheNextFollowsTheSnapshot() {
        running(false, 3);
        assertThat(story.request(WorkerRequest.Execute.class))
                .hasValue(new WorkerRequest.Execute(1, 1));
        assertThat(story.find(AgentEffect.Gather.class)).isEmpty();
        assertThat(story.find(AgentEffect.ConfigureCollective.class)).isEmpty();
        assertThat(story.machine.phase()).isEqualTo(Phase.STEPPING);

        executed(1);

        assertThat(
                        story.each(AgentEffect.AskWorker.class).stream()
                                .map(AgentEffect.AskWorker::request))
                .containsExactly(
                        new WorkerRequest.Snapshot(1, 1, 1), new WorkerRequest.Execute(1, 2));
        assertThat(story.machine.live()).isEqualTo(state(1, 1, 0));
        assertThat(story.report(AgentReport.StepsDone.class))
                .hasValueSatisfying(done ->
                        assertThat(done.progress().runs().getFirst().loss()).isEqualTo(0.5f));
    }

    @Test
    void areSnapshottedByTheFloorThatTheirGrantCameWith() {
        running(false, 4);
        executed(1);
        assertThat(snapshotSlot()).isEqualTo(1);
        story.committed(1, 1);
        executed(2);
        assertThat(snapshotSlot()).isEqualTo(-1);
        executed(3);
        assertThat(snapshotSlot()).isEqualTo(2);
        story.committed(3, 2);

        // Floor 1 holds from step 5 on, whenever the word of it comes.
        granted(8, new GrantedFloor(4, 0), new GrantedFloor(8, 1));
        executed(4);
        assertThat(snapshotSlot()).isEqualTo(-1);
        executed(5);
        assertThat(snapshotSlot()).isEqualTo(-1);
        executed(6);
        assertThat(snapshotSlot()).isNotNegative();
    }

    @Test
    void tellWhichSnapshotsTheirHoldersHave() {
        running(false, 5, new CopyDuty(0, 0, SPARE));
        executed(1);
        story.committed(1, 1).verified(1, 0, SPARE).verified(1, 1, SPARE);
        executed(2);

        assertThat(story.report(AgentReport.StepsDone.class))
                .hasValueSatisfying(
                        done -> assertThat(done.progress().acknowledged()).containsExactly(1L));
    }

    @Test
    void aFenceReplacesTheWorkerWhereverItHangs() {
        running(false, 5);
        executed(1);
        story.committed(1, 1);
        story.fenced(2);
        assertThat(story.each(AgentEffect.ReplaceWorker.class)).hasSize(1);

        story.fencedData();

        assertThat(answered().live()).isNull();
        assertThat(answered().workerAlive()).isFalse();
        assertThat(answered().snapshots())
                .extracting(HeldState::state)
                .containsExactly(state(1, 0, 0), state(1, 1, 0));
        story.exited("killed");
        assertThat(story.each(AgentEffect.StartWorker.class)).hasSize(1);
        assertThat(story.everReported(AgentReport.WorkerLost.class)).isEmpty();
    }

    @Test
    void theOrderWaitsForTheNewWorker() {
        running(false, 5);
        executed(1);
        story.committed(1, 1).fenced(2).fencedData();
        ordered(2, 1, new Restore(Restore.Action.LOAD_LOCAL, state(1, 1, 0), digest(1, 0), null));
        assertThat(story.request(WorkerRequest.Prepare.class)).isEmpty();
        story.exited("killed").filesMade();
        loaded(false);

        assertThat(story.everAsked(WorkerRequest.Prepare.class))
                .hasValueSatisfying(prepare -> {
                    assertThat(prepare.epoch()).isEqualTo(2);
                    assertThat(prepare.origin()).isEqualTo(WorkerRequest.Origin.SLOT);
                    assertThat(prepare.host()).isEqualTo("127.0.0.1");
                });
    }

    @Test
    void aWorkerWithoutARankStaysWarm() {
        story.attached().give(new AgentEvent.JobOffered(story.term, job()));
        loaded(false);
        story.fenced(2).fencedData();

        assertThat(story.find(AgentEffect.ReplaceWorker.class)).isEmpty();
        assertThat(answered().workerAlive()).isTrue();
    }

    @Test
    void aWorkerThatMadeNoStepOfAnAbandonedEpochStays() {
        story.attached().give(new AgentEvent.JobOffered(story.term, job()));
        loaded(false);
        ordered(1, 0, init(0));
        story.fencedData().prepared(Digest.NONE).fenced(2).fencedData();

        assertThat(story.find(AgentEffect.ReplaceWorker.class)).isEmpty();
        assertThat(answered().workerAlive()).isTrue();
    }

    @Test
    void aBrokenGroupWaitsForTheFence() {
        running(false, 5);
        story.give(broken(1));
        assertThat(story.each(AgentEffect.KillWorker.class)).isEmpty();
        assertThat(story.report(AgentReport.WorkerLost.class)).isEmpty();

        story.later(500 * MILLI).fenced(2).later(2_000 * MILLI);

        assertThat(story.find(AgentEffect.KillWorker.class)).isEmpty();
        assertThat(story.find(AgentEffect.ReplaceWorker.class)).isPresent();
    }

    @Test
    void aGroupThatBreaksWithoutAFenceIsTold() {
        running(false, 5);
        story.give(broken(1)).later(1_000 * MILLI);

        assertThat(story.each(AgentEffect.KillWorker.class))
                .singleElement()
                .satisfies(kill ->
                        assertThat(kill.reason())
                                .isEqualTo(
                                        "its group broke in step 1: connection closed by"
                                                + " peer"));
    }

    @Test
    void whoReformsKeepsItsStateWhenTheGroupBroke() {
        running(true, 5);
        executed(1);
        story.committed(1, 1).give(broken(2));
        story.fenced(2).fencedData();

        assertThat(story.find(AgentEffect.ReplaceWorker.class)).isEmpty();
        assertThat(answered().live()).isEqualTo(state(1, 1, 0));
        assertThat(answered().workerAlive()).isTrue();
    }

    @Test
    void whoReformsAnswersTheFenceWhenItsStepHasEnded() {
        running(true, 5);
        story.fenced(2).fencedData();
        assertThat(story.report(AgentReport.Holdings.class)).isEmpty();

        story.give(
                new AgentEvent.RequestAborted(story.generation, new WorkerRequest.Execute(1, 1)));

        StateName base = state(1, 0, 0);
        assertThat(answered().live()).isEqualTo(base);
    }

    @Test
    void aStepThatEndsAfterTheFenceIsToldWithTheInventory() {
        running(true, 5);
        story.fenced(2).fencedData();
        executed(1);

        assertThat(answered().live()).isEqualTo(state(1, 1, 0));
        assertThat(Story.runsOf(answered().tail()))
                .extracting(run -> run.last())
                .containsExactly(1L);
    }
}
