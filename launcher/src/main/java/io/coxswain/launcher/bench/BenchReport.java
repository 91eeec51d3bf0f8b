package io.coxswain.launcher.bench;

import org.jspecify.annotations.Nullable;

import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What one bench found: figures with their limits, notes, details for the curious, and where it
 * ran. Not thread-safe.
 */
public final class BenchReport {
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private final String bench;
    private final Map<String, Object> settings;
    private final List<Figure> figures = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();
    private final List<Map<String, Object>> details = new ArrayList<>();
    private final Map<String, Object> environment = environment();

    /**
     * @param settings that change what is measured
     */
    BenchReport(String bench, Map<String, Object> settings) {
        this.bench = bench;
        this.settings = new LinkedHashMap<>(settings);
    }

    void add(String name, String unit, Samples samples, Figure.@Nullable Limit limit) {
        figures.add(new Figure(name, unit, samples, limit));
    }

    /** Something that a reader of the figures has to know. */
    void note(String text) {
        notes.add(text);
    }

    /** One single measurement with all its parts. */
    void detail(Map<String, Object> row) {
        details.add(new LinkedHashMap<>(row));
    }

    List<Figure> figures() {
        return List.copyOf(figures);
    }

    /** All of it, for programs. */
    public String toJson() {
        var json = new LinkedHashMap<String, Object>();
        json.put("bench", bench);
        json.put("settings", settings);
        json.put("figures", figures.stream().map(Figure::json).toList());
        json.put("notes", notes);
        json.put("details", details);
        json.put("environment", environment);
        return JSON.writeValueAsString(json);
    }

    /** Figures and notes, for people: one line each. */
    public List<String> table() {
        var rows = new ArrayList<List<String>>();
        rows.add(List.of("", "median", "min", "max", "runs", "limit", ""));
        for (Figure figure : figures) {
            rows.add(row(figure));
        }
        int[] widths = new int[rows.getFirst().size()];
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        var lines = new ArrayList<String>();
        for (List<String> row : rows) {
            var line = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                boolean words = i == 0 || i >= 5;
                String gap = " ".repeat(widths[i] - row.get(i).length());
                line.append(i == 0 ? "" : "  ").append(words ? row.get(i) + gap : gap + row.get(i));
            }
            lines.add(line.toString().stripTrailing());
        }
        notes.forEach(note -> lines.add("note: " + note));
        return lines;
    }

    private static List<String> row(Figure figure) {
        Samples samples = figure.samples();
        Figure.Limit limit = figure.limit();
        @Nullable Boolean met = figure.met();
        return List.of(
                figure.name(),
                samples.isEmpty() ? "-" : number(samples.median()) + " " + figure.unit(),
                samples.count() < 2 ? "" : number(samples.min()),
                samples.count() < 2 ? "" : number(samples.max()),
                Integer.toString(samples.count()),
                limit == null
                        ? ""
                        : (limit.atMost() ? "≤ " : "≥ ")
                                + number(limit.value())
                                + " "
                                + figure.unit()
                                + " ("
                                + limit.what()
                                + ")",
                met == null ? "" : met ? "kept" : "MISSED");
    }

    static String number(double value) {
        double size = Math.abs(value);
        return String.format(
                Locale.ROOT,
                size >= 100 || value == Math.rint(value)
                        ? "%.0f"
                        : size >= 10 ? "%.1f" : size >= 1 ? "%.2f" : "%.3f",
                value);
    }

    private static Map<String, Object> environment() {
        var environment = new LinkedHashMap<String, Object>();
        environment.put("processors", Runtime.getRuntime().availableProcessors());
        environment.put("processor", firstLine(Path.of("/proc/cpuinfo"), "model name"));
        environment.put("memory", firstLine(Path.of("/proc/meminfo"), "MemTotal"));
        environment.put("loadAverageBefore", loadAverage());
        environment.put("java", Runtime.version().toString());
        environment.put(
                "os",
                System.getProperty("os.name", "") + " " + System.getProperty("os.version", ""));
        environment.put("arch", System.getProperty("os.arch", ""));
        return environment;
    }

    private static String firstLine(Path file, String key) {
        return ProcFiles.value(file, key);
    }

    private static String loadAverage() {
        try {
            return Files.readString(Path.of("/proc/loadavg")).split(" ", 2)[0];
        } catch (IOException e) {
            return "";
        }
    }
}
