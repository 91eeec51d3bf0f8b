package io.coxswain.launcher.audit;

import java.math.BigInteger;
import java.util.Arrays;

/**
 * The finished steps that were not rolled back: a row without gaps from the first step of the log.
 * Any later failure may take back any of them, so each is kept, in 32 bytes.
 */
final class StepBook {
    /** What the steps took. */
    record Sum(
            long computeNanos,
            long dataNanos,
            BigInteger computeWorkerNanos,
            BigInteger dataWorkerNanos) {
        long nanos() {
            return computeNanos + dataNanos;
        }

        BigInteger workerNanos() {
            return computeWorkerNanos.add(dataWorkerNanos);
        }
    }

    private static final int COLUMNS = 4;
    private static final int FIRST_CAPACITY = 1_024;

    private boolean known;
    private long base;
    private int count;
    private long[] rows = new long[FIRST_CAPACITY * COLUMNS];

    /** Whether any step has begun; before that the log does not say where training stands. */
    boolean known() {
        return known;
    }

    /** Says that the log's steps begin here. */
    void beginAt(long step) {
        known = true;
        base = step;
    }

    /** The steps before this one are done. */
    long next() {
        return base + count;
    }

    /** Steps that count. */
    int count() {
        return count;
    }

    /** Step {@link #next()} is done. */
    void finish(long computeNanos, long dataNanos, long computeWorkerNanos, long dataWorkerNanos) {
        int at = count * COLUMNS;
        if (at == rows.length) {
            rows = Arrays.copyOf(rows, Math.multiplyExact(rows.length, 2));
        }
        rows[at] = computeNanos;
        rows[at + 1] = dataNanos;
        rows[at + 2] = computeWorkerNanos;
        rows[at + 3] = dataWorkerNanos;
        count++;
    }

    /** Takes back the steps from {@code step} on, and says what they took. */
    Sum rollBackTo(long step) {
        int kept = (int) Math.max(0, Math.min(count, step - base));
        Sum lost = sum(kept, count);
        count = kept;
        base = Math.min(base, step);
        return lost;
    }

    /** What all steps took. */
    Sum sum() {
        return sum(0, count);
    }

    private Sum sum(int from, int to) {
        long compute = 0;
        long data = 0;
        var computeWorkers = new WorkerNanos();
        var dataWorkers = new WorkerNanos();
        for (int at = from * COLUMNS; at < to * COLUMNS; at += COLUMNS) {
            compute += rows[at];
            data += rows[at + 1];
            computeWorkers.add(rows[at + 2]);
            dataWorkers.add(rows[at + 3]);
        }
        return new Sum(compute, data, computeWorkers.exact(), dataWorkers.exact());
    }
}
