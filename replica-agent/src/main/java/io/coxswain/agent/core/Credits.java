package io.coxswain.agent.core;

/** How far the steps of a view may go: as far as was granted, unless that was taken back. */
final class Credits {
    private static final long NOT_HELD = Long.MAX_VALUE;

    private long through;
    private long heldThrough = NOT_HELD;

    /** Of a view that begins. */
    void begin(long granted) {
        through = granted;
        heldThrough = NOT_HELD;
    }

    void grant(long upTo) {
        through = Math.max(through, upTo);
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
