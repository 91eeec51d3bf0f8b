package io.coxswain.bridge.pjrt.runtime;

import io.coxswain.bridge.arena.ArenaFile;
import io.coxswain.bridge.pjrt.bundle.ParameterLeaf;
import io.coxswain.bridge.pjrt.bundle.Program;
import io.coxswain.bridge.pjrt.client.Execution;
import io.coxswain.bridge.pjrt.client.HostSemantics;
import io.coxswain.bridge.pjrt.client.PjrtBuffer;
import io.coxswain.bridge.pjrt.client.PjrtException;
import io.coxswain.bridge.pjrt.client.PjrtExecutable;
import io.coxswain.bridge.spi.Assignment;
import io.coxswain.bridge.spi.RuntimeFault;
import io.coxswain.bridge.spi.RuntimeLayout;
import io.coxswain.bridge.spi.StateOrigin;
import io.coxswain.bridge.spi.TrainingJob;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * How long the digits' steps take on one rank, in the runtime and in a bare loop over the wrappers
 * that does no more than what a step needs: batches up, programs, gradients into host memory, the
 * sum up again. Run by hand.
 */
final class StepSpeed {
    private static final int STEPS = 1500;

    private StepSpeed() {}

    public static void main(String[] args) throws RuntimeFault, PjrtException, IOException {
        String section =
                PjrtTestPlugin.section(PjrtTestPlugin.example("bundle"), 1, false, false);
        TrainingJob job =
                new TrainingJob(
                        "job-1",
                        1,
                        1,
                        STEPS,
                        7,
                        PjrtTestPlugin.example("digits.safetensors").toString(),
                        128,
                        8,
                        section);
        for (int round = 0; round < 3; round++) {
            print("runtime", runtime(job));
            print("bare loop", bare(job));
        }
    }

    private static void print(String what, long[] nanos) {
        Arrays.sort(nanos);
        System.out.printf(
                "%-10s median %.1f µs, fastest %.1f µs%n",
                what, nanos[nanos.length / 2] / 1e3, nanos[0] / 1e3);
    }

    private static long[] runtime(TrainingJob job) throws RuntimeFault, IOException {
        Path folder = Files.createTempDirectory(Path.of("/dev/shm"), "speed");
        PjrtRuntime runtime = new PjrtRuntime();
        RuntimeLayout layout = runtime.load(job);
        RuntimeLayout.Shard shard = layout.shards().getFirst();
        try (ArenaFile region =
                ArenaFile.create(
                        folder.resolve("region"),
                        new ArenaFile.Shape(
                                layout.parameterElements(),
                                8,
                                shard.end(),
                                0,
                                1,
                                shard.stateBytes(),
                                shard.pieces()))) {
            runtime.take(new Assignment(1, 0, 0, 0, 0, 8, region), new StateOrigin.Initial());
            long[] nanos = new long[STEPS];
            for (int step = 1; step <= STEPS; step++) {
                long start = System.nanoTime();
                var _ = runtime.execute(step, TestRank.never());
                runtime.apply(step);
                nanos[step - 1] = System.nanoTime() - start;
            }
            return nanos;
        } finally {
            runtime.close();
            Files.delete(folder.resolve("region"));
            Files.delete(folder);
        }
    }

    private static long[] bare(TrainingJob job) throws RuntimeFault, PjrtException {
        try (LoadedProgram loaded = LoadedProgram.load(job);
                Arena arena = Arena.ofShared()) {
            Program gradsProgram = Objects.requireNonNull(loaded.bundle().grads());
            PjrtExecutable grads = loaded.atHome(gradsProgram);
            PjrtExecutable apply = loaded.atHome(loaded.plan(0).update());
            List<ParameterLeaf> leaves = loaded.bundle().parameters();
            DeviceState state = new StateTransfer(loaded, loaded.plan(0)).initial();
            List<MemorySegment> gradients = new ArrayList<>();
            for (int m = 0; m < 8; m++) {
                gradients.add(arena.allocate(4 * loaded.bundle().parameterElements(), 64));
            }
            MemorySegment loss = arena.allocate(4 * 8, 64);
            MemorySegment parameters = arena.allocate(4 * loaded.bundle().parameterElements(), 64);
            BatchUploads batches = new BatchUploads(loaded, arena, 16);
            long[] nanos = new long[STEPS];
            for (int step = 1; step <= STEPS; step++) {
                long start = System.nanoTime();
                for (int m = 0; m < 8; m++) {
                    batches.gather(loaded.order().microshard(step, m));
                    List<PjrtBuffer> batch = batches.upload(loaded.home());
                    List<PjrtBuffer> arguments =
                            new ArrayList<>(state.buffers().subList(0, leaves.size()));
                    arguments.addAll(batch);
                    Execution run =
                            grads.execute(arguments, loaded.home(), grads.signature().donated());
                    try (HostCopies copies = new HostCopies()) {
                        copies.add(run.results().getFirst(), loss.asSlice(4L * m, 4));
                        for (int i = 0; i < leaves.size(); i++) {
                            copies.add(
                                    run.results().get(i + 1), leaves.get(i).in(gradients.get(m)));
                        }
                        copies.await();
                    }
                    batch.forEach(PjrtBuffer::close);
                    run.results().forEach(PjrtBuffer::close);
                }
                List<PjrtBuffer> arguments = new ArrayList<>(state.buffers());
                List<PjrtBuffer> sums = new ArrayList<>();
                for (ParameterLeaf leaf : leaves) {
                    sums.add(
                            loaded.client()
                                    .upload(
                                            leaf.in(gradients.get(0)),
                                            leaf.type(),
                                            loaded.home(),
                                            HostSemantics.ZERO_COPY));
                }
                arguments.addAll(sums);
                Execution update =
                        apply.execute(arguments, loaded.home(), apply.signature().donated());
                try (HostCopies copies = new HostCopies()) {
                    for (int i = 0; i < leaves.size(); i++) {
                        copies.add(update.results().get(i), leaves.get(i).in(parameters));
                    }
                    copies.await();
                }
                sums.forEach(PjrtBuffer::close);
                state.release();
                state = new DeviceState(update.results());
                nanos[step - 1] = System.nanoTime() - start;
            }
            state.release();
            return nanos;
        }
    }
}
