package io.coxswain.chaos.checker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Memory, threads and descriptors of processes over time, to see that they stay flat. Thread-safe.
 */
public final class Vitals {
    private static final double MEGA = 1 << 20;
    private static final long KIBI = 1_024;
    private static final double GROWTH = 1.3;
    private static final long MEMORY_SLACK = 32 << 20;
    private static final long COUNT_SLACK = 12;
    private static final int FEWEST = 6;

    /** One look at one process. */
    public record Sample(long residentBytes, long threads, long descriptors) {}

    private final Map<String, List<Sample>> samples = new LinkedHashMap<>();

    /**
     * Looks at each process once.
     *
     * @param pids name → process id; another process of the same name begins anew
     */
    public synchronized void look(Map<String, Long> pids) {
        pids.forEach((name, pid) -> {
            Path process = Path.of("/proc", Long.toString(pid));
            try (var open = Files.list(process.resolve("fd"))) {
                long descriptors = open.count();
                var sample =
                        new Sample(
                                // Shared memory is counted by the agents' budgets.
                                value(process, "RssAnon") * KIBI,
                                value(process, "Threads"),
                                descriptors);
                samples.computeIfAbsent(name + " " + pid, _ -> new ArrayList<>()).add(sample);
            } catch (IOException | java.io.UncheckedIOException e) {
                // It died meanwhile.
            }
        });
    }

    private static long value(Path process, String key) throws IOException {
        for (String line : Files.readAllLines(process.resolve("status"))) {
            if (line.startsWith(key + ":")) {
                return Long.parseLong(line.substring(key.length() + 1).strip().split(" ", 2)[0]);
            }
        }
        return 0;
    }

    /** Whoever lived for most of the time has not grown since its first quarter. */
    public synchronized Verdict verdict() {
        int longest = samples.values().stream().mapToInt(List::size).max().orElse(0);
        var says = new ArrayList<String>();
        var grown = new ArrayList<String>();
        samples.forEach((name, seen) -> {
            if (seen.size() < Math.max(FEWEST, longest / 2)) {
                return;
            }
            Sample early = peak(seen.subList(0, Math.max(1, seen.size() / 3)));
            Sample late = peak(seen.subList(seen.size() * 2 / 3, seen.size()));
            String line =
                    String.format(
                            Locale.ROOT,
                            "%s %.0f → %.0f MiB, %d → %d threads, %d → %d descriptors",
                            name.split(" ", 2)[0],
                            early.residentBytes() / MEGA,
                            late.residentBytes() / MEGA,
                            early.threads(),
                            late.threads(),
                            early.descriptors(),
                            late.descriptors());
            says.add(line);
            boolean flat =
                    late.residentBytes() <= early.residentBytes() * GROWTH + MEMORY_SLACK
                            && late.threads() <= early.threads() * GROWTH + COUNT_SLACK
                            && late.descriptors() <= early.descriptors() * GROWTH + COUNT_SLACK;
            if (!flat) {
                grown.add(line);
            }
        });
        return grown.isEmpty()
                ? Verdict.holds("flat", "survivors: " + String.join("; ", says))
                : Verdict.fails("flat", "grew: " + String.join("; ", grown));
    }

    private static Sample peak(List<Sample> seen) {
        return new Sample(
                seen.stream().mapToLong(Sample::residentBytes).max().orElse(0),
                seen.stream().mapToLong(Sample::threads).max().orElse(0),
                seen.stream().mapToLong(Sample::descriptors).max().orElse(0));
    }
}
