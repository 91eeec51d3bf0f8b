package io.coxswain.launcher.bench;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.job.JobFile;

import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.concurrent.TimeUnit;

/**
 * What it costs a run to be looked at: the step rate with viewers of the page and a scrape each
 * second, and without, in turns in one run.
 */
public final class PageBench {
    private static final double LEAST_SHARE = 0.99;

    /**
     * What to measure.
     *
     * @param viewers of the page at once
     * @param windowSeconds for each rate
     * @param rounds of looking and not looking
     */
    public record Options(int viewers, int windowSeconds, int rounds) {}

    private final BenchSettings settings;
    private final Options options;

    private PageBench(BenchSettings settings, Options options) {
        this.settings = settings;
        this.options = options;
    }

    /** Measures. */
    public static BenchReport run(BenchSettings settings, Options options)
            throws ConfigException, EnvironmentException, InterruptedException {
        var sets = new LinkedHashMap<String, String>();
        sets.put("steps", "10000000");
        JobFile job = settings.job(sets);
        var described = new LinkedHashMap<String, Object>();
        described.put("viewers", options.viewers());
        described.put("windowSeconds", options.windowSeconds());
        described.put("mesh", job.mesh().replicas() + "x" + job.mesh().shards());
        described.put("runtime", job.runtime().json());
        var report = new BenchReport("page", described);
        new PageBench(settings, options).measure(job, report);
        return report;
    }

    private void measure(JobFile job, BenchReport report)
            throws EnvironmentException, InterruptedException {
        long deadline = settings.deadline();
        var alone = new ArrayList<Double>();
        var watched = new ArrayList<Double>();
        var shares = new ArrayList<Double>();
        long bytes = 0;
        long watchedNanos = 0;
        try (BenchCluster cluster = BenchCluster.startWithPage(settings, job, 1)) {
            // JVMs that still warm up would favour whoever comes last.
            var _ = rate(cluster);
            double before = rate(cluster);
            for (int round = 0;
                    round < options.rounds() && (round == 0 || System.nanoTime() < deadline);
                    round++) {
                double during;
                long begun = System.nanoTime();
                try (var viewers = PageViewers.open(page(cluster), options.viewers())) {
                    during = rate(cluster);
                    viewers.check();
                    bytes += viewers.bytes();
                    watchedNanos += System.nanoTime() - begun;
                }
                double after = rate(cluster);
                alone.add((before + after) / 2);
                watched.add(during);
                shares.add(during / ((before + after) / 2));
                settings.progress()
                        .accept(
                                "round "
                                        + (round + 1)
                                        + " of "
                                        + options.rounds()
                                        + ": "
                                        + BenchReport.number(during)
                                        + " steps/s watched, "
                                        + BenchReport.number((before + after) / 2)
                                        + " not");
                before = after;
            }
        }
        report.add("steps without viewers", "/s", Samples.of(alone), null);
        report.add("steps with " + options.viewers() + " viewers", "/s", Samples.of(watched), null);
        report.add(
                "  with ÷ without",
                "",
                Samples.of(shares),
                Figure.Limit.atLeast(LEAST_SHARE, "within 1%"));
        report.add(
                "sent to each viewer",
                "kB/s",
                Samples.of(bytes * 1e6 / options.viewers() / watchedNanos),
                null);
        if (shares.size() < options.rounds()) {
            report.note("stopped early: the time was over (--limit)");
        }
        report.note(
                "the viewers run in the coordinator's process, and what they cost is counted too");
    }

    private static URI page(BenchCluster cluster) {
        return URI.create(cluster.pageUrl());
    }

    private double rate(BenchCluster cluster) throws EnvironmentException, InterruptedException {
        var begin =
                cluster.await(
                        cluster.tape().mark(),
                        CoordinatorEvent.StepsCompleted.class,
                        _ -> true,
                        "steps to go on");
        TimeUnit.SECONDS.sleep(options.windowSeconds());
        var end =
                cluster.await(
                        cluster.tape().mark(),
                        CoordinatorEvent.StepsCompleted.class,
                        _ -> true,
                        "steps to go on");
        return (end.event().step() - begin.event().step()) * 1e9 / (end.nanos() - begin.nanos());
    }
}
