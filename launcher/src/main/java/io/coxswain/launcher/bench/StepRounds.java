package io.coxswain.launcher.bench;

import io.coxswain.launcher.EnvironmentException;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * A step in a bare loop beside the same step through Coxswain, with and without a snapshot of each,
 * in turns: the loop before and after, so that a machine that gets slower or faster is seen. Not
 * thread-safe.
 */
final class StepRounds {
    /** One measurement. */
    @FunctionalInterface
    interface Timed {
        /** Milliseconds of a step. */
        double millis() throws EnvironmentException, InterruptedException;
    }

    private final BenchSettings settings;
    private final Timed bareLoop;
    private final Timed plainJob;
    private final Timed protectedJob;
    private final List<Double> bare = new ArrayList<>();
    private final List<Double> through = new ArrayList<>();
    private final List<Double> every = new ArrayList<>();
    private final List<Double> shares = new ArrayList<>();
    private final List<Double> everyShares = new ArrayList<>();

    /**
     * Measures nothing yet.
     *
     * @param plainJob takes no snapshots
     * @param protectedJob takes one each step
     */
    StepRounds(BenchSettings settings, Timed bareLoop, Timed plainJob, Timed protectedJob) {
        this.settings = settings;
        this.bareLoop = bareLoop;
        this.plainJob = plainJob;
        this.protectedJob = protectedJob;
    }

    /** Measures so often, or until the time is over, once at least. */
    StepRounds run(int rounds) throws EnvironmentException, InterruptedException {
        long deadline = settings.deadline();
        for (int n = 0; n < rounds && (n == 0 || System.nanoTime() < deadline); n++) {
            String round = ", " + (n + 1) + " of " + rounds;
            settings.progress().accept("the bare loop" + round);
            double before = bareLoop.millis();
            settings.progress().accept("the job" + round);
            double one = plainJob.millis();
            settings.progress().accept("the job with a snapshot of each step" + round);
            double each = protectedJob.millis();
            settings.progress().accept("the bare loop again" + round);
            double after = bareLoop.millis();
            double mean = (before + after) / 2;
            bare.addAll(List.of(before, after));
            through.add(one);
            every.add(each);
            shares.add(one / mean);
            everyShares.add(each / mean);
        }
        return this;
    }

    /**
     * Adds the figures.
     *
     * @param of whose steps, for the figures' names; empty if there are no others
     * @param limit of the share without snapshots
     * @param everyLimit of the share with them
     */
    void report(
            BenchReport report,
            String of,
            Figure.@Nullable Limit limit,
            Figure.@Nullable Limit everyLimit) {
        String step = of.isEmpty() ? "a step" : of + ", a step";
        report.add(step + " in a bare loop", "ms", Samples.of(bare), null);
        report.add(step + " through Coxswain", "ms", Samples.of(through), null);
        report.add(step + " through Coxswain, each with a snapshot", "ms", Samples.of(every), null);
        report.add("  Coxswain ÷ bare loop", "", Samples.of(shares), limit);
        report.add("  with snapshots ÷ bare loop", "", Samples.of(everyShares), everyLimit);
    }
}
