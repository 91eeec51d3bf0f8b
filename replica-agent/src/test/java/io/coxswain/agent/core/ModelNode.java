package io.coxswain.agent.core;

import io.coxswain.agent.core.model.ArenaShape;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.FinalParts;
import io.coxswain.agent.core.model.HeldState;
import io.coxswain.agent.core.model.Peer;
import io.coxswain.agent.core.model.SlotRef;
import io.coxswain.agent.core.model.StateName;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One host of {@link ModelCluster}: the machine as in production, and beside it an arena and a
 * worker whose state is a hash chain.
 */
final class ModelNode {
    /** A slot of the modelled arena. */
    static final class Cell {
        @Nullable StateName name;
        long hash;
        boolean writing;
        boolean committed;

        void free() {
            name = null;
            writing = false;
            committed = false;
        }
    }

    /** What the modelled worker process knows. It dies with its generation. */
    static final class Worker {
        final int generation;
        final ArrayDeque<WorkerRequest> inbox = new ArrayDeque<>();
        final List<Runnable> commits = new ArrayList<>();
        long abortBelow;
        long epoch;
        int shard;
        long liveStep = -1;
        long hash;

        Worker(int generation) {
            this.generation = generation;
        }
    }

    final ModelCluster cluster;
    final Peer peer;
    final AgentMachine machine;
    final HeldCopies held = new HeldCopies();
    final Map<String, Cell[]> files = new HashMap<>();
    final Map<StateName, SlotRef> shared = new HashMap<>();
    final ArrayDeque<AgentEvent> inbox = new ArrayDeque<>();
    @Nullable Worker worker;
    boolean alive = true;

    /** The collective's exchange region: parameters by shard, and the step they are of. */
    long[] parameters = {};

    long configuredEpoch;
    int rank = -1;
    String region = "";

    ModelNode(ModelCluster cluster, String id) {
        this.cluster = cluster;
        this.peer = Story.peer(id);
        this.machine = new AgentMachine(peer.key(), AgentLimits.DEFAULT);
    }

    static Digest digest(long hash) {
        return new Digest("%016x".formatted(hash));
    }

    @Nullable Cell cell(SlotRef slot) {
        Cell[] cells = files.get(slot.file());
        return cells == null ? null : cells[slot.index()];
    }

    /** The committed cell that peers may read under that name. */
    @Nullable Cell find(StateName name) {
        SlotRef slot = shared.get(name);
        if (slot == null) {
            slot = held.find(name);
        }
        Cell cell = slot == null ? null : cell(slot);
        return cell != null && cell.committed ? cell : null;
    }

    void handle(AgentEvent event) {
        for (AgentEffect effect : machine.step(event, cluster.now)) {
            carryOut(effect);
        }
    }

    private void carryOut(AgentEffect effect) {
        switch (effect) {
            case AgentEffect.Report report -> cluster.coordinator.toLeader(this, report.report());
            case AgentEffect.LeaveStream leave ->
                    throw new AssertionError("left the only leader: " + leave);
            case AgentEffect.StartWorker start -> {
                worker = new Worker(start.generation());
                inbox.add(new AgentEvent.WorkerConnected(start.generation()));
            }
            case AgentEffect.MayEnd end -> throw new AssertionError("nobody leaves: " + end);
            case AgentEffect.StopWorker _ -> worker = null;
            case AgentEffect.KillWorker kill ->
                    throw new AssertionError("nobody hangs here: " + kill);
            case AgentEffect.ReplaceWorker replace ->
                    throw new AssertionError("agents reduce here: " + replace);
            case AgentEffect.AbortWorker abort -> {
                if (worker != null) {
                    worker.abortBelow = Math.max(worker.abortBelow, abort.belowEpoch());
                }
            }
            case AgentEffect.AskWorker ask -> {
                if (worker != null && worker.generation == ask.generation()) {
                    worker.inbox.add(ask.request());
                }
            }
            case AgentEffect.AnswerKeyValue answer ->
                    throw new AssertionError("nobody asks here: " + answer);
            case AgentEffect.FenceData fence -> {
                held.fence();
                if (configuredEpoch < fence.belowEpoch()) {
                    configuredEpoch = 0;
                }
                inbox.add(new AgentEvent.DataFenced(fence.belowEpoch()));
            }
            case AgentEffect.ConfigureCollective view -> {
                configuredEpoch = view.view().epoch();
                rank = view.rank();
                region = view.region();
            }
            case AgentEffect.Reduce reduce -> cluster.reduce(this, reduce);
            case AgentEffect.Gather gather -> cluster.gather(this, gather);
            case AgentEffect.PushCopy push -> cluster.push(this, push);
            case AgentEffect.CancelPushes cancel -> cluster.cancel(this, cancel.slot());
            case AgentEffect.FetchState fetch -> cluster.fetch(this, fetch);
            case AgentEffect.CreateFile create -> {
                Cell[] cells = new Cell[ArenaShape.SLOTS];
                for (int i = 0; i < cells.length; i++) {
                    cells[i] = new Cell();
                }
                files.put(create.file(), cells);
                inbox.add(new AgentEvent.FileReady(create.file()));
            }
            case AgentEffect.DeleteFile delete -> {
                files.remove(delete.file());
                held.forget(delete.file());
                shared.values().removeIf(slot -> slot.file().equals(delete.file()));
            }
            case AgentEffect.FreeSlot free -> {
                Cell cell = cell(free.slot());
                if (cell != null) {
                    assertNotRead(free.slot());
                    cell.free();
                }
            }
            case AgentEffect.InspectFile inspect -> inspect(inspect.file());
            case AgentEffect.ShareState share -> shared.put(share.state(), share.slot());
            case AgentEffect.UnshareState unshare -> shared.remove(unshare.state());
            case AgentEffect.HoldCopies hold -> held.hold(hold.jobId(), hold.shard(), hold.file());
            case AgentEffect.ReleaseCopies release -> {
                held.release(release.shard(), release.file());
                if (release.forget()) {
                    held.forget(release.file());
                }
            }
            case AgentEffect.DropCopy drop -> {
                Cell cell = cell(drop.slot());
                if (held.drop(drop.state(), drop.slot()) && cell != null) {
                    cell.free();
                }
            }
            case AgentEffect.AdmitCopies admit -> held.admit(admit.epoch());
            case AgentEffect.Reached _ -> {}
        }
    }

    private void assertNotRead(SlotRef slot) {
        if (cluster.isRead(this, slot)) {
            throw new AssertionError(peer.key() + " frees " + slot + " while it is being sent");
        }
    }

    private void inspect(String file) {
        List<AgentEvent.InspectedSlot> committed = new ArrayList<>();
        Cell[] cells = files.getOrDefault(file, new Cell[0]);
        for (int i = 0; i < cells.length; i++) {
            StateName name = cells[i].name;
            if (cells[i].committed && name != null) {
                committed.add(
                        new AgentEvent.InspectedSlot(
                                i, new HeldState(name, digest(cells[i].hash), 8)));
            }
        }
        inbox.add(new AgentEvent.FileInspected(file, committed));
    }

    // ---------------------------------------------------------------- the worker

    boolean workerHasWork() {
        return alive && worker != null && !(worker.inbox.isEmpty() && worker.commits.isEmpty());
    }

    /** The worker answers its next request, or completes a snapshot in the background. */
    void work(boolean background) {
        Worker at = worker;
        if (at == null) {
            return;
        }
        if (at.inbox.isEmpty() || (background && !at.commits.isEmpty())) {
            at.commits.removeFirst().run();
            return;
        }
        WorkerRequest request = at.inbox.removeFirst();
        switch (request) {
            case WorkerRequest.LoadJob _ ->
                    inbox.add(new AgentEvent.JobLoaded(at.generation, cluster.layout, 0, 1, 1, 1));
            case WorkerRequest.Prepare prepare -> prepare(at, prepare);
            case WorkerRequest.Execute execute -> {
                if (execute.epoch() < at.abortBelow) {
                    inbox.add(new AgentEvent.RequestAborted(at.generation, request));
                } else {
                    require(
                            execute.epoch() == at.epoch && execute.step() == at.liveStep + 1,
                            request);
                    for (int shard = 0; shard < parameters.length; shard++) {
                        cluster.checkState(
                                shard, at.liveStep, parameters[shard], "gathered at " + peer.key());
                    }
                    inbox.add(
                            new AgentEvent.Executed(
                                    at.generation,
                                    execute.epoch(),
                                    execute.step(),
                                    new float[] {1},
                                    1,
                                    1,
                                    1,
                                    0));
                }
            }
            case WorkerRequest.Apply apply -> {
                if (apply.epoch() < at.abortBelow) {
                    inbox.add(new AgentEvent.RequestAborted(at.generation, request));
                } else {
                    require(apply.epoch() == at.epoch && apply.step() == at.liveStep + 1, request);
                    at.hash = cluster.next(at.hash, apply.step(), at.shard);
                    at.liveStep = apply.step();
                    cluster.checkState(at.shard, at.liveStep, at.hash, "applied at " + peer.key());
                    parameters[at.shard] = at.hash;
                    inbox.add(
                            new AgentEvent.Applied(
                                    at.generation, apply.epoch(), apply.step(), 1, 1));
                    if (apply.snapshotSlot() >= 0) {
                        snapshot(at, apply.epoch(), apply.step(), apply.snapshotSlot());
                    }
                }
            }
            case WorkerRequest.Snapshot snapshot -> {
                if (snapshot.epoch() < at.abortBelow) {
                    inbox.add(new AgentEvent.RequestAborted(at.generation, request));
                } else {
                    require(
                            snapshot.epoch() == at.epoch && snapshot.step() == at.liveStep,
                            request);
                    snapshot(at, snapshot.epoch(), snapshot.step(), snapshot.slot());
                }
            }
            case WorkerRequest.Finish _ ->
                    inbox.add(
                            new AgentEvent.Finished(
                                    at.generation,
                                    new FinalParts(List.of(), 0, 0, at.hash, List.of())));
        }
    }

    private void require(boolean holds, WorkerRequest request) {
        if (!holds) {
            throw new AssertionError(
                    peer.key()
                            + ": the worker cannot do "
                            + request
                            + " at step "
                            + (worker == null ? -1 : worker.liveStep));
        }
    }

    private void prepare(Worker at, WorkerRequest.Prepare prepare) {
        while (!at.commits.isEmpty()) {
            at.commits.removeFirst().run();
        }
        at.epoch = prepare.epoch();
        at.shard = prepare.rank() % prepare.shards();
        Digest loaded = Digest.NONE;
        switch (prepare.origin()) {
            case INIT -> {
                at.liveStep = 0;
                at.hash = cluster.initial(at.shard);
            }
            case KEEP_LIVE -> require(at.liveStep == prepare.baseStep(), prepare);
            case SLOT -> {
                SlotRef source = prepare.source();
                Cell cell = source == null ? null : cell(source);
                if (cell == null
                        || !cell.committed
                        || !digest(cell.hash).equals(prepare.digest())) {
                    inbox.add(
                            new AgentEvent.WorkerFaulted(
                                    at.generation,
                                    prepare,
                                    "bad_state",
                                    "slot " + source + " does not hold it"));
                    return;
                }
                at.hash = cell.hash;
                at.liveStep = prepare.baseStep();
                loaded = prepare.digest();
            }
        }
        cluster.checkState(
                at.shard, at.liveStep, at.hash, "restored at " + peer.key() + " by " + prepare);
        parameters = new long[prepare.shards()];
        parameters[at.shard] = at.hash;
        inbox.add(
                new AgentEvent.ViewPrepared(
                        at.generation,
                        prepare.epoch(),
                        prepare.baseStep(),
                        loaded,
                        loaded.known() ? 8 : 0));
    }

    private void snapshot(Worker at, long epoch, long step, int slot) {
        Cell cell = cell(new SlotRef(region.isEmpty() ? "?" : region, slot));
        if (cell == null || cell.committed) {
            throw new AssertionError(
                    peer.key()
                            + ": slot "
                            + slot
                            + " of "
                            + region
                            + " is not free for step "
                            + step);
        }
        assertNotRead(new SlotRef(region, slot));
        cell.name = new StateName(ModelCluster.JOB, epoch, step, at.shard);
        cell.writing = true;
        cell.hash = at.hash;
        long hash = at.hash;
        at.commits.add(() -> {
            cell.writing = false;
            cell.committed = true;
            inbox.add(
                    new AgentEvent.SnapshotCommitted(
                            at.generation, epoch, step, slot, digest(hash), 8));
        });
    }

    /** SIGKILL: what it had not committed is lost, what it has stays in the arena. */
    void killWorker() {
        Worker at = worker;
        if (at != null) {
            worker = null;
            inbox.add(new AgentEvent.WorkerExited(at.generation, "signal 9"));
        }
    }
}
