package io.coxswain.coordinator.adapter.metrics;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads OpenMetrics 1.0 and forgives nothing: what breaks a rule of the format is an exception. */
final class OpenMetricsParser {
    private static final Pattern METADATA =
            Pattern.compile("# (TYPE|HELP|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)");
    private static final Pattern SAMPLE =
            Pattern.compile(
                    "([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(.*?)})? (\\S+)(?: (\\S+))?"
                            + "(?: # \\{(.*?)} (\\S+)(?: (\\S+))?)?");
    private static final Pattern LABEL =
            Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\\\n]|\\\\[\\\\\"n])*)\"");
    private static final Set<String> TYPES =
            Set.of(
                    "counter",
                    "gauge",
                    "histogram",
                    "gaugehistogram",
                    "stateset",
                    "info",
                    "summary",
                    "unknown");
    private static final int MOST_EXEMPLAR_CHARACTERS = 128;

    private final Map<String, Family> families = new LinkedHashMap<>();
    private Family current = new Family("");

    record Sample(String name, Map<String, String> labels, double value, boolean exemplar) {}

    static final class Family {
        final String name;
        String type = "unknown";
        final Set<String> described = new HashSet<>();
        final List<Sample> samples = new ArrayList<>();
        final Set<String> seen = new HashSet<>();

        Family(String name) {
            this.name = name;
        }
    }

    private OpenMetricsParser() {}

    /** Families by name. */
    static Map<String, Family> parse(String text) {
        var parser = new OpenMetricsParser();
        require(text.endsWith("# EOF\n"), "the end is missing", "");
        require(text.indexOf("# EOF") == text.length() - 6, "something after the end", "");
        for (String line : text.substring(0, text.length() - 6).split("\n", -1)) {
            if (!line.isEmpty()) {
                parser.take(line);
            } else {
                require(text.startsWith("# EOF") || !text.contains("\n\n"), "an empty line", line);
            }
        }
        parser.families.values().forEach(OpenMetricsParser::check);
        return parser.families;
    }

    private void take(String line) {
        if (line.startsWith("#")) {
            Matcher metadata = METADATA.matcher(line);
            require(metadata.matches(), "not a line of metadata", line);
            describe(metadata.group(1), metadata.group(2), metadata.group(3), line);
            return;
        }
        Matcher sample = SAMPLE.matcher(line);
        require(sample.matches(), "not a sample", line);
        String name = sample.group(1);
        require(belongs(name, current), "a sample outside its family " + current.name, line);
        Map<String, String> labels = labels(sample.group(2), line);
        require(current.seen.add(name + labels), "the same series twice", line);
        boolean exemplar = sample.group(5) != null;
        if (exemplar) {
            exemplar(name, labels, sample, line);
        }
        current.samples.add(new Sample(name, labels, number(sample.group(3), line), exemplar));
    }

    private void describe(String what, String name, String text, String line) {
        if (!current.name.equals(name)) {
            require(!families.containsKey(name), "a family in two places", line);
            current = new Family(name);
            families.put(name, current);
        }
        require(current.samples.isEmpty(), "metadata after samples", line);
        require(current.described.add(what), "the same metadata twice", line);
        switch (what) {
            case "TYPE" -> {
                require(TYPES.contains(text), "no such type", line);
                current.type = text;
            }
            case "UNIT" ->
                    require(text.isEmpty() || name.endsWith("_" + text), "not its unit", line);
            default -> require(!text.isBlank(), "no help", line);
        }
    }

    private static boolean belongs(String sample, Family family) {
        String name = family.name;
        return switch (family.type) {
            case "counter" -> sample.equals(name + "_total") || sample.equals(name + "_created");
            case "gauge", "unknown" -> sample.equals(name);
            case "histogram" ->
                    sample.equals(name + "_bucket")
                            || sample.equals(name + "_count")
                            || sample.equals(name + "_sum")
                            || sample.equals(name + "_created");
            default -> throw new AssertionError("no metric here is a " + family.type);
        };
    }

    private void exemplar(String name, Map<String, String> labels, Matcher sample, String line) {
        require(
                name.endsWith("_bucket") || name.endsWith("_total"),
                "an exemplar where none may be",
                line);
        Map<String, String> of = labels(sample.group(5), line);
        int characters = 0;
        for (Map.Entry<String, String> label : of.entrySet()) {
            characters += label.getKey().length() + label.getValue().length();
        }
        require(characters <= MOST_EXEMPLAR_CHARACTERS, "a long exemplar", line);
        if (name.endsWith("_bucket")) {
            double bound = number(labels.getOrDefault("le", "NaN"), line);
            require(number(sample.group(6), line) <= bound, "an exemplar of another bucket", line);
        }
    }

    private static Map<String, String> labels(String text, String line) {
        var labels = new LinkedHashMap<String, String>();
        if (text == null || text.isEmpty()) {
            return labels;
        }
        Matcher label = LABEL.matcher(text);
        int at = 0;
        while (label.find(at)) {
            require(label.start() == at, "labels that cannot be read", line);
            require(labels.put(label.group(1), label.group(2)) == null, "a label twice", line);
            at = label.end();
            if (at == text.length()) {
                return labels;
            }
            require(text.charAt(at) == ',', "labels that cannot be read", line);
            at++;
        }
        throw new AssertionError("labels that cannot be read: " + line);
    }

    private static double number(String text, String line) {
        return switch (text) {
            case "+Inf" -> Double.POSITIVE_INFINITY;
            case "-Inf" -> Double.NEGATIVE_INFINITY;
            case "NaN" -> Double.NaN;
            default -> {
                require(text.matches("[+-]?[0-9.]+([eE][+-]?[0-9]+)?"), "not a number", line);
                yield Double.parseDouble(text);
            }
        };
    }

    private static void check(Family family) {
        require(family.described.contains("TYPE"), "no type", family.name);
        require(family.described.contains("HELP"), "no help", family.name);
        require(!family.samples.isEmpty(), "no samples", family.name);
        if (family.type.equals("counter")) {
            for (Sample sample : family.samples) {
                require(
                        sample.value() >= 0 && Double.isFinite(sample.value()),
                        "not a counter's value",
                        sample.toString());
            }
        }
        if (family.type.equals("histogram")) {
            checkHistogram(family);
        }
    }

    private static void checkHistogram(Family family) {
        Map<Map<String, String>, List<Sample>> buckets = new LinkedHashMap<>();
        Map<Map<String, String>, Double> counts = new LinkedHashMap<>();
        for (Sample sample : family.samples) {
            var labels = new LinkedHashMap<>(sample.labels());
            if (sample.name().endsWith("_bucket")) {
                require(labels.remove("le") != null, "a bucket without bound", sample.toString());
                buckets.computeIfAbsent(labels, _ -> new ArrayList<>()).add(sample);
            } else if (sample.name().endsWith("_count")) {
                counts.put(labels, sample.value());
            }
        }
        require(buckets.keySet().equals(counts.keySet()), "buckets or counts", family.name);
        buckets.forEach((labels, all) -> {
            double bound = Double.NEGATIVE_INFINITY;
            double count = 0;
            for (Sample bucket : all) {
                double next = number(bucket.labels().getOrDefault("le", ""), bucket.toString());
                require(next > bound, "bounds that do not grow", bucket.toString());
                require(bucket.value() >= count, "not cumulative", bucket.toString());
                bound = next;
                count = bucket.value();
            }
            require(bound == Double.POSITIVE_INFINITY, "no +Inf", family.name);
            require(Double.valueOf(count).equals(counts.get(labels)), "not the count", family.name);
        });
    }

    private static void require(boolean holds, String what, String where) {
        if (!holds) {
            throw new AssertionError(what + ": " + where);
        }
    }
}
