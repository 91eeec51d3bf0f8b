package io.coxswain.agent.copies;

import java.util.function.BooleanSupplier;

/**
 * When the next chunk of a push may go: gradients come first, and a rate may be set. Confined to
 * the lane's thread.
 */
final class Pace {
    /** How long a push holds back while a collective is under way. */
    static final long YIELD_NANOS = 1_000_000L;

    private static final double NANOS_PER_SECOND = 1e9;

    private final long bytesPerSecond;
    private final BooleanSupplier collectiveBusy;
    private long nextNanos;
    private boolean started;

    Pace(long bytesPerSecond, BooleanSupplier collectiveBusy) {
        this.bytesPerSecond = bytesPerSecond;
        this.collectiveBusy = collectiveBusy;
    }

    /** True while gradients are on their way. */
    boolean shouldYield() {
        return collectiveBusy.getAsBoolean();
    }

    /** How long to wait before the next bytes, by the rate; 0: not at all. */
    long delayNanos(long nowNanos) {
        return bytesPerSecond == 0 || !started ? 0 : Math.max(0, nextNanos - nowNanos);
    }

    /** These bytes go now. */
    void sent(int bytes, long nowNanos) {
        if (bytesPerSecond > 0) {
            long from = started ? Math.max(nextNanos, nowNanos) : nowNanos;
            nextNanos = from + (long) (bytes * NANOS_PER_SECOND / bytesPerSecond);
            started = true;
        }
    }
}
