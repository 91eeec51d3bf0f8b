package io.coxswain.agent.core;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.GrantedFloor;
import io.coxswain.agent.core.model.HeldState;
import io.coxswain.agent.core.model.Inventory;
import io.coxswain.agent.core.model.JobSpec;
import io.coxswain.agent.core.model.PrepareOrder;
import io.coxswain.agent.core.model.Progress;
import io.coxswain.agent.core.model.SnapshotInterval;
import io.coxswain.agent.core.model.Standing;
import io.coxswain.agent.core.model.StateName;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Where the agent stands: what the parts of the machine share. */
final class Station {
    final AgentKey self;
    final AgentLimits limits;
    final Outbox out = new Outbox();
    final LeaderLink link = new LeaderLink();
    final ProgressRuns progress = new ProgressRuns();
    final WorkerLife worker;
    final Vault vault;
    final Replication replication;
    final Stepping stepping;
    final HolderDuties holding;
    final Restoring restoring;
    final KeyValueDesk keyValues;
    final StepStop stop;
    final Departure departure;
    final FormerJobs formerJobs = new FormerJobs();

    Phase phase = Phase.NO_JOB;
    @Nullable JobSpec job;

    /** No epoch below is followed. */
    long promised;

    /** The data plane has dropped all epochs below. */
    long dataFenced;

    /** The view that is being prepared or stands, null after a fence. */
    @Nullable PrepareOrder order;

    @Nullable StepProgram program;
    long commitGraceUntil;

    /** The generation that the leader heard to be ready, -1 for none. */
    int readyGeneration = -1;

    /** A loss that no fence has answered yet: told again on a new stream. */
    AgentReport.@Nullable WorkerLost untoldLoss;

    AgentEvent.@Nullable FinalRequested finalWanted;
    WorkerRequest.@Nullable Finish finishing;
    AgentReport.@Nullable FinalState finalState;

    /** The name of the snapshot of a view's base that still wants a slot, null if none does. */
    @Nullable StateName baseWanted;

    /** Names under which states are shared for others to fetch, beside their own. */
    final Map<StateName, Digest> donations = new HashMap<>();

    Station(AgentKey self, AgentLimits limits) {
        this.self = self;
        this.limits = limits;
        this.worker = new WorkerLife(out, limits);
        this.vault = new Vault(out);
        this.replication = new Replication(out, vault, limits);
        this.stepping = new Stepping(out, vault, worker, replication, progress);
        this.holding = new HolderDuties(out, limits);
        this.restoring = new Restoring(self, out, limits, vault, worker, holding);
        this.keyValues = new KeyValueDesk(this);
        this.stop = new StepStop(this);
        this.departure = new Departure(this);
    }

    boolean isJob(String jobId) {
        return job != null && job.jobId().equals(jobId);
    }

    boolean isRunning(String jobId, long epoch) {
        return isJob(jobId)
                && order != null
                && order.view().epoch() == epoch
                && (phase == Phase.GATHERING || phase == Phase.STEPPING);
    }

    JobSpec currentJob() {
        JobSpec current = job;
        if (current == null) {
            throw new IllegalStateException("no job in phase " + phase);
        }
        return current;
    }

    PrepareOrder currentOrder() {
        PrepareOrder current = order;
        if (current == null) {
            throw new IllegalStateException("no view in phase " + phase);
        }
        return current;
    }

    StepProgram currentProgram() {
        StepProgram current = program;
        if (current == null) {
            throw new IllegalStateException("no step plan in phase " + phase);
        }
        return current;
    }

    /** True if nothing of an older epoch changes the state or the region any more. */
    boolean isQuiet() {
        return dataFenced >= promised
                && !worker.isApplying()
                && !(worker.isExecuting() && currentJob().runtimeReduces());
    }

    /** Steps that may be made now and, where the runtime reduces, the floors to decide by. */
    void granted(long through, List<GrantedFloor> floors, SnapshotInterval interval) {
        stepping.grant(through, floors, interval);
        if (!floors.isEmpty()) {
            holding.floorRaised(vault.floor());
        }
    }

    Inventory inventory(String jobId, @Nullable Progress tail) {
        List<HeldState> snapshots = new ArrayList<>();
        for (Vault.Snapshot snapshot : vault.snapshots()) {
            if (snapshot.committed && !snapshot.doomed) {
                snapshots.add(snapshot.held());
            }
        }
        List<HeldState> copies = new ArrayList<>();
        for (HolderDuties.Copy copy : holding.copies()) {
            copies.add(new HeldState(copy.name(), copy.digest(), copy.bytes()));
        }
        boolean alive = worker.isAlive() && worker.isLoaded();
        return new Inventory(
                jobId,
                promised,
                alive,
                alive ? worker.live() : null,
                worker.liveDigest(),
                snapshots,
                copies,
                tail,
                vault.floor());
    }

    /**
     * What may be done in the view that this agent has a rank in, or that it left with steps which
     * are not acknowledged; null where there is none.
     */
    @Nullable Standing standing(long now) {
        PrepareOrder current = order;
        StepProgram plan = program;
        boolean started = phase == Phase.GATHERING || phase == Phase.STEPPING;
        if (!started && phase != Phase.VIEW_READY && progress.isKept()) {
            return progress.left(now);
        }
        if (current == null
                || plan == null
                || current.rank() < 0
                || !(started || phase == Phase.VIEW_READY)) {
            return null;
        }
        return new Standing(
                current.view().epoch(),
                current.rank(),
                started,
                started ? stepping.through() : current.view().baseStep(),
                started ? stepping.floors() : List.of(),
                plan.reportEvery(),
                started ? progress.sinceNanos(now) : 0,
                started && !stepping.isUnderWay(),
                false,
                started ? stepping.intervals().before() : plan.snapshotEvery(),
                started ? stepping.intervals().newest() : SnapshotInterval.PLANNED);
    }

    void viewFailed(String reason) {
        PrepareOrder current = currentOrder();
        out.report(
                new AgentReport.ViewFailed(
                        current.view().jobId(), current.view().epoch(), reason, false, null, null));
    }

    void becomeStandby() {
        if (phase == Phase.WARMING && worker.isLoaded() && vault.regionIsReady()) {
            phase = Phase.STANDBY;
        }
    }
}
