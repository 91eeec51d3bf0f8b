package io.coxswain.bridge.pjrt.runtime;

import io.coxswain.bridge.data.ConsumedSamples;
import io.coxswain.bridge.pjrt.bundle.BatchArray;
import io.coxswain.bridge.pjrt.bundle.ParameterLeaf;
import io.coxswain.bridge.pjrt.bundle.Program;
import io.coxswain.bridge.pjrt.client.Execution;
import io.coxswain.bridge.pjrt.client.HostSemantics;
import io.coxswain.bridge.pjrt.client.PjrtBuffer;
import io.coxswain.bridge.pjrt.client.PjrtException;
import io.coxswain.bridge.pjrt.client.PjrtExecutable;
import io.coxswain.bridge.spi.FinalReport;
import io.coxswain.bridge.spi.LineageSegment;
import io.coxswain.bridge.spi.RuntimeFault;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** Evaluates the model on the held-out samples, all in one call. */
final class FinalEvaluation {
    private final LoadedProgram loaded;
    private final Taken taken;

    FinalEvaluation(LoadedProgram loaded, Taken taken) {
        this.loaded = loaded;
        this.taken = taken;
    }

    /** How good the model is; a bundle that does not evaluate has NaN for loss and accuracy. */
    FinalReport.Evaluation run(List<LineageSegment> lineage) throws PjrtException, RuntimeFault {
        ConsumedSamples consumed = ConsumedSamples.of(loaded.order(), lineage);
        Program program = loaded.bundle().evaluate();
        double[] found = program == null ? new double[] {Double.NaN, Double.NaN} : run(program);
        return new FinalReport.Evaluation(
                found[0], found[1], consumed.seen(), consumed.distinctPerPass());
    }

    private double[] run(Program program) throws PjrtException, RuntimeFault {
        PjrtExecutable compiled = loaded.atHome(program);
        List<PjrtBuffer> uploaded = new ArrayList<>();
        List<PjrtBuffer> heldOut = new ArrayList<>();
        try {
            List<PjrtBuffer> arguments = new ArrayList<>(parameters(uploaded));
            List<BatchArray> arrays = loaded.bundle().batchArrays();
            for (int i = 0; i < arrays.size(); i++) {
                heldOut.add(
                        loaded.client()
                                .upload(
                                        loaded.data().heldOut(i),
                                        arrays.get(i).ofSamples(loaded.bundle().heldOutSamples()),
                                        loaded.home(),
                                        HostSemantics.COPY_DURING_CALL));
            }
            arguments.addAll(heldOut);
            Execution execution =
                    compiled.execute(
                            program.kept(arguments), loaded.home(), compiled.signature().donated());
            try {
                return scalars(execution);
            } finally {
                execution.results().forEach(PjrtBuffer::close);
            }
        } finally {
            loaded.regionTransfers().giveBack(uploaded);
            heldOut.forEach(PjrtBuffer::close);
        }
    }

    /** All parameters of the last step: the state's own, or those in the region. */
    private List<PjrtBuffer> parameters(List<PjrtBuffer> uploaded) throws PjrtException {
        List<ParameterLeaf> leaves = loaded.bundle().parameters();
        if (loaded.holdsAllParameters()) {
            return taken.state().buffers().subList(0, leaves.size());
        }
        MemorySegment flat = taken.assignment().region().parameters().segment();
        for (ParameterLeaf leaf : leaves) {
            uploaded.add(
                    loaded.regionTransfers().upload(leaf.in(flat), leaf.type(), loaded.home()));
        }
        return uploaded;
    }

    private static double[] scalars(Execution execution) throws PjrtException {
        try (Arena arena = Arena.ofConfined();
                HostCopies copies = new HostCopies()) {
            int count = execution.results().size();
            MemorySegment values = arena.allocate(ValueLayout.JAVA_FLOAT, count);
            for (int i = 0; i < count; i++) {
                copies.add(
                        execution.results().get(i),
                        values.asSlice((long) i * Float.BYTES, Float.BYTES));
            }
            copies.await();
            double[] found = new double[count];
            for (int i = 0; i < count; i++) {
                found[i] = values.getAtIndex(ValueLayout.JAVA_FLOAT, i);
            }
            return found;
        }
    }
}
