package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.Lineage;
import io.coxswain.coordinator.core.model.Standing;
import io.coxswain.coordinator.core.model.StateName;
import io.coxswain.coordinator.core.model.View;

import org.jspecify.annotations.Nullable;

import java.util.function.Predicate;

/** A story whose leader ends, and another one goes on with what is durable. */
final class TakeoverStory {
    final JobStory story;
    FoundJob.Account account = FoundJob.Account.NONE;

    TakeoverStory(JobStory story) {
        this.story = story;
    }

    /** The leader's account becomes durable, and members hear so. */
    TakeoverStory accounted() {
        View view = story.machine.view();
        account =
                new FoundJob.Account(
                        view == null ? 0 : view.epoch(),
                        story.machine.completedStep(),
                        story.machine.protectedStep(),
                        story.now - story.opened,
                        story.ledger
                                .openTotals(story.now, story.machine.runningCategory())
                                .categories(),
                        story.ledger.unsettled(8),
                        story.machine.incidents());
        if (view != null) {
            story.tell(new JobEvent.AccountPersisted(view.epoch(), story.machine.completedStep()));
            for (SimAgent agent : story.agents.values()) {
                agent.acknowledgedNanos = agent.lastReportNanos;
            }
        }
        return this;
    }

    /** What the store holds: the newest view record that was asked for. */
    FoundJob found() {
        JobEffect.@Nullable PersistView last = null;
        for (JobEffect effect : story.effects) {
            if (effect instanceof JobEffect.PersistView persist) {
                last = persist;
            }
        }
        return last == null
                ? new FoundJob(null, null, null, Lineage.EMPTY, account, story.paused)
                : new FoundJob(
                        last.state(),
                        last.view(),
                        last.placement(),
                        last.lineage(),
                        account,
                        story.paused);
    }

    /** A leader is there after so long; nobody has attached to it. */
    Takeover successor(long gapNanos) {
        story.now += gapNanos;
        return new Takeover(story.spec, found(), JobLimits.defaults(), story.now);
    }

    Takeover.Present present(SimAgent agent, long jobTimeNanos) {
        StateName live = agent.live;
        boolean started = agent.startedEpoch != 0;
        Inventory now = agent.inventory();
        long told = agent.reportedTo;
        long reported = agent.lastReportNanos;
        agent.reportedTo = agent.acknowledgedTo;
        agent.lastReportNanos = story.now - agent.lastStepNanos + agent.acknowledgedNanos;
        var tail =
                live != null && agent.rank >= 0 && live.step() > agent.acknowledgedTo && started
                        ? agent.progress(live.step())
                        : null;
        agent.reportedTo = Math.max(told, tail == null ? 0 : agent.step());
        agent.lastReportNanos = tail == null ? reported : agent.lastStepNanos;
        Standing standing =
                agent.rank < 0 || agent.promised == 0
                        ? null
                        : new Standing(
                                agent.promised,
                                agent.rank,
                                started,
                                agent.granted,
                                java.util.List.of(),
                                agent.reportEvery,
                                started ? story.now - agent.lastStepNanos : 0,
                                started && agent.mayMake() <= agent.step(),
                                false,
                                agent.snapshotEvery,
                                agent.interval);
        return new Takeover.Present(
                agent.profile,
                new Inventory(
                        now.promisedEpoch(),
                        now.workerAlive(),
                        now.live(),
                        now.snapshots(),
                        now.copies(),
                        tail,
                        now.floor()),
                standing,
                jobTimeNanos,
                story.now);
    }

    /** All living agents for which that holds attach; the job goes on once that is decided. */
    TakeoverStory takenOver(long gapNanos, Predicate<SimAgent> attaches) {
        Takeover takeover = successor(gapNanos);
        for (SimAgent agent : story.agents.values()) {
            if (agent.up && attaches.test(agent)) {
                takeover.attached(present(agent, story.now - story.opened));
            }
        }
        while (!takeover.isDue(story.now)) {
            story.now = takeover.deadlineNanos();
        }
        story.ledBy(JobMachine.takenOver(takeover, JobLimits.defaults(), story.now));
        story.settle();
        return this;
    }
}
