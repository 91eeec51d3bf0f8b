package io.coxswain.bridge.pjrt.runtime;

import io.coxswain.bridge.pjrt.bundle.ParameterLeaf;
import io.coxswain.bridge.pjrt.bundle.Program;
import io.coxswain.bridge.pjrt.bundle.StatePart;
import io.coxswain.bridge.pjrt.client.Execution;
import io.coxswain.bridge.pjrt.client.HostSemantics;
import io.coxswain.bridge.pjrt.client.PjrtBuffer;
import io.coxswain.bridge.pjrt.client.PjrtDevice;
import io.coxswain.bridge.pjrt.client.PjrtException;
import io.coxswain.bridge.pjrt.client.PjrtExecutable;
import io.coxswain.bridge.spi.AbortSignal;
import io.coxswain.bridge.spi.RuntimeFault;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Compiles all programs of a job, of every shard, so that a promoted spare compiles nothing, and
 * runs the ones of a step once, on the initial state and the first samples. Touches neither live
 * state nor region.
 */
final class WarmUp {
    private final LoadedProgram loaded;

    WarmUp(LoadedProgram loaded) {
        this.loaded = loaded;
    }

    void run(AbortSignal abort) throws PjrtException, RuntimeFault {
        Program grads = loaded.bundle().grads();
        for (Program program : loaded.programs()) {
            if (abort.isSet()) {
                return;
            }
            var _ = program.equals(grads) ? loaded.anywhere(program) : loaded.atHome(program);
        }
        try (Arena arena = Arena.ofConfined()) {
            int[] ids = loaded.order().microshard(1, 0);
            BatchUploads batch = new BatchUploads(loaded, arena, ids.length);
            batch.gather(ids);
            if (grads != null) {
                for (PjrtDevice device : loaded.devices()) {
                    tryGradients(grads, batch, device, abort);
                }
                tryUpdate(loaded.plan(0), gradients(loaded.plan(0), arena), abort);
            } else {
                tryUpdate(loaded.plan(0), batch.upload(loaded.home()), abort);
            }
        }
    }

    private void tryGradients(
            Program grads, BatchUploads batch, PjrtDevice device, AbortSignal abort)
            throws PjrtException, RuntimeFault {
        List<PjrtBuffer> arguments = new ArrayList<>();
        try {
            for (ParameterLeaf leaf : loaded.bundle().parameters()) {
                MemorySegment whole =
                        Objects.requireNonNull(loaded.initial().tensor(leaf.name())).data();
                arguments.add(
                        loaded.client()
                                .upload(
                                        whole,
                                        leaf.type(),
                                        device,
                                        HostSemantics.COPY_DURING_CALL));
            }
            arguments.addAll(batch.upload(device));
            execute(loaded.anywhere(grads), grads.kept(arguments), device, abort);
        } finally {
            arguments.forEach(PjrtBuffer::close);
        }
    }

    private void tryUpdate(ShardPlan plan, List<PjrtBuffer> last, AbortSignal abort)
            throws PjrtException, RuntimeFault {
        List<PjrtBuffer> arguments = new ArrayList<>(last);
        try {
            arguments.addAll(0, new StateTransfer(loaded, plan).initial().buffers());
            execute(
                    loaded.atHome(plan.update()),
                    plan.update().kept(arguments),
                    loaded.home(),
                    abort);
        } finally {
            arguments.forEach(PjrtBuffer::close);
        }
    }

    private List<PjrtBuffer> gradients(ShardPlan plan, Arena arena) throws PjrtException {
        try (BufferList zeros = new BufferList()) {
            for (StatePart part : plan.parameters()) {
                zeros.add(
                        loaded.client()
                                .upload(
                                        arena.allocate(
                                                part.type().byteSize(),
                                                PjrtBuffer.ZERO_COPY_ALIGNMENT),
                                        part.type(),
                                        loaded.home(),
                                        HostSemantics.COPY_DURING_CALL));
            }
            return zeros.release();
        }
    }

    private static void execute(
            PjrtExecutable compiled,
            List<PjrtBuffer> arguments,
            PjrtDevice device,
            AbortSignal abort)
            throws PjrtException {
        Execution execution = compiled.execute(arguments, device, compiled.signature().donated());
        try {
            var _ = Faults.await(execution.done(), abort);
        } finally {
            execution.results().forEach(PjrtBuffer::close);
        }
    }
}
