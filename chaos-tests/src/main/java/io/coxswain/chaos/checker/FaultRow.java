package io.coxswain.chaos.checker;

import io.coxswain.chaos.nemesis.Firing;
import io.coxswain.chaos.nemesis.Happening;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;

/**
 * One line of the table of faults: measured here, from the signal to the arrival of the
 * coordinator's word.
 *
 * @param detectedNanos until an incident began, empty if none did
 * @param recoveredNanos until the incident was closed; without one, until the next step was
 *     complete
 * @param stepsLost steps made again
 * @param source where the restored state came from; empty if none was restored
 */
public record FaultRow(
        String scenario,
        String fault,
        OptionalLong detectedNanos,
        OptionalLong recoveredNanos,
        long stepsLost,
        String source,
        String target) {
    private static final double NANOS_PER_MILLI = 1e6;

    /** A row for each fault that came, in their order. */
    public static List<FaultRow> of(String scenario, String target, Evidence evidence) {
        var rows = new ArrayList<FaultRow>();
        List<Firing> firings = evidence.firings();
        for (int i = 0; i < firings.size(); i++) {
            rows.add(row(scenario, target, i, firings, evidence.journal()));
        }
        return rows;
    }

    // Several faults may come at once: an incident is that of the fault that hit its agents. One
    // whose agents nobody hit, as of a link where the wrong end is suspected, is that of the
    // newest fault before it.
    private static boolean isOf(int index, List<Firing> firings, Incident incident, long nanos) {
        List<Integer> newest =
                incident.agents().stream()
                        .map(agent -> newest(firings, nanos, agent))
                        .filter(one -> one >= 0)
                        .toList();
        return newest.isEmpty() ? index == newest(firings, nanos, "") : newest.contains(index);
    }

    /** The newest fault by then that hit the agent, or any if none is named; -1: none. */
    private static int newest(List<Firing> firings, long nanos, String agent) {
        int newest = -1;
        for (int i = 0; i < firings.size(); i++) {
            Firing firing = firings.get(i);
            if (firing.nanos() <= nanos && (agent.isEmpty() || firing.victims().contains(agent))) {
                newest = i;
            }
        }
        return newest;
    }

    private static FaultRow row(
            String scenario,
            String target,
            int index,
            List<Firing> firings,
            List<Happening.Told> journal) {
        Firing firing = firings.get(index);
        OptionalLong detected = OptionalLong.empty();
        OptionalLong recovered = OptionalLong.empty();
        OptionalLong stepped = OptionalLong.empty();
        long lost = 0;
        String source = "";
        int id = -1;
        for (Happening.Told told : journal) {
            long after = told.nanos() - firing.nanos();
            if (after < 0) {
                continue;
            }
            switch (told.event()) {
                case CoordinatorEvent.IncidentProgressed progress -> {
                    if (id < 0 && isOf(index, firings, progress.incident(), told.nanos())) {
                        id = progress.incident().id();
                        detected = OptionalLong.of(after);
                    }
                }
                case CoordinatorEvent.IncidentClosed closed -> {
                    if (recovered.isEmpty() && id >= 0 && closed.incident().id() >= id) {
                        recovered = OptionalLong.of(after);
                        lost = closed.incident().stepsLost();
                        source = sources(closed.incident());
                    }
                }
                case CoordinatorEvent.StepsCompleted steps -> {
                    if (stepped.isEmpty() && steps.step() > firing.afterStep()) {
                        stepped = OptionalLong.of(after);
                    }
                }
                default -> {
                    // Not of this fault.
                }
            }
        }
        return new FaultRow(
                scenario,
                firing.fault(),
                detected,
                id < 0 ? stepped : recovered,
                lost,
                source,
                target);
    }

    private static String sources(Incident incident) {
        var kinds = new LinkedHashSet<String>();
        for (Incident.Source source : incident.sources()) {
            if (!source.source().equals("live")) {
                kinds.add(
                        switch (source.source()) {
                            case "peer-copy" ->
                                    source.fromAgent().isEmpty()
                                                    || source.fromAgent().equals(source.agent())
                                            ? "own copy of who takes over"
                                            : "copy of a peer";
                            case "fetched" -> "memory of a peer";
                            case "local" -> "own agent's memory";
                            default -> source.source();
                        });
            }
        }
        return incident.sources().isEmpty()
                ? ""
                : kinds.isEmpty() ? "live" : String.join(", ", kinds);
    }

    private static String millis(OptionalLong nanos) {
        return nanos.isEmpty()
                ? "–"
                : String.format(Locale.ROOT, "%.0f ms", nanos.getAsLong() / NANOS_PER_MILLI);
    }

    /** The table as Markdown, which reads on a terminal too. */
    public static List<String> table(List<FaultRow> rows) {
        var cells = new ArrayList<List<String>>();
        cells.add(
                List.of(
                        "scenario",
                        "fault",
                        "detected after",
                        "recovered after",
                        "steps lost",
                        "source of the state",
                        "target"));
        for (FaultRow row : rows) {
            cells.add(
                    List.of(
                            row.scenario(),
                            row.fault(),
                            millis(row.detectedNanos()),
                            millis(row.recoveredNanos()),
                            Long.toString(row.stepsLost()),
                            row.source().isEmpty() ? "–" : row.source(),
                            row.target().isEmpty() ? "–" : row.target()));
        }
        return aligned(cells);
    }

    static List<String> aligned(List<List<String>> cells) {
        int columns = cells.getFirst().size();
        int[] widths = new int[columns];
        for (List<String> row : cells) {
            for (int i = 0; i < columns; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        var lines = new ArrayList<String>();
        for (int r = 0; r < cells.size(); r++) {
            var line = new StringBuilder("|");
            var rule = new StringBuilder("|");
            for (int i = 0; i < columns; i++) {
                String cell = cells.get(r).get(i);
                line.append(' ').append(cell).repeat(" ", widths[i] - cell.length()).append(" |");
                rule.repeat("-", widths[i] + 2).append('|');
            }
            lines.add(line.toString());
            if (r == 0) {
                lines.add(rule.toString());
            }
        }
        return lines;
    }
}
