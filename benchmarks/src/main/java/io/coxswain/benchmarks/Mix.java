package io.coxswain.benchmarks;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Says what a recording consists of, so that a number of events a second can be judged. */
final class Mix {
    private Mix() {}

    /** The kinds of events with their shares, the most frequent first. */
    static String of(List<?> events) {
        Map<String, Integer> counts = new TreeMap<>();
        for (Object event : events) {
            counts.merge(event.getClass().getSimpleName(), 1, Integer::sum);
        }
        return events.size()
                + " events: "
                + counts.entrySet().stream()
                        .sorted(
                                Map.Entry.<String, Integer>comparingByValue(
                                        Comparator.reverseOrder()))
                        .map(entry ->
                                String.format(
                                        Locale.ROOT,
                                        "%s %.2f%%",
                                        entry.getKey(),
                                        100.0 * entry.getValue() / events.size()))
                        .collect(Collectors.joining(", "));
    }
}
