package io.coxswain.coordinator.deploy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What {@code docs/metrics.md} says that there is. */
public final class MetricTable {
    private static final Pattern ROW =
            Pattern.compile("\\| `(coxswain_[a-z0-9_]+)` \\| ([a-z]+) \\| ([^|]*)\\|.*");

    /**
     * One row.
     *
     * @param section heading above it
     * @param labels sorted
     */
    public record Row(String section, String name, String type, Set<String> labels) {}

    private MetricTable() {}

    /** All rows by name. */
    public static Map<String, Row> read() throws IOException {
        var rows = new LinkedHashMap<String, Row>();
        String section = "";
        for (String line : Files.readAllLines(root().resolve("docs/metrics.md"))) {
            if (line.startsWith("## ")) {
                section = line.substring(3);
            }
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                var labels = new TreeSet<String>();
                Arrays.stream(row.group(3).replace("`", "").split(","))
                        .map(String::strip)
                        .filter(label -> !label.isEmpty())
                        .forEach(labels::add);
                Row before =
                        rows.put(
                                row.group(1), new Row(section, row.group(1), row.group(2), labels));
                if (before != null) {
                    throw new AssertionError(row.group(1) + " stands twice");
                }
            }
        }
        return rows;
    }

    /** The checkout. */
    public static Path root() {
        Path here = Path.of("").toAbsolutePath();
        Path parent = here.getParent();
        return Files.exists(here.resolve("docs/metrics.md")) || parent == null ? here : parent;
    }
}
