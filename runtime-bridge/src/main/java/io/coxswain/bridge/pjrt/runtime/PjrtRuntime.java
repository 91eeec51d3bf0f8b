package io.coxswain.bridge.pjrt.runtime;

import io.coxswain.bridge.arena.ByteRegion;
import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.bridge.pjrt.bundle.Program;
import io.coxswain.bridge.pjrt.client.PjrtBuffer;
import io.coxswain.bridge.pjrt.client.PjrtException;
import io.coxswain.bridge.spi.AbortSignal;
import io.coxswain.bridge.spi.Assignment;
import io.coxswain.bridge.spi.Capture;
import io.coxswain.bridge.spi.ExecuteOutcome;
import io.coxswain.bridge.spi.FinalReport;
import io.coxswain.bridge.spi.LineageSegment;
import io.coxswain.bridge.spi.RuntimeFault;
import io.coxswain.bridge.spi.RuntimeLayout;
import io.coxswain.bridge.spi.StateOrigin;
import io.coxswain.bridge.spi.TrainingJob;
import io.coxswain.bridge.spi.TrainingRuntime;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;

/**
 * Trains a program bundle on the devices of a PJRT plugin. The live state is in device memory, and
 * nothing of it on the Java heap; {@code docs/runtimes.md} says how much of it there is at a time.
 *
 * <p>A snapshot does not stop the steps unless the job donates: each step makes a new state beside
 * the old one, and the old one is kept until its snapshot is copied.
 */
public final class PjrtRuntime implements TrainingRuntime {
    private @Nullable LoadedProgram loaded;
    private @Nullable StepProgram steps;
    private @Nullable Taken taken;

    /** Makes a runtime with nothing loaded. */
    public PjrtRuntime() {}

    @Override
    public RuntimeLayout load(TrainingJob job) throws RuntimeFault {
        LoadedProgram program = LoadedProgram.load(job);
        loaded = program;
        Program grads = program.bundle().grads();
        if (grads != null) {
            var _ = program.anywhere(grads);
            steps = new PairStep(program, grads);
        } else {
            Program fused = program.plan(0).update();
            var _ = program.atHome(fused);
            steps = new FusedStep(program, fused);
        }
        return program.layout();
    }

    @Override
    public void warmUp(AbortSignal abort) throws RuntimeFault {
        try {
            new WarmUp(loaded()).run(abort);
        } catch (PjrtException e) {
            throw Faults.of("a trial run of the programs", e);
        }
    }

    @Override
    public void take(Assignment assignment, StateOrigin origin) throws RuntimeFault {
        LoadedProgram program = loaded();
        Taken old = taken;
        taken = null;
        steps().close();
        // What an abort left running may still read the former region, which the host closes.
        program.regionTransfers().drain();
        ShardPlan plan = program.plan(assignment.shard());
        if (program.config().multiProcess()) {
            join(program, old, assignment, plan, origin);
            return;
        }
        DeviceState kept = old == null ? null : kept(old, plan, origin);
        establish(program, assignment, plan, origin, kept);
    }

    /** The clients of a view's ranks meet anew, whoever came and went. */
    private void join(
            LoadedProgram program,
            @Nullable Taken old,
            Assignment assignment,
            ShardPlan plan,
            StateOrigin origin)
            throws RuntimeFault {
        Node node = new Node(assignment.rank(), program.job().ranks(), assignment.store());
        // The state goes with its client; what is to be kept waits in memory meanwhile.
        try (Arena arena = Arena.ofConfined()) {
            DeviceState kept = old == null ? null : kept(old, plan, origin);
            MemorySegment bytes = null;
            SlotTable.Meta meta =
                    SlotTable.Meta.layOut(
                            program.job().jobId(),
                            assignment.epoch(),
                            assignment.baseStep(),
                            plan.shard(),
                            plan.boxes());
            if (kept != null) {
                try {
                    bytes = arena.allocate(meta.dataBytes(), PjrtBuffer.ZERO_COPY_ALIGNMENT);
                    new StateTransfer(program, plan).store(kept, meta, bytes);
                } catch (PjrtException e) {
                    throw Faults.of("keeping the state of step %d".formatted(meta.step()), e);
                } finally {
                    kept.release();
                }
            }
            program.join(node);
            DeviceState again =
                    bytes == null ? null : new StateTransfer(program, plan).kept(meta, bytes);
            establish(program, assignment, plan, origin, again);
        } catch (PjrtException e) {
            throw Faults.of("keeping the state of shard %d".formatted(plan.shard()), e);
        }
    }

    private void establish(
            LoadedProgram program,
            Assignment assignment,
            ShardPlan plan,
            StateOrigin origin,
            @Nullable DeviceState kept)
            throws RuntimeFault {
        DeviceState state = null;
        try {
            var _ = program.atHome(plan.update());
            state = kept == null ? establish(assignment, plan, origin) : kept;
            if (program.bundle().isPair()) {
                new StateTransfer(program, plan).publish(state, assignment.region().parameters());
            }
            taken = new Taken(assignment, plan, state);
        } catch (PjrtException e) {
            throw Faults.of(
                    "taking shard %d at step %d".formatted(plan.shard(), assignment.baseStep()), e);
        } finally {
            DeviceState lost = state == null ? kept : state;
            if (taken == null && lost != null) {
                lost.release();
            }
        }
    }

    @Override
    public List<SlotTable.Box> pieces() {
        return taken().plan().boxes();
    }

    @Override
    public ExecuteOutcome execute(long step, AbortSignal abort) throws RuntimeFault {
        long start = System.nanoTime();
        ExecuteOutcome outcome;
        try {
            outcome = steps().execute(taken(), step, abort);
        } catch (PjrtException e) {
            throw Faults.of("step %d".formatted(step), e);
        }
        long waitNanos = start + loaded().config().minStep().toNanos() - System.nanoTime();
        return aborted(abort, waitNanos) ? new ExecuteOutcome.Aborted() : outcome;
    }

    @Override
    public void apply(long step) throws RuntimeFault {
        Taken old = taken();
        taken = null;
        try {
            taken = old.with(steps().apply(old, step));
        } catch (PjrtException e) {
            throw Faults.of("the update of step %d".formatted(step), e);
        } finally {
            old.state().release();
        }
    }

    @Override
    public Capture capture(SlotTable.Meta meta, ByteRegion data) throws RuntimeFault {
        Taken current = taken();
        StateTransfer transfer = new StateTransfer(loaded(), current.plan());
        if (loaded().donates(current.plan())) {
            // The next update writes over this state.
            store(transfer, current.state(), meta, data);
            return Capture.done();
        }
        DeviceState state = current.state().retain();
        return () -> {
            try {
                store(transfer, state, meta, data);
            } finally {
                state.release();
            }
        };
    }

    @Override
    public FinalReport finish(boolean evaluate, List<LineageSegment> lineage) throws RuntimeFault {
        Taken current = taken();
        try {
            return new FinalReport(
                    new StateTransfer(loaded(), current.plan()).digests(current.state()),
                    evaluate ? new FinalEvaluation(loaded(), current).run(lineage) : null);
        } catch (PjrtException e) {
            throw Faults.of("describing the final state", e);
        }
    }

    /** Waits for what still runs. */
    @Override
    public void close() {
        StepProgram currentSteps = steps;
        if (currentSteps != null) {
            currentSteps.close();
            steps = null;
        }
        Taken current = taken;
        if (current != null) {
            current.state().release();
            taken = null;
        }
        LoadedProgram program = loaded;
        if (program != null) {
            program.regionTransfers().drain();
            program.close();
            loaded = null;
        }
    }

    /** The former state if it is to be kept; else it makes room for the one to come. */
    private static @Nullable DeviceState kept(Taken old, ShardPlan plan, StateOrigin origin) {
        if (origin instanceof StateOrigin.Live && old.plan().shard() == plan.shard()) {
            return old.state();
        }
        old.state().release();
        return null;
    }

    private DeviceState establish(Assignment assignment, ShardPlan plan, StateOrigin origin)
            throws PjrtException, RuntimeFault {
        StateTransfer transfer = new StateTransfer(loaded(), plan);
        return switch (origin) {
            case StateOrigin.Initial _ -> {
                if (assignment.baseStep() != 0) {
                    throw new RuntimeFault(
                            RuntimeFault.Code.BAD_REQUEST,
                            "the initial state is that of step 0, not of step %d"
                                    .formatted(assignment.baseStep()));
                }
                yield transfer.initial();
            }
            case StateOrigin.Live _ ->
                    throw new RuntimeFault(
                            RuntimeFault.Code.BAD_STATE, "there is no live state of this shard");
            case StateOrigin.Stored stored -> transfer.stored(stored.meta(), stored.data());
        };
    }

    private static void store(
            StateTransfer transfer, DeviceState state, SlotTable.Meta meta, ByteRegion data)
            throws RuntimeFault {
        try {
            transfer.store(state, meta, data);
        } catch (PjrtException e) {
            throw Faults.of("copying the state of step %d".formatted(meta.step()), e);
        }
    }

    private static boolean aborted(AbortSignal abort, long waitNanos) {
        if (waitNanos <= 0) {
            return false;
        }
        try {
            return abort.await(waitNanos);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    private LoadedProgram loaded() {
        return Objects.requireNonNull(loaded, "load comes first");
    }

    private StepProgram steps() {
        return Objects.requireNonNull(steps, "load comes first");
    }

    private Taken taken() {
        return Objects.requireNonNull(taken, "take comes first");
    }
}
