package io.coxswain.launcher.bench;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.job.JobFile;
import io.coxswain.launcher.local.AgentProcess;

import org.jspecify.annotations.Nullable;

import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * What strangers do to a running job: its step rate while nobody else is there, and while control
 * port, HTTP port and the data plane of every agent are flooded, in turns in one run.
 */
public final class FloodBench {
    private static final double LEAST_SHARE = 0.95;
    private static final double NANOS = 1e9;
    private static final long SETTLE_MILLIS = 2_000;
    private static final int MOST_WARM_UPS = 6;
    private static final double STEADY = 1.03;

    /**
     * What to measure.
     *
     * @param connections at each kind of port at once
     * @param opensPerSecond connections that are opened in a second, all together
     * @param windowSeconds for each rate
     * @param rounds of both
     */
    public record Options(int connections, int opensPerSecond, int windowSeconds, int rounds) {}

    /** One window. */
    private record Window(double stepsPerSecond, double ownShare, Map<String, Object> flood) {}

    private final BenchSettings settings;
    private final Options options;
    private final List<Double> calm = new ArrayList<>();
    private final List<Double> flooded = new ArrayList<>();
    private final List<Double> shares = new ArrayList<>();
    private final List<Double> own = new ArrayList<>();

    private FloodBench(BenchSettings settings, Options options) {
        this.settings = settings;
        this.options = options;
    }

    /** Measures. */
    public static BenchReport run(BenchSettings settings, Options options)
            throws ConfigException, EnvironmentException, InterruptedException {
        JobFile job = settings.job(Map.of("steps", "10000000"));
        var described = new LinkedHashMap<String, Object>();
        described.put("connectionsAtEachPort", options.connections());
        described.put("opensPerSecond", options.opensPerSecond());
        described.put("windowSeconds", options.windowSeconds());
        described.put("mesh", job.mesh().replicas() + "x" + job.mesh().shards());
        var report = new BenchReport("flood", described);
        new FloodBench(settings, options).measure(job, report);
        return report;
    }

    private void measure(JobFile job, BenchReport report)
            throws EnvironmentException, InterruptedException {
        long deadline = settings.deadline();
        int rounds = 0;
        try (BenchCluster cluster = BenchCluster.startWithPage(settings, job, 1)) {
            int views = views(cluster);
            Window before = warmedUp(cluster);
            while (rounds < options.rounds() && (rounds == 0 || System.nanoTime() < deadline)) {
                Window during = window(cluster, true);
                Window after = window(cluster, false);
                calm.add(after.stepsPerSecond());
                flooded.add(during.stepsPerSecond());
                own.add(during.ownShare());
                shares.add(
                        during.stepsPerSecond()
                                / ((before.stepsPerSecond() + after.stepsPerSecond()) / 2)
                                / (1 - during.ownShare()));
                report.detail(during.flood());
                before = after;
                rounds++;
                settings.progress()
                        .accept(
                                "round "
                                        + rounds
                                        + " of "
                                        + options.rounds()
                                        + ": "
                                        + BenchReport.number(during.stepsPerSecond())
                                        + " steps/s under the flood, "
                                        + BenchReport.number(after.stepsPerSecond())
                                        + " without");
            }
            if (views(cluster) != views) {
                report.note(
                        "the job was recovered during the measurement: "
                                + (views(cluster) - views)
                                + " views");
            }
        }
        report.add("steps while nobody else is there", "/s", Samples.of(calm), null);
        report.add("steps under the flood", "/s", Samples.of(flooded), null);
        report.add(
                "  under the flood ÷ without",
                "",
                Samples.of(shares),
                Figure.Limit.atLeast(LEAST_SHARE, "within 5%"));
        report.add("the flood's own share of the processors", "", Samples.of(own), null);
        report.note(
                "the flood is one thread of the coordinator's process; its time is taken out of the"
                        + " ratio, as if it were on another machine");
        if (rounds < options.rounds()) {
            report.note("stopped early after " + rounds + " rounds: the time was over (--limit)");
        }
    }

    // JVMs that still warm up would favour whoever comes last.
    private Window warmedUp(BenchCluster cluster)
            throws EnvironmentException, InterruptedException {
        Window unusedFlood = window(cluster, true);
        Window calmBefore = window(cluster, false);
        for (int i = 1; i < MOST_WARM_UPS; i++) {
            Window next = window(cluster, false);
            boolean steady = next.stepsPerSecond() < STEADY * calmBefore.stepsPerSecond();
            calmBefore = next;
            if (steady) {
                break;
            }
        }
        return calmBefore;
    }

    private static int views(BenchCluster cluster) {
        return cluster.tape().since(0, CoordinatorEvent.ViewActivated.class).size();
    }

    private Window window(BenchCluster cluster, boolean flood)
            throws EnvironmentException, InterruptedException {
        try (@Nullable Flood strangers =
                flood ? new Flood(targets(cluster), options.opensPerSecond()) : null) {
            // Until the connections stand.
            long opening =
                    strangers == null
                            ? 0
                            : 1_000L * 3 * options.connections() / options.opensPerSecond();
            TimeUnit.MILLISECONDS.sleep(SETTLE_MILLIS + opening);
            EventTape.Heard<CoordinatorEvent.StepsCompleted> begin = step(cluster);
            long cpu = strangers == null ? 0 : strangers.cpuNanos();
            TimeUnit.SECONDS.sleep(options.windowSeconds());
            EventTape.Heard<CoordinatorEvent.StepsCompleted> end = step(cluster);
            double seconds = (end.nanos() - begin.nanos()) / NANOS;
            double rate = (end.event().step() - begin.event().step()) / seconds;
            if (strangers == null) {
                return new Window(rate, 0, Map.of());
            }
            strangers.check();
            double ownShare =
                    (strangers.cpuNanos() - cpu)
                            / NANOS
                            / seconds
                            / Runtime.getRuntime().availableProcessors();
            return new Window(
                    rate,
                    ownShare,
                    Map.of(
                            "standing", strangers.standing(),
                            "opened", strangers.opened(),
                            "closedByPorts", strangers.closedByPeer(),
                            "stepsPerSecond", Figure.rounded(rate)));
        }
    }

    private List<Flood.Target> targets(BenchCluster cluster) {
        URI page = URI.create(cluster.pageUrl());
        var targets = new ArrayList<Flood.Target>();
        targets.add(
                new Flood.Target(
                        Flood.Kind.CONTROL,
                        "127.0.0.1",
                        cluster.coordinator().port(),
                        options.connections()));
        targets.add(
                new Flood.Target(
                        Flood.Kind.HTTP, page.getHost(), page.getPort(), options.connections()));
        List<AgentProcess> agents = cluster.agents();
        for (AgentProcess agent : agents) {
            targets.add(
                    new Flood.Target(
                            Flood.Kind.DATA,
                            "127.0.0.1",
                            agent.dataPort(),
                            Math.ceilDiv(options.connections(), agents.size())));
        }
        return targets;
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
