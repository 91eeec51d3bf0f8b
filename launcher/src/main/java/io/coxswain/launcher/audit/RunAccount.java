package io.coxswain.launcher.audit;

import org.jspecify.annotations.Nullable;

import java.math.BigInteger;
import java.util.EnumMap;
import java.util.Map;

/**
 * Sums of what {@link RunHistory} saw: by the wall clock and by worker. At every instant the
 * workers that are there are in one category and those that are missing in {@link
 * AuditCategory#CAPACITY_DOWN}, so that both sums are complete, to the nanosecond.
 *
 * <p>What passes before the log says how many workers there are counts with the number that it says
 * first.
 */
final class RunAccount {
    private final Map<AuditCategory, Long> wall = new EnumMap<>(AuditCategory.class);
    private final Map<AuditCategory, WorkerNanos> workers = new EnumMap<>(AuditCategory.class);
    private final StepBook steps = new StepBook();
    private boolean counted;
    private int active;
    private int total;
    private boolean running;
    private int stepWorkers;
    private long computeNanos;
    private long dataNanos;
    private long computeWorkerNanos;
    private long dataWorkerNanos;

    /** Time passes. {@code PRODUCTIVE} and {@code DATA_WAIT} are the running step's. */
    void spend(AuditCategory category, long nanos) {
        boolean ofStep =
                category == AuditCategory.PRODUCTIVE || category == AuditCategory.DATA_WAIT;
        if (!ofStep) {
            wall.merge(category, nanos, Long::sum);
        } else if (category == AuditCategory.PRODUCTIVE) {
            computeNanos += nanos;
        } else {
            dataNanos += nanos;
        }
        if (!counted) {
            return;
        }
        int there = running ? stepWorkers : active;
        workers(AuditCategory.CAPACITY_DOWN).add(nanos, total - there);
        if (!ofStep) {
            workers(category).add(nanos, there);
        } else if (category == AuditCategory.PRODUCTIVE) {
            computeWorkerNanos = plus(computeWorkerNanos, nanos, there);
        } else {
            dataWorkerNanos = plus(dataWorkerNanos, nanos, there);
        }
    }

    private static long plus(long sum, long nanos, int workers) {
        return Math.addExact(sum, Math.multiplyExact(nanos, (long) workers));
    }

    private WorkerNanos workers(AuditCategory category) {
        return workers.computeIfAbsent(category, _ -> new WorkerNanos());
    }

    /** From now on so many workers are there. */
    void members(int nowActive, int nowTotal) {
        if (!counted) {
            counted = true;
            wall.forEach((category, nanos) -> {
                workers(category).add(nanos, nowActive);
                workers(AuditCategory.CAPACITY_DOWN).add(nanos, nowTotal - nowActive);
            });
        }
        active = nowActive;
        total = nowTotal;
        stepWorkers = nowActive;
    }

    /** Whether the log has said how many workers there are. */
    boolean counted() {
        return counted;
    }

    /** How many there should be. */
    int total() {
        return total;
    }

    StepBook steps() {
        return steps;
    }

    /** A step begins on so many workers. */
    void beginStep(int onWorkers) {
        if (!counted) {
            members(onWorkers, onWorkers);
        }
        running = true;
        stepWorkers = onWorkers;
    }

    /**
     * The running step is done.
     *
     * @param waited whether it said where its wait for data ended; else there was none
     */
    void finishStep(boolean waited) {
        steps.finish(
                waited ? computeNanos : computeNanos + dataNanos,
                waited ? dataNanos : 0,
                waited ? computeWorkerNanos : Math.addExact(computeWorkerNanos, dataWorkerNanos),
                waited ? dataWorkerNanos : 0);
        clearStep();
    }

    /** The running step will not be done. */
    void loseStep() {
        lose(
                computeNanos + dataNanos,
                BigInteger.valueOf(computeWorkerNanos).add(BigInteger.valueOf(dataWorkerNanos)));
        clearStep();
    }

    /** The finished steps from {@code step} on were for nothing. */
    void rollBackTo(long step) {
        StepBook.Sum lost = steps.rollBackTo(step);
        lose(lost.nanos(), lost.workerNanos());
    }

    private void lose(long nanos, BigInteger workerNanos) {
        wall.merge(AuditCategory.LOST_WORK, nanos, Long::sum);
        workers(AuditCategory.LOST_WORK).add(workerNanos);
    }

    private void clearStep() {
        running = false;
        computeNanos = 0;
        dataNanos = 0;
        computeWorkerNanos = 0;
        dataWorkerNanos = 0;
    }

    /** By the wall clock, once no step is running. Categories without time are absent. */
    Map<AuditCategory, Long> wallNanos() {
        var sums = new EnumMap<>(wall);
        StepBook.Sum kept = steps.sum();
        sums.put(AuditCategory.PRODUCTIVE, kept.computeNanos());
        sums.put(AuditCategory.DATA_WAIT, kept.dataNanos());
        sums.values().removeIf(nanos -> nanos == 0);
        return sums;
    }

    /** By worker, once no step is running; null if the log never says how many there are. */
    @Nullable Map<AuditCategory, BigInteger> workerNanos() {
        if (!counted) {
            return null;
        }
        var sums = new EnumMap<AuditCategory, BigInteger>(AuditCategory.class);
        workers.forEach((category, nanos) -> sums.put(category, nanos.exact()));
        StepBook.Sum kept = steps.sum();
        sums.put(AuditCategory.PRODUCTIVE, kept.computeWorkerNanos());
        sums.put(AuditCategory.DATA_WAIT, kept.dataWorkerNanos());
        sums.values().removeIf(nanos -> nanos.signum() == 0);
        return sums;
    }
}
