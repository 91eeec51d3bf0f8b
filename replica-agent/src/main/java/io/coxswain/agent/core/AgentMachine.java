package io.coxswain.agent.core;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.JobSpec;
import io.coxswain.agent.core.model.PrepareOrder;
import io.coxswain.agent.core.model.StateName;

import org.jspecify.annotations.Nullable;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The agent's decisions: one event and the time in, effects in order out. It holds the highest term
 * and epoch promised, the job, the view, credits and lease, what the worker does, and what lies in
 * the arena. See {@link Phase} for the diagram.
 *
 * <p>Confined to one thread at a time. Times are nanoseconds of a monotonic clock that starts at or
 * above zero. After an exception the machine must not be used any more: a broken invariant stops
 * the agent.
 */
public final class AgentMachine {
    private static final long PEER_LOST_NANOS = 1_000_000_000L;

    private final Station at;
    private final Outbox out;
    private final ViewDesk views;
    private final WorkerDesk workers;
    private final Map<Integer, Long> peerLostAt = new HashMap<>();
    private long peerLostEpoch;

    /** An agent without a job, a leader or a worker. */
    public AgentMachine(AgentKey self, AgentLimits limits) {
        this.at = new Station(self, limits);
        this.out = at.out;
        this.views = new ViewDesk(at);
        this.workers = new WorkerDesk(at, views);
    }

    // ---------------------------------------------------------------- what others see

    /** Where the agent stands. */
    public Phase phase() {
        return at.phase;
    }

    /** Told with every message to a leader. */
    public long termSeen() {
        return at.link.termSeen();
    }

    /** Words of leaders that were succeeded, none of which was followed. */
    public long staleWords() {
        return at.link.staleWords();
    }

    /** No message of an epoch below is followed. */
    public long promisedEpoch() {
        return at.promised;
    }

    /** The newest step that everybody can go back to, as far as this agent knows. */
    public long floor() {
        return at.vault.floor();
    }

    /**
     * The oldest agreed snapshot of this view that this agent lacks, because a fetch or a commit of
     * an earlier view had its slot; {@link Long#MAX_VALUE} for none.
     */
    public long missedSnapshot() {
        return at.stepping.missedSnapshot();
    }

    /** A snapshot of that step of its own shard lies here, or is being made. */
    public boolean hasSnapshot(long step) {
        return at.vault.hasStep(step);
    }

    /** The name of the worker's live state, null if it has none. */
    public @Nullable StateName live() {
        return at.worker.live();
    }

    /** When {@link AgentEvent.Tick} is due; {@link Long#MAX_VALUE} for never. */
    public long nextDeadlineNanos(long now) {
        long deadline = at.link.nextDeadlineNanos();
        if (at.job != null) {
            deadline = Math.min(deadline, at.worker.nextDeadlineNanos());
            deadline = Math.min(deadline, at.restoring.nextDeadlineNanos());
            deadline = Math.min(deadline, at.replication.nextDeadlineNanos(now));
            deadline = Math.min(deadline, at.holding.nextDeadlineNanos());
            deadline = Math.min(deadline, at.keyValues.nextDeadlineNanos());
            if (at.phase == Phase.FENCING && at.commitGraceUntil > now) {
                deadline = Math.min(deadline, at.commitGraceUntil);
            }
        }
        return deadline;
    }

    // ---------------------------------------------------------------- events

    /**
     * Takes one event. The effects are to be carried out in order before the next event is given.
     */
    public List<AgentEffect> step(AgentEvent event, long now) {
        switch (event) {
            case AgentEvent.Tick _ -> tick(now);
            case AgentEvent.StreamOpened _ -> streamOpened(now);
            case AgentEvent.StreamClosed _ -> at.link.closed();
            case AgentEvent.NoticeGiven notice -> at.departure.noticed(notice, now);
            case AgentEvent.FromLeader word -> {
                if (at.link.accept(word.term())) {
                    fromLeader(word, now);
                } else {
                    out.add(
                            new AgentEffect.LeaveStream(
                                    "its leader speaks for term "
                                            + word.term()
                                            + ", but term "
                                            + at.link.termSeen()
                                            + " was heard already"));
                }
            }
            case AgentEvent.FromWorker word -> {
                if (word.generation() == at.worker.generation()) {
                    workers.take(word, now);
                }
            }
            case AgentEvent.Reduced reduced -> {
                at.stepping.reduced(reduced, now);
                at.holding.floorRaised(at.vault.floor());
            }
            case AgentEvent.Gathered gathered -> {
                if (at.stepping.gathered(gathered, now) && at.phase == Phase.GATHERING) {
                    at.phase = Phase.STEPPING;
                }
            }
            case AgentEvent.PeerLost lost -> peerLost(lost, now);
            case AgentEvent.DataFenced fenced ->
                    at.dataFenced = Math.max(at.dataFenced, at.job == null ? 0 : fenced.epoch());
            case AgentEvent.CopyPushed pushed -> at.replication.pushed(pushed, now);
            case AgentEvent.StateFetched fetched -> at.restoring.fetched(fetched, now);
            case AgentEvent.CopyReceived received -> {
                if (at.isJob(received.state().jobId())) {
                    at.holding.received(received, now);
                    at.vault.raiseFloor(received.floor());
                    at.holding.floorRaised(at.vault.floor());
                }
            }
            case AgentEvent.CopyDropped dropped -> at.holding.dropped(dropped);
            case AgentEvent.FileReady ready -> workers.fileReady(ready.file());
            case AgentEvent.FileFailed failed -> workers.fileFailed(failed);
            case AgentEvent.FileInspected inspected -> at.vault.inspected(inspected);
        }
        settle(now);
        at.departure.settle();
        return out.drain();
    }

    /** What follows from the state as it is, whatever event led to it. */
    private void settle(long now) {
        switch (at.phase) {
            case NO_JOB, WARMING, STANDBY, FENCED -> {}
            case VIEW_READY -> views.snapshotBase();
            case FENCING -> views.answerWhenQuiet(now);
            case RESTORING -> at.restoring.proceed(at.isQuiet(), now);
            case GATHERING -> {
                views.snapshotBase();
                at.replication.pump(now);
            }
            case STEPPING -> {
                views.snapshotBase();
                at.replication.pump(now);
                at.stepping.resume(now);
                at.stepping.advance(at.baseWanted == null && at.link.leaseHolds(now), now);
                at.stop.settle(views);
                views.collectFinal();
            }
        }
    }

    private void tick(long now) {
        JobSpec job = at.job;
        if (job != null) {
            at.worker.tick(job, now);
            at.restoring.tick(now);
            at.holding.tick(now);
            at.keyValues.tick(now);
        }
        if (at.link.beat(now)) {
            long nanos = at.stepping.isUnderWay() ? now - at.stepping.operationSince() : 0;
            out.report(
                    new AgentReport.Heartbeat(
                            at.link.sequence(),
                            at.link.answered(),
                            at.link.jobTimeAt(now),
                            operation(),
                            at.stepping.step(),
                            List.of(),
                            nanos,
                            at.stepping.isUnderWay() ? at.worker.enteredIn(at.stepping.step()) : 0,
                            at.worker.waitsFor(),
                            at.stepping.isUnderWay() ? at.worker.partOf(at.stepping.step()) : ""));
        }
    }

    private String operation() {
        return switch (at.phase) {
            case NO_JOB, STANDBY -> "idle";
            case WARMING -> "load";
            case FENCING, FENCED -> "fenced";
            case RESTORING, VIEW_READY -> "restore";
            case GATHERING, STEPPING ->
                    at.stepping.isJoining()
                            ? "join"
                            : at.stepping.isUnderWay()
                                    ? at.stepping.operation().name().toLowerCase(Locale.ROOT)
                                    : "idle";
        };
    }

    private void streamOpened(long now) {
        JobSpec job = at.job;
        at.link.opened(now);
        if (at.phase == Phase.STEPPING && !at.stepping.isUnderWay()) {
            // Nothing more may come for long: what was made is told whole.
            at.progress.cut();
        }
        at.progress.untold();
        out.report(
                new AgentReport.Attach(
                        at.inventory(
                                job == null ? "" : job.jobId(),
                                at.progress.takeUnsent(at.vault.floor())),
                        at.link.jobTimeAt(now),
                        at.standing(now)));
        at.holding.streamOpened();
    }

    private void fromLeader(AgentEvent.FromLeader event, long now) {
        switch (event) {
            case AgentEvent.Welcomed welcomed -> {
                at.link.welcomed(welcomed.heartbeatNanos(), welcomed.leaseNanos(), now);
                AgentReport.WorkerLost untold = at.untoldLoss;
                if (untold != null) {
                    out.report(untold);
                }
                at.keyValues.restate();
                at.departure.restate(now);
            }
            case AgentEvent.AttachRejected rejected ->
                    out.add(
                            new AgentEffect.LeaveStream(
                                    "the leader rejected this agent: " + rejected.reason()));
            case AgentEvent.HeartbeatAnswered answered ->
                    at.link.answered(answered.sequence(), answered.jobTimeNanos(), now);
            case AgentEvent.JobOffered offered -> jobOffered(offered.job(), now);
            case AgentEvent.Fenced fenced -> views.fenced(fenced, now);
            case AgentEvent.ViewOrdered ordered -> views.ordered(ordered.order(), now);
            case AgentEvent.ViewStarted started -> views.started(started, now);
            case AgentEvent.HaltOrdered ordered -> at.stop.ordered(ordered);
            case AgentEvent.LeaveGranted _ -> at.departure.granted();
            case AgentEvent.StepsGranted granted -> {
                if (at.isRunning(granted.jobId(), granted.epoch())) {
                    at.stop.takenBack();
                    at.granted(granted.through(), granted.floors(), granted.interval());
                    views.hold(granted.hold(), granted.through(), now);
                }
            }
            case AgentEvent.PlacementInstalled installed -> views.placed(installed.placement());
            case AgentEvent.FinalRequested requested -> views.finalRequested(requested);
            case AgentEvent.JobEnded ended -> {
                if (at.isJob(ended.jobId())) {
                    views.endJob();
                }
            }
            case AgentEvent.KeyValueAnswered answered -> {
                if (at.isJob(answered.jobId())) {
                    at.keyValues.answered(answered);
                }
            }
            case AgentEvent.ProgressAcknowledged acknowledged -> {
                if (at.isJob(acknowledged.jobId())) {
                    at.progress.acknowledge(acknowledged.epoch(), acknowledged.step());
                }
            }
        }
    }

    private void jobOffered(JobSpec offered, long now) {
        JobSpec job = at.job;
        if (job != null && !job.jobId().equals(offered.jobId())) {
            out.report(
                    new AgentReport.JobUnfit(
                            offered.jobId(),
                            "this agent runs job '"
                                    + job.jobId()
                                    + "'; it takes another one when that has ended"));
            return;
        }
        if (job == null) {
            at.link.otherJob();
            at.job = offered;
            at.phase = Phase.WARMING;
            at.promised = at.formerJobs.promised(offered.jobId());
            at.dataFenced = at.promised;
        }
        if (at.worker.state() == WorkerLife.State.ABSENT) {
            at.worker.start(offered, now);
        } else {
            at.readyGeneration = -1;
            workers.reportReady();
        }
    }

    private void peerLost(AgentEvent.PeerLost event, long now) {
        PrepareOrder order = at.order;
        if (order == null
                || event.rank() >= order.view().ranks()
                || !at.isRunning(order.view().jobId(), event.epoch())) {
            return;
        }
        if (peerLostEpoch != event.epoch()) {
            peerLostEpoch = event.epoch();
            peerLostAt.clear();
        }
        Long last = peerLostAt.get(event.rank());
        if (last == null || now - last >= PEER_LOST_NANOS) {
            peerLostAt.put(event.rank(), now);
            out.report(
                    new AgentReport.PeerUnreachable(
                            order.view().jobId(),
                            event.epoch(),
                            order.view().members().get(event.rank()).key(),
                            event.detail()));
        }
    }
}
