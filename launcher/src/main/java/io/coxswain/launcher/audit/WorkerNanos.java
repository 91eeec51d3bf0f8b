package io.coxswain.launcher.audit;

import java.math.BigInteger;

/** A sum of worker-nanoseconds of any size; 16,384 workers fill 63 bits in 6.5 days. */
final class WorkerNanos {
    private BigInteger full = BigInteger.ZERO;
    private long rest;

    /** {@code nanos} must not be negative. */
    void add(long nanos) {
        long sum = rest + nanos;
        if (sum < 0) {
            full = full.add(BigInteger.valueOf(rest));
            sum = nanos;
        }
        rest = sum;
    }

    /** {@code nanos} of each of so many workers; neither may be negative. */
    void add(long nanos, int workers) {
        if (Math.multiplyHigh(nanos, (long) workers) == 0 && nanos * workers >= 0) {
            add(nanos * workers);
        } else {
            add(BigInteger.valueOf(nanos).multiply(BigInteger.valueOf(workers)));
        }
    }

    void add(BigInteger nanos) {
        full = full.add(nanos);
    }

    BigInteger exact() {
        return full.add(BigInteger.valueOf(rest));
    }
}
