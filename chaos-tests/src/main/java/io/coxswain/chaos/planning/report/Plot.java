package io.coxswain.chaos.planning.report;

import java.util.List;
import java.util.Locale;

/**
 * A line plot as inline SVG, with axes that begin and end at round numbers. Colours are classes of
 * the page, so that it follows the reader's light or dark.
 */
final class Plot {
    private static final int WIDTH = 720;
    private static final int HEIGHT = 320;
    private static final int LEFT = 62;
    private static final int RIGHT = 14;
    private static final int TOP = 14;
    private static final int BOTTOM = 56;
    private static final int MOST_NAMES = 16;

    /** One line of the plot; {@code dots} marks its points. */
    record Line(String name, List<Point> points, boolean dots) {
        Line {
            points = List.copyOf(points);
        }
    }

    /** {@code y} in percent. */
    record Point(double x, double y) {}

    private final double fromX;
    private final double toX;
    private final double fromY;
    private final double toY;
    private final double tickX;
    private final double tickY;

    /** What stands at 0, 1, 2 … of the x axis; empty: numbers. */
    private final List<String> names;

    private Plot(List<Line> lines, List<String> names) {
        this.names = names;
        double leastX = Double.MAX_VALUE;
        double mostX = -Double.MAX_VALUE;
        double leastY = Double.MAX_VALUE;
        double mostY = -Double.MAX_VALUE;
        for (Line line : lines) {
            for (Point point : line.points()) {
                leastX = Math.min(leastX, point.x());
                mostX = Math.max(mostX, point.x());
                leastY = Math.min(leastY, point.y());
                mostY = Math.max(mostY, point.y());
            }
        }
        tickX = names.isEmpty() ? tick(mostX - leastX, 6) : Math.ceilDiv(names.size(), MOST_NAMES);
        tickY = tick(Math.max(mostY - leastY, 0.5), 5);
        fromX = Math.floor(leastX / tickX) * tickX;
        double round = Math.ceil(mostX / tickX) * tickX;
        // Names go no further than their last.
        boolean further = names.isEmpty() && round - mostX < tickX / 4;
        toX = Math.max(fromX + tickX, further ? round : mostX);
        fromY = Math.max(0, Math.floor(leastY / tickY) * tickY);
        toY = Math.max(fromY + tickY, Math.ceil(mostY / tickY) * tickY);
    }

    /**
     * Percent of goodput over {@code xLabel}.
     *
     * @param names what stands at 0, 1, 2 … of the x axis; empty: numbers
     */
    static String svg(String title, String xLabel, List<Line> lines, List<String> names) {
        var plot = new Plot(lines, names);
        var svg = new StringBuilder();
        svg.append("<svg viewBox='0 0 ").append(WIDTH).append(' ').append(HEIGHT);
        svg.append("' role='img' aria-label='").append(HtmlPage.escape(title)).append("'>\n");
        plot.axes(svg, xLabel);
        for (int i = 0; i < lines.size(); i++) {
            plot.line(svg, lines.get(i), i);
        }
        return svg.append("</svg>\n").toString();
    }

    private void axes(StringBuilder svg, String xLabel) {
        for (double y = fromY; y <= toY + tickY / 1e6; y += tickY) {
            svg.append(
                    String.format(
                            Locale.ROOT,
                            "<line class='grid' x1='%d' x2='%d' y1='%.1f' y2='%.1f'/>"
                                    + "<text x='%d' y='%.1f' text-anchor='end'>%s%%</text>%n",
                            LEFT,
                            WIDTH - RIGHT,
                            y(y),
                            y(y),
                            LEFT - 8,
                            y(y) + 4,
                            label(y)));
        }
        for (double x = fromX; x <= toX + tickX / 1e6; x += tickX) {
            svg.append(
                    String.format(
                            Locale.ROOT,
                            "<line class='grid' x1='%.1f' x2='%.1f' y1='%d' y2='%d'/>"
                                    + "<text x='%.1f' y='%d' text-anchor='middle'>%s</text>%n",
                            x(x),
                            x(x),
                            HEIGHT - BOTTOM,
                            HEIGHT - BOTTOM + 5,
                            x(x),
                            HEIGHT - BOTTOM + 22,
                            name(x)));
        }
        svg.append(
                String.format(
                        Locale.ROOT,
                        "<text x='%d' y='%d' text-anchor='middle'>%s</text>%n",
                        (LEFT + WIDTH - RIGHT) / 2,
                        HEIGHT - 6,
                        HtmlPage.escape(xLabel)));
    }

    private void line(StringBuilder svg, Line line, int index) {
        svg.append("<polyline class='line c").append(index % 4).append("' points='");
        for (Point point : line.points()) {
            svg.append(String.format(Locale.ROOT, "%.1f,%.1f ", x(point.x()), y(point.y())));
        }
        svg.append("'><title>")
                .append(HtmlPage.escape(line.name()))
                .append("</title></polyline>\n");
        for (Point point : line.dots() ? line.points() : List.<Point>of()) {
            svg.append(
                    String.format(
                            Locale.ROOT,
                            "<circle class='dot c%d' cx='%.1f' cy='%.1f' r='4'><title>%s: %s →"
                                    + " %.2f%%</title></circle>%n",
                            index % 4,
                            x(point.x()),
                            y(point.y()),
                            HtmlPage.escape(line.name()),
                            name(point.x()),
                            point.y()));
        }
    }

    private String name(double x) {
        if (names.isEmpty()) {
            return label(x);
        }
        int index = (int) Math.rint(x);
        return index < names.size() ? names.get(index) : "";
    }

    private double x(double value) {
        return LEFT + (value - fromX) / (toX - fromX) * (WIDTH - LEFT - RIGHT);
    }

    private double y(double value) {
        return HEIGHT - BOTTOM - (value - fromY) / (toY - fromY) * (HEIGHT - TOP - BOTTOM);
    }

    /** A round distance of which about {@code count} fit into {@code span}. */
    private static double tick(double span, int count) {
        double raw = Math.max(span, 1e-9) / count;
        double power = Math.pow(10, Math.floor(Math.log10(raw)));
        double digit = raw / power;
        return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
    }

    private static String label(double value) {
        double rounded = Math.round(value * 1e6) / 1e6;
        return rounded == Math.rint(rounded)
                ? String.valueOf((long) rounded)
                : String.valueOf(rounded);
    }
}
