package io.coxswain.bridge.pjrt.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.bridge.arena.ArenaFile;
import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.bridge.arena.SlotWriter;
import io.coxswain.bridge.spi.AbortSignal;
import io.coxswain.bridge.spi.Assignment;
import io.coxswain.bridge.spi.Capture;
import io.coxswain.bridge.spi.ExecuteOutcome;
import io.coxswain.bridge.spi.FinalReport;
import io.coxswain.bridge.spi.LeafDigest;
import io.coxswain.bridge.spi.LineageSegment;
import io.coxswain.bridge.spi.RuntimeFault;
import io.coxswain.bridge.spi.RuntimeLayout;
import io.coxswain.bridge.spi.StateOrigin;
import io.coxswain.bridge.spi.TrainingJob;
import io.coxswain.bridge.spi.ViewStore;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.StringJoiner;
import java.util.function.LongFunction;

/** The only rank of a job, called as a host calls it, and the test in the place of its agent. */
final class TestRank implements AutoCloseable {
    static final int BATCH = 8;

    final PjrtRuntime runtime = new PjrtRuntime();
    final RuntimeLayout layout;
    final TrainingJob job;
    ArenaFile region;
    private final Path folder;
    private int regions;
    private long epoch = 1;

    /** What views of epochs are given as their store. */
    LongFunction<ViewStore> stores = _ -> ViewStore.none();

    /** Loads a job of the small bundle. */
    TestRank(Path folder, TrainingJob job) throws RuntimeFault, IOException {
        this.folder = folder;
        this.job = job;
        boolean loaded = false;
        try {
            layout = runtime.load(job);
            region = newRegion();
            loaded = true;
        } finally {
            if (!loaded) {
                runtime.close();
            }
        }
    }

    static TrainingJob job(Path data, int microshards, String section) {
        return job(data, 1, microshards, section);
    }

    static TrainingJob job(Path data, int replicas, int microshards, String section) {
        return new TrainingJob(
                "job-1", replicas, 1, 100, 7, data.toString(), BATCH, microshards, section);
    }

    private ArenaFile newRegion() throws IOException {
        RuntimeLayout.Shard shard = layout.shards().getFirst();
        return ArenaFile.create(
                folder.resolve("region-" + System.identityHashCode(this) + "-" + regions++),
                new ArenaFile.Shape(
                        layout.parameterElements(),
                        job.microshards(),
                        shard.end() - shard.begin(),
                        shard.liveBytes(),
                        3,
                        shard.stateBytes(),
                        shard.pieces()));
    }

    /** The next view; in the same region. */
    void takeInNextView(int rank, long baseStep, StateOrigin origin) throws RuntimeFault {
        epoch++;
        runtime.take(
                new Assignment(
                        epoch,
                        rank,
                        rank % job.shards(),
                        baseStep,
                        0,
                        job.microshards(),
                        region,
                        stores.apply(epoch)),
                origin);
    }

    /** Takes the rank; in a region of its own if asked. */
    void take(long baseStep, StateOrigin origin, boolean elsewhere)
            throws RuntimeFault, IOException {
        ArenaFile old = region;
        region = elsewhere ? newRegion() : old;
        runtime.take(new Assignment(1, 0, 0, baseStep, 0, job.microshards(), region), origin);
        if (elsewhere) {
            old.close();
        }
    }

    /** The losses of an executed step. */
    List<Float> execute(long step) throws RuntimeFault {
        ExecuteOutcome outcome = runtime.execute(step, never());
        assertThat(outcome).isInstanceOf(ExecuteOutcome.Executed.class);
        return ((ExecuteOutcome.Executed) outcome).microshardLosses();
    }

    /** Reduces and applies. */
    void apply(long step) throws RuntimeFault {
        int elements = Math.toIntExact(layout.parameterElements());
        float[] sum = new float[elements];
        if (elements > 0) {
            region.gradient(0).read(0, sum, 0, elements);
            float[] other = new float[elements];
            region.gradient(1).read(0, other, 0, elements);
            for (int i = 0; i < elements; i++) {
                sum[i] += other[i];
            }
            region.reduced().write(0, sum, 0, elements);
        }
        runtime.apply(step);
    }

    void steps(long from, long to) throws RuntimeFault {
        for (long step = from; step <= to; step++) {
            var _ = execute(step);
            apply(step);
        }
    }

    /** Begins a snapshot. */
    Snapshot capture(long step, int slot) throws RuntimeFault {
        SlotTable.Meta meta = SlotTable.Meta.layOut(job.jobId(), 1, step, 0, runtime.pieces());
        SlotWriter writer = region.slot(slot).write(meta);
        return new Snapshot(writer, runtime.capture(writer.meta(), writer.data()));
    }

    /** A snapshot that has begun. */
    record Snapshot(SlotWriter writer, Capture capture) {
        StateOrigin.Stored complete() throws RuntimeFault {
            capture.complete();
            writer.checksum();
            var _ = writer.commit();
            return new StateOrigin.Stored(writer.meta(), writer.data());
        }
    }

    FinalReport.Evaluation evaluate(long step) throws RuntimeFault {
        return Objects.requireNonNull(
                runtime.finish(true, List.of(new LineageSegment(1, 1, step))).evaluation());
    }

    /** All leaves' headers and blocks, in hex. */
    String digest() throws RuntimeFault {
        StringJoiner text = new StringJoiner("\n");
        for (LeafDigest leaf : runtime.finish(false, List.of()).leaves()) {
            text.add(
                    "%d %s %s %d+%d %s"
                            .formatted(
                                    leaf.leafIndex(),
                                    leaf.leaf(),
                                    HexFormat.of().formatHex(leaf.header()),
                                    leaf.firstBlock(),
                                    leaf.leafBlocks(),
                                    HexFormat.of().formatHex(leaf.blockDigests())));
        }
        return text.toString();
    }

    static AbortSignal never() {
        return afterQuestions(Integer.MAX_VALUE);
    }

    /** A signal that is set from some question on. */
    static AbortSignal afterQuestions(int questions) {
        return new AbortSignal() {
            private int asked;

            @Override
            public boolean isSet() {
                return ++asked > questions;
            }

            @Override
            public boolean await(long nanos) {
                return isSet();
            }
        };
    }

    @Override
    public void close() {
        runtime.close();
        region.close();
    }
}
