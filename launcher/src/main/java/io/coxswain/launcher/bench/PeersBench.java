package io.coxswain.launcher.bench;

import io.coxswain.agent.worker.LastWords;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.job.JobFile;
import io.coxswain.launcher.local.FaultSpec;
import io.coxswain.launcher.runtimes.ChildProcess;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The digits under torchft and under Coxswain: the same network, batch, optimizer and deaths, on
 * four ranks, one after the other in one run.
 */
public final class PeersBench {
    private static final int RANKS = 4;
    private static final double NANOS = 1e9;
    private static final Duration IMPORT_LIMIT = Duration.ofSeconds(60);

    /** Starting, and ending what was started. */
    private static final int AROUND_SECONDS = 180;

    /**
     * What to measure.
     *
     * @param python that has torch and torchft
     * @param folder with {@code torchft_digits.py}
     * @param packages folder of the Python package
     * @param seconds of each run
     * @param every seconds between two deaths
     */
    public record Options(String python, Path folder, Path packages, int seconds, int every) {}

    private final BenchSettings settings;
    private final Options options;
    private final BenchReport report;

    private PeersBench(BenchSettings settings, Options options, BenchReport report) {
        this.settings = settings;
        this.options = options;
        this.report = report;
    }

    /** Measures. */
    public static BenchReport run(BenchSettings settings, Options options)
            throws ConfigException, EnvironmentException, InterruptedException, IOException {
        var described = new LinkedHashMap<String, Object>();
        described.put("ranks", RANKS);
        described.put("seconds", options.seconds());
        described.put("secondsBetweenDeaths", options.every());
        var bench = new PeersBench(settings, options, new BenchReport("peers", described));
        bench.run();
        return bench.report;
    }

    private void run() throws ConfigException, EnvironmentException, InterruptedException {
        boolean torch = has("torch, numpy", "torch numpy", "nothing was measured");
        if (!torch) {
            return;
        }
        if (has("torchft", "torchft", "only Coxswain was measured")) {
            settings.progress().accept("torchft, a process killed each " + every());
            try {
                add("torchft, a process dies", torchft());
            } catch (EnvironmentException e) {
                report.note("torchft was not measured: " + e.getMessage());
            }
        }
        settings.progress().accept("Coxswain with a spare, a host killed each " + every());
        add("Coxswain, a host dies, one spare", coxswain(FaultSpec.Victim.HOST, 1));
        settings.progress().accept("Coxswain without spares, a worker killed each " + every());
        add("Coxswain, a worker dies, no spare", coxswain(FaultSpec.Victim.WORKER, 0));
    }

    private String every() {
        return options.every() + " s for " + options.seconds() + " s";
    }

    private boolean has(String modules, String packages, String otherwise)
            throws InterruptedException {
        ChildProcess.Ended ended =
                ChildProcess.run(
                        List.of(options.python(), "-c", "import " + modules),
                        _ -> {},
                        IMPORT_LIMIT);
        if (!ended.well()) {
            report.note(
                    "%s: %s cannot import %s (%s); install it with %s -m pip install %s, or name another Python with --python"
                            .formatted(
                                    otherwise,
                                    options.python(),
                                    modules,
                                    LastWords.telling(ended.said()),
                                    options.python(),
                                    packages));
        }
        return ended.well();
    }

    private StepTrace torchft() throws EnvironmentException, InterruptedException {
        ChildProcess.Ended ended =
                ChildProcess.run(
                        List.of(
                                options.python(),
                                "torchft_digits.py",
                                "drive",
                                "--seconds",
                                Integer.toString(options.seconds()),
                                "--every",
                                Integer.toString(options.every())),
                        environment -> environment.put("PYTHONPATH", options.packages().toString()),
                        options.folder(),
                        Duration.ofSeconds(options.seconds() + AROUND_SECONDS));
        if (!ended.well()) {
            throw new EnvironmentException(
                    "the run under torchft ended with status "
                            + ended.status()
                            + ": "
                            + LastWords.telling(ended.said()));
        }
        JsonNode json =
                JsonMapper.shared().readTree(ended.output().lines().reduce("", (_, last) -> last));
        var points = new ArrayList<StepTrace.Point>();
        for (JsonNode commit : json.path("commits")) {
            double strength = (double) commit.path(1).asInt() / RANKS;
            points.add(new StepTrace.Point(commit.path(0).asDouble(), 1, strength));
        }
        long died = json.path("died").asLong();
        if (died > 0) {
            report.note("under torchft " + died + " healthy processes died too");
        }
        return StepTrace.of(
                json.path("begin").asDouble(),
                json.path("end").asDouble(),
                points,
                json.path("kills").valueStream().map(JsonNode::asDouble).toList());
    }

    private StepTrace coxswain(FaultSpec.Victim victim, int spares)
            throws ConfigException, EnvironmentException, InterruptedException {
        JobFile job =
                settings.job(
                        Map.of(
                                "steps",
                                "10000000",
                                "mesh.replicas",
                                Integer.toString(RANKS),
                                "mesh.shards",
                                "1",
                                "microshards",
                                Integer.toString(RANKS),
                                "runtime.command",
                                "[" + options.python() + ", train.py]"));
        try (BenchCluster cluster = BenchCluster.start(settings, job, spares)) {
            if (spares > 0) {
                cluster.awaitSpare();
            }
            long begin = System.nanoTime();
            long end = begin + TimeUnit.SECONDS.toNanos(options.seconds());
            var deaths = new ArrayList<StepTrace.Death>();
            for (int n = 1; n * options.every() < options.seconds(); n++) {
                sleepUntil(begin + TimeUnit.SECONDS.toNanos((long) n * options.every()));
                deaths.add(kill(cluster, victim, n));
            }
            sleepUntil(end);
            var points = new ArrayList<StepTrace.Point>();
            long before = -1;
            for (var heard : cluster.tape().since(0, CoordinatorEvent.StepsCompleted.class)) {
                long step = heard.event().step();
                if (heard.nanos() > begin && before >= 0) {
                    points.add(
                            new StepTrace.Point(
                                    heard.nanos() / NANOS, Math.max(0, step - before), 1));
                }
                before = step;
            }
            return new StepTrace(begin / NANOS, end / NANOS, points, deaths);
        }
    }

    private static StepTrace.Death kill(BenchCluster cluster, FaultSpec.Victim victim, int number)
            throws EnvironmentException, InterruptedException {
        List<String> members = cluster.members();
        String dying = members.get(number % members.size());
        int mark = cluster.tape().mark();
        double at = cluster.kill(dying, victim) / NANOS;
        var closed =
                cluster.await(
                        mark,
                        CoordinatorEvent.IncidentClosed.class,
                        _ -> true,
                        "the recovery from the death of " + dying);
        if (victim == FaultSpec.Victim.HOST) {
            cluster.restart(dying);
        }
        // No step is made with fewer ranks.
        return new StepTrace.Death(at, closed.nanos() / NANOS, closed.nanos() / NANOS);
    }

    private static void sleepUntil(long nanos) throws InterruptedException {
        TimeUnit.NANOSECONDS.sleep(Math.max(0, nanos - System.nanoTime()));
    }

    private void add(String who, StepTrace trace) {
        if (trace.undisturbed() == 0) {
            report.note(who + ": no second passed without a death; give it more --seconds");
            return;
        }
        report.add(who + ": steps at full strength", "/s", Samples.of(trace.undisturbed()), null);
        report.add(
                "  death → next step",
                "s",
                Samples.of(
                        trace.deaths().stream()
                                .map(death -> death.next() - death.at())
                                .filter(Double::isFinite)
                                .toList()),
                null);
        List<Double> full =
                trace.deaths().stream()
                        .map(death -> death.full() - death.at())
                        .filter(Double::isFinite)
                        .toList();
        report.add("  death → full strength", "s", Samples.of(full), null);
        report.add("  goodput, by time", "", Samples.of(trace.goodput()), null);
        if (full.size() < trace.deaths().size()) {
            report.note(
                    "%s: after %d of %d deaths full strength was not reached again before the end"
                            .formatted(
                                    who,
                                    trace.deaths().size() - full.size(),
                                    trace.deaths().size()));
        }
    }
}
