package io.coxswain.bridge.pjrt.runtime;

import io.coxswain.bridge.pjrt.bundle.Program;
import io.coxswain.bridge.pjrt.bundle.StatePart;
import io.coxswain.bridge.pjrt.client.Execution;
import io.coxswain.bridge.pjrt.client.PjrtBuffer;
import io.coxswain.bridge.pjrt.client.PjrtException;
import io.coxswain.bridge.pjrt.client.PjrtExecutable;
import io.coxswain.bridge.spi.AbortSignal;
import io.coxswain.bridge.spi.ExecuteOutcome;
import io.coxswain.bridge.spi.RuntimeFault;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Steps of the pair {@code grads} and {@code apply}; the agents reduce in between. */
final class PairStep implements StepProgram {
    private final LoadedProgram loaded;
    private final Program grads;

    PairStep(LoadedProgram loaded, Program grads) {
        this.loaded = loaded;
        this.grads = grads;
    }

    @Override
    public ExecuteOutcome execute(Taken taken, long step, AbortSignal abort)
            throws PjrtException, RuntimeFault {
        PjrtExecutable compiled = loaded.anywhere(grads);
        try (GradientRun run =
                new GradientRun(loaded, taken.assignment(), taken.state(), grads, compiled)) {
            return run.run(step, abort);
        }
    }

    @Override
    public DeviceState apply(Taken taken, long step) throws PjrtException, RuntimeFault {
        MemorySegment reduced = taken.assignment().region().reduced().segment();
        List<PjrtBuffer> gradients = new ArrayList<>();
        try {
            for (StatePart part : taken.plan().parameters()) {
                gradients.add(
                        loaded.regionTransfers()
                                .upload(
                                        taken.plan().in(reduced, taken.plan().begin(), part),
                                        part.type(),
                                        loaded.home()));
            }
            return update(taken, gradients);
        } finally {
            loaded.regionTransfers().giveBack(gradients);
        }
    }

    private DeviceState update(Taken taken, List<PjrtBuffer> gradients)
            throws PjrtException, RuntimeFault {
        ShardPlan plan = taken.plan();
        PjrtExecutable compiled = loaded.atHome(plan.update());
        List<PjrtBuffer> arguments = new ArrayList<>(taken.state().buffers());
        arguments.addAll(gradients);
        Set<Integer> keep = loaded.donates(plan) ? Set.of() : compiled.signature().donated();
        Execution execution = compiled.execute(plan.update().kept(arguments), loaded.home(), keep);
        boolean complete = false;
        try (HostCopies copies = new HostCopies()) {
            new StateTransfer(loaded, plan)
                    .publish(execution.results(), taken.assignment().region().parameters(), copies);
            Faults.await(execution.done());
            copies.await();
            complete = true;
            return new DeviceState(execution.results());
        } finally {
            if (!complete) {
                execution.results().forEach(PjrtBuffer::close);
            }
        }
    }

    @Override
    public void close() {}
}
