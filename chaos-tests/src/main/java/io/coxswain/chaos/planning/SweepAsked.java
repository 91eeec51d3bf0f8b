package io.coxswain.chaos.planning;

import io.coxswain.launcher.config.Nearest;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code spares=0..128}, {@code copies=0..3}, {@code interval=1,5,20} or {@code spares=0..128:16}.
 */
record SweepAsked(String option, List<Integer> values) {
    static final List<String> OPTIONS = List.of("spares", "copies", "interval");

    private static final Pattern RANGE =
            Pattern.compile("(\\d{1,7})\\.\\.(\\d{1,7})(?::([1-9]\\d{0,6}))?");
    private static final int MOST = 64;

    SweepAsked {
        values = List.copyOf(values);
    }

    int most() {
        return values.getLast();
    }

    static SweepAsked parse(String text) {
        int equals = text.indexOf('=');
        String option = equals < 0 ? text : text.substring(0, equals);
        if (!OPTIONS.contains(option)) {
            throw new IllegalArgumentException(
                    "'"
                            + option
                            + "' cannot be swept; expected one of "
                            + String.join(", ", OPTIONS)
                            + Nearest.of(option, OPTIONS)
                                    .map(near -> "; did you mean " + near + "?")
                                    .orElse(""));
        }
        String values = equals < 0 ? "" : text.substring(equals + 1);
        Matcher range = RANGE.matcher(values);
        var list = new TreeSet<Integer>();
        if (range.matches()) {
            range(option, range, list);
        } else {
            for (String one : values.split(",", -1)) {
                if (!one.matches("\\d{1,7}")) {
                    throw new IllegalArgumentException(
                            "'"
                                    + values
                                    + "': expected values such as 0..128, 0..128:16 or 0,8,64");
                }
                list.add(Integer.valueOf(one));
            }
        }
        if (list.size() > MOST) {
            throw new IllegalArgumentException(
                    "'"
                            + values
                            + "' has "
                            + list.size()
                            + " values; at most "
                            + MOST
                            + " are swept, each is a whole run: name a step as in 0..128:16");
        }
        if (option.equals("interval") && list.first() < 1) {
            throw new IllegalArgumentException("an interval is 1 step or more");
        }
        return new SweepAsked(option, new ArrayList<>(list));
    }

    private static void range(String option, Matcher range, TreeSet<Integer> list) {
        int from = Integer.parseInt(range.group(1));
        int to = Integer.parseInt(range.group(2));
        if (from > to) {
            throw new IllegalArgumentException(
                    "'" + range.group() + "' is empty: " + from + " is more than " + to);
        }
        if (range.group(3) != null) {
            int step = Integer.parseInt(range.group(3));
            for (long value = from; value <= to; value += step) {
                list.add((int) value);
            }
        } else if (option.equals("copies") || to - from <= 8) {
            for (int value = from; value <= to && list.size() <= MOST; value++) {
                list.add(value);
            }
        } else {
            // Doubling: what a few more are worth shows at the low end.
            list.add(from);
            for (int distance = 1; distance < to - from; distance *= 2) {
                list.add(from + distance);
            }
            list.add(to);
        }
    }
}
