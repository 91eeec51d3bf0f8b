package io.coxswain.agent.core;

/** How far the steps of a view may go: as far as was granted, unless that was taken back. */
final class Credits {
    private static final long NOT_HELD = Long.MAX_VALUE;
    private static final long NEVER = Long.MIN_VALUE;

    private long through;
    private long heldThrough = NOT_HELD;

    /** Since when the next step waits for leave. */
    private long awaitedSince = NEVER;

    private long waitedNanos;

    /** Of a view that begins. */
    void begin(long granted) {
        through = granted;
        heldThrough = NOT_HELD;
        awaitedSince = NEVER;
    }

    void grant(long upTo) {
        through = Math.max(through, upTo);
    }

    /** What was granted beyond is void. */
    long stopAfter(long last) {
        through = last;
        return last;
    }

    /** No step after this one is begun until {@link #release}, whatever was or is granted. */
    void hold(long last) {
        heldThrough = last;
    }

    /** What was granted may be made again; false if nothing was held. */
    boolean release() {
        boolean held = heldThrough != NOT_HELD;
        heldThrough = NOT_HELD;
        return held;
    }

    /** True if that step may be begun; else its wait for that begins, if it has not. */
    boolean allow(long step, boolean leaseHolds, long now) {
        if (!leaseHolds || step > newest()) {
            awaitedSince = awaitedSince == NEVER ? now : awaitedSince;
            return false;
        }
        waitedNanos = awaitedSince == NEVER ? 0 : now - awaitedSince;
        awaitedSince = NEVER;
        return true;
    }

    /** How long the step that was begun last had waited for leave. */
    long waitedNanos() {
        return waitedNanos;
    }

    /** Nobody was to make a step until now. */
    void forgetWait() {
        awaitedSince = NEVER;
    }

    /** Steps up to this were granted, held or not. */
    long through() {
        return through;
    }

    /** The newest step that may be begun. */
    long newest() {
        return Math.min(through, heldThrough);
    }

    /** True if that step was the last for now, because others were taken back. */
    boolean areHeldAt(long step) {
        return step >= heldThrough;
    }
}
