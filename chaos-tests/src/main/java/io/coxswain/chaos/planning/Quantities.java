package io.coxswain.chaos.planning;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations, sizes and rates as people write them. */
public final class Quantities {
    private static final Pattern NUMBER = Pattern.compile("([0-9]*\\.?[0-9]+)\\s*([A-Za-z/]*)");
    private static final Map<String, Double> TIMES = new LinkedHashMap<>();
    private static final Map<String, Double> SIZES = new LinkedHashMap<>();

    static {
        TIMES.put("ns", 1.0);
        TIMES.put("us", 1e3);
        TIMES.put("ms", 1e6);
        TIMES.put("s", 1e9);
        TIMES.put("min", 60e9);
        TIMES.put("h", 3_600e9);
        TIMES.put("d", 86_400e9);
        SIZES.put("b", 1.0);
        SIZES.put("kb", 1e3);
        SIZES.put("mb", 1e6);
        SIZES.put("gb", 1e9);
        SIZES.put("tb", 1e12);
        SIZES.put("kib", 1024.0);
        SIZES.put("mib", 1024.0 * 1024);
        SIZES.put("gib", 1024.0 * 1024 * 1024);
    }

    private Quantities() {}

    /**
     * {@code 250ms}, {@code 5s}, {@code 30min}, {@code 3h}, {@code 2.5d}.
     *
     * @return nanoseconds
     * @throws IllegalArgumentException with what was expected
     */
    public static long nanos(String text) {
        return Math.round(value(text, TIMES, "", "a time such as 250ms, 5s, 30min, 3h or 2d"));
    }

    /** {@code 60GB}, {@code 1.5TB}, {@code 512MiB}: bytes. */
    public static long bytes(String text) {
        return Math.round(value(text, SIZES, "", "a size such as 60GB or 512MiB"));
    }

    /** {@code 5GB/s}: bytes a second. */
    public static double rate(String text) {
        double rate = value(text, SIZES, "/s", "a rate such as 5GB/s");
        if (rate == 0) {
            throw new IllegalArgumentException(
                    "'" + text + "': expected a rate above 0, such as 5GB/s");
        }
        return rate;
    }

    private static double value(
            String text, Map<String, Double> units, String suffix, String expected) {
        Matcher matcher = NUMBER.matcher(text.trim());
        if (matcher.matches()) {
            String unit = matcher.group(2).toLowerCase(Locale.ROOT);
            if (unit.endsWith(suffix)) {
                Double factor = units.get(unit.substring(0, unit.length() - suffix.length()));
                double value = Double.parseDouble(matcher.group(1));
                if (factor != null && value * factor < Long.MAX_VALUE) {
                    return value * factor;
                }
                if (factor != null) {
                    throw new IllegalArgumentException(
                            "'" + text + "' is too much to count; expected " + expected);
                }
            }
        }
        throw new IllegalArgumentException("'" + text + "': expected " + expected);
    }
}
