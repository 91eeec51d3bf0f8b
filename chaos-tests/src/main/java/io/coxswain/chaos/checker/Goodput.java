package io.coxswain.chaos.checker;

import io.coxswain.chaos.nemesis.Firing;
import io.coxswain.chaos.nemesis.Happening;
import io.coxswain.coordinator.core.event.CoordinatorEvent;

import java.util.List;
import java.util.Locale;

/**
 * Goodput counted in time, so that it can be compared with others': steps completed × fault-free
 * step time ÷ elapsed, from the first completed step to the last.
 *
 * @param steps completed
 * @param stepNanos of a fault-free step, as the same run made them before its first fault
 * @param elapsedNanos first to last step
 */
public record Goodput(long steps, double stepNanos, long elapsedNanos, int faults) {
    private static final double NANOS_PER_MILLI = 1e6;
    private static final double NANOS_PER_SECOND = 1e9;
    private static final double PERCENT = 100;

    /** The first steps of a run are slower: code is cold. */
    private static final long WARM_NANOS = 4_000_000_000L;

    /** What the evidence shows; zeros if there are not enough steps before the first fault. */
    public static Goodput of(Evidence evidence) {
        List<Firing> firings = evidence.firings();
        long firstFault = firings.stream().mapToLong(Firing::nanos).min().orElse(Long.MAX_VALUE);
        long first = -1;
        long last = -1;
        long firstStep = 0;
        long lastStep = 0;
        long warm = -1;
        long warmStep = 0;
        long calm = -1;
        long calmStep = 0;
        for (Happening.Told told : evidence.journal()) {
            if (!(told.event() instanceof CoordinatorEvent.StepsCompleted steps)) {
                continue;
            }
            if (first < 0) {
                first = told.nanos();
                firstStep = steps.step();
            }
            last = told.nanos();
            lastStep = steps.step();
            if (warm < 0 && told.nanos() - first >= WARM_NANOS) {
                warm = told.nanos();
                warmStep = steps.step();
            }
            if (told.nanos() < firstFault) {
                calm = told.nanos();
                calmStep = steps.step();
            }
        }
        double step =
                warm < 0 || calmStep <= warmStep
                        ? 0
                        : (double) (calm - warm) / (calmStep - warmStep);
        return new Goodput(lastStep - firstStep, step, last - first, firings.size());
    }

    /** 0 to about 1. */
    public double ratio() {
        return elapsedNanos <= 0 ? 0 : steps * stepNanos / elapsedNanos;
    }

    /** One line. */
    public String text() {
        return String.format(
                Locale.ROOT,
                "goodput %.1f%%: %d steps × %.1f ms ÷ %.1f s, %d faults",
                ratio() * PERCENT,
                steps,
                stepNanos / NANOS_PER_MILLI,
                elapsedNanos / NANOS_PER_SECOND,
                faults);
    }
}
