package io.coxswain.launcher.bench;

import io.coxswain.bridge.arena.ArenaFile;
import io.coxswain.bridge.arena.FloatRegion;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.job.JobFile;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What the bridge costs a runtime: an order and its answer, tensors through shared memory, and a
 * step of an XLA program through Coxswain beside the same programs in a bare loop.
 */
public final class RuntimeBench {
    private static final double ROUND_TRIP_MICROS = 60;
    private static final int BATCH = 200;
    private static final double ARENA_SHARE = 0.8;
    private static final double STEP_SHARE = 1.03;

    /**
     * What to measure.
     *
     * @param trips over the bridge
     * @param copies of tensors
     * @param tensorBytes of a tensor
     * @param steps of the job and of the loop
     * @param rounds of both, in turns; 0 leaves them out
     */
    public record Options(int trips, int copies, long tensorBytes, int steps, int rounds) {}

    private final BenchSettings settings;
    private final Options options;
    private final BenchReport report;

    private RuntimeBench(BenchSettings settings, Options options, BenchReport report) {
        this.settings = settings;
        this.options = options;
        this.report = report;
    }

    /** Measures. */
    public static BenchReport run(BenchSettings settings, Options options)
            throws ConfigException, EnvironmentException, InterruptedException, IOException {
        JobFile job = job(settings, options, 1);
        var described = new LinkedHashMap<String, Object>();
        described.put("tensorBytes", options.tensorBytes());
        described.put("job", job.name());
        described.put("parameters", job.parameters());
        described.put("batch", job.batch());
        described.put("microshards", job.microshards());
        described.put("steps", options.steps());
        described.put("runtime", job.runtime().json());
        var bench = new RuntimeBench(settings, options, new BenchReport("runtime", described));
        bench.roundTrip();
        bench.arena();
        bench.steps();
        return bench.report;
    }

    // One rank alone: what is added to its steps is Coxswain, not an exchange with others.
    private static JobFile job(BenchSettings settings, Options options, int every)
            throws ConfigException {
        return settings.job(
                Map.of(
                        "steps", Integer.toString(options.steps()),
                        "mesh.replicas", "1",
                        "mesh.shards", "1",
                        "protect.copies", "0",
                        "protect.every", Integer.toString(every),
                        "runtime.minStepMillis", "0"));
    }

    private void roundTrip() throws EnvironmentException, InterruptedException, IOException {
        settings.progress().accept(options.trips() + " orders to a worker and back");
        Path sockets = Files.createTempDirectory("coxswain-bench-");
        try {
            double[] trips = RoundTrip.measure(sockets, options.trips());
            var medians = new ArrayList<Double>();
            for (int from = 0; from + BATCH <= trips.length; from += BATCH) {
                medians.add(Samples.of(Arrays.copyOfRange(trips, from, from + BATCH)).median());
            }
            report.add(
                    "an order to a worker and its answer, medians of " + BATCH,
                    "µs",
                    Samples.of(medians),
                    Figure.Limit.atMost(ROUND_TRIP_MICROS, "on the socket"));
        } finally {
            try (var files = Files.list(sockets)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(sockets);
        }
    }

    private void arena() throws EnvironmentException, IOException {
        settings.progress().accept("tensors into shared memory and out of it, and plain copies");
        int elements = (int) (options.tensorBytes() / Float.BYTES);
        var into = new ArrayList<Double>();
        var out = new ArrayList<Double>();
        var plain = new ArrayList<Double>();
        var intoShare = new ArrayList<Double>();
        var outShare = new ArrayList<Double>();
        try (var arenas = new ScratchArenas(settings)) {
            FloatRegion region =
                    arenas.make(new ArenaFile.Shape(elements, 0, 0, 0, 0, 0, 0)).parameters();
            FloatRegion other =
                    arenas.make(new ArenaFile.Shape(elements, 0, 0, 0, 0, 0, 0)).parameters();
            long bytes = (long) elements * Float.BYTES;
            float[] source = new float[elements];
            float[] target = new float[elements];
            for (int round = -options.copies() / 2; round < options.copies(); round++) {
                double writing = gigabytes(elements, () -> region.write(0, source, 0, elements));
                // Pages of the heap and of shared memory differ: the faster one is the yardstick.
                double copying =
                        Math.max(
                                gigabytes(
                                        elements,
                                        () -> System.arraycopy(source, 0, target, 0, elements)),
                                gigabytes(
                                        elements,
                                        () ->
                                                other.asBytes()
                                                        .copyFrom(region.asBytes(), 0, 0, bytes)));
                double reading = gigabytes(elements, () -> region.read(0, target, 0, elements));
                if (round >= 0) {
                    into.add(writing);
                    out.add(reading);
                    plain.add(copying);
                    intoShare.add(writing / copying);
                    outShare.add(reading / copying);
                }
            }
        }
        report.add("a tensor into shared memory", "GB/s", Samples.of(into), null);
        report.add("a tensor out of shared memory", "GB/s", Samples.of(out), null);
        report.add(
                "a plain copy, in the heap or in shared memory", "GB/s", Samples.of(plain), null);
        var share = Figure.Limit.atLeast(ARENA_SHARE, "of a plain copy");
        report.add("  into ÷ plain", "", Samples.of(intoShare), share);
        report.add("  out ÷ plain", "", Samples.of(outShare), share);
    }

    private static double gigabytes(int elements, Runnable copy) {
        long before = System.nanoTime();
        copy.run();
        return (double) elements * Float.BYTES / (System.nanoTime() - before);
    }

    private void steps()
            throws ConfigException, EnvironmentException, InterruptedException, IOException {
        JobFile plain = job(settings, options, Math.max(1, options.steps()));
        JobFile protectedJob = job(settings, options, 1);
        if (options.rounds() == 0) {
            return;
        }
        try {
            plain.runtime().requireHere();
        } catch (EnvironmentException e) {
            report.note("no steps of an XLA program: " + e.getMessage());
            return;
        }
        new StepRounds(
                        settings,
                        () -> BareLoopMain.millis(plain, plain.steps() / 3),
                        () -> StepRate.solo(settings, plain),
                        () -> StepRate.solo(settings, protectedJob))
                .run(options.rounds())
                .report(report, "", Figure.Limit.atMost(STEP_SHARE, "within 3%"), null);
    }
}
