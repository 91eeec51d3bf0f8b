package io.coxswain.agent.core;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.ArenaShape;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.HeldState;
import io.coxswain.agent.core.model.Inventory;
import io.coxswain.agent.core.model.JobSpec;
import io.coxswain.agent.core.model.Placement;
import io.coxswain.agent.core.model.PrepareOrder;
import io.coxswain.agent.core.model.Progress;
import io.coxswain.agent.core.model.Restore;
import io.coxswain.agent.core.model.StateLayout;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.agent.core.model.View;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The agent's decisions: one event and the time in, effects in order out. It holds the highest term and epoch promised, the job, the view, credits and lease, what
 * the worker does, and what lies in the arena. See {@link Phase} for the diagram.
 *
 * <p>Confined to one thread at a time. Times are nanoseconds of a monotonic clock that starts at or above zero. After an exception the machine must not be used any
 * more: a broken invariant stops the agent.
 */
public final class AgentMachine {
    private static final long PEER_LOST_NANOS = 1_000_000_000L;

    private final AgentKey self;
    private final AgentLimits limits;
    private final Outbox out = new Outbox();
    private final LeaderLink link = new LeaderLink();
    private final WorkerLife worker;
    private final Vault vault = new Vault(out);
    private final Replication replication;
    private final ProgressRuns progress = new ProgressRuns();
    private final Stepping stepping;
    private final HolderDuties holding;
    private final Restoring restoring;
    private final Map<StateName, StateName> donations = new HashMap<>();
    private final Map<Integer, Long> peerLostAt = new HashMap<>();

    private Phase phase = Phase.NO_JOB;
    private @Nullable JobSpec job;
    private long promised;
    private long dataFenced;
    private @Nullable PrepareOrder order;
    private @Nullable StepProgram program;
    private long commitGraceUntil;
    private int readyGeneration = -1;
    private AgentReport.@Nullable WorkerLost untoldLoss;
    private AgentReport.@Nullable FinalState finalState;
    private WorkerRequest.@Nullable Finish finishing;

    public AgentMachine(AgentKey self, AgentLimits limits) {
        this.self = self;
        this.limits = limits;
        this.worker = new WorkerLife(out, limits);
        this.replication = new Replication(out, vault, limits);
        this.stepping = new Stepping(out, vault, worker, replication, progress);
        this.holding = new HolderDuties(out, limits);
        this.restoring = new Restoring(self, out, limits, vault, worker, holding);
    }

    // ---------------------------------------------------------------- what others see

    public Phase phase() {
        return phase;
    }

    /** Told with every message to a leader. */
    public long termSeen() {
        return link.termSeen();
    }

    /** No message of an epoch below is followed. */
    public long promisedEpoch() {
        return promised;
    }

    /** The newest step that everybody can go back to, as far as this agent knows. */
    public long floor() {
        return vault.floor();
    }

    /** The name of the worker's live state, null if it has none. */
    public @Nullable StateName live() {
        return worker.live();
    }

    /** When {@link AgentEvent.Tick} is due; {@link Long#MAX_VALUE} for never. */
    public long nextDeadlineNanos(long now) {
        long deadline = link.nextDeadlineNanos();
        if (job != null) {
            deadline = Math.min(deadline, worker.nextDeadlineNanos());
            deadline = Math.min(deadline, restoring.nextDeadlineNanos());
            deadline = Math.min(deadline, replication.nextDeadlineNanos(now));
            deadline = Math.min(deadline, holding.nextDeadlineNanos());
            if (phase == Phase.FENCING && vault.isWriting() && commitGraceUntil > now) {
                deadline = Math.min(deadline, commitGraceUntil);
            }
        }
        return deadline;
    }

    /** Takes one event. The effects are to be carried out in order before the next event is given. */
    public List<AgentEffect> step(AgentEvent event, long now) {
        switch (event) {
            case AgentEvent.Tick _ -> tick(now);
            case AgentEvent.StreamOpened _ -> streamOpened(now);
            case AgentEvent.StreamClosed _ -> link.closed();
            case AgentEvent.FromLeader word -> {
                if (link.accept(word.term(), now)) {
                    fromLeader(word, now);
                } else {
                    out.add(new AgentEffect.LeaveStream("its leader speaks for term " + word.term() + ", but " + link.termSeen() + " was heard already"));
                }
            }
            case AgentEvent.FromWorker word -> {
                if (word.generation() == worker.generation()) {
                    fromWorker(word, now);
                }
            }
            case AgentEvent.Reduced reduced -> {
                stepping.reduced(reduced, now);
                holding.floorRaised(vault.floor());
            }
            case AgentEvent.Gathered gathered -> {
                if (stepping.gathered(gathered, now) && phase == Phase.GATHERING) {
                    phase = Phase.STEPPING;
                }
            }
            case AgentEvent.PeerLost lost -> peerLost(lost, now);
            case AgentEvent.DataFenced fenced -> dataFenced = Math.max(dataFenced, fenced.epoch());
            case AgentEvent.CopyPushed pushed -> replication.pushed(pushed, now);
            case AgentEvent.StateFetched fetched -> restoring.fetched(fetched, now);
            case AgentEvent.CopyReceived received -> {
                if (job != null && received.state().jobId().equals(job.jobId())) {
                    holding.received(received, now);
                    vault.raiseFloor(received.floor());
                    holding.floorRaised(vault.floor());
                }
            }
            case AgentEvent.CopyDropped dropped -> holding.dropped(dropped);
            case AgentEvent.FileReady ready -> fileReady(ready.file());
            case AgentEvent.FileFailed failed -> fileFailed(failed);
            case AgentEvent.FileInspected inspected -> vault.inspected(inspected);
        }
        settle(now);
        return out.drain();
    }

    /** What follows from the state as it is, whatever event led to it. */
    private void settle(long now) {
        switch (phase) {
            case NO_JOB, WARMING, STANDBY, FENCED, VIEW_READY -> {}
            case FENCING -> {
                if (dataFenced >= promised && !worker.isApplying() && (!vault.isWriting() || now >= commitGraceUntil)) {
                    phase = Phase.FENCED;
                    answerFence();
                }
            }
            case RESTORING -> restoring.proceed(dataFenced >= promised && !worker.isApplying(), now);
            case GATHERING -> replication.pump(now);
            case STEPPING -> {
                replication.pump(now);
                stepping.advance(link.leaseHolds(now), now);
            }
        }
    }

    private void tick(long now) {
        JobSpec current = job;
        if (current != null) {
            worker.tick(current, now);
            restoring.tick(now);
            holding.tick(now);
        }
        if (link.beat(now)) {
            out.report(
                    new AgentReport.Heartbeat(
                            link.sequence(), link.jobTimeAt(now), operation(), stepping.step(), List.of(), Math.max(0, now - stepping.operationSince())));
        }
    }

    private String operation() {
        return switch (phase) {
            case NO_JOB, STANDBY -> "idle";
            case WARMING -> "load";
            case FENCING, FENCED -> "fenced";
            case RESTORING, VIEW_READY -> "restore";
            case GATHERING, STEPPING -> stepping.isUnderWay() ? stepping.operation().name().toLowerCase(Locale.ROOT) : "idle";
        };
    }

    // ---------------------------------------------------------------- the leader

    private void streamOpened(long now) {
        link.opened();
        progress.untold();
        out.report(new AgentReport.Attach(inventory(job == null ? "" : job.jobId(), progress.takeUnsent(vault.floor())), link.jobTimeAt(now)));
    }

    private void fromLeader(AgentEvent.FromLeader event, long now) {
        switch (event) {
            case AgentEvent.Welcomed welcomed -> {
                link.welcomed(welcomed.heartbeatNanos(), welcomed.leaseNanos(), now);
                if (untoldLoss != null) {
                    out.report(untoldLoss);
                }
            }
            case AgentEvent.AttachRejected _ -> out.add(new AgentEffect.LeaveStream("the leader rejected this agent"));
            case AgentEvent.HeartbeatAnswered answered -> link.jobTime(answered.jobTimeNanos(), now);
            case AgentEvent.JobOffered offered -> jobOffered(offered.job(), now);
            case AgentEvent.Fenced fenced -> fenced(fenced, now);
            case AgentEvent.ViewOrdered ordered -> viewOrdered(ordered.order(), now);
            case AgentEvent.ViewStarted started -> viewStarted(started, now);
            case AgentEvent.StepsGranted granted -> {
                if (isRunning(granted.jobId(), granted.epoch())) {
                    stepping.grant(granted.through());
                }
            }
            case AgentEvent.PlacementInstalled installed -> placementInstalled(installed.placement());
            case AgentEvent.FinalRequested requested -> finalRequested(requested);
            case AgentEvent.JobEnded ended -> {
                if (isJob(ended.jobId())) {
                    endJob();
                }
            }
            case AgentEvent.ProgressAcknowledged acknowledged -> {
                if (isJob(acknowledged.jobId())) {
                    progress.acknowledge(acknowledged.epoch(), acknowledged.step());
                }
            }
        }
    }

    private boolean isJob(String jobId) {
        return job != null && job.jobId().equals(jobId);
    }

    private boolean isRunning(String jobId, long epoch) {
        return isJob(jobId) && order != null && order.view().epoch() == epoch && (phase == Phase.GATHERING || phase == Phase.STEPPING);
    }

    private void jobOffered(JobSpec offered, long now) {
        JobSpec current = job;
        if (current != null && !current.jobId().equals(offered.jobId())) {
            out.report(
                    new AgentReport.JobUnfit(
                            offered.jobId(), "this agent runs job '" + current.jobId() + "'; it takes another one when that has ended"));
            return;
        }
        if (current == null) {
            job = offered;
            phase = Phase.WARMING;
        }
        if (worker.state() == WorkerLife.State.ABSENT) {
            worker.start(offered, now);
        } else {
            readyGeneration = -1;
            reportReady();
        }
    }

    private void fenced(AgentEvent.Fenced event, long now) {
        if (!isJob(event.jobId())) {
            out.report(new AgentReport.Holdings(new Inventory(event.jobId(), event.epoch(), false, null, Digest.NONE, List.of(), List.of(), null, 0)));
            return;
        }
        if (event.epoch() < promised) {
            return;
        }
        if (event.epoch() == promised) {
            if (phase == Phase.FENCED) {
                answerFence();
            }
            return;
        }
        promise(event.epoch(), now);
        untoldLoss = null;
        commitGraceUntil = now + limits.commitGraceNanos();
        phase = Phase.FENCING;
    }

    /** From now on nothing of older epochs is followed, and what runs of them ends. */
    private void promise(long epoch, long now) {
        promised = epoch;
        order = null;
        program = null;
        finishing = null;
        finalState = null;
        stepping.halt(now);
        replication.stop();
        restoring.cancel();
        unshareDonations();
        worker.abort(epoch, now);
        out.add(new AgentEffect.FenceData(currentJob().jobId(), epoch));
    }

    private void answerFence() {
        progress.cut();
        out.report(new AgentReport.Holdings(inventory(currentJob().jobId(), progress.takeUnsent(vault.floor()))));
    }

    private Inventory inventory(String jobId, @Nullable Progress tail) {
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
        return new Inventory(jobId, promised, worker.isAlive() && worker.isLoaded(), worker.live(), worker.liveDigest(), snapshots, copies, tail, vault.floor());
    }

    private void viewOrdered(PrepareOrder newOrder, long now) {
        View view = newOrder.view();
        if (!isJob(view.jobId()) || view.epoch() < promised) {
            return;
        }
        if (order != null && order.view().epoch() == view.epoch()) {
            if (phase == Phase.VIEW_READY) {
                out.report(restoring.ready(now));
            }
            return;
        }
        if (view.epoch() > promised) {
            promise(view.epoch(), now);
        }
        untoldLoss = null;
        order = newOrder;
        int rank = newOrder.rank();
        if (rank < 0) {
            holding.install(newOrder.placement(), self, worker.layout());
            out.add(new AgentEffect.AdmitCopies(view.epoch()));
            donate(newOrder);
            phase = Phase.WARMING;
            becomeStandby();
            return;
        }
        phase = Phase.RESTORING;
        if (rank >= view.ranks() || !view.members().get(rank).key().equals(self)) {
            viewFailed("the order names rank " + rank + ", which is not this incarnation's in view " + view.epoch());
            return;
        }
        if (newOrder.plan() == null || newOrder.restore() == null) {
            viewFailed("the order for rank " + rank + " lacks a step plan or a way to its state");
            return;
        }
        try {
            program = new StepProgram(newOrder.plan());
        } catch (IllegalArgumentException e) {
            viewFailed(String.valueOf(e.getMessage()));
            return;
        }
        holding.install(newOrder.placement(), self, worker.layout());
        donate(newOrder);
        restoring.order(newOrder, now);
    }

    private void viewFailed(String reason) {
        PrepareOrder current = currentOrder();
        out.report(new AgentReport.ViewFailed(current.view().jobId(), current.view().epoch(), reason, false, null, null));
    }

    /** Makes readable what others will fetch from here under the names that they know. */
    private void donate(PrepareOrder newOrder) {
        for (Restore donation : newOrder.donations()) {
            StateName name = donation.state();
            Vault.Snapshot own = vault.find(name, donation.digest());
            HolderDuties.Copy copy = own == null ? holding.find(name, donation.digest()) : null;
            if (own != null || copy != null) {
                donations.put(name, name);
                out.add(new AgentEffect.ShareState(name, own != null ? own.slot : copy.slot()));
            }
        }
    }

    private void unshareDonations() {
        for (StateName name : donations.keySet()) {
            if (vault.find(name, Digest.NONE) == null) {
                out.add(new AgentEffect.UnshareState(name));
            }
        }
        donations.clear();
    }

    private void viewStarted(AgentEvent.ViewStarted event, long now) {
        PrepareOrder current = order;
        if (isRunning(event.jobId(), event.epoch())) {
            stepping.grant(event.through());
            return;
        }
        if (!isJob(event.jobId()) || current == null || current.view().epoch() != event.epoch()) {
            return;
        }
        View view = current.view();
        if (current.rank() < 0) {
            vault.beginView(view);
            holding.beginView(view, vault.floor());
            return;
        }
        if (phase == Phase.VIEW_READY) {
            begin(current, event.through(), now);
        }
    }

    private void begin(PrepareOrder current, long through, long now) {
        View view = current.view();
        JobSpec spec = currentJob();
        StepProgram running = currentProgram();
        int shard = view.shardOf(current.rank());
        StateName restored = worker.live();
        if (restored == null) {
            throw new IllegalStateException("view " + view.epoch() + " started, but rank " + current.rank() + " has no live state");
        }
        Digest digest = worker.liveDigest();
        holding.promote(shard, vault);
        vault.beginView(view);
        holding.beginView(view, vault.floor());
        replication.begin(current.placement(), current.rank(), shard, view.baseStep(), self);
        progress.begin(spec.jobId(), view.epoch(), current.rank(), view.baseStep(), spec.steps(), current.plan() == null ? 1 : current.plan().reportEvery(), now);
        if (digest.known()) {
            progress.committed(view.baseStep(), digest);
        }
        out.add(new AgentEffect.AdmitCopies(view.epoch()));
        peerLostAt.clear();
        // The view is on the lineage now: its base has a name of its own in it.
        StateName base = new StateName(view.jobId(), view.epoch(), view.baseStep(), shard);
        worker.live(base, digest);
        stepping.begin(view, running, current.rank(), spec.batch(), spec.steps(), through, now);
        phase = Phase.GATHERING;
        if (running.snapshotEvery() > 0 && vault.find(restored, digest) == null) {
            int slot = vault.freeSlot();
            if (slot < 0) {
                slot = vault.evictBetween();
            }
            if (slot >= 0) {
                vault.writing(base, slot);
                worker.ask(new WorkerRequest.Snapshot(view.epoch(), view.baseStep(), slot));
                out.add(new AgentEffect.Reached(view.baseStep(), StepPhase.SNAPSHOT));
            }
        }
    }

    private void placementInstalled(Placement placement) {
        PrepareOrder current = order;
        if (!isJob(placement.jobId()) || current == null || placement.epoch() != current.view().epoch() || placement.version() <= current.placement().version()) {
            return;
        }
        order = new PrepareOrder(current.view(), current.rank(), current.restore(), current.plan(), placement, current.donations());
        holding.install(placement, self, worker.layout());
        replication.install(placement, current.rank(), self);
    }

    private void finalRequested(AgentEvent.FinalRequested event) {
        PrepareOrder current = order;
        if (current == null || !isRunning(event.jobId(), event.epoch()) || stepping.isUnderWay() || stepping.step() != event.step()) {
            return;
        }
        if (finalState != null) {
            out.report(finalState);
        } else if (finishing == null) {
            finishing = new WorkerRequest.Finish(event.epoch(), event.step(), current.rank() == 0, event.lineage());
            worker.ask(finishing);
        }
    }

    private void endJob() {
        out.add(new AgentEffect.FenceData(currentJob().jobId(), promised + 1));
        unshareDonations();
        worker.stop();
        stepping.clear();
        replication.stop();
        restoring.clear();
        holding.clear();
        vault.clear();
        progress.clear();
        job = null;
        order = null;
        program = null;
        untoldLoss = null;
        finalState = null;
        finishing = null;
        promised = 0;
        dataFenced = 0;
        readyGeneration = -1;
        phase = Phase.NO_JOB;
    }

    // ---------------------------------------------------------------- the worker

    private void fromWorker(AgentEvent.FromWorker event, long now) {
        JobSpec current = job;
        if (current == null) {
            return;
        }
        switch (event) {
            case AgentEvent.WorkerConnected _ -> worker.connected(current, now);
            case AgentEvent.WorkerPonged _ -> worker.ponged(now);
            case AgentEvent.JobLoaded loaded -> jobLoaded(loaded, current);
            case AgentEvent.ViewPrepared prepared -> {
                if (restoring.prepared(prepared)) {
                    phase = Phase.VIEW_READY;
                    PrepareOrder ordered = currentOrder();
                    StateLayout layout = worker.layout();
                    if (layout == null) {
                        throw new IllegalStateException("a worker took a rank without a layout");
                    }
                    // Before the leader hears of it: when any member starts, all are able to receive.
                    out.add(new AgentEffect.ConfigureCollective(ordered.view(), ordered.rank(), current, layout, vault.region()));
                    out.report(restoring.ready(now));
                }
            }
            case AgentEvent.Executed executed -> {
                worker.executing(false);
                stepping.executed(executed, now);
            }
            case AgentEvent.ExecuteAborted _ -> worker.executing(false);
            case AgentEvent.Applied applied -> stepping.applied(applied, now);
            case AgentEvent.SnapshotCommitted committed -> {
                Vault.Snapshot snapshot = vault.writingIn(committed.slot(), committed.epoch(), committed.step());
                if (snapshot != null && vault.committed(snapshot, committed.digest(), committed.bytes())) {
                    if (order != null && order.view().epoch() == committed.epoch()) {
                        progress.committed(committed.step(), committed.digest());
                    }
                    if (snapshot.name.equals(worker.live())) {
                        worker.live(snapshot.name, committed.digest());
                    }
                }
            }
            case AgentEvent.SnapshotFailed failed -> {
                Vault.Snapshot snapshot = vault.writingIn(failed.slot(), failed.epoch(), failed.step());
                if (snapshot != null) {
                    vault.abandoned(snapshot);
                }
            }
            case AgentEvent.Finished finished -> {
                WorkerRequest.Finish asked = finishing;
                if (asked != null && order != null) {
                    finalState = new AgentReport.FinalState(current.jobId(), asked.epoch(), asked.step(), order.rank(), asked.evaluate(), finished.parts());
                    out.report(finalState);
                }
            }
            case AgentEvent.WorkerFaulted faulted -> workerFaulted(faulted, current);
            case AgentEvent.WorkerExited exited -> workerExited(exited, current, now);
        }
    }

    private void jobLoaded(AgentEvent.JobLoaded event, JobSpec current) {
        StateLayout before = worker.layout();
        if (event.layout().shardStateBytes().size() != current.shards() || (before != null && !before.fingerprint().equals(event.layout().fingerprint()))) {
            out.report(
                    new AgentReport.JobUnfit(
                            current.jobId(),
                            "the worker's layout has " + event.layout().shardStateBytes().size() + " shards and fingerprint " + event.layout().fingerprint()
                                    + ", expected " + current.shards() + " shards" + (before == null ? "" : " and " + before.fingerprint())
                                    + ": is the program the same as before?"));
            worker.stop();
            return;
        }
        worker.loaded(event);
        if (!vault.hasRegionFor(event.generation())) {
            vault.createRegion(event.generation(), ArenaShape.region(current, event.layout()));
        }
        holding.layoutKnown(self, event.layout());
        reportReady();
    }

    /** Says that this agent can take a rank, once per worker or when asked again. */
    private void reportReady() {
        StateLayout layout = worker.layout();
        if (job == null || layout == null || !worker.isLoaded() || !vault.hasRegionFor(worker.generation()) || !vault.regionIsReady()) {
            return;
        }
        if (readyGeneration != worker.generation()) {
            readyGeneration = worker.generation();
            out.report(new AgentReport.JobReady(job.jobId(), layout, worker.loadNanos(), worker.compileNanos()));
        }
        becomeStandby();
    }

    private void becomeStandby() {
        if (phase == Phase.WARMING && worker.isLoaded() && vault.regionIsReady()) {
            phase = Phase.STANDBY;
        }
    }

    private void workerFaulted(AgentEvent.WorkerFaulted event, JobSpec current) {
        String words = event.code() + ": " + event.message();
        switch (event.request()) {
            case WorkerRequest.LoadJob _ -> {
                worker.stop();
                out.report(new AgentReport.JobUnfit(current.jobId(), words));
            }
            case WorkerRequest.Prepare prepare -> {
                if (order != null && order.view().epoch() == prepare.epoch()) {
                    restoring.faulted(event);
                }
            }
            case WorkerRequest.Execute execute -> {
                worker.executing(false);
                if (execute.epoch() >= promised) {
                    worker.kill("execute of step " + execute.step() + " failed: " + words, false);
                }
            }
            case WorkerRequest.Apply apply -> worker.kill("apply of step " + apply.step() + " failed: " + words, false);
            case WorkerRequest.Snapshot snapshot -> {
                Vault.Snapshot writing = vault.writingIn(snapshot.slot(), snapshot.epoch(), snapshot.step());
                if (writing != null) {
                    vault.abandoned(writing);
                }
            }
            case WorkerRequest.Finish finish -> {
                if (finish.epoch() >= promised) {
                    worker.kill("finish at step " + finish.step() + " failed: " + words, false);
                }
            }
        }
    }

    private void workerExited(AgentEvent.WorkerExited event, JobSpec current, long now) {
        boolean wasLoaded = worker.isLoaded();
        boolean hung = worker.wasHung();
        String cause = worker.killReason().isEmpty() ? event.cause() : worker.killReason() + " (" + event.cause() + ")";
        StateLayout layout = worker.layout();
        boolean again = worker.exited(current, now);
        if (wasLoaded) {
            vault.inspectIfWriting();
            if (layout != null) {
                vault.createRegion(worker.generation(), ArenaShape.region(current, layout));
            }
            long epoch = order == null || order.rank() < 0 ? 0 : order.view().epoch();
            AgentReport.WorkerLost loss = new AgentReport.WorkerLost(current.jobId(), epoch, cause, hung);
            untoldLoss = loss;
            out.report(loss);
            if (phase == Phase.RESTORING || phase == Phase.VIEW_READY) {
                viewFailed("the worker died: " + cause);
            }
            stepping.halt(now);
            restoring.cancel();
            replication.stop();
            finishing = null;
            if (phase != Phase.FENCING && phase != Phase.FENCED) {
                phase = Phase.WARMING;
            }
        } else if (!again) {
            out.report(
                    new AgentReport.JobUnfit(current.jobId(), "the worker died " + limits.loadAttempts() + " times while it loaded the job; the last time: " + cause));
        }
    }

    // ---------------------------------------------------------------- files and peers

    private void fileReady(String file) {
        if (job == null) {
            return;
        }
        if (vault.regionReady(file)) {
            reportReady();
        } else if (!holding.fileReady(file)) {
            out.add(new AgentEffect.DeleteFile(file));
        }
    }

    private void fileFailed(AgentEvent.FileFailed event) {
        JobSpec current = job;
        if (current == null || holding.fileFailed(event.file()) || !vault.isRegion(event.file())) {
            return;
        }
        vault.regionFailed();
        out.report(new AgentReport.JobUnfit(current.jobId(), "no room for the worker's shared memory: " + event.reason()));
        if (phase == Phase.RESTORING) {
            viewFailed("no room for the worker's shared memory: " + event.reason());
        }
        worker.stop();
    }

    private void peerLost(AgentEvent.PeerLost event, long now) {
        PrepareOrder current = order;
        if (current == null || event.epoch() != current.view().epoch() || !isRunning(current.view().jobId(), event.epoch()) || event.rank() >= current.view().ranks()) {
            return;
        }
        Long last = peerLostAt.get(event.rank());
        if (last == null || now - last >= PEER_LOST_NANOS) {
            peerLostAt.put(event.rank(), now);
            AgentKey peer = current.view().members().get(event.rank()).key();
            out.report(new AgentReport.PeerUnreachable(current.view().jobId(), event.epoch(), peer, event.detail()));
        }
    }

    // ---------------------------------------------------------------- must be there

    private JobSpec currentJob() {
        JobSpec current = job;
        if (current == null) {
            throw new IllegalStateException("no job in phase " + phase);
        }
        return current;
    }

    private PrepareOrder currentOrder() {
        PrepareOrder current = order;
        if (current == null) {
            throw new IllegalStateException("no view in phase " + phase);
        }
        return current;
    }

    private StepProgram currentProgram() {
        StepProgram current = program;
        if (current == null) {
            throw new IllegalStateException("no step plan in phase " + phase);
        }
        return current;
    }
}
