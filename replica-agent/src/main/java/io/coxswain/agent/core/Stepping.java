package io.coxswain.agent.core;

import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.GrantedFloor;
import io.coxswain.agent.core.model.Progress;
import io.coxswain.agent.core.model.SnapshotInterval;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.agent.core.model.StepPlan;
import io.coxswain.agent.core.model.View;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The steps of one view at one rank: runs the plan's dataflow, operation by operation, as far as
 * credits, lease and the job go. Decides snapshots by {@link SnapshotSlotRule} from agreed floors
 * only.
 */
final class Stepping {
    private static final float[] NO_LOSSES = {};
    private static final int NO_SLOT = -1;
    private static final long NEVER = Long.MIN_VALUE;

    private final Outbox out;
    private final Vault vault;
    private final WorkerLife worker;
    private final Replication replication;
    private final ProgressRuns progress;

    private @Nullable View view;
    private @Nullable StepProgram program;
    private int rank;
    private int batch;
    private long lastStep;
    final Credits credits = new Credits();

    private final AgreedSnapshots agreed = new AgreedSnapshots();

    /** The first agreed snapshot of this view that this rank had no slot for. */
    private long missedSnapshot = Long.MAX_VALUE;

    private boolean halted;
    private boolean gatheringBase;
    private boolean underWay;
    private long step;
    private long active;
    private long issued;
    private long done;
    private StepPlan.Kind operation = StepPlan.Kind.GATHER;
    private long operationSince;

    private float[] losses = NO_LOSSES;
    private long executeNanos;
    private long dataWaitNanos;
    private long stallNanos;
    private long stragglerNanos;
    private long samples;
    private long sampleHash;
    private float loss;
    private boolean skippedSnapshot;
    private int applySlot = NO_SLOT;
    private long slotAwaitedSince = NEVER;
    private long slotWaitNanos;

    Stepping(
            Outbox out,
            Vault vault,
            WorkerLife worker,
            Replication replication,
            ProgressRuns progress) {
        this.out = out;
        this.vault = vault;
        this.worker = worker;
        this.replication = replication;
        this.progress = progress;
    }

    /** A view begins: parameters of its base are gathered first. */
    void begin(
            View newView,
            StepProgram newProgram,
            int ownRank,
            int globalBatch,
            long jobSteps,
            long granted,
            long now) {
        view = newView;
        program = newProgram;
        rank = ownRank;
        batch = globalBatch;
        lastStep = jobSteps;
        credits.begin(granted);
        agreed.begin(newView.baseStep(), newProgram.snapshotEvery());
        step = newView.baseStep();
        underWay = false;
        halted = false;
        gatheringBase = true;
        missedSnapshot = Long.MAX_VALUE;
        applySlot = NO_SLOT;
        if (newProgram.isWhole()) {
            // The worker has its parameters, and meets the others in its first step.
            gatheringBase = false;
            doing(StepPlan.Kind.EXECUTE, now);
            return;
        }
        doing(StepPlan.Kind.GATHER, now);
        out.add(new AgentEffect.Gather(newView.epoch(), step));
        out.add(new AgentEffect.Reached(step, StepPhase.GATHER));
    }

    /**
     * Nothing of this view goes on. What changes the state ends by itself; {@link #applied} and
     * {@link #executed} still book its step.
     */
    void halt(long now) {
        halted = true;
        gatheringBase = false;
        if (!underWay || worker.isApplying() || (program().isWhole() && worker.isExecuting())) {
            return;
        }
        if ((done & program().bitOf(program().maker())) != 0) {
            // Only the gather, or the slot for a snapshot, is missing: the state is made, so the
            // step counts as far as this rank goes. It was made when the gather began: the wait
            // since then is no work.
            progress.stepDone(stepDone(), operation == StepPlan.Kind.GATHER ? operationSince : now);
        }
        underWay = false;
    }

    void clear() {
        view = null;
        program = null;
        underWay = false;
        gatheringBase = false;
        halted = true;
        losses = NO_LOSSES;
    }

    void grant(long upTo, List<GrantedFloor> floors, SnapshotInterval interval) {
        credits.grant(upTo);
        agreed.intervals.take(interval);
        if (!floors.isEmpty()) {
            agreed.floors.take(floors);
            // To go back to, it holds at once; to decide by, from the steps that it came with.
            vault.raiseFloor(agreed.floors.newest());
        }
    }

    /**
     * Makes no step above {@code upTo} that is not under way, until the next grant. Returns the
     * step above which it makes none.
     */
    long stopAfter(long upTo) {
        return credits.stopAfter(Math.max(upTo, step));
    }

    /** It stands where it was told to stop, or where its credits end. */
    boolean stands() {
        return view != null && !halted && !underWay && !gatheringBase && step >= credits.newest();
    }

    /** Returns true if the base's parameters are complete now. */
    boolean gathered(AgentEvent.Gathered event, long now) {
        View current = view;
        if (current == null || halted || event.epoch() != current.epoch()) {
            return false;
        }
        if (gatheringBase && event.step() == current.baseStep()) {
            gatheringBase = false;
            return true;
        }
        if (isCurrent(event.epoch(), event.step(), StepPlan.Kind.GATHER)) {
            complete(StepPlan.Kind.GATHER, now);
        }
        return false;
    }

    void executed(AgentEvent.Executed event, long now) {
        boolean lastOfView = isMadeAfterAll(event.epoch(), event.step());
        if (!lastOfView && !isCurrent(event.epoch(), event.step(), StepPlan.Kind.EXECUTE)) {
            return;
        }
        losses = event.microshardLosses();
        executeNanos = program().isWhole() ? event.ownNanos() : event.executeNanos();
        dataWaitNanos = event.dataWaitNanos();
        samples = event.samples();
        sampleHash = event.sampleHash();
        if (program().isWhole()) {
            View current = view();
            loss = event.loss();
            stragglerNanos = 0;
            stallNanos = event.snapshotStallNanos() + slotWaitNanos;
            slotWaitNanos = 0;
            worker.live(
                    new StateName(current.jobId(), event.epoch(), step, current.shardOf(rank)),
                    Digest.NONE);
            agreed.raiseFloor(agreed.floors.at(step).floor());
        }
        if (lastOfView) {
            underWay = false;
            progress.stepDone(stepDone(), now);
            return;
        }
        complete(StepPlan.Kind.EXECUTE, now);
    }

    /** A step that the worker makes whole, and that was under way when the view was fenced. */
    private boolean isMadeAfterAll(long epoch, long eventStep) {
        View current = view;
        return current != null
                && underWay
                && halted
                && program().isWhole()
                && epoch == current.epoch()
                && eventStep == step;
    }

    /** The step was not made: its epoch was over, or its group broke. */
    void notExecuted(WorkerRequest.Execute request) {
        View current = view;
        if (current != null
                && underWay
                && halted
                && request.epoch() == current.epoch()
                && request.step() == step
                && program().isWhole()) {
            underWay = false;
        }
    }

    void reduced(AgentEvent.Reduced event, long now) {
        if (!isCurrent(event.epoch(), event.step(), StepPlan.Kind.REDUCE)) {
            return;
        }
        loss = (float) (event.lossSum() / batch);
        long slowest = executeNanos;
        for (long nanos : event.executeNanosByRank()) {
            slowest = Math.max(slowest, nanos);
        }
        stragglerNanos = slowest - executeNanos;
        agreed.raiseFloor(event.floor());
        vault.raiseFloor(event.floor());
        if (agreed.floor() >= missedSnapshot) {
            missedSnapshot = Long.MAX_VALUE;
        }
        complete(StepPlan.Kind.REDUCE, now);
    }

    /** The worker finished an apply, of this view or of one that was fenced meanwhile. */
    void applied(AgentEvent.Applied event, long now) {
        View current = view;
        if (!worker.isApplying()) {
            return;
        }
        worker.applying(false);
        if (current == null
                || !underWay
                || event.epoch() != current.epoch()
                || event.step() != step) {
            return;
        }
        worker.live(
                new StateName(current.jobId(), event.epoch(), event.step(), current.shardOf(rank)),
                Digest.NONE);
        stallNanos = event.snapshotStallNanos() + slotWaitNanos;
        if (applySlot != NO_SLOT) {
            out.add(new AgentEffect.Reached(step, StepPhase.SNAPSHOT));
            applySlot = NO_SLOT;
        }
        if (halted) {
            // Fenced while it ran: as with a missing gather.
            underWay = false;
            progress.stepDone(stepDone(), now);
            return;
        }
        StepProgram running = program();
        done |= running.bitOf(StepPlan.Kind.SNAPSHOT) & active;
        complete(StepPlan.Kind.APPLY, now);
    }

    /** An apply was fenced before it began: its step is not made. */
    void applyAborted(WorkerRequest.Apply request) {
        if (!worker.isApplying()) {
            return;
        }
        worker.applying(false);
        View current = view;
        if (underWay
                && current != null
                && request.epoch() == current.epoch()
                && request.step() == step) {
            if (!halted) {
                throw new IllegalStateException(
                        "the worker aborted the apply of step "
                                + step
                                + " in epoch "
                                + request.epoch()
                                + ", which stands");
            }
            underWay = false;
            applySlot = NO_SLOT;
        }
    }

    private boolean isCurrent(long epoch, long eventStep, StepPlan.Kind kind) {
        View current = view;
        if (current == null
                || !underWay
                || halted
                || current.epoch() != epoch
                || eventStep != step) {
            return false;
        }
        long bit = program().bitOf(kind);
        return (issued & bit) != 0 && (done & bit) == 0;
    }

    private StepProgram program() {
        StepProgram running = program;
        if (running == null) {
            throw new IllegalStateException("a step is under way without a plan");
        }
        return running;
    }

    private void complete(StepPlan.Kind kind, long now) {
        done |= program().bitOf(kind) & active;
        issueReady(now);
    }

    /** Something changed: an apply that waited for a slot goes on if there is one. */
    void resume(long now) {
        if (underWay && !halted && slotAwaitedSince != NEVER) {
            issueReady(now);
        }
    }

    /**
     * True while a cancelled transfer still reads the slot that this step's snapshot is to take.
     * All ranks take the same ones, so it is waited for: the network lets go of it at once.
     */
    private boolean awaitsSlot(long now) {
        boolean awaits = takesSnapshot() && vault.freeSlot() == NO_SLOT && vault.isFreeing();
        if (awaits && slotAwaitedSince == NEVER) {
            slotAwaitedSince = now;
        } else if (!awaits && slotAwaitedSince != NEVER) {
            slotWaitNanos = now - slotAwaitedSince;
            slotAwaitedSince = NEVER;
        }
        return awaits;
    }

    /** Slots were needed for something else: what all ranks took may be here no more. */
    void noteMissedSnapshots() {
        for (long taken : agreed.aboveFloor()) {
            if (!vault.hasStep(taken)) {
                missedSnapshot = Math.min(missedSnapshot, taken);
            }
        }
    }

    private boolean takesSnapshot() {
        StepProgram running = program();
        return (running.bitOf(StepPlan.Kind.SNAPSHOT) & active) != 0
                && agreed.takes(step, running.isWhole());
    }

    /** Starts the next step if it may be made. */
    void advance(boolean leaseHolds, long now) {
        View current = view;
        StepProgram running = program;
        if (current == null
                || running == null
                || halted
                || gatheringBase
                || underWay
                || step >= lastStep
                || !credits.allow(step + 1, leaseHolds, now)) {
            return;
        }
        step++;
        underWay = true;
        active = running.activeAt(step, agreed.intervals.at(step));
        issued = 0;
        done = 0;
        skippedSnapshot = false;
        slotWaitNanos = 0;
        slotAwaitedSince = NEVER;
        issueReady(now);
    }

    private void issueReady(long now) {
        StepProgram running = program();
        boolean progressed = true;
        while (progressed) {
            progressed = false;
            for (int i = 0; i < running.size(); i++) {
                long bit = 1L << i;
                if ((active & bit) != 0
                        && (issued & bit) == 0
                        && running.mayStart(i, active, done)
                        && !(running.kind(i) == snapshotCarrier(running) && awaitsSlot(now))) {
                    issued |= bit;
                    progressed |= issue(running.kind(i), bit, now);
                }
            }
        }
        if ((running.foreground() & active & ~done) == 0) {
            underWay = false;
            if (progress.stepDone(stepDone(), now) || credits.areHeldAt(step)) {
                progress.cut();
                out.steps(takeUnsent());
            }
        }
    }

    @Nullable Progress takeUnsent() {
        if (!program().isWhole()) {
            return progress.takeUnsent(vault.floor(), List.of(), replication.takeLongestCopy());
        }
        List<Long> acknowledged = replication.acknowledgedSteps();
        if (!acknowledged.isEmpty()) {
            vault.contributed(acknowledged.getLast());
        }
        return progress.takeUnsent(vault.floor(), acknowledged, replication.takeLongestCopy());
    }

    /** What is told the slot that a snapshot goes to. */
    private static StepPlan.Kind snapshotCarrier(StepProgram running) {
        return running.isWhole() ? StepPlan.Kind.SNAPSHOT : StepPlan.Kind.APPLY;
    }

    /** Returns true if the operation is done at once. */
    private boolean issue(StepPlan.Kind kind, long bit, long now) {
        View current = view();
        return switch (kind) {
            case EXECUTE -> {
                doing(kind, now);
                worker.executing(true);
                if (isJoining()) {
                    worker.joins(now);
                }
                // Before the worker is asked: what an observer does here happens before any of the
                // step's work.
                out.add(new AgentEffect.Reached(step, StepPhase.EXECUTE));
                worker.ask(new WorkerRequest.Execute(current.epoch(), step));
                yield false;
            }
            case REDUCE -> {
                doing(kind, now);
                long acknowledged = replication.acknowledgedStep(missedSnapshot);
                vault.contributed(acknowledged);
                out.add(
                        new AgentEffect.Reduce(
                                current.epoch(), step, losses, acknowledged, executeNanos));
                out.add(new AgentEffect.Reached(step, StepPhase.REDUCE));
                yield false;
            }
            case APPLY -> {
                doing(kind, now);
                applySlot = slotForSnapshot(current);
                worker.applying(true);
                worker.ask(new WorkerRequest.Apply(current.epoch(), step, applySlot));
                out.add(new AgentEffect.Reached(step, StepPhase.APPLY));
                yield false;
            }
            case GATHER -> {
                doing(kind, now);
                out.add(new AgentEffect.Gather(current.epoch(), step));
                out.add(new AgentEffect.Reached(step, StepPhase.GATHER));
                yield false;
            }
            case SNAPSHOT -> {
                if (!program().isWhole()) {
                    // The apply takes it.
                    yield false;
                }
                int slot = slotForSnapshot(current);
                if (slot != NO_SLOT) {
                    // Requests are done in order: the next step begins when the state is copied.
                    worker.ask(new WorkerRequest.Snapshot(current.epoch(), step, slot));
                    out.add(new AgentEffect.Reached(step, StepPhase.SNAPSHOT));
                }
                done |= bit;
                yield true;
            }
            case REPLICATE, DIGEST -> {
                // These follow the commit, in the background.
                done |= bit;
                yield true;
            }
        };
    }

    private View view() {
        View current = view;
        if (current == null) {
            throw new IllegalStateException("a step is under way without a view");
        }
        return current;
    }

    private int slotForSnapshot(View current) {
        if ((program().bitOf(StepPlan.Kind.SNAPSHOT) & active) == 0) {
            return NO_SLOT;
        }
        if (!takesSnapshot()) {
            skippedSnapshot = true;
            return NO_SLOT;
        }
        agreed.taken(step);
        int slot = vault.freeSlot();
        if (slot == NO_SLOT) {
            // Only here a commit or a fetch of an earlier view is late: the others take theirs. The
            // floor must not become a step that this rank does not have, nor jump over it while
            // others may stand there. (A leader looks for a step that all have.)
            missedSnapshot = Math.min(missedSnapshot, step);
            skippedSnapshot = true;
            return NO_SLOT;
        }
        vault.writing(
                new StateName(current.jobId(), current.epoch(), step, current.shardOf(rank)), slot);
        return slot;
    }

    private ProgressRuns.Step stepDone() {
        return new ProgressRuns.Step(
                step,
                executeNanos,
                dataWaitNanos,
                stallNanos,
                stragglerNanos,
                credits.waitedNanos(),
                samples,
                sampleHash,
                loss,
                skippedSnapshot);
    }

    private void doing(StepPlan.Kind kind, long now) {
        operation = kind;
        operationSince = now;
    }

    boolean isUnderWay() {
        return underWay || gatheringBase;
    }

    StepPlan.Kind operation() {
        return operation;
    }

    /** The worker makes the view's first step, and for it meets the other ranks' workers. */
    boolean isJoining() {
        View current = view;
        return current != null
                && underWay
                && program().isWhole()
                && step == current.baseStep() + 1
                && (done & program().bitOf(StepPlan.Kind.EXECUTE)) == 0;
    }

    /** When snapshots are due, and what of that came with a grant of this view. */
    SnapshotIntervals intervals() {
        return agreed.intervals;
    }

    long operationSince() {
        return operationSince;
    }

    /** The step that is being made, or the last that was made. */
    long step() {
        return step;
    }

    long lastStep() {
        return lastStep;
    }

    /** Steps up to this may be made. */
    long through() {
        return credits.through();
    }

    /** Where the runtime reduces: by which floors granted steps are decided. */
    List<GrantedFloor> floors() {
        return agreed.floors.all();
    }

    /** The oldest agreed snapshot that found no slot; {@link Long#MAX_VALUE} for none. */
    long missedSnapshot() {
        return missedSnapshot;
    }

    long agreedFloor() {
        return agreed.floor();
    }
}
