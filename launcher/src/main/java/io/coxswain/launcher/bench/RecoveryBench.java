package io.coxswain.launcher.bench;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.job.JobFile;
import io.coxswain.launcher.local.FaultSpec;
import io.coxswain.launcher.local.MemoryPlan;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.ToLongFunction;

/**
 * How long a job stands still when something dies: from the signal, by the launcher's clock, to the
 * word that a step is completed at full strength again. Deaths follow each other in one run, spread
 * over the phases of a step; the dead agent comes back as the next spare. Between them a raw
 * loopback connection shows what the machine can move.
 *
 * <p>Where the spare shall hold the copy, a step takes as long as its copies need at the rate that
 * the raw connection shows, and deaths come in its last quarter: before, the newest step's copy may
 * still be on its way, and the spare fetches the rest. What took another way all the same stands
 * apart.
 */
public final class RecoveryBench {
    private static final long RAW_BYTES = 64 << 20;
    private static final long MEGA = 1_000_000;
    private static final long SMALL_BYTES = MEGA;
    private static final long LARGE_BYTES = 100 * MEGA;
    private static final double RAW_SHARE = 0.7;

    /** Rounds on the raw connection before the job starts. */
    private static final int WARM_ROUNDS = 5;

    /** What share of the raw rate a step's copies are given. */
    private static final double COPY_SHARE = 0.6;

    /** What dies, and what the successor has. */
    public enum Kind {
        /** The host of a rank; the spare that takes over holds the copy. */
        HOST("peer-copy"),
        /** The worker of a rank; its agent has the state. */
        WORKER("local"),
        /**
         * The host of a rank; the spare that takes over has nothing and fetches the state from the
         * replica.
         */
        FETCH("fetched");

        private final String source;

        Kind(String source) {
            this.source = source;
        }
    }

    /**
     * What to measure.
     *
     * @param state extra state per rank, with unit
     * @param kills one after another
     * @param minStepMillis how long a step takes at least; negative: by the size of the state
     */
    public record Options(
            String state, int kills, Kind kind, int replicas, int shards, int minStepMillis) {}

    private record Recovery(
            long nanos, long detectNanos, Incident incident, double rawGigabytesPerSecond) {}

    private final BenchSettings settings;
    private final Options options;
    private final JobFile job;
    private final int spares;

    private RecoveryBench(BenchSettings settings, Options options, double rawGigabytesPerSecond)
            throws ConfigException {
        this.settings = settings;
        this.options = options;
        if (options.kind() == Kind.FETCH && options.replicas() < 2) {
            throw new ConfigException(
                    List.of(
                            "--kind fetch: with one replica only a spare's copy is left, so nothing"
                                    + " is fetched; expected a mesh of 2 replicas or more"));
        }
        var sets = new LinkedHashMap<String, String>();
        sets.put("mesh.replicas", Integer.toString(options.replicas()));
        sets.put("mesh.shards", Integer.toString(options.shards()));
        sets.put("protect.copies", "1");
        sets.put("protect.every", "1");
        sets.put("runtime.ballast", options.state());
        sets.put("steps", "10000000");
        long stateBytes = settings.job(sets).ballastBytes();
        double copyMillis =
                stateBytes * options.shards() / (COPY_SHARE * rawGigabytesPerSecond) / MEGA;
        long stepMillis =
                options.minStepMillis() >= 0
                        ? options.minStepMillis()
                        : 20 + Math.round(copyMillis);
        sets.put("runtime.minStepMillis", Long.toString(stepMillis));
        this.job = settings.job(sets);
        this.spares = 1;
    }

    /** Measures. */
    public static BenchReport run(BenchSettings settings, Options options)
            throws ConfigException, EnvironmentException, InterruptedException, IOException {
        try (var raw = new RawLoopback((int) RAW_BYTES)) {
            var rates = new ArrayList<Double>();
            for (int round = 0; round < WARM_ROUNDS; round++) {
                rates.add(raw.gigabytesPerSecond(RAW_BYTES));
            }
            double rate = Samples.of(rates).median();
            settings.progress().accept("raw loopback: " + BenchReport.number(rate) + " GB/s");
            return new RecoveryBench(settings, options, rate).run(raw);
        }
    }

    private BenchReport run(RawLoopback raw)
            throws EnvironmentException, InterruptedException, IOException {
        var recoveries = new ArrayList<Recovery>();
        long deadline = settings.deadline();
        settings.progress()
                .accept(
                        "starting "
                                + (job.mesh().ranks() + spares)
                                + " agents with "
                                + options.state()
                                + " of state each");
        var report = new BenchReport("recovery", described());
        try (BenchCluster cluster = BenchCluster.start(settings, job, spares, budget())) {
            for (int kill = 0;
                    kill < options.kills() && (kill == 0 || System.nanoTime() < deadline);
                    kill++) {
                ready(cluster);
                double gigabytesPerSecond = raw.gigabytesPerSecond(RAW_BYTES);
                Recovery recovery = kill(cluster, kill, gigabytesPerSecond);
                recoveries.add(recovery);
                report.detail(detail(recovery));
                settings.progress()
                        .accept(
                                "death "
                                        + (kill + 1)
                                        + " of "
                                        + options.kills()
                                        + ": full strength after "
                                        + recovery.nanos() / MEGA
                                        + " ms");
            }
        }
        if (recoveries.size() < options.kills()) {
            report.note(
                    "stopped after "
                            + recoveries.size()
                            + " of "
                            + options.kills()
                            + " deaths: the time was over (--limit)");
        }
        figures(report, recoveries);
        return report;
    }

    /**
     * So little memory that a spare can take a rank but no copies before, where it shall have none.
     */
    private long budget() {
        MemoryPlan plan = MemoryPlan.of(job, job.mesh().ranks() + spares);
        long rankAndRestart = 2 * plan.region() + 4 * plan.state();
        return options.kind() == Kind.FETCH ? rankAndRestart : plan.agentBudget();
    }

    private void ready(BenchCluster cluster) throws EnvironmentException, InterruptedException {
        cluster.awaitSpare();
        cluster.awaitProtected(options.kind() == Kind.FETCH ? 0 : job.mesh().shards());
    }

    private Recovery kill(BenchCluster cluster, int number, double rawGigabytesPerSecond)
            throws EnvironmentException, InterruptedException {
        List<String> members = cluster.members();
        String victim = members.get(number % members.size());
        // Reports come at ends of steps, when the copies of that step are on their way.
        double earliest = options.kind() == Kind.HOST ? 0.75 : 0;
        double phase = earliest + (1 - earliest) * number / options.kills();
        LockSupport.parkNanos((long) (stepNanos(cluster) * phase));
        int mark = cluster.tape().mark();
        long signalled =
                cluster.kill(
                        victim,
                        options.kind() == Kind.WORKER
                                ? FaultSpec.Victim.WORKER
                                : FaultSpec.Victim.HOST);
        var noticed =
                cluster.await(
                        mark,
                        CoordinatorEvent.IncidentProgressed.class,
                        _ -> true,
                        "the death of " + victim + " to be noticed");
        var closed =
                cluster.await(
                        mark,
                        CoordinatorEvent.IncidentClosed.class,
                        _ -> true,
                        "the recovery from the death of " + victim);
        if (options.kind() != Kind.WORKER) {
            cluster.restart(victim);
        }
        return new Recovery(
                closed.nanos() - signalled,
                noticed.nanos() - signalled,
                closed.event().incident(),
                rawGigabytesPerSecond);
    }

    private static long stepNanos(BenchCluster cluster) {
        double perSecond =
                cluster.tape()
                        .since(0, CoordinatorEvent.StepsCompleted.class)
                        .getLast()
                        .event()
                        .stepsPerSecond();
        return perSecond > 0 ? (long) (1e9 / perSecond) : 0;
    }

    private void figures(BenchReport report, List<Recovery> all) {
        List<Recovery> wanted = all.stream().filter(this::asWanted).toList();
        if (wanted.size() < all.size()) {
            report.note(
                    (all.size() - wanted.size())
                            + " of "
                            + all.size()
                            + " recoveries took the state from elsewhere than '"
                            + options.kind().source
                            + "' and stand apart: the copies were behind the newest step; see"
                            + " sources in the details");
        }
        Samples raw = Samples.of(all.stream().map(Recovery::rawGigabytesPerSecond).toList());
        report.add("SIGKILL to full strength", "ms", millis(wanted, Recovery::nanos), limit(raw));
        report.add(
                "  of it, until noticed",
                "ms",
                millis(all, Recovery::detectNanos),
                Figure.Limit.atMost(50, "of a dead process"));
        ToLongFunction<Recovery> fence = recovery -> recovery.incident().phases().fence();
        report.add("  of it, fence", "ms", millis(wanted, fence), null);
        report.add(
                "  of it, decide",
                "ms",
                millis(wanted, recovery -> recovery.incident().phases().decide()),
                null);
        report.add(
                "  of it, restore",
                "ms",
                millis(wanted, recovery -> recovery.incident().phases().restore()),
                null);
        report.add(
                "  of it, resume with one step",
                "ms",
                millis(wanted, recovery -> recovery.incident().phases().resume()),
                null);
        if (wanted.size() < all.size()) {
            report.add(
                    "with another source",
                    "ms",
                    millis(
                            all.stream().filter(recovery -> !asWanted(recovery)).toList(),
                            Recovery::nanos),
                    null);
        }
        report.add(
                "steps lost",
                "",
                Samples.of(all.stream().map(recovery -> recovery.incident().stepsLost()).toList()),
                null);
        report.add("raw loopback", "GB/s", raw, null);
    }

    private boolean asWanted(Recovery recovery) {
        return recovery.incident().sources().stream()
                .anyMatch(source -> source.source().equals(options.kind().source));
    }

    private static Samples millis(List<Recovery> recoveries, ToLongFunction<Recovery> nanos) {
        return Samples.of(recoveries.stream().map(nanos::applyAsLong).toList())
                .map(value -> value / 1e6);
    }

    private Figure.Limit limit(Samples raw) {
        long bytes = job.ballastBytes();
        if (options.kind() == Kind.WORKER) {
            return Figure.Limit.atMost(1_000, "a worker alone");
        }
        double copy = bytes <= SMALL_BYTES ? 300 : 500;
        String what =
                bytes <= SMALL_BYTES ? "1 MB" : bytes <= LARGE_BYTES ? "100 MB" : "that of 100 MB";
        if (options.kind() == Kind.HOST) {
            return Figure.Limit.atMost(copy, what);
        }
        double move = bytes / (RAW_SHARE * raw.median()) / 1e6;
        return Figure.Limit.atMost(copy + move, what + ", and the bytes at 0.7 × raw loopback");
    }

    private Map<String, Object> described() {
        var settingsMap = new LinkedHashMap<String, Object>();
        settingsMap.put("kind", options.kind().name().toLowerCase(java.util.Locale.ROOT));
        settingsMap.put("mesh", job.mesh().replicas() + "x" + job.mesh().shards());
        settingsMap.put("stateBytes", job.ballastBytes());
        settingsMap.put("kills", options.kills());
        settingsMap.put("spares", spares);
        settingsMap.put("runtime", job.runtime().json());
        return settingsMap;
    }

    private static Map<String, Object> detail(Recovery recovery) {
        Incident incident = recovery.incident();
        var row = new LinkedHashMap<String, Object>();
        row.put("totalNanos", recovery.nanos());
        row.put("noticedNanos", recovery.detectNanos());
        row.put("phasesNanos", incident.phases());
        row.put("cause", incident.cause());
        row.put("agents", incident.agents());
        row.put("atStep", incident.atStep());
        row.put("resumedAtStep", incident.resumedAtStep());
        row.put("stepsLost", incident.stepsLost());
        row.put("sources", incident.sources());
        row.put("rawGigabytesPerSecond", Figure.rounded(recovery.rawGigabytesPerSecond()));
        return row;
    }
}
