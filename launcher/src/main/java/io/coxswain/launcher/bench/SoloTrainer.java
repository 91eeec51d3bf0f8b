package io.coxswain.launcher.bench;

import io.coxswain.bridge.arena.ArenaFile;
import io.coxswain.bridge.arena.ByteRegion;
import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.bridge.arena.SlotWriter;
import io.coxswain.bridge.spi.AbortSignal;
import io.coxswain.bridge.spi.Assignment;
import io.coxswain.bridge.spi.Capture;
import io.coxswain.bridge.spi.ExecuteOutcome;
import io.coxswain.bridge.spi.RuntimeFactory;
import io.coxswain.bridge.spi.RuntimeFault;
import io.coxswain.bridge.spi.RuntimeLayout;
import io.coxswain.bridge.spi.StateOrigin;
import io.coxswain.bridge.spi.TrainingJob;
import io.coxswain.bridge.spi.TrainingRuntime;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.job.JobFile;

import java.util.ServiceLoader;
import java.util.concurrent.TimeUnit;

/**
 * The worker's runtime alone, on one thread of this process: all of the mesh's work in one rank,
 * and no exchange with anybody.
 */
final class SoloTrainer implements AutoCloseable {
    private static final AbortSignal NEVER =
            new AbortSignal() {
                @Override
                public boolean isSet() {
                    return false;
                }

                @Override
                public boolean await(long nanos) throws InterruptedException {
                    TimeUnit.NANOSECONDS.sleep(nanos);
                    return false;
                }
            };

    private final TrainingRuntime runtime;
    private final ArenaFile region;
    private final SlotTable.Meta meta;
    private final int microshards;
    private final float[] sum;
    private final float[] addend;
    private long step;

    SoloTrainer(JobFile job, ScratchArenas arenas) throws EnvironmentException {
        microshards = job.microshards();
        runtime = runtime(job.runtimeKind());
        try {
            RuntimeLayout layout =
                    runtime.load(
                            new TrainingJob(
                                    "bench",
                                    1,
                                    1,
                                    job.steps(),
                                    job.seed(),
                                    job.data().toString(),
                                    job.batch(),
                                    microshards,
                                    job.runtime().json()));
            RuntimeLayout.Shard shard = layout.shards().getFirst();
            region =
                    arenas.make(
                            new ArenaFile.Shape(
                                    layout.parameterElements(),
                                    microshards,
                                    shard.end() - shard.begin(),
                                    shard.liveBytes(),
                                    2,
                                    shard.stateBytes(),
                                    shard.pieces()));
            runtime.take(
                    new Assignment(1, 0, 0, 0, 0, microshards, region), new StateOrigin.Initial());
            meta = SlotTable.Meta.layOut("bench", 1, 0, 0, runtime.pieces());
            sum = new float[(int) layout.parameterElements()];
            addend = new float[sum.length];
        } catch (RuntimeFault e) {
            throw new EnvironmentException("the runtime cannot take the job: " + e.getMessage(), e);
        }
    }

    private static TrainingRuntime runtime(String kind) {
        return ServiceLoader.load(RuntimeFactory.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(factory -> factory.kind().equals(kind))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no runtime " + kind))
                .create();
    }

    /** How many bytes a snapshot has. */
    long stateBytes() {
        return meta.dataBytes();
    }

    /** Nanoseconds that the steps stand still for a snapshot, as the worker counts them. */
    long snapshotStall() throws EnvironmentException {
        long before = System.nanoTime();
        SlotWriter writer = region.slot(0).write(meta);
        try {
            Capture capture = runtime.capture(meta, writer.data());
            long nanos = System.nanoTime() - before;
            capture.complete();
            return nanos;
        } catch (RuntimeFault e) {
            throw new EnvironmentException("the runtime cannot capture: " + e.getMessage(), e);
        } finally {
            writer.abandon();
        }
    }

    /** Nanoseconds of one plain copy of the same bytes, from shared memory to the same slot. */
    long plainCopy() {
        SlotWriter from = region.slot(1).write(meta);
        SlotWriter to = region.slot(0).write(meta);
        ByteRegion source = from.data();
        ByteRegion target = to.data();
        long before = System.nanoTime();
        target.copyFrom(source, 0, 0, meta.dataBytes());
        long nanos = System.nanoTime() - before;
        from.abandon();
        to.abandon();
        return nanos;
    }

    /** Nanoseconds of one step's computation. */
    long step() throws EnvironmentException {
        step++;
        long before = System.nanoTime();
        try {
            switch (runtime.execute(step, NEVER)) {
                case ExecuteOutcome.Executed _ -> {
                    region.gradient(0).read(0, sum, 0, sum.length);
                    for (int m = 1; m < microshards; m++) {
                        region.gradient(m).read(0, addend, 0, addend.length);
                        for (int i = 0; i < sum.length; i++) {
                            sum[i] += addend[i];
                        }
                    }
                    region.reduced().write(0, sum, 0, sum.length);
                }
                case ExecuteOutcome.Aborted _ -> throw new IllegalStateException("nobody aborted");
            }
            runtime.apply(step);
        } catch (RuntimeFault e) {
            throw new EnvironmentException(
                    "the runtime cannot make step " + step + ": " + e.getMessage(), e);
        }
        return System.nanoTime() - before;
    }

    @Override
    public void close() {
        runtime.close();
    }
}
