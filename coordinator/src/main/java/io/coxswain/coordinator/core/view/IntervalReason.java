package io.coxswain.coordinator.core.view;

import java.util.Locale;

/** Why a job's snapshots are so far apart, with the figures that decided. Rendered late. */
public sealed interface IntervalReason {
    /** For a person: one line. */
    String text();

    /** False while too little was seen to choose by. */
    default boolean isMeasured() {
        return true;
    }

    /**
     * Too little was measured yet: each step, as far as copies keep up.
     *
     * @param snapshots seen by now, of {@code needed}
     */
    record NotMeasured(long snapshots, long needed) implements IntervalReason {
        @Override
        public String text() {
            return "measuring: "
                    + snapshots
                    + " of "
                    + needed
                    + " snapshots seen, each step until then as far as copies keep up";
        }

        @Override
        public boolean isMeasured() {
            return false;
        }
    }

    /** Less time than a step takes: each step, then. */
    record EachStep(IntervalFigures figures, long nanos) implements IntervalReason {
        @Override
        public String text() {
            return String.format(
                    Locale.ROOT,
                    "one each %s would be best, a step takes as long or longer (%s)",
                    IntervalFigures.duration(nanos),
                    figures.text());
        }
    }

    /**
     * The least loss at that failure rate (Young, Daly): more often would cost more in waiting than
     * it saves in steps made twice.
     */
    record FailureRate(IntervalFigures figures, long nanos) implements IntervalReason {
        @Override
        public String text() {
            return String.format(
                    Locale.ROOT,
                    "least loss for a failure each %s is one each %s (%s)",
                    IntervalFigures.duration(figures.failureNanos()),
                    IntervalFigures.duration(nanos),
                    figures.text());
        }
    }

    /**
     * By the failure rate it could be longer, but failures are too rare here to rely on their rate,
     * and so often costs next to nothing.
     */
    record NextToNothing(IntervalFigures figures, long nanos) implements IntervalReason {
        @Override
        public String text() {
            return String.format(
                    Locale.ROOT,
                    "one each %s costs %s of the time (%s)",
                    IntervalFigures.duration(nanos),
                    "0.1%",
                    figures.text());
        }
    }

    /** What is wished for is shorter than a copy takes at the share of the network that it gets. */
    record CopyTime(IntervalFigures figures) implements IntervalReason {
        @Override
        public String text() {
            return String.format(
                    Locale.ROOT,
                    "a copy takes %s%s at its share of the network (%s)",
                    IntervalFigures.duration(figures.copyNanos()),
                    figures.copyMeasured() ? "" : ", as guessed from its size,",
                    figures.text());
        }
    }
}
