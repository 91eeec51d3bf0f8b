package io.coxswain.launcher.bench;

import io.coxswain.agent.worker.LastWords;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.job.JobFile;
import io.coxswain.launcher.local.FaultSpec;
import io.coxswain.launcher.runtimes.ChildProcess;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * The digits under torchft and under Coxswain: the same network, batch, optimizer and deaths at the
 * same instants, on four ranks, in turns in one run.
 */
public final class PeersBench {
    private static final int RANKS = 4;
    private static final double NANOS = 1e9;
    private static final Duration IMPORT_LIMIT = Duration.ofSeconds(60);

    /**
     * What to measure.
     *
     * @param python that has torch and torchft
     * @param folder with {@code torchft_digits.py}
     * @param packages folder of the Python package
     * @param timeouts torchft's, by the names that its program knows; a contender each
     * @param hosts whether Coxswain shows the death of a whole host with a spare too
     * @param rounds of each
     * @param seconds of each run
     * @param every seconds between two deaths
     * @param warm seconds of steps before those that count
     */
    public record Options(
            String python,
            Path folder,
            Path packages,
            List<String> timeouts,
            boolean hosts,
            int rounds,
            int seconds,
            int every,
            int warm) {
        /** Copies the list. */
        public Options {
            timeouts = List.copyOf(timeouts);
        }
    }

    /** A run of one of the systems. */
    private interface Run {
        StepTrace run() throws ConfigException, EnvironmentException, InterruptedException;
    }

    private record Contender(PeerFigures figures, Run run) {}

    private final BenchSettings settings;
    private final Options options;
    private final BenchReport report;
    private final Set<String> told = new LinkedHashSet<>();
    private final List<String> died = new ArrayList<>();

    private PeersBench(BenchSettings settings, Options options, BenchReport report) {
        this.settings = settings;
        this.options = options;
        this.report = report;
    }

    /** Measures. */
    public static BenchReport run(BenchSettings settings, Options options)
            throws ConfigException, EnvironmentException, InterruptedException {
        var described = new LinkedHashMap<String, Object>();
        described.put("ranks", RANKS);
        described.put("rounds", options.rounds());
        described.put("seconds", options.seconds());
        described.put("secondsBetweenDeaths", options.every());
        described.put("secondsBefore", options.warm());
        described.put("torchftTimeouts", options.timeouts());
        var bench = new PeersBench(settings, options, new BenchReport("peers", described));
        bench.run();
        return bench.report;
    }

    private void run() throws ConfigException, EnvironmentException, InterruptedException {
        if (!has("torch, numpy", "torch numpy", "nothing was measured")) {
            return;
        }
        var contenders = new ArrayList<Contender>();
        if (has("torchft", "torchft", "torchft was SKIPPED, only Coxswain was measured")) {
            for (String timeouts : options.timeouts()) {
                var figures = new PeerFigures("torchft (" + timeouts + "), a process dies");
                contenders.add(new Contender(figures, () -> torchft(timeouts)));
            }
        }
        contenders.add(
                new Contender(
                        new PeerFigures("Coxswain, a process dies"),
                        () -> coxswain(FaultSpec.Victim.WORKER, 0)));
        if (options.hosts()) {
            contenders.add(
                    new Contender(
                            new PeerFigures("Coxswain, a host dies, one spare"),
                            () -> coxswain(FaultSpec.Victim.HOST, 1)));
        }
        measure(contenders);
        contenders.forEach(one -> one.figures().report(report));
        told.forEach(report::note);
        if (!died.isEmpty()) {
            report.note(
                    "under torchft %d healthy processes died too; the last one said: %s"
                            .formatted(died.size(), died.getLast()));
        }
    }

    private void measure(List<Contender> contenders)
            throws ConfigException, EnvironmentException, InterruptedException {
        long deadline = settings.deadline();
        var beaten = new LinkedHashSet<Contender>();
        for (int round = 1; round <= options.rounds(); round++) {
            if (round > 1 && System.nanoTime() > deadline) {
                report.note("--limit: %d of %d rounds".formatted(round - 1, options.rounds()));
                return;
            }
            for (Contender one : contenders) {
                if (beaten.contains(one)) {
                    continue;
                }
                settings.progress()
                        .accept(
                                "round %d: %s each %d s for %d s"
                                        .formatted(
                                                round,
                                                one.figures().who(),
                                                options.every(),
                                                options.seconds()));
                try {
                    one.figures().add(one.run().run());
                } catch (EnvironmentException e) {
                    // The others' figures stand for themselves.
                    beaten.add(one);
                    report.note(
                            "%s: round %d and those after it were not measured: %s"
                                    .formatted(one.figures().who(), round, e.getMessage()));
                }
            }
        }
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
                                    ended.inTime()
                                            ? LastWords.telling(ended.said())
                                            : "not within " + IMPORT_LIMIT.toSeconds() + " s",
                                    options.python(),
                                    packages));
        }
        return ended.well();
    }

    private StepTrace torchft(String timeouts) throws EnvironmentException, InterruptedException {
        TorchftRun run =
                TorchftRun.of(
                        new TorchftRun.Plan(
                                options.python(),
                                options.folder(),
                                options.packages(),
                                timeouts,
                                RANKS,
                                options.seconds(),
                                options.every(),
                                options.warm()));
        told.add(run.versions() + "; processes are started again at once, without torchrun");
        told.add("torchft (" + timeouts + "): " + run.timeouts());
        died.addAll(run.died());
        return run.trace();
    }

    private StepTrace coxswain(FaultSpec.Victim victim, int spares)
            throws ConfigException, EnvironmentException, InterruptedException {
        boolean standby = victim == FaultSpec.Victim.WORKER;
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
                                "runtime.standby",
                                Boolean.toString(standby),
                                "runtime.command",
                                "[" + options.python() + ", train.py]"));
        if (standby) {
            told.add("Coxswain, a process dies: each agent keeps a standby process");
        }
        try (BenchCluster cluster = BenchCluster.start(settings, job, spares)) {
            if (spares > 0) {
                cluster.awaitSpare();
            }
            TimeUnit.SECONDS.sleep(options.warm());
            long begin = System.nanoTime();
            long end = begin + TimeUnit.SECONDS.toNanos(options.seconds());
            var deaths = new ArrayList<StepTrace.Death>();
            for (int n = 1; n * options.every() < options.seconds(); n++) {
                sleepUntil(begin + TimeUnit.SECONDS.toNanos((long) n * options.every()));
                deaths.add(kill(cluster, victim, n));
            }
            sleepUntil(end);
            return new StepTrace(begin / NANOS, end / NANOS, points(cluster, begin), deaths);
        }
    }

    // Of each report the steps that nobody had told of before.
    private static List<StepTrace.Point> points(BenchCluster cluster, long begin) {
        var points = new ArrayList<StepTrace.Point>();
        long newest = -1;
        for (var heard : cluster.tape().since(0, CoordinatorEvent.StepsCompleted.class)) {
            long step = heard.event().step();
            if (heard.nanos() > begin && newest >= 0) {
                points.add(
                        new StepTrace.Point(heard.nanos() / NANOS, Math.max(0, step - newest), 1));
            }
            newest = Math.max(newest, step);
        }
        return points;
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
}
