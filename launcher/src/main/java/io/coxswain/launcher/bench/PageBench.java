package io.coxswain.launcher.bench;

import io.coxswain.coordinator.Coordinator;
import io.coxswain.coordinator.Subscription;
import io.coxswain.coordinator.TraceLookup;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.journal.Journal;
import io.coxswain.coordinator.journal.JournalSettings;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.job.JobFile;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * What it costs a run to be looked at: the step rate while nobody looks, with a scrape each second,
 * with the journal, with viewers of the page and with all of it, in turns in one run.
 */
public final class PageBench {
    private static final double LEAST_SHARE = 0.99;
    private static final double NANOS = 1e9;
    private static final int WARM_SCRAPES = 500;
    private static final long SETTLE_MILLIS = 1_500;

    /**
     * What to measure.
     *
     * @param viewers of the page at once
     * @param windowSeconds for each rate
     * @param rounds of all ways to look
     */
    public record Options(int viewers, int windowSeconds, int rounds) {}

    /** Who looks. */
    private enum Look {
        NOBODY(false, false, false),
        SCRAPE(true, false, false),
        JOURNAL(false, true, false),
        PAGE(false, false, true),
        ALL(true, true, true);

        private final boolean scrape;
        private final boolean journal;
        private final boolean page;

        Look(boolean scrape, boolean journal, boolean page) {
            this.scrape = scrape;
            this.journal = journal;
            this.page = page;
        }

        String words(int viewers) {
            return switch (this) {
                case NOBODY -> "nobody";
                case SCRAPE -> "a scrape each second";
                case JOURNAL -> "the journal";
                case PAGE -> viewers + " viewers";
                case ALL -> viewers + " viewers, scrape and journal";
            };
        }
    }

    /**
     * One window.
     *
     * @param processMillis processor time of the coordinator's process in a second, the viewers'
     *     own taken out
     * @param ownMillis the viewers' own
     * @param viewerBytes that a viewer was sent in a second
     */
    private record Window(
            double stepsPerSecond, double processMillis, double ownMillis, double viewerBytes) {}

    private final BenchSettings settings;
    private final Options options;
    private final Map<Look, List<Double>> rates = new EnumMap<>(Look.class);
    private final Map<Look, List<Double>> shares = new EnumMap<>(Look.class);
    private final Map<Look, List<Double>> processMillis = new EnumMap<>(Look.class);
    private final List<Double> ownMillis = new ArrayList<>();
    private final List<Double> viewerBytes = new ArrayList<>();

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
        int rounds = 0;
        try (BenchCluster cluster = BenchCluster.startWithPage(settings, job, 1)) {
            // JVMs that still warm up would favour whoever comes last; code that runs once a second
            // would be interpreted for all of this, and for the first minutes only of a run.
            PageViewers.warm(URI.create(cluster.pageUrl()), WARM_SCRAPES);
            var _ = window(cluster, Look.ALL);
            Window before = window(cluster, Look.NOBODY);
            while (rounds < options.rounds() && (rounds == 0 || System.nanoTime() < deadline)) {
                before = round(cluster, rounds++, before);
            }
        }
        report(report);
        if (rounds < options.rounds()) {
            report.note("stopped early after " + rounds + " rounds: the time was over (--limit)");
        }
    }

    // In another order each time; what nobody's rate is in between is taken from before and after.
    private Window round(BenchCluster cluster, int round, Window before)
            throws EnvironmentException, InterruptedException {
        List<Look> looks = List.of(Look.SCRAPE, Look.JOURNAL, Look.PAGE, Look.ALL);
        var windows = new EnumMap<Look, Window>(Look.class);
        var order = new ArrayList<Look>();
        for (int i = 0; i < looks.size(); i++) {
            Look look = looks.get((i + round) % looks.size());
            order.add(look);
            windows.put(look, window(cluster, look));
        }
        Window after = window(cluster, Look.NOBODY);
        note(Look.NOBODY, after);
        for (int i = 0; i < order.size(); i++) {
            Window during = windows.get(order.get(i));
            if (during == null) {
                throw new IllegalStateException(order.get(i) + " was measured");
            }
            note(order.get(i), during);
            double base =
                    before.stepsPerSecond()
                            + (after.stepsPerSecond() - before.stepsPerSecond())
                                    * (i + 1)
                                    / (order.size() + 1);
            double own = during.ownMillis() / 1_000 / Runtime.getRuntime().availableProcessors();
            shares.computeIfAbsent(order.get(i), _ -> new ArrayList<>())
                    .add(during.stepsPerSecond() / base / (1 - own));
            if (order.get(i) == Look.ALL) {
                ownMillis.add(during.ownMillis());
                viewerBytes.add(during.viewerBytes());
            }
        }
        Window all = windows.get(Look.ALL);
        settings.progress()
                .accept(
                        "round "
                                + (round + 1)
                                + " of "
                                + options.rounds()
                                + ": "
                                + BenchReport.number(all == null ? 0 : all.stepsPerSecond())
                                + " steps/s with all that looks, "
                                + BenchReport.number(after.stepsPerSecond())
                                + " with nobody");
        return after;
    }

    private void note(Look look, Window window) {
        rates.computeIfAbsent(look, _ -> new ArrayList<>()).add(window.stepsPerSecond());
        processMillis.computeIfAbsent(look, _ -> new ArrayList<>()).add(window.processMillis());
    }

    private void report(BenchReport report) {
        for (Look look : Look.values()) {
            String words = look.words(options.viewers());
            report.add("steps with " + words, "/s", samples(rates, look), null);
            if (look != Look.NOBODY) {
                report.add(
                        "  ÷ with nobody",
                        "",
                        samples(shares, look),
                        look == Look.ALL ? Figure.Limit.atLeast(LEAST_SHARE, "within 1%") : null);
            }
            report.add(
                    "  the coordinator's process", "ms CPU/s", samples(processMillis, look), null);
        }
        report.add("sent to each viewer", "kB/s", Samples.of(viewerBytes).map(b -> b / 1e3), null);
        report.add("the viewers' and the scraper's own", "ms CPU/s", Samples.of(ownMillis), null);
        report.note(
                "viewers and scraper are one thread of the coordinator's process; its time is taken"
                        + " out of the ratios, as if they were on another machine");
    }

    private static Samples samples(Map<Look, List<Double>> all, Look look) {
        return Samples.of(all.getOrDefault(look, List.of()));
    }

    private Window window(BenchCluster cluster, Look look)
            throws EnvironmentException, InterruptedException {
        Coordinator coordinator = cluster.coordinator();
        try (@Nullable Journal journal = look.journal ? journal(cluster) : null;
                @Nullable Subscription _ = journal == null ? null : listen(coordinator, journal);
                PageViewers viewers =
                        PageViewers.open(
                                URI.create(cluster.pageUrl()),
                                look.page ? options.viewers() : 0,
                                look.scrape)) {
            // What opening a page costs is no part of having it open.
            TimeUnit.MILLISECONDS.sleep(SETTLE_MILLIS);
            var begin = step(cluster);
            long cpu = processNanos();
            long own = viewers.cpuNanos();
            long bytes = viewers.bytes();
            TimeUnit.SECONDS.sleep(options.windowSeconds());
            var end = step(cluster);
            viewers.check();
            double seconds = (end.nanos() - begin.nanos()) / NANOS;
            double ownMillisNow = (viewers.cpuNanos() - own) / 1e6 / seconds;
            return new Window(
                    (end.event().step() - begin.event().step()) / seconds,
                    (processNanos() - cpu) / 1e6 / seconds - ownMillisNow,
                    ownMillisNow,
                    (viewers.bytes() - bytes) / seconds / Math.max(1, options.viewers()));
        }
    }

    private static Journal journal(BenchCluster cluster) throws EnvironmentException {
        try {
            return Journal.open(
                    JournalSettings.of(cluster.run().events()),
                    "bench",
                    TraceLookup.NONE,
                    System::nanoTime,
                    System::currentTimeMillis);
        } catch (IOException e) {
            throw new EnvironmentException("the journal: " + e.getMessage(), e);
        }
    }

    // A listener hears first what is kept; a journal writes from now on.
    private static Subscription listen(Coordinator coordinator, Journal journal) {
        long from = System.nanoTime();
        return coordinator.listen(event -> {
            if (event.monotonicNanos() - from >= 0) {
                journal.on(event);
            }
        });
    }

    private static long processNanos() {
        return ManagementFactory.getOperatingSystemMXBean()
                        instanceof com.sun.management.OperatingSystemMXBean system
                ? Math.max(0, system.getProcessCpuTime())
                : 0;
    }

    private static EventTape.Heard<CoordinatorEvent.StepsCompleted> step(BenchCluster cluster)
            throws EnvironmentException, InterruptedException {
        return cluster.await(
                cluster.tape().mark(),
                CoordinatorEvent.StepsCompleted.class,
                _ -> true,
                "steps to go on");
    }
}
