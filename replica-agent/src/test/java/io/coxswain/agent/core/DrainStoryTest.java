package io.coxswain.agent.core;

import static io.coxswain.agent.core.Story.JOB;
import static io.coxswain.agent.core.Story.MILLI;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.List;

/** What an agent does when it is drained, and when another one is. */
final class DrainStoryTest {
    private final Story story = new Story();

    private Story halt(long number, long after, boolean hold) {
        return story.give(new AgentEvent.HaltOrdered(story.term, JOB, 1, number, after, hold));
    }

    private List<AgentReport.StepsHalted> halted() {
        return reports(AgentReport.StepsHalted.class);
    }

    private <T extends AgentReport> List<T> reports(Class<T> type) {
        return story.all.stream()
                .filter(AgentEffect.Report.class::isInstance)
                .map(effect -> ((AgentEffect.Report) effect).report())
                .filter(type::isInstance)
                .map(type::cast)
                .toList();
    }

    private List<AgentEffect.MayEnd> ends() {
        return story.all.stream()
                .filter(AgentEffect.MayEnd.class::isInstance)
                .map(AgentEffect.MayEnd.class::cast)
                .toList();
    }

    private void notice() {
        story.give(new AgentEvent.NoticeGiven("SIGTERM", 30_000 * MILLI));
    }

    @Test
    void theStepUnderWayIsMadeAndNoOther() {
        story.running(50);
        story.made(1, 0);
        // Step 2 is under way.
        halt(1, 1, false);
        assertThat(halted()).containsExactly(new AgentReport.StepsHalted(JOB, 1, 1, 2, false));
        story.made(2, 0);
        assertThat(story.request(WorkerRequest.Execute.class)).isEmpty();
        var done = reports(AgentReport.StepsDone.class).getLast().progress().runs().getLast();
        assertThat(done.last()).as("told at once").isEqualTo(2);
        assertThat(story.machine.phase()).isEqualTo(Phase.STEPPING);
    }

    @Test
    void allGoOnToTheStepThatIsAgreedAndHoldTheirState() {
        story.running(50);
        story.made(1, 0);
        halt(1, 1, false);
        story.made(2, 0);
        halt(2, 3, true);
        story.executed(3).reduced(3, 0);
        int slot = story.request(WorkerRequest.Apply.class).orElseThrow().snapshotSlot();
        story.applied(3).gathered(3);
        if (slot < 0) {
            slot = story.request(WorkerRequest.Snapshot.class).orElseThrow().slot();
        }
        assertThat(halted()).noneMatch(AgentReport.StepsHalted::held);
        story.committed(3, slot);
        assertThat(halted().getLast()).isEqualTo(new AgentReport.StepsHalted(JOB, 1, 2, 3, true));
        // Told once.
        story.later(1_000 * MILLI);
        assertThat(halted().stream().filter(AgentReport.StepsHalted::held)).hasSize(1);
    }

    @Test
    void theNextGrantTakesItBack() {
        story.running(50);
        story.made(1, 0);
        halt(1, 1, false);
        story.made(2, 0);
        story.give(new AgentEvent.StepsGranted(story.term, JOB, 1, 50));
        assertThat(story.request(WorkerRequest.Execute.class)).isPresent();
        story.made(3, 0);
        assertThat(story.request(WorkerRequest.Execute.class)).isPresent();
    }

    @Test
    void whatWasCopiedForTheOrderAloneIsGivenUpWhenStepsGoOn() {
        story.running(50);
        story.made(1, 0);
        halt(1, 1, false);
        story.made(2, 0);
        // All ranks have snapshots of 1 and 2 above the floor, so none takes 3: this one does.
        halt(2, 3, true);
        story.executed(3).reduced(3, 0);
        assertThat(story.request(WorkerRequest.Apply.class).orElseThrow().snapshotSlot())
                .isNegative();
        story.applied(3).gathered(3);
        story.committed(3, story.request(WorkerRequest.Snapshot.class).orElseThrow().slot());
        assertThat(halted().getLast().held()).isTrue();
        assertThat(story.machine.hasSnapshot(3)).isTrue();

        story.give(new AgentEvent.StepsGranted(story.term, JOB, 1, 50));
        assertThat(story.machine.hasSnapshot(3)).isFalse();
        assertThat(story.each(AgentEffect.FreeSlot.class)).hasSize(1);
        assertThat(story.machine.missedSnapshot())
                .as("it gave its slot, and the floor must not come to lie there")
                .isEqualTo(1);
        assertThat(story.request(WorkerRequest.Execute.class)).isPresent();
    }

    @Test
    void aCopyForTheOrderThatIsStillBeingWrittenGoesWhenItIsWhole() {
        story.running(50);
        story.made(1, 0);
        story.made(2, 1);
        story.made(3, 1);
        halt(1, 3, false);
        assertThat(story.made(4, 1)).isNegative();
        halt(2, 4, true);
        int slot = story.request(WorkerRequest.Snapshot.class).orElseThrow().slot();
        story.give(new AgentEvent.StepsGranted(story.term, JOB, 1, 50));
        assertThat(story.machine.hasSnapshot(4)).isFalse();
        story.committed(4, slot);
        assertThat(story.machine.hasSnapshot(4)).isFalse();
        assertThat(story.each(AgentEffect.FreeSlot.class)).hasSize(1);
    }

    @Test
    void anOrderOfAnotherViewIsAGhost() {
        story.running(50);
        story.give(new AgentEvent.HaltOrdered(story.term, JOB, 9, 1, 0, true));
        assertThat(halted()).isEmpty();
        story.made(1, 0);
        assertThat(story.everAsked(WorkerRequest.Execute.class).orElseThrow().step()).isEqualTo(2);
    }

    @Test
    void aNoticeIsToldUntilTheLeaderLetsItGo() {
        story.running(50);
        notice();
        assertThat(reports(AgentReport.Notice.class))
                .containsExactly(new AgentReport.Notice("SIGTERM", 30_000 * MILLI));
        story.now += 1_000 * MILLI;
        story.give(new AgentEvent.StreamClosed("reset"));
        story.attached();
        assertThat(reports(AgentReport.Notice.class).getLast().leftNanos())
                .isEqualTo(29_000 * MILLI);
        assertThat(ends()).isEmpty();
        story.give(new AgentEvent.LeaveGranted(story.term));
        story.give(new AgentEvent.LeaveGranted(story.term));
        assertThat(ends()).singleElement().matches(AgentEffect.MayEnd::drained);
    }

    @Test
    void withoutAJobItMayEndAtOnce() {
        story.attached();
        notice();
        assertThat(ends()).singleElement().matches(AgentEffect.MayEnd::drained);
    }

    @Test
    void theJobsEndLetsItGo() {
        story.running(50);
        notice();
        story.give(new AgentEvent.JobEnded(story.term, JOB, "completed"));
        assertThat(ends()).singleElement().matches(AgentEffect.MayEnd::drained);
    }

    @Test
    void withoutALeaderNobodyIsWaitedFor() {
        story.running(50);
        story.give(new AgentEvent.StreamClosed("gone"));
        story.now += Story.LEASE;
        notice();
        assertThat(ends()).singleElement().matches(end -> !end.drained());
    }

    @Test
    void aLeaderThatMayBeFollowedIsWaitedFor() {
        story.running(50);
        story.give(new AgentEvent.StreamClosed("gone"));
        story.now += 1_000 * MILLI;
        notice();
        assertThat(ends()).isEmpty();
        story.term++;
        story.attached();
        assertThat(reports(AgentReport.Notice.class)).isNotEmpty();
    }

    @Test
    void leaveThatNobodyAskedForIsNone() {
        story.running(50).give(new AgentEvent.LeaveGranted(story.term));
        assertThat(ends()).isEmpty();
    }
}
