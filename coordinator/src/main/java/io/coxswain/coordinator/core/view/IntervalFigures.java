package io.coxswain.coordinator.core.view;

import java.util.Locale;

/**
 * What the snapshot interval is chosen by.
 *
 * @param stepNanos mean time of a step
 * @param stallNanos mean time that one snapshot keeps a step waiting
 * @param copyNanos how long a copy to a holder takes beside the steps; 0: there are no copies
 * @param copyMeasured false: guessed from its size, since none was seen yet
 * @param failures interruptions of this job so far
 * @param failureNanos mean time between two of them, a prior included
 */
public record IntervalFigures(
        long stepNanos,
        long stallNanos,
        long copyNanos,
        boolean copyMeasured,
        long failures,
        long failureNanos) {
    public IntervalFigures {
        if (stepNanos < 1 || stallNanos < 0 || copyNanos < 0 || failures < 0 || failureNanos < 1) {
            throw new IllegalArgumentException(
                    "a step and the time between failures are positive, nothing is negative");
        }
    }

    /** For a person. */
    public String text() {
        return String.format(
                Locale.ROOT,
                "stall %s, step %s, %s%d %s so far",
                duration(stallNanos),
                duration(stepNanos),
                copyNanos == 0 ? "" : "copy " + duration(copyNanos) + ", ",
                failures,
                failures == 1 ? "failure" : "failures");
    }

    static String duration(long nanos) {
        double seconds = nanos / 1e9;
        if (seconds < 1e-3) {
            return String.format(Locale.ROOT, "%.0f µs", seconds * 1e6);
        }
        if (seconds < 1) {
            return String.format(Locale.ROOT, "%.1f ms", seconds * 1e3);
        }
        if (seconds < 600) {
            return String.format(Locale.ROOT, "%.1f s", seconds);
        }
        return seconds < 36_000
                ? String.format(Locale.ROOT, "%.0f min", seconds / 60)
                : String.format(Locale.ROOT, "%.0f h", seconds / 3_600);
    }
}
