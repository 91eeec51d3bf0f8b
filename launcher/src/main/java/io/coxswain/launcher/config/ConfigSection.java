package io.coxswain.launcher.config;

import org.jspecify.annotations.Nullable;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A group of fields being read. Each accessor names the field, its default and its bounds; what
 * does not fit is noted with its place, and the default stands in so that all complaints come at
 * once. {@link #finish()} of the root throws them.
 */
public final class ConfigSection {
    private static final Pattern SIZE =
            Pattern.compile("(\\d+)\\s*(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)?");
    private static final Pattern DECIMAL =
            Pattern.compile("[-+]?(\\d+\\.\\d*|\\.?\\d+)([eE][-+]?\\d+)?");
    private static final int MOST_LISTED = 1 << 16;
    private static final Pattern DURATION =
            Pattern.compile("(\\d+(?:\\.\\d+)?)\\s*(ns|us|ms|s|min|m|h)");
    private static final Map<String, Long> SIZE_UNITS =
            Map.of(
                    "B",
                    1L,
                    "KB",
                    1_000L,
                    "MB",
                    1_000_000L,
                    "GB",
                    1_000_000_000L,
                    "TB",
                    1_000_000_000_000L,
                    "KIB",
                    1L << 10,
                    "MIB",
                    1L << 20,
                    "GIB",
                    1L << 30,
                    "TIB",
                    1L << 40);
    private static final Map<String, Long> DURATION_UNITS =
            Map.of(
                    "ns",
                    1L,
                    "us",
                    1_000L,
                    "ms",
                    1_000_000L,
                    "s",
                    1_000_000_000L,
                    "m",
                    60_000_000_000L,
                    "min",
                    60_000_000_000L,
                    "h",
                    3_600_000_000_000L);

    private final ConfigNode.Mapping mapping;
    private final String path;
    private final List<String> complaints;
    private final Set<String> known = new LinkedHashSet<>();
    private final List<ConfigSection> children = new ArrayList<>();

    ConfigSection(ConfigNode.Mapping mapping, String path, List<String> complaints) {
        this.mapping = mapping;
        this.path = path;
        this.complaints = complaints;
    }

    /** A text. */
    public String text(String name, String fallback) {
        return scalar(name, fallback, "a text", text -> text.isEmpty() ? null : text);
    }

    /** A text that must match. */
    public String text(String name, String fallback, Pattern pattern, String expected) {
        return scalar(
                name, fallback, expected, text -> pattern.matcher(text).matches() ? text : null);
    }

    /** A text, null when absent. */
    public @Nullable String optionalText(String name) {
        return has(name) ? text(name, "") : null;
    }

    /** One of a few words; the nearest is named when it is none. */
    public String choice(String name, String fallback, List<String> options) {
        known.add(name);
        ConfigNode.Field field = mapping.fields().get(name);
        if (field != null
                && field.value() instanceof ConfigNode.Scalar scalar
                && !scalar.isNull()
                && !options.contains(scalar.text())) {
            complain(
                    field.value().place(),
                    name,
                    "found '"
                            + scalar.text()
                            + "', expected one of "
                            + String.join(", ", options)
                            + meant(scalar.text(), options));
            return fallback;
        }
        return scalar(name, fallback, "one of " + String.join(", ", options), text -> text);
    }

    /** A whole number within bounds. */
    public long whole(String name, long fallback, long min, long max) {
        String expected = "a whole number from " + min + " to " + max;
        return scalar(
                name,
                fallback,
                expected,
                text -> {
                    Long value = wholeNumber(text);
                    return value == null || value < min || value > max ? null : value;
                });
    }

    /**
     * A whole number within bounds, or a word in its place.
     *
     * @param meaning what is returned for the word
     */
    public long wholeOr(String word, long meaning, String name, long fallback, long min, long max) {
        String expected = "a whole number from " + min + " to " + max + ", or '" + word + "'";
        return scalar(
                name,
                fallback,
                expected,
                text -> {
                    if (text.equals(word)) {
                        return meaning;
                    }
                    Long value = wholeNumber(text);
                    return value == null || value < min || value > max ? null : value;
                });
    }

    /** True or false. */
    public boolean flag(String name, boolean fallback) {
        return choice(name, Boolean.toString(fallback), List.of("true", "false")).equals("true");
    }

    /** A number within bounds. */
    public double decimal(String name, double fallback, double min, double max) {
        return scalar(
                name,
                fallback,
                "a number from " + min + " to " + max,
                text -> {
                    try {
                        double value = new BigDecimal(text.replace("_", "")).doubleValue();
                        return value < min || value > max ? null : value;
                    } catch (NumberFormatException e) {
                        return null;
                    }
                });
    }

    /** Bytes: a plain number or with a unit (KB = 1,000; KiB = 1,024). */
    public long size(String name, long fallback, long min, long max) {
        String expected =
                "a size from " + min + " to " + max + " bytes, such as 1048576, 64MiB or 100MB";
        return scalar(
                name,
                fallback,
                expected,
                text -> {
                    long bytes = bytes(text);
                    return bytes < min || bytes > max ? null : bytes;
                });
    }

    /** The bytes that a size names, as {@link #size} reads it; -1 if it is none. */
    public static long bytes(String text) {
        Matcher matcher = SIZE.matcher(text.replace("_", ""));
        if (!matcher.matches()) {
            return -1;
        }
        String unit = matcher.group(2) == null ? "B" : matcher.group(2).toUpperCase(Locale.ROOT);
        BigInteger bytes =
                new BigInteger(matcher.group(1))
                        .multiply(BigInteger.valueOf(SIZE_UNITS.getOrDefault(unit, 1L)));
        return bytes.bitLength() < 63 ? bytes.longValue() : -1;
    }

    /** A time with its unit: ns, us, ms, s, m (or min), h. */
    public Duration duration(String name, Duration fallback, Duration min, Duration max) {
        String expected =
                "a time from "
                        + render(min)
                        + " to "
                        + render(max)
                        + " with its unit, such as 250ms, 10s or 5m";
        return scalar(
                name,
                fallback,
                expected,
                text -> {
                    Matcher matcher = DURATION.matcher(text);
                    if (!matcher.matches()) {
                        return null;
                    }
                    BigDecimal nanos =
                            new BigDecimal(matcher.group(1))
                                    .multiply(
                                            BigDecimal.valueOf(
                                                    DURATION_UNITS.getOrDefault(
                                                            matcher.group(2), 1L)));
                    if (nanos.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
                        return null;
                    }
                    Duration value = Duration.ofNanos(nanos.longValue());
                    return value.compareTo(min) < 0 || value.compareTo(max) > 0 ? null : value;
                });
    }

    /** A list of whole numbers within bounds. */
    public List<Long> wholes(
            String name, List<Long> fallback, int minCount, int maxCount, long min, long max) {
        known.add(name);
        ConfigNode.Field field = mapping.fields().get(name);
        String expected =
                "a list of "
                        + minCount
                        + " to "
                        + maxCount
                        + " whole numbers from "
                        + min
                        + " to "
                        + max;
        if (field == null) {
            return fallback;
        }
        var values = new ArrayList<Long>();
        if (field.value() instanceof ConfigNode.Listing listing
                && listing.items().size() >= minCount
                && listing.items().size() <= maxCount) {
            for (ConfigNode item : listing.items()) {
                Long value =
                        item instanceof ConfigNode.Scalar scalar
                                ? wholeNumber(scalar.text())
                                : null;
                if (value == null || value < min || value > max) {
                    complain(
                            item.place(),
                            name,
                            "found "
                                    + item.kind()
                                    + " in the list, expected a whole number from "
                                    + min
                                    + " to "
                                    + max);
                } else {
                    values.add(value);
                }
            }
            return values;
        }
        complain(
                field.value().place(),
                name,
                "found " + found(field.value()) + ", expected " + expected);
        return fallback;
    }

    /** A group of fields within this one; empty when absent. */
    public ConfigSection section(String name) {
        known.add(name);
        ConfigNode.Field field = mapping.fields().get(name);
        ConfigNode.Mapping inner;
        if (field != null && field.value() instanceof ConfigNode.Mapping found) {
            inner = found;
        } else {
            if (field != null
                    && !(field.value() instanceof ConfigNode.Scalar scalar && scalar.isNull())) {
                complain(
                        field.value().place(),
                        name,
                        "found " + field.value().kind() + ", expected a group of fields");
            }
            inner =
                    new ConfigNode.Mapping(
                            new LinkedHashMap<>(), field == null ? mapping.place() : field.place());
        }
        var section = new ConfigSection(inner, path + name + ".", complaints);
        children.add(section);
        return section;
    }

    /**
     * A list of groups of fields; empty when absent. Complaints name them {@code name[0]} and so
     * on.
     */
    public List<ConfigSection> sections(String name) {
        known.add(name);
        ConfigNode.Field field = mapping.fields().get(name);
        if (field == null) {
            return List.of();
        }
        if (!(field.value() instanceof ConfigNode.Listing listing)) {
            complain(
                    field.value().place(),
                    name,
                    "found " + found(field.value()) + ", expected a list of groups of fields");
            return List.of();
        }
        var sections = new ArrayList<ConfigSection>();
        for (int i = 0; i < listing.items().size(); i++) {
            ConfigNode item = listing.items().get(i);
            String called = name + "[" + i + "]";
            if (item instanceof ConfigNode.Mapping inner) {
                var section = new ConfigSection(inner, path + called + ".", complaints);
                children.add(section);
                sections.add(section);
            } else {
                complain(
                        item.place(),
                        called,
                        "found " + item.kind() + ", expected a group of fields");
            }
        }
        return List.copyOf(sections);
    }

    /** A list of texts; empty when absent. A text alone is a list of one. */
    public List<String> textList(String name) {
        known.add(name);
        ConfigNode.Field field = mapping.fields().get(name);
        if (field == null) {
            return List.of();
        }
        List<ConfigNode> items =
                field.value() instanceof ConfigNode.Listing listing
                        ? listing.items()
                        : List.of(field.value());
        var texts = new ArrayList<String>();
        for (ConfigNode item : items) {
            if (item instanceof ConfigNode.Scalar scalar && !scalar.isNull()) {
                texts.add(scalar.text());
            } else {
                complain(
                        item.place(),
                        name,
                        "found " + found(item) + ", expected a text or a list of texts");
            }
        }
        return List.copyOf(texts);
    }

    /** The names of the fields that stand here, in the order of the file. */
    public List<String> names() {
        return List.copyOf(mapping.fields().keySet());
    }

    /** A group of texts whose names are free, such as labels. */
    public Map<String, String> texts(String name) {
        ConfigSection section = section(name);
        var texts = new LinkedHashMap<String, String>();
        for (String key : List.copyOf(section.mapping.fields().keySet())) {
            texts.put(key, section.text(key, ""));
        }
        return texts;
    }

    /**
     * A group of values whose names and kinds are free: whole numbers (Long), decimals (Double),
     * true and false, texts, and lists of whole numbers. What stands in quotes is a text.
     */
    public Map<String, Object> values(String name) {
        ConfigSection section = section(name);
        var values = new LinkedHashMap<String, Object>();
        for (String key : section.names()) {
            section.known.add(key);
            ConfigNode.Field field = section.mapping.fields().get(key);
            if (field == null) {
                continue;
            }
            switch (field.value()) {
                case ConfigNode.Scalar scalar when !scalar.isNull() ->
                        values.put(key, value(scalar));
                case ConfigNode.Listing _ ->
                        values.put(
                                key,
                                section.wholes(
                                        key,
                                        List.of(),
                                        1,
                                        MOST_LISTED,
                                        Long.MIN_VALUE,
                                        Long.MAX_VALUE));
                case ConfigNode.Scalar _, ConfigNode.Mapping _ ->
                        section.complain(
                                key,
                                "found "
                                        + found(field.value())
                                        + ", expected a number, true, false, a text or a list of"
                                        + " whole numbers");
            }
        }
        return values;
    }

    private static Object value(ConfigNode.Scalar scalar) {
        String text = scalar.text();
        if (scalar.quoted()) {
            return text;
        }
        if (text.equals("true") || text.equals("false")) {
            return Boolean.valueOf(text);
        }
        Long whole = wholeNumber(text);
        if (whole != null) {
            return whole;
        }
        return DECIMAL.matcher(text).matches() ? (Object) Double.valueOf(text) : text;
    }

    /** Complains of each field that is not there. */
    public void require(String... names) {
        for (String name : names) {
            if (!has(name)) {
                complain(name, "is missing");
            }
        }
    }

    public boolean has(String name) {
        known.add(name);
        ConfigNode.Field field = mapping.fields().get(name);
        return field != null
                && !(field.value() instanceof ConfigNode.Scalar scalar && scalar.isNull());
    }

    /** Notes a broken relation, at the place of that field. */
    public void complain(String name, String text) {
        ConfigNode.Field field = mapping.fields().get(name);
        complain(field == null ? mapping.place() : field.value().place(), name, text);
    }

    public boolean faultless() {
        return complaints.isEmpty();
    }

    /** Names every unknown field, then throws all complaints, if any. */
    public void finish() throws ConfigException {
        noteUnknown();
        if (!complaints.isEmpty()) {
            throw new ConfigException(complaints);
        }
    }

    private void noteUnknown() {
        for (Map.Entry<String, ConfigNode.Field> field : mapping.fields().entrySet()) {
            if (!known.contains(field.getKey())) {
                complain(
                        field.getValue().place(),
                        field.getKey(),
                        "unknown field"
                                + meant(field.getKey(), known)
                                + "; the fields here are "
                                + String.join(", ", known));
            }
        }
        children.forEach(ConfigSection::noteUnknown);
    }

    private <T> T scalar(
            String name, T fallback, String expected, Function<String, @Nullable T> reader) {
        known.add(name);
        ConfigNode.Field field = mapping.fields().get(name);
        if (field == null) {
            return fallback;
        }
        T value =
                field.value() instanceof ConfigNode.Scalar scalar && !scalar.isNull()
                        ? reader.apply(scalar.text())
                        : null;
        if (value != null) {
            return value;
        }
        complain(
                field.value().place(),
                name,
                "found " + found(field.value()) + ", expected " + expected);
        return fallback;
    }

    private void complain(Place place, String name, String text) {
        complaints.add(place + ": " + path + name + ": " + text);
    }

    private static String found(ConfigNode node) {
        return node.kind();
    }

    private static String meant(String typed, java.util.Collection<String> options) {
        return Nearest.of(typed, options)
                .map(option -> "; did you mean '" + option + "'?")
                .orElse("");
    }

    private static @Nullable Long wholeNumber(String text) {
        try {
            return Long.parseLong(text.replace("_", ""));
        } catch (NumberFormatException e) {
            return null;
        }
    }

    private static String render(Duration duration) {
        long nanos = duration.toNanos();
        if (nanos % 1_000_000_000L == 0) {
            return nanos / 1_000_000_000L + "s";
        }
        return nanos % 1_000_000L == 0 ? nanos / 1_000_000L + "ms" : nanos + "ns";
    }
}
