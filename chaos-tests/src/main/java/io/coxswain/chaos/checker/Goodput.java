package io.coxswain.chaos.checker;

import io.coxswain.chaos.nemesis.Happening;
import io.coxswain.coordinator.core.event.CoordinatorEvent;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * Goodput counted in time, so that it can be compared with others': steps completed × fault-free
 * step time ÷ elapsed, from the first completed step to the last. The step time is the median over
 * the same run: faults touch few steps, and a machine that others use is as busy for both.
 *
 * @param steps completed
 * @param stepNanos of a step that nothing disturbs
 * @param elapsedNanos first to last step
 */
public record Goodput(long steps, double stepNanos, long elapsedNanos, int faults) {
    private static final double NANOS_PER_MILLI = 1e6;
    private static final double NANOS_PER_SECOND = 1e9;
    private static final double PERCENT = 100;

    /** So many steps, each of which took that long. */
    private record Stretch(long steps, double nanosEach) {}

    /** What the evidence shows; zeros if it has no two reports of steps. */
    public static Goodput of(Evidence evidence) {
        return of(evidence.journal(), evidence.firings().size(), 0);
    }

    /**
     * The same on the way.
     *
     * @param untilNanos monotonic, to which time passed since the newest step counts too; 0: only
     *     to the newest step
     */
    public static Goodput of(List<Happening.Told> journal, int faults, long untilNanos) {
        var stretches = new ArrayList<Stretch>();
        long first = -1;
        long last = -1;
        long lastStep = 0;
        for (Happening.Told told : journal) {
            if (!(told.event() instanceof CoordinatorEvent.StepsCompleted steps)) {
                continue;
            }
            if (first < 0) {
                first = told.nanos();
            } else if (steps.step() > lastStep) {
                long made = steps.step() - lastStep;
                stretches.add(new Stretch(made, (double) (told.nanos() - last) / made));
            }
            last = told.nanos();
            lastStep = Math.max(lastStep, steps.step());
        }
        long made = stretches.stream().mapToLong(Stretch::steps).sum();
        return new Goodput(
                made,
                median(stretches, made),
                first < 0 ? 0 : Math.max(last, untilNanos) - first,
                faults);
    }

    private static double median(List<Stretch> stretches, long steps) {
        List<Stretch> quickestFirst =
                stretches.stream().sorted(Comparator.comparingDouble(Stretch::nanosEach)).toList();
        long passed = 0;
        for (Stretch stretch : quickestFirst) {
            passed += stretch.steps();
            if (passed * 2 >= steps) {
                return stretch.nanosEach();
            }
        }
        return 0;
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
