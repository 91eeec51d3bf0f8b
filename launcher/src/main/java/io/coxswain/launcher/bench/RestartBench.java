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

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The death of a training process where the processes reduce among themselves: how long until a
 * step is made that was not made before, under torchrun, which restarts all from a checkpoint in
 * memory, and under Coxswain, in turns. The same network, batch, optimizer and number of processes;
 * each is killed alike.
 */
public final class RestartBench {
    private static final int RANKS = 3;
    private static final double TIMES_FASTER = 3;
    private static final double NANOS = 1e9;
    private static final long WARM_STEPS = 20;
    private static final Duration IMPORT_LIMIT = Duration.ofSeconds(60);

    /** Starting, and ending what was started. */
    private static final int AROUND_SECONDS = 900;

    /**
     * What to measure.
     *
     * @param python that has torch
     * @param folder with {@code torchrun_digits.py}
     * @param packages folder of the Python package
     * @param rounds of both
     * @param kills in each round
     * @param pauseSeconds before each kill
     */
    public record Options(
            String python, Path folder, Path packages, int rounds, int kills, int pauseSeconds) {}

    private final BenchSettings settings;
    private final Options options;
    private final BenchReport report;
    private final List<Double> restarted = new ArrayList<>();
    private final List<Double> restartedRates = new ArrayList<>();
    private final List<Double> recovered = new ArrayList<>();
    private final List<Double> recoveredRates = new ArrayList<>();

    private RestartBench(BenchSettings settings, Options options, BenchReport report) {
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
        described.put("kills", options.kills());
        described.put("pauseSeconds", options.pauseSeconds());
        var bench = new RestartBench(settings, options, new BenchReport("restart", described));
        bench.run();
        return bench.report;
    }

    private void run() throws ConfigException, EnvironmentException, InterruptedException {
        ChildProcess.Ended imported =
                ChildProcess.run(
                        List.of(options.python(), "-c", "import torch, numpy"),
                        _ -> {},
                        IMPORT_LIMIT);
        if (!imported.well()) {
            report.note(
                    "nothing was measured: %s cannot import torch, numpy (%s); install them with %s -m pip install torch numpy, or name another Python with --python"
                            .formatted(
                                    options.python(),
                                    LastWords.telling(imported.said()),
                                    options.python()));
            return;
        }
        long deadline = settings.deadline();
        for (int round = 1; round <= options.rounds(); round++) {
            if (round > 1 && System.nanoTime() > deadline) {
                report.note("--limit: %d of %d rounds".formatted(round - 1, options.rounds()));
                break;
            }
            settings.progress().accept("round " + round + ": torchrun");
            torchrun();
            settings.progress().accept("round " + round + ": Coxswain");
            coxswain();
        }
        Samples restarts = Samples.of(restarted);
        Samples recoveries = Samples.of(recovered);
        report.add("torchrun: SIGKILL of a process → next new step", "s", restarts, null);
        report.add("Coxswain: SIGKILL of a process → next new step", "s", recoveries, null);
        report.add(
                "  torchrun ÷ Coxswain, medians",
                "",
                Samples.of(restarts.median() / recoveries.median()),
                Figure.Limit.atLeast(TIMES_FASTER, "times faster"));
        report.add("torchrun: steps, undisturbed", "/s", Samples.of(restartedRates), null);
        report.add("Coxswain: steps, undisturbed", "/s", Samples.of(recoveredRates), null);
    }

    private void torchrun() throws EnvironmentException, InterruptedException {
        int seconds = options.kills() * options.pauseSeconds();
        ChildProcess.Ended ended =
                ChildProcess.run(
                        List.of(
                                options.python(),
                                "torchrun_digits.py",
                                "drive",
                                "--ranks",
                                Integer.toString(RANKS),
                                "--kills",
                                Integer.toString(options.kills()),
                                "--pause",
                                Integer.toString(options.pauseSeconds())),
                        environment -> environment.put("PYTHONPATH", options.packages().toString()),
                        options.folder(),
                        Duration.ofSeconds(seconds + (long) AROUND_SECONDS));
        if (!ended.well()) {
            throw new EnvironmentException(
                    "the run under torchrun ended with status "
                            + ended.status()
                            + ": "
                            + LastWords.telling(ended.said()));
        }
        JsonNode json =
                JsonMapper.shared().readTree(ended.output().lines().reduce("", (_, last) -> last));
        json.path("recoveries").valueStream().map(JsonNode::asDouble).forEach(restarted::add);
        json.path("stepsPerSecond")
                .valueStream()
                .map(JsonNode::asDouble)
                .forEach(restartedRates::add);
    }

    private void coxswain() throws ConfigException, EnvironmentException, InterruptedException {
        JobFile job =
                settings.job(
                        Map.of(
                                "steps",
                                "10000000",
                                "mesh.replicas",
                                Integer.toString(RANKS),
                                "mesh.shards",
                                "1",
                                "protect.every",
                                "1",
                                "runtime.command",
                                "[" + options.python() + ", train.py]"));
        try (BenchCluster cluster = BenchCluster.start(settings, job, 0)) {
            awaitStep(cluster, 0, WARM_STEPS);
            for (int kill = 0; kill < options.kills(); kill++) {
                var begun = newest(cluster);
                TimeUnit.SECONDS.sleep(options.pauseSeconds());
                List<String> members = cluster.members();
                int mark = cluster.tape().mark();
                long at = cluster.kill(members.get(kill % members.size()), FaultSpec.Victim.WORKER);
                var before = newest(cluster);
                recoveredRates.add(
                        (before.event().step() - begun.event().step())
                                * NANOS
                                / Math.max(1, before.nanos() - begun.nanos()));
                recovered.add((firstNewStep(cluster, mark) - at) / NANOS);
            }
        }
    }

    // What was made before the death may be told after it, so the first step of the next view that
    // nobody had told of counts.
    private static long firstNewStep(BenchCluster cluster, int mark)
            throws EnvironmentException, InterruptedException {
        var view =
                cluster.await(
                        mark,
                        CoordinatorEvent.ViewActivated.class,
                        _ -> true,
                        "the view after the death");
        long told =
                cluster.tape().since(0, CoordinatorEvent.StepsCompleted.class).stream()
                        .filter(heard -> heard.at() < view.at())
                        .mapToLong(heard -> heard.event().step())
                        .max()
                        .orElse(0);
        return awaitStep(cluster, view.at(), told + 1).nanos();
    }

    // Reports come each tenth of a second: a step was made before it was told, so what is measured
    // is an upper bound.
    private static EventTape.Heard<CoordinatorEvent.StepsCompleted> awaitStep(
            BenchCluster cluster, int mark, long step)
            throws EnvironmentException, InterruptedException {
        return cluster.await(
                mark,
                CoordinatorEvent.StepsCompleted.class,
                completed -> completed.step() >= step,
                "step " + step);
    }

    private static EventTape.Heard<CoordinatorEvent.StepsCompleted> newest(BenchCluster cluster) {
        return cluster.tape().since(0, CoordinatorEvent.StepsCompleted.class).getLast();
    }
}
