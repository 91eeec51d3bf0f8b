package io.coxswain.coordinator.core.statistics;

import java.util.ArrayList;
import java.util.List;

/**
 * Points over a whole run, at most {@value #MOST}: when they are too many every other one is
 * forgotten, and from then on half as many are taken.
 */
final class Curve {
    static final int MOST = 500;

    private final ArrayList<RunStatistics.CurvePoint> points = new ArrayList<>();
    private RunStatistics.CurvePoint newest = new RunStatistics.CurvePoint(0, 0, Float.NaN, 0);
    private long stride = 1;
    private long seen;

    void add(RunStatistics.CurvePoint point) {
        // The steps of a rollback come again.
        while (!points.isEmpty() && points.getLast().step() >= point.step()) {
            points.removeLast();
        }
        newest = point;
        if (seen++ % stride != 0) {
            return;
        }
        if (points.size() == MOST - 1) {
            for (int i = 0; 2 * i < points.size(); i++) {
                points.set(i, points.get(2 * i));
            }
            points.subList((points.size() + 1) / 2, points.size()).clear();
            stride *= 2;
        }
        points.add(point);
    }

    /** The newest point is always there. */
    List<RunStatistics.CurvePoint> points() {
        if (newest.step() == 0 || (!points.isEmpty() && points.getLast().equals(newest))) {
            return List.copyOf(points);
        }
        var all = new ArrayList<>(points);
        all.add(newest);
        return List.copyOf(all);
    }
}
