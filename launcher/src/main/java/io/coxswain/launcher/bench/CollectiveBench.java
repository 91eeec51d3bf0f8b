package io.coxswain.launcher.bench;

import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.job.JobFile;

import java.io.IOException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * How fast small steps go: the digits job on four ranks with a copy of every step, where its time
 * goes, what the same computation takes on one thread alone, and the exchange of gradients and
 * parameters beside the same bytes over raw connections.
 */
public final class CollectiveBench {
    private static final double STEPS_PER_SECOND = 100;
    private static final List<String> IN_STEP =
            List.of("productive", "data_wait", "snapshot_stall", "straggler_wait");

    /**
     * What to measure.
     *
     * @param steps of a job
     * @param jobs one after another
     * @param exchanges of gradients and parameters
     */
    public record Options(int steps, int jobs, int exchanges) {}

    private final BenchSettings settings;
    private final Options options;
    private final JobFile job;
    private final BenchReport report;

    private CollectiveBench(BenchSettings settings, Options options) throws ConfigException {
        this.settings = settings;
        this.options = options;
        this.job =
                settings.job(
                        Map.of(
                                "steps",
                                Integer.toString(options.steps()),
                                "protect.copies",
                                "1",
                                "protect.every",
                                "1",
                                "runtime.minStepMillis",
                                "0"));
        var described = new LinkedHashMap<String, Object>();
        described.put("mesh", job.mesh().replicas() + "x" + job.mesh().shards());
        described.put("steps", options.steps());
        described.put("batch", job.batch());
        described.put("microshards", job.microshards());
        described.put("parameters", job.parameters());
        described.put("runtime", job.runtime().json());
        this.report = new BenchReport("collective", described);
    }

    /** Measures. */
    public static BenchReport run(BenchSettings settings, Options options)
            throws ConfigException, EnvironmentException, InterruptedException, IOException {
        var bench = new CollectiveBench(settings, options);
        try (var arenas = new ScratchArenas(settings)) {
            bench.exchange(arenas);
        }
        long deadline = settings.deadline();
        bench.jobs(deadline);
        return bench.report;
    }

    private void exchange(ScratchArenas arenas)
            throws EnvironmentException, InterruptedException, IOException {
        settings.progress()
                .accept(
                        "reduce and gather on "
                                + job.mesh().ranks()
                                + " data planes, and the same bytes raw, in turns");
        int ranks = job.mesh().ranks();
        int shards = job.mesh().shards();
        int shardBytes = (int) (job.parameters() / shards * Float.BYTES);
        var tree = new ArrayList<Double>();
        var raw = new ArrayList<Double>();
        var shares = new ArrayList<Double>();
        // Every rank sends every other the part of its sum that the other owns, then its shard to
        // the others of its row.
        int toOwners = ranks * (ranks - 1);
        int inRows = ranks * (shards - 1);
        try (var mesh = new CollectiveMesh(job, arenas);
                var links = new RawMesh(toOwners, shardBytes)) {
            for (int round = -(options.exchanges() + 1) / 2; round < options.exchanges(); round++) {
                double step = mesh.step() / 1e6;
                long before = System.nanoTime();
                links.exchange(toOwners, shardBytes);
                links.exchange(inRows, shardBytes);
                double bare = (System.nanoTime() - before) / 1e6;
                if (round >= 0) {
                    tree.add(step);
                    raw.add(bare);
                    shares.add(step / bare);
                }
            }
        }
        if (ranks < job.microshards() && !wholeSubtrees(ranks)) {
            report.note(
                    "the ranks' microshards are no whole subtrees, so ranks send more than the raw"
                            + " connections did");
        }
        report.add("reduce and gather", "ms", Samples.of(tree), null);
        report.add("the same bytes over raw connections", "ms", Samples.of(raw), null);
        report.add("  collective ÷ raw", "", Samples.of(shares), null);
    }

    // Then each rank has one node of the tree and sends it, as the raw connections do.
    private boolean wholeSubtrees(int ranks) {
        int each = job.microshards() / ranks;
        return job.microshards() % ranks == 0 && Integer.bitCount(each) == 1;
    }

    private void jobs(long deadline)
            throws EnvironmentException, InterruptedException, IOException {
        var rates = new ArrayList<Double>();
        var alone = new ArrayList<Double>();
        var parts = new TreeMap<String, List<Double>>();
        for (int n = 0; n < options.jobs() && (n == 0 || System.nanoTime() < deadline); n++) {
            alone.addAll(alone());
            settings.progress().accept("the job, " + (n + 1) + " of " + options.jobs());
            try (BenchCluster cluster = BenchCluster.start(settings, job, 1)) {
                JobReport ended =
                        cluster.report(TimeUnit.SECONDS.toMillis(settings.limitSeconds()));
                rates.add(
                        StepRate.steady(
                                cluster.tape().since(0, CoordinatorEvent.StepsCompleted.class)));
                JobReport.Goodput goodput = ended.goodput();
                for (String category : IN_STEP) {
                    double millis =
                            goodput.categories()
                                            .getOrDefault(category, BigInteger.ZERO)
                                            .doubleValue()
                                    / 1e6
                                    / goodput.slots()
                                    / ended.steps();
                    parts.computeIfAbsent(category, _ -> new ArrayList<>()).add(millis);
                }
            }
        }
        Samples solo = Samples.of(alone);
        report.add(
                "steps per second, after the first third",
                "1/s",
                Samples.of(rates),
                Figure.Limit.atLeast(STEPS_PER_SECOND, "on two cores"));
        report.add("  a step's computation on one thread alone", "ms", solo, null);
        report.add(
                "  steps per second if all cores did nothing else",
                "1/s",
                solo.map(millis ->
                        1_000
                                / millis
                                * Math.min(
                                        Runtime.getRuntime().availableProcessors(),
                                        job.mesh().ranks())),
                null);
        for (String category : IN_STEP) {
            report.add(
                    "  of a step, over the whole job: " + category,
                    "ms",
                    Samples.of(parts.getOrDefault(category, List.of())),
                    null);
        }
    }

    private List<Double> alone() throws EnvironmentException, IOException {
        var millis = new ArrayList<Double>();
        try (var arenas = new ScratchArenas(settings);
                var trainer = new SoloTrainer(job, arenas)) {
            int steps = Math.min(options.steps(), 150);
            for (int step = 0; step < steps; step++) {
                double one = trainer.step() / 1e6;
                if (step >= steps / 3) {
                    millis.add(one);
                }
            }
        }
        return millis;
    }
}
