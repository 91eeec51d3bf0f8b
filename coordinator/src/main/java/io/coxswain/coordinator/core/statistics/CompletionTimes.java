package io.coxswain.coordinator.core.statistics;

/**
 * When steps were completed, for the newest of them: so long ago was the protected one. Where they
 * are too many, every other one is forgotten.
 */
final class CompletionTimes {
    private static final int MOST = 1_024;

    private final long[] steps = new long[MOST];
    private final long[] nanos = new long[MOST];
    private int size;

    void completed(long step, long atNanos) {
        rolledBack(step - 1);
        if (size == MOST) {
            for (int i = 0; i < MOST / 2; i++) {
                steps[i] = steps[2 * i + 1];
                nanos[i] = nanos[2 * i + 1];
            }
            size = MOST / 2;
        }
        steps[size] = step;
        nanos[size] = atNanos;
        size++;
    }

    void rolledBack(long toStep) {
        while (size > 0 && steps[size - 1] > toStep) {
            size--;
        }
    }

    /** What is before that step need not be known any more. */
    void settled(long step) {
        int keep = at(step);
        if (keep > MOST / 4) {
            System.arraycopy(steps, keep, steps, 0, size - keep);
            System.arraycopy(nanos, keep, nanos, 0, size - keep);
            size -= keep;
        }
    }

    /** What the steps after {@code step} took, up to the newest completed one. */
    long nanosSince(long step) {
        if (size == 0 || steps[size - 1] <= step) {
            return 0;
        }
        return nanos[size - 1] - nanos[at(step)];
    }

    // The newest entry that is not after that step, or the oldest.
    private int at(long step) {
        int low = 0;
        int high = size - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (steps[middle] <= step) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return Math.max(0, low);
    }
}
