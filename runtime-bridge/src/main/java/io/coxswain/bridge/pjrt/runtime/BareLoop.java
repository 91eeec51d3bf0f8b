package io.coxswain.bridge.pjrt.runtime;

import io.coxswain.bridge.pjrt.bundle.ParameterLeaf;
import io.coxswain.bridge.pjrt.bundle.Program;
import io.coxswain.bridge.pjrt.client.Execution;
import io.coxswain.bridge.pjrt.client.HostSemantics;
import io.coxswain.bridge.pjrt.client.PjrtBuffer;
import io.coxswain.bridge.pjrt.client.PjrtException;
import io.coxswain.bridge.pjrt.client.PjrtExecutable;
import io.coxswain.bridge.spi.RuntimeFault;
import io.coxswain.bridge.spi.TrainingJob;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The steps of a job by a plain loop over its programs, on one rank that nobody protects: no agent,
 * no shared memory, no snapshot. The yardstick for what Coxswain adds to a step, and nothing else.
 * One microshard after another goes to the device, its gradients come back to the host, are added
 * there and go to the update. One thread.
 */
public final class BareLoop implements AutoCloseable {
    private final LoadedProgram loaded;
    private final Program gradsProgram;
    private final PjrtExecutable grads;
    private final PjrtExecutable update;
    private final Arena arena = Arena.ofShared();
    private final List<ParameterLeaf> leaves;
    private final BatchUploads batches;
    private final MemorySegment gradient;
    private final MemorySegment loss;
    private final float[] sum;
    private final float[] addend;
    private DeviceState state;
    private long step;

    private BareLoop(LoadedProgram loaded, Program gradsProgram, DeviceState state)
            throws RuntimeFault {
        this.loaded = loaded;
        this.gradsProgram = gradsProgram;
        this.state = state;
        this.grads = loaded.atHome(gradsProgram);
        this.update = loaded.atHome(loaded.plan(0).update());
        this.leaves = loaded.bundle().parameters();
        this.batches = new BatchUploads(loaded, arena, loaded.bundle().microshardSamples());
        int elements = Math.toIntExact(loaded.bundle().parameterElements());
        this.gradient =
                arena.allocate((long) elements * Float.BYTES, PjrtBuffer.ZERO_COPY_ALIGNMENT);
        this.loss = arena.allocate(Float.BYTES);
        this.sum = new float[elements];
        this.addend = new float[elements];
    }

    /**
     * Loads and compiles.
     *
     * @param job with one shard, of a bundle that has grads and apply
     */
    public static BareLoop load(TrainingJob job) throws RuntimeFault {
        LoadedProgram loaded = LoadedProgram.load(job);
        Program grads = loaded.bundle().grads();
        if (grads == null || job.shards() != 1) {
            loaded.close();
            throw new RuntimeFault(
                    RuntimeFault.Code.PROGRAM_INVALID,
                    "expected one shard, and a bundle with grads and apply");
        }
        try {
            return new BareLoop(loaded, grads, new StateTransfer(loaded, loaded.plan(0)).initial());
        } catch (PjrtException e) {
            loaded.close();
            throw Faults.of("the initial state", e);
        }
    }

    /**
     * Makes the next step.
     *
     * @return the mean of the batch's losses
     */
    public float step() throws RuntimeFault {
        step++;
        try {
            float losses = 0;
            for (int m = 0; m < loaded.bundle().microshards(); m++) {
                losses += microshard(m);
            }
            MemorySegment.copy(sum, 0, gradient, ValueLayout.JAVA_FLOAT, 0, sum.length);
            update();
            return losses / loaded.bundle().batch();
        } catch (PjrtException e) {
            throw Faults.of("step %d".formatted(step), e);
        }
    }

    private float microshard(int index) throws PjrtException {
        batches.gather(loaded.order().microshard(step, index));
        List<PjrtBuffer> batch = batches.upload(loaded.home());
        List<PjrtBuffer> arguments = new ArrayList<>(state.buffers().subList(0, leaves.size()));
        arguments.addAll(batch);
        Execution run =
                grads.execute(
                        gradsProgram.kept(arguments), loaded.home(), grads.signature().donated());
        try (HostCopies copies = new HostCopies()) {
            copies.add(run.results().getFirst(), loss);
            for (int i = 0; i < leaves.size(); i++) {
                copies.add(run.results().get(i + 1), leaves.get(i).in(gradient));
            }
            copies.await();
        } finally {
            batch.forEach(PjrtBuffer::close);
            run.results().forEach(PjrtBuffer::close);
        }
        MemorySegment.copy(
                gradient, ValueLayout.JAVA_FLOAT, 0, index == 0 ? sum : addend, 0, sum.length);
        if (index > 0) {
            for (int i = 0; i < sum.length; i++) {
                sum[i] += addend[i];
            }
        }
        return loss.get(ValueLayout.JAVA_FLOAT, 0);
    }

    private void update() throws PjrtException {
        List<PjrtBuffer> arguments = new ArrayList<>(state.buffers());
        List<PjrtBuffer> sums = new ArrayList<>();
        try {
            for (ParameterLeaf leaf : leaves) {
                sums.add(
                        loaded.client()
                                .upload(
                                        leaf.in(gradient),
                                        leaf.type(),
                                        loaded.home(),
                                        HostSemantics.COPY_DURING_CALL));
            }
            arguments.addAll(sums);
            Program program = loaded.plan(0).update();
            Execution run =
                    update.execute(
                            program.kept(arguments),
                            loaded.home(),
                            loaded.donates(loaded.plan(0))
                                    ? Set.of()
                                    : update.signature().donated());
            Faults.await(run.done());
            DeviceState old = state;
            state = new DeviceState(run.results());
            old.release();
        } finally {
            sums.forEach(PjrtBuffer::close);
        }
    }

    @Override
    public void close() {
        state.release();
        // Waits for what still runs, and only then is the memory gone.
        loaded.close();
        arena.close();
    }
}
