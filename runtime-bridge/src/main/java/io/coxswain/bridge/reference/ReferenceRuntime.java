package io.coxswain.bridge.reference;

import io.coxswain.bridge.arena.ArenaFile;
import io.coxswain.bridge.arena.ByteRegion;
import io.coxswain.bridge.arena.SlotTable;
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

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The reference runtime: trains a multi-layer perceptron on the CPU, equal to the bit on every
 * mesh. The live state is on the Java heap, but for the ballast, which is in the region.
 */
public final class ReferenceRuntime implements TrainingRuntime {
    private @Nullable Loaded loaded;
    private @Nullable Taken taken;

    /** Makes a runtime with nothing loaded. */
    public ReferenceRuntime() {}

    /** A program with its working memory. */
    private static final class Loaded {
        final ReferenceProgram program;
        final MlpCompute compute;
        final float[] parameters;
        final float[] gradient;

        Loaded(ReferenceProgram program) {
            Mlp model = program.config().model();
            this.program = program;
            this.compute = new MlpCompute(model);
            this.parameters = new float[model.parameters()];
            this.gradient = new float[model.parameters()];
        }
    }

    /** A rank with its state. */
    private record Taken(Assignment assignment, ShardState state) {
        ArenaFile region() {
            return assignment.region();
        }
    }

    @Override
    public RuntimeLayout load(TrainingJob job) throws RuntimeFault {
        ReferenceProgram program = ReferenceProgram.load(job);
        loaded = new Loaded(program);
        return program.layout();
    }

    @Override
    public void warmUp(AbortSignal abort) {
        Loaded current = loaded();
        WarmUp.run(current.program, current.compute, abort);
    }

    @Override
    public void take(Assignment assignment, StateOrigin origin) throws RuntimeFault {
        Taken old = taken;
        taken = null;
        ShardState state =
                old != null && old.state().shard() == assignment.shard()
                        ? old.state()
                        : new ShardState(loaded().program, assignment.shard());
        ByteRegion live = assignment.region().live();
        switch (origin) {
            case StateOrigin.Initial _ -> {
                if (assignment.baseStep() != 0) {
                    throw new RuntimeFault(
                            RuntimeFault.Code.BAD_REQUEST,
                            "the initial state is that of step 0, not of step %d"
                                    .formatted(assignment.baseStep()));
                }
                state.initialize(live);
            }
            case StateOrigin.Live _ -> {
                if (old == null || old.state() != state) {
                    throw new RuntimeFault(
                            RuntimeFault.Code.BAD_STATE, "there is no live state of this shard");
                }
                if (old.region() != assignment.region()) {
                    live.copyFrom(old.region().live(), 0, 0, loaded().program.ballastBytes());
                }
            }
            case StateOrigin.Stored stored -> state.load(stored.meta(), stored.data(), live);
        }
        publish(assignment.region(), state);
        taken = new Taken(assignment, state);
    }

    @Override
    public List<SlotTable.Box> pieces() {
        return taken().state().boxes();
    }

    @Override
    public ExecuteOutcome execute(long step, AbortSignal abort) {
        long start = System.nanoTime();
        Loaded own = loaded();
        Assignment assignment = taken().assignment();
        ArenaFile region = assignment.region();
        float[] parameters = own.parameters;
        region.parameters().read(0, parameters, 0, parameters.length);
        own.compute.load(parameters);
        List<Float> losses = new ArrayList<>();
        long samples = 0;
        long hash = 0;
        long dataNanos = 0;
        for (int m = assignment.microshardFrom(); m < assignment.microshardTo(); m++) {
            long asked = System.nanoTime();
            int[] ids = own.program.order().microshard(step, m);
            dataNanos += System.nanoTime() - asked;
            GradientOutcome outcome =
                    own.compute.gradients(own.program.data(), ids, own.gradient, abort::isSet);
            switch (outcome) {
                case GradientOutcome.Aborted _ -> {
                    return new ExecuteOutcome.Aborted();
                }
                case GradientOutcome.Summed sum -> losses.add(sum.lossSum());
            }
            region.gradient(m - assignment.microshardFrom())
                    .write(0, own.gradient, 0, parameters.length);
            samples += ids.length;
            hash += own.program.order().sampleHash(step, m, ids);
        }
        ReferenceConfig config = own.program.config();
        int rank = assignment.rank();
        long dataStall =
                TimeUnit.MILLISECONDS.toNanos(Stall.millis(config.stalls(), true, rank, step));
        long minNanos =
                TimeUnit.MILLISECONDS.toNanos(
                        config.minStepMillis() + Stall.millis(config.stalls(), false, rank, step));
        if (aborted(abort, start + minNanos + dataStall - System.nanoTime())) {
            return new ExecuteOutcome.Aborted();
        }
        return new ExecuteOutcome.Executed(losses, samples, hash, dataNanos + dataStall);
    }

    @Override
    public void apply(long step) {
        Taken current = taken();
        ShardState state = current.state();
        int count = state.range().elements();
        // Execute is over, so its gradient buffer is free.
        float[] gradients = loaded().gradient;
        current.region().reduced().read(0, gradients, 0, count);
        state.apply(step, gradients, current.region().live());
        publish(current.region(), state);
    }

    @Override
    public Capture capture(SlotTable.Meta meta, ByteRegion data) {
        Taken current = taken();
        current.state().store(meta, data, current.region().live());
        return Capture.done();
    }

    @Override
    public FinalReport finish(boolean evaluate, List<LineageSegment> lineage) {
        Loaded own = loaded();
        Taken current = taken();
        FinalReport.@Nullable Evaluation evaluation = null;
        if (evaluate) {
            float[] parameters = own.parameters;
            current.region().parameters().read(0, parameters, 0, parameters.length);
            own.compute.load(parameters);
            evaluation = own.program.evaluate(own.compute, lineage);
        }
        return new FinalReport(current.state().digests(), evaluation);
    }

    @Override
    public void close() {
        taken = null;
        loaded = null;
    }

    private static void publish(ArenaFile region, ShardState state) {
        region.parameters()
                .write(state.range().from(), state.parameters(), 0, state.range().elements());
    }

    private static boolean aborted(AbortSignal abort, long waitNanos) {
        if (waitNanos <= 0) {
            return abort.isSet();
        }
        try {
            return abort.await(waitNanos);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    private Loaded loaded() {
        Loaded current = loaded;
        if (current == null) {
            throw new IllegalStateException("load comes first");
        }
        return current;
    }

    private Taken taken() {
        Taken current = taken;
        if (current == null) {
            throw new IllegalStateException("take comes first");
        }
        return current;
    }
}
