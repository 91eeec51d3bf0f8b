package io.coxswain.launcher.bench;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.job.JobFile;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a copy in a peer's memory costs: how fast it moves beside a raw loopback connection, how
 * long the steps stand still for a snapshot beside a plain copy of the same memory, and how much
 * slower a job steps with a copy of every step.
 */
public final class CopyBench {
    private static final long MEGA = 1_000_000;
    private static final double RATE_SHARE = 0.97;
    private static final double LONGER = 1.5;
    private static final int POINTS = 5;
    private static final int NEVER = 1_000_000;

    /**
     * What to measure.
     *
     * @param copyBytes of one copy over the data plane
     * @param state extra state per rank, with unit, for stall and step rate
     * @param runs of copy and stall
     * @param measureSteps whether to run jobs at all
     * @param stepMillis the step time to begin with; negative: from what one copy took
     * @param secondsEach how long a job steps for one rate
     */
    public record Options(
            long copyBytes,
            String state,
            int runs,
            boolean measureSteps,
            int stepMillis,
            double secondsEach) {}

    /** The rates at one step time. */
    private record Point(long stepMillis, long steps, StepRate copied, StepRate plain) {
        double share() {
            return copied.stepsPerSecond() / plain.stepsPerSecond();
        }

        boolean kept() {
            return share() >= RATE_SHARE;
        }
    }

    private final BenchSettings settings;
    private final Options options;
    private final JobFile job;
    private final BenchReport report;

    private CopyBench(BenchSettings settings, Options options) throws ConfigException {
        this.settings = settings;
        this.options = options;
        this.job = settings.job(Map.of("runtime.ballast", options.state()));
        var described = new LinkedHashMap<String, Object>();
        described.put("copyBytes", options.copyBytes());
        described.put("stateBytes", job.ballastBytes());
        described.put("mesh", job.mesh().replicas() + "x" + job.mesh().shards());
        this.report = new BenchReport("copy", described);
    }

    /** Measures. */
    public static BenchReport run(BenchSettings settings, Options options)
            throws ConfigException, EnvironmentException, InterruptedException, IOException {
        var bench = new CopyBench(settings, options);
        long deadline = settings.deadline();
        double gigabytesPerSecond;
        try (var arenas = new ScratchArenas(settings)) {
            gigabytesPerSecond = bench.throughput(arenas);
        }
        try (var arenas = new ScratchArenas(settings)) {
            bench.stall(arenas);
        }
        if (options.measureSteps()) {
            bench.stepRates(gigabytesPerSecond, deadline);
        }
        return bench.report;
    }

    private double throughput(ScratchArenas arenas)
            throws EnvironmentException, InterruptedException, IOException {
        long bytes = options.copyBytes();
        settings.progress()
                .accept(
                        "copies of "
                                + bytes / MEGA
                                + " MB over the data plane and over a raw connection, in turns");
        var pushed = new ArrayList<Double>();
        var bare = new ArrayList<Double>();
        var shares = new ArrayList<Double>();
        try (var raw = new RawLoopback((int) bytes);
                var owner = new CopyNode(arenas, 1, bytes);
                var holder = new CopyNode(arenas, 2, bytes)) {
            owner.fill(bytes);
            // The first third warms both up.
            for (int round = -(options.runs() + 1) / 2; round < options.runs(); round++) {
                double limit = raw.gigabytesPerSecond(bytes);
                double rate = (double) bytes / owner.push(holder);
                if (round >= 0) {
                    bare.add(limit);
                    pushed.add(rate);
                    shares.add(rate / limit);
                }
            }
        }
        report.add(
                "copy over the data plane, CRC and digest checked",
                "GB/s",
                Samples.of(pushed),
                null);
        report.add("raw loopback", "GB/s", Samples.of(bare), null);
        report.add(
                "  data plane ÷ raw",
                "",
                Samples.of(shares),
                Figure.Limit.atLeast(0.7, "for 16 MB or more"));
        return Samples.of(pushed).median();
    }

    private void stall(ScratchArenas arenas) throws EnvironmentException {
        var stalls = new ArrayList<Double>();
        var plain = new ArrayList<Double>();
        var shares = new ArrayList<Double>();
        settings.progress()
                .accept("snapshots and plain copies of " + options.state() + ", in turns");
        try (var trainer = new SoloTrainer(job, arenas)) {
            for (int round = -(options.runs() + 1) / 2; round < options.runs(); round++) {
                double copy = trainer.plainCopy();
                double stall = trainer.snapshotStall();
                if (round >= 0) {
                    plain.add(copy / 1e6);
                    stalls.add(stall / 1e6);
                    shares.add(stall / copy);
                }
            }
        }
        report.add("snapshot stall", "ms", Samples.of(stalls), null);
        report.add("plain copy of the same bytes", "ms", Samples.of(plain), null);
        report.add(
                "  stall ÷ plain copy",
                "",
                Samples.of(shares),
                Figure.Limit.atMost(1.25, "of a memcpy"));
    }

    private void stepRates(double gigabytesPerSecond, long deadline)
            throws ConfigException, EnvironmentException, InterruptedException {
        // All shards go to the one spare: so long it takes at least.
        double moveMillis = job.ballastBytes() * job.mesh().shards() / gigabytesPerSecond / 1e6;
        long millis =
                options.stepMillis() >= 0
                        ? options.stepMillis()
                        : Math.max(10, Math.round(2 * moveMillis));
        long failed = 0;
        Point shortest = null;
        for (int n = 0; n < POINTS && (n == 0 || System.nanoTime() < deadline); n++) {
            Point point = point(millis);
            report.detail(described(point));
            if (point.kept()) {
                shortest = point;
            } else {
                failed = Math.max(failed, millis);
            }
            // Grow until it is kept, then close in from both sides; never below what is known to be
            // too short.
            long next =
                    shortest == null
                            ? Math.round(millis * LONGER * LONGER)
                            : failed == 0
                                    ? Math.round(shortest.stepMillis() / LONGER)
                                    : (failed + shortest.stepMillis()) / 2;
            if (next < 1 || (shortest != null && next > shortest.stepMillis() * 0.85)) {
                break;
            }
            millis = next;
        }
        if (shortest == null) {
            report.note(
                    "no step time up to "
                            + failed
                            + " ms kept 97% of the rate within the time given (--limit)");
            report.add(
                    "step rate with a copy of every step ÷ without",
                    "",
                    Samples.of(),
                    Figure.Limit.atLeast(RATE_SHARE, "where steps are long enough"));
            return;
        }
        report.add(
                "step rate with a copy of every step ÷ without",
                "",
                Samples.of(shortest.share()),
                Figure.Limit.atLeast(
                        RATE_SHARE, "with steps of " + shortest.stepMillis() + " ms or more"));
        report.add(
                "  shortest step that keeps it",
                "ms",
                Samples.of((double) shortest.stepMillis()),
                null);
        report.add(
                "  bytes of a step's copies over the data plane",
                "ms",
                Samples.of(moveMillis),
                null);
        if (System.nanoTime() < deadline) {
            // Without copies the agents still take snapshots, so that a worker's death costs no
            // step.
            StepRate bare =
                    StepRate.measure(
                            settings, varied(shortest.stepMillis(), 0, NEVER), shortest.steps(), 1);
            report.add(
                    "  of the rate without snapshots too",
                    "",
                    Samples.of(shortest.copied().stepsPerSecond() / bare.stepsPerSecond()),
                    null);
        }
        if (shortest.copied().copiesPerStep() >= 0) {
            report.add(
                    "  states over loopback in a step, of " + job.mesh().shards(),
                    "",
                    Samples.of(shortest.copied().copiesPerStep()),
                    null);
        }
    }

    private Point point(long millis)
            throws ConfigException, EnvironmentException, InterruptedException {
        long steps =
                Math.max(
                        12, Math.round(options.secondsEach() * 1_000 / Math.max(millis, 10) * 1.5));
        StepRate plain = StepRate.measure(settings, varied(millis, 0, 1), steps, 1);
        StepRate copied = StepRate.measure(settings, varied(millis, 1, 1), steps, 1);
        var point = new Point(millis, steps, copied, plain);
        settings.progress()
                .accept(
                        "steps of "
                                + millis
                                + " ms: "
                                + BenchReport.number(copied.stepsPerSecond())
                                + " a second with copies, "
                                + BenchReport.number(plain.stepsPerSecond())
                                + " without: "
                                + BenchReport.number(100 * point.share())
                                + "%");
        return point;
    }

    private JobFile varied(long millis, int copies, int every) throws ConfigException {
        return settings.job(
                Map.of(
                        "runtime.ballast", options.state(),
                        "runtime.minStepMillis", Long.toString(millis),
                        "protect.copies", Integer.toString(copies),
                        "protect.every", Integer.toString(every),
                        "steps", "10000000"));
    }

    private static Map<String, Object> described(Point point) {
        return Map.of(
                "stepMillis", point.stepMillis(),
                "stepsPerSecondWithCopies", Figure.rounded(point.copied().stepsPerSecond()),
                "stepsPerSecondWithout", Figure.rounded(point.plain().stepsPerSecond()),
                "share", Figure.rounded(point.share()),
                "statesOverLoopbackPerStep",
                        List.of(
                                Figure.rounded(point.copied().copiesPerStep()),
                                Figure.rounded(point.plain().copiesPerStep())));
    }
}
