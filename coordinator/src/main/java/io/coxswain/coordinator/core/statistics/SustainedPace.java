package io.coxswain.coordinator.core.statistics;

import java.math.BigInteger;
import java.util.Arrays;

/**
 * A job's step time against its own best. Samples are gathered into stretches of at least {@link
 * #STRETCH_NANOS} and {@link #STRETCH_SAMPLES}, so that a lucky moment is no standard; the least
 * median of a stretch is the best, and what later stretches took above it is slowdown: a loss that
 * shows in no category, for every rank is as slow as the others.
 */
final class SustainedPace {
    static final long STRETCH_NANOS = 10_000_000_000L;
    static final int STRETCH_SAMPLES = 16;

    /** Of longer stretches every other sample is kept, then every fourth, and so on. */
    private static final int MOST = 512;

    private final long[] samples = new long[MOST];
    private int kept;
    private int stride = 1;
    private long seen;
    private long stretchNanos;
    private long stretchSteps;
    private long bestMedianNanos;
    private long newestMedianNanos;

    /** Of one slot; all of them are equally slow. */
    private double slowNanos;

    /** {@code steps} steps took {@code nanos} each, without a break between them. */
    void add(long steps, long nanos) {
        if (seen++ % stride == 0) {
            if (kept == MOST) {
                thin();
            }
            samples[kept++] = nanos;
        }
        stretchNanos += steps * nanos;
        stretchSteps += steps;
        if (stretchNanos >= STRETCH_NANOS && seen >= STRETCH_SAMPLES) {
            close();
        }
    }

    private void thin() {
        for (int i = 0; i < MOST / 2; i++) {
            samples[i] = samples[2 * i];
        }
        kept = MOST / 2;
        stride *= 2;
    }

    private void close() {
        Arrays.sort(samples, 0, kept);
        newestMedianNanos = samples[(kept - 1) / 2];
        if (bestMedianNanos == 0 || newestMedianNanos < bestMedianNanos) {
            bestMedianNanos = newestMedianNanos;
        }
        slowNanos += (double) (newestMedianNanos - bestMedianNanos) * stretchSteps;
        forgetStretch();
    }

    /** Steps stopped: what was gathered is no stretch. */
    void interrupted() {
        forgetStretch();
    }

    private void forgetStretch() {
        kept = 0;
        stride = 1;
        seen = 0;
        stretchNanos = 0;
        stretchSteps = 0;
    }

    /** NaN before the first stretch. */
    double bestMedianNanos() {
        return bestMedianNanos == 0 ? Double.NaN : bestMedianNanos;
    }

    /** The newest stretch's median over the best, less one; NaN before the first. */
    double slowdown() {
        return bestMedianNanos == 0 ? Double.NaN : (double) newestMedianNanos / bestMedianNanos - 1;
    }

    BigInteger slowSlotNanos(int slots) {
        return BigInteger.valueOf((long) slowNanos).multiply(BigInteger.valueOf(slots));
    }
}
