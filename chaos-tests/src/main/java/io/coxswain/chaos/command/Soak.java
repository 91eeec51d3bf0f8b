package io.coxswain.chaos.command;

import io.coxswain.chaos.checker.Expected;
import io.coxswain.chaos.checker.Goodput;
import io.coxswain.chaos.checker.Oracle;
import io.coxswain.chaos.checker.Oracles;
import io.coxswain.chaos.checker.Outcome;
import io.coxswain.chaos.checker.Verdict;
import io.coxswain.chaos.checker.Vitals;
import io.coxswain.chaos.cluster.Cluster;
import io.coxswain.chaos.nemesis.RandomFaults;
import io.coxswain.chaos.scenario.Expectation;
import io.coxswain.chaos.scenario.Scenario;
import io.coxswain.chaos.scenario.Setup;
import io.coxswain.launcher.EnvironmentException;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Six agents and two spares train for as long as wanted while something goes wrong all the time.
 * The job's steps are long enough to leave the processor half idle.
 */
final class Soak {
    static final String NAME = "soak";

    private static final int RANKS = 6;
    private static final int SPARES = 2;
    private static final long STEP_MILLIS = 150;
    private static final double MILLIS_PER_MINUTE = 60_000;
    private static final double MILLIS_PER_SECOND = 1_000;
    private static final double STEPS_SHARE = 0.9;
    private static final Duration SLACK = Duration.ofMinutes(4);
    private static final long LOOK_SECONDS = 3;

    private Soak() {}

    static Scenario scenario(
            Path home, double minutes, double intervalSeconds, long seed, boolean killsOnly) {
        long millis = (long) (minutes * MILLIS_PER_MINUTE);
        long steps = Math.max(20, (long) (millis * STEPS_SHARE / STEP_MILLIS));
        Setup setup =
                Setup.of(home.resolve("chaos-tests/jobs/small.yaml"))
                        .with("mesh.replicas", RANKS / 2)
                        .with("mesh.shards", 2)
                        .with("steps", steps)
                        .with("runtime.minStepMillis", STEP_MILLIS)
                        .spares(SPARES)
                        .limit(Duration.ofMillis(millis * 2).plus(SLACK));
        return new Scenario(
                NAME,
                String.format(
                        Locale.ROOT,
                        "%.1f minutes on %d agents and %d spares, a fault about every %.0f s, seed"
                                + " %d",
                        minutes,
                        RANKS,
                        SPARES,
                        intervalSeconds,
                        seed),
                List.of(),
                "",
                setup,
                new RandomFaults(seed, RANKS + SPARES, killsOnly)
                        .rules(
                                Duration.ofMillis((long) (millis * STEPS_SHARE)),
                                Duration.ofMillis((long) (intervalSeconds * MILLIS_PER_SECOND))),
                new Expectation(true, "", -1, 0, -1, List.of(), false),
                Oracles.USUAL);
    }

    static Outcome play(Cluster cluster, Scenario scenario, long seed) throws EnvironmentException {
        var vitals = new Vitals();
        ScheduledExecutorService looks =
                Executors.newSingleThreadScheduledExecutor(
                        Thread.ofVirtual().name("vitals").factory());
        try {
            var _ =
                    looks.scheduleAtFixedRate(
                            () -> vitals.look(cluster.pids()),
                            LOOK_SECONDS,
                            LOOK_SECONDS,
                            TimeUnit.SECONDS);
            var oracles = new ArrayList<Oracle>();
            oracles.add(Expected.of(scenario.expectation(), scenario.rules()));
            scenario.oracles().forEach(name -> oracles.add(Oracles.named(name)));
            oracles.add(_ -> vitals.verdict());
            oracles.add(evidence -> new Verdict("goodput", true, Goodput.of(evidence).text()));
            return cluster.play(
                    scenario.name(), scenario.target(), scenario.rules(), oracles, seed);
        } finally {
            looks.shutdownNow();
        }
    }
}
