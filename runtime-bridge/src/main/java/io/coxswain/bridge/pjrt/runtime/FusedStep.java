package io.coxswain.bridge.pjrt.runtime;

import io.coxswain.bridge.pjrt.bundle.Program;
import io.coxswain.bridge.pjrt.client.Execution;
import io.coxswain.bridge.pjrt.client.PjrtBuffer;
import io.coxswain.bridge.pjrt.client.PjrtException;
import io.coxswain.bridge.pjrt.client.PjrtExecutable;
import io.coxswain.bridge.spi.AbortSignal;
import io.coxswain.bridge.spi.ExecuteOutcome;
import io.coxswain.bridge.spi.RuntimeFault;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Steps of a fused program on one rank. The new state is computed beside the old one, which stays
 * as it is until the step is applied; so nothing is donated.
 */
final class FusedStep implements StepProgram {
    private final LoadedProgram loaded;
    private final Program program;
    private @Nullable DeviceState tentative;

    FusedStep(LoadedProgram loaded, Program program) {
        this.loaded = loaded;
        this.program = program;
    }

    @Override
    public ExecuteOutcome execute(Taken taken, long step, AbortSignal abort)
            throws PjrtException, RuntimeFault {
        close();
        PjrtExecutable compiled = loaded.atHome(program);
        try (Arena arena = Arena.ofConfined()) {
            long asked = System.nanoTime();
            int[] ids = loaded.order().microshard(step, 0);
            BatchUploads uploads = new BatchUploads(loaded, arena, ids.length);
            uploads.gather(ids);
            long dataNanos = System.nanoTime() - asked;
            List<PjrtBuffer> batch = uploads.upload(loaded.home());
            Execution execution;
            try {
                List<PjrtBuffer> arguments = new ArrayList<>(taken.state().buffers());
                arguments.addAll(batch);
                execution =
                        compiled.execute(
                                program.kept(arguments),
                                loaded.home(),
                                compiled.signature().donated());
            } finally {
                batch.forEach(PjrtBuffer::close);
            }
            return land(execution, arena, abort)
                    .<ExecuteOutcome>map(loss ->
                            new ExecuteOutcome.Executed(
                                    List.of(loss),
                                    ids.length,
                                    loaded.order().sampleHash(step, 0, ids),
                                    dataNanos))
                    .orElseGet(ExecuteOutcome.Aborted::new);
        }
    }

    @Override
    public DeviceState apply(Taken taken, long step) throws PjrtException, RuntimeFault {
        DeviceState computed = tentative;
        if (computed == null) {
            throw new RuntimeFault(
                    RuntimeFault.Code.BAD_REQUEST,
                    "step %d is applied and was not executed".formatted(step));
        }
        tentative = null;
        return computed;
    }

    @Override
    public void close() {
        DeviceState computed = tentative;
        if (computed != null) {
            computed.release();
            tentative = null;
        }
    }

    /** Takes the new state and gives the loss, or nothing if aborted. */
    private Optional<Float> land(Execution execution, Arena arena, AbortSignal abort)
            throws PjrtException {
        List<PjrtBuffer> results = execution.results();
        PjrtBuffer loss = results.getLast();
        boolean complete = false;
        try (HostCopies copies = new HostCopies()) {
            if (!Faults.await(execution.done(), abort)) {
                return Optional.empty();
            }
            MemorySegment sum = arena.allocate(ValueLayout.JAVA_FLOAT);
            copies.add(loss, sum);
            copies.await();
            tentative = new DeviceState(results.subList(0, results.size() - 1));
            complete = true;
            return Optional.of(sum.get(ValueLayout.JAVA_FLOAT, 0));
        } finally {
            loss.close();
            if (!complete) {
                results.forEach(PjrtBuffer::close);
            }
        }
    }
}
