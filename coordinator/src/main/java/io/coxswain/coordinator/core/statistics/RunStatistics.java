package io.coxswain.coordinator.core.statistics;

import io.coxswain.coordinator.core.model.StepRun;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * What a run has shown of its steps. A report of a rank costs a few dozen nanoseconds, whatever the
 * number of steps in it; memory is bounded: a kilobyte and a half for each rank.
 *
 * <p>A sample is the mean of the steps in one report. Pure, confined to one thread.
 */
public final class RunStatistics {
    /** A rank is a straggler from this many times the median rank's own time on. */
    static final double STRAGGLES = 1.3;

    /** Differences below this are the machine's noise. */
    static final long LEAST_NANOS = 1_000_000;

    /** Samples without which nobody is called slow. */
    static final int LEAST_SAMPLES = 3;

    private static final int RANK_SAMPLES = 64;
    private static final int EXECUTE_SAMPLES = 16;
    private static final int JOB_SAMPLES = 256;

    private final int slots;
    private final NewestSamples[] stepNanos;
    private final NewestSamples[] executeNanos;
    private final NewestSamples job = new NewestSamples(JOB_SAMPLES);
    private final SustainedPace pace = new SustainedPace();
    private final CompletionTimes completions = new CompletionTimes();
    private final Curve curve = new Curve();
    private long completedStep;
    private long completedNanos;
    private boolean running;
    private long stepsCompleted;
    private long stepsRolledBack;
    private long skippedSnapshots;

    /**
     * One rank's newest step times.
     *
     * @param executeMedianNanos its own part, without waiting for others; 0: not told
     */
    public record RankTimes(int rank, long medianNanos, long p95Nanos, long executeMedianNanos) {
        /** (p95 − median) ÷ median. */
        public double spread() {
            return medianNanos == 0 ? 0 : (double) (p95Nanos - medianNanos) / medianNanos;
        }
    }

    /** A point of the curves; {@code atNanos} is loop time. */
    public record CurvePoint(long step, long atNanos, float loss, double stepsPerSecond) {}

    /**
     * Who is slow.
     *
     * @param rank −1: nobody
     * @param factor its own time over the median rank's
     */
    public record Straggler(int rank, double factor) {
        public static final Straggler NONE = new Straggler(-1, 1);

        /** The ranks' own times cannot be told apart. */
        public static final Straggler NOT_MEASURABLE = new Straggler(-1, Double.NaN);

        /** For a person. */
        public String text() {
            if (Double.isNaN(factor)) {
                return "not measurable";
            }
            return rank < 0
                    ? "none"
                    : String.format(Locale.ROOT, "rank %d, %.1f × the median", rank, factor);
        }
    }

    /** Nothing seen yet. */
    public RunStatistics(int slots) {
        this.slots = slots;
        stepNanos = new NewestSamples[slots];
        executeNanos = new NewestSamples[slots];
        Arrays.setAll(stepNanos, _ -> new NewestSamples(RANK_SAMPLES));
        Arrays.setAll(executeNanos, _ -> new NewestSamples(EXECUTE_SAMPLES));
    }

    /** Another member has that rank. */
    public void replaced(int rank) {
        stepNanos[rank].clear();
        executeNanos[rank].clear();
    }

    /** A rank reports steps, each of them once. */
    public void reported(int rank, StepRun run) {
        long steps = run.last() - run.first() + 1;
        stepNanos[rank].add(run.elapsedNanos() / steps);
        // Not told where the runtime reduces across ranks and does not say what is a rank's own.
        if (run.executeNanos() > 0) {
            executeNanos[rank].add(run.executeNanos() / steps);
        }
        if (rank == 0) {
            skippedSnapshots += run.skippedSnapshots();
        }
    }

    /** Steps stop: what comes next is no step time. */
    public void stopped() {
        running = false;
        pace.interrupted();
    }

    /** The job went back. */
    public void rolledBack(long toStep) {
        stepsRolledBack += Math.max(0, completedStep - toStep);
        completedStep = Math.min(completedStep, toStep);
        completions.rolledBack(toStep);
    }

    /**
     * Every rank has made this step.
     *
     * @param made false: a view begins with it, it was made before
     */
    public void completed(long step, boolean made, float loss, long nowNanos) {
        long steps = step - completedStep;
        if (steps <= 0) {
            running |= made;
            completedNanos = nowNanos;
            return;
        }
        stepsCompleted += steps;
        if (running && made) {
            long each = (nowNanos - completedNanos) / steps;
            job.add(each);
            pace.add(steps, each);
        }
        running = made;
        completedStep = step;
        completedNanos = nowNanos;
        completions.completed(step, nowNanos);
        curve.add(new CurvePoint(step, nowNanos, loss, stepsPerSecond()));
    }

    /** By the median of the newest steps; 0 before any. */
    public double stepsPerSecond() {
        return job.median() == 0 ? 0 : 1e9 / job.median();
    }

    public long medianNanos() {
        return job.median();
    }

    public long p95Nanos() {
        return job.quantile(0.95);
    }

    /** NaN before any was sustained. */
    public double bestMedianNanos() {
        return pace.bestMedianNanos();
    }

    /** 0.07: 7 % slower than its own best; NaN: unknown. */
    public double slowdown() {
        return pace.slowdown();
    }

    /** What the slowdown has cost by now, in slot-nanoseconds. */
    public BigInteger slowSlotNanos() {
        return pace.slowSlotNanos(slots);
    }

    /** Steps that were completed, once more after a rollback. Only grows. */
    public long stepsCompleted() {
        return stepsCompleted;
    }

    /** Only grows. */
    public long stepsRolledBack() {
        return stepsRolledBack;
    }

    public long skippedSnapshots() {
        return skippedSnapshots;
    }

    /** What the steps after the protected one took. */
    public long lagNanos(long protectedStep) {
        completions.settled(protectedStep);
        return completions.nanosSince(protectedStep);
    }

    /** When steps last went on. */
    public long completedNanos() {
        return completedNanos;
    }

    public List<CurvePoint> curve() {
        return curve.points();
    }

    /** Those that have reported, by rank. */
    public List<RankTimes> ranks() {
        var ranks = new ArrayList<RankTimes>(slots);
        for (int rank = 0; rank < slots; rank++) {
            NewestSamples times = stepNanos[rank];
            if (times.size() > 0) {
                ranks.add(
                        new RankTimes(
                                rank,
                                times.median(),
                                times.quantile(0.95),
                                executeNanos[rank].median()));
            }
        }
        return ranks;
    }

    /** The slowest rank by its own time, if it is slow. */
    public Straggler straggler() {
        var medians = new long[slots];
        int known = 0;
        int slowest = -1;
        for (int rank = 0; rank < slots; rank++) {
            if (executeNanos[rank].size() >= LEAST_SAMPLES) {
                long median = executeNanos[rank].median();
                medians[known++] = median;
                if (slowest < 0 || median > executeNanos[slowest].median()) {
                    slowest = rank;
                }
            }
        }
        if (known < 2) {
            return known == 0 && Arrays.stream(stepNanos).anyMatch(t -> t.size() >= LEAST_SAMPLES)
                    ? Straggler.NOT_MEASURABLE
                    : Straggler.NONE;
        }
        Arrays.sort(medians, 0, known);
        long median = medians[(known - 1) / 2];
        long own = executeNanos[slowest].median();
        boolean slow = own - median >= LEAST_NANOS && own >= STRAGGLES * median;
        return slow ? new Straggler(slowest, (double) own / Math.max(1, median)) : Straggler.NONE;
    }
}
