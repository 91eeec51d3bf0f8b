package io.coxswain.launcher.bench;

import java.util.ArrayList;
import java.util.List;

/**
 * The steps of a run, and what deaths cost it. Instants are seconds of one clock.
 *
 * @param begin from here on it counts
 * @param end to here
 * @param points in order of time
 * @param deaths in order of time
 */
record StepTrace(double begin, double end, List<Point> points, List<Death> deaths) {
    private static final double WINDOW = 1;

    /**
     * Steps that were told at once.
     *
     * @param steps how many, since the point before
     * @param strength share of the ranks that made them
     */
    record Point(double at, double steps, double strength) {}

    /**
     * A death.
     *
     * @param next when the next step was made without the dead
     * @param full when the first step was made at full strength again; infinite: not before the end
     */
    record Death(double at, double next, double full) {}

    StepTrace {
        points = List.copyOf(points);
        deaths = List.copyOf(deaths);
    }

    /**
     * Reads deaths off the points: the next step is the first with fewer ranks, full strength the
     * first with all after it.
     */
    static StepTrace of(double begin, double end, List<Point> points, List<Double> kills) {
        var deaths = new ArrayList<Death>();
        for (double kill : kills) {
            double next = first(points, kill, 0, 1);
            deaths.add(new Death(kill, next, first(points, next, 1, Double.POSITIVE_INFINITY)));
        }
        return new StepTrace(begin, end, points, deaths);
    }

    private static double first(List<Point> points, double after, double least, double below) {
        return points.stream()
                .filter(point ->
                        point.at() > after && point.strength() >= least && point.strength() < below)
                .mapToDouble(Point::at)
                .findFirst()
                .orElse(Double.POSITIVE_INFINITY);
    }

    /** Steps a second where nothing was wrong: the median of whole seconds; 0 if there is none. */
    double undisturbed() {
        var rates = new ArrayList<Double>();
        for (double from = begin; from + WINDOW <= end; from += WINDOW) {
            double to = from + WINDOW;
            double start = from;
            boolean quiet =
                    deaths.stream().noneMatch(death -> death.at() < to && death.full() > start);
            if (quiet) {
                rates.add(made(from, to) / WINDOW);
            }
        }
        return rates.isEmpty() ? 0 : Samples.of(rates).median();
    }

    /** Steps made, by strength, ÷ those that the undisturbed rate would have made. */
    double goodput() {
        return made() / (undisturbed() * (end - begin));
    }

    /** Steps made, each by the share of the ranks that made it. */
    double made() {
        return made(begin, end);
    }

    // A point's steps were made evenly since the point before it.
    private double made(double from, double to) {
        double sum = 0;
        double before = begin;
        for (Point point : points) {
            double overlap = Math.min(to, point.at()) - Math.max(from, before);
            if (overlap > 0) {
                sum += point.steps() * point.strength() * overlap / (point.at() - before);
            }
            before = Math.max(before, point.at());
        }
        return sum;
    }
}
