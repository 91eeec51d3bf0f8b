package io.coxswain.coordinator.core.pause;

import java.util.Arrays;

/**
 * Finds the step at which all ranks of a view can stop. Ranks may be in different steps, and one
 * that has begun a step needs the others to finish it: so each first stops to begin further ones
 * and says how far it has come, and the furthest of them is where all stop.
 */
public final class StopPoint {
    private static final long UNKNOWN = -1;

    private final long[] heldAt;
    private int awaited;
    private long furthest;

    public StopPoint(int ranks) {
        heldAt = new long[ranks];
        ask();
    }

    /** All ranks are to be heard anew. */
    public void ask() {
        Arrays.fill(heldAt, UNKNOWN);
        awaited = heldAt.length;
        furthest = 0;
    }

    /**
     * A rank begins no step after that one. Said again it counts once: the newest word.
     *
     * @return true if all ranks have said so by now
     */
    public boolean heard(int rank, long step) {
        if (heldAt[rank] == UNKNOWN) {
            awaited--;
        }
        heldAt[rank] = step;
        furthest = Math.max(furthest, step);
        return awaited == 0;
    }

    /** The step after which all can stop, once all were heard. */
    public long step() {
        return furthest;
    }

    /** How many ranks were not heard yet. */
    public int awaited() {
        return awaited;
    }
}
