package io.coxswain.launcher.train;

import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.launcher.console.Texts;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A closed incident in words: how long each phase took and where every rank's state came from. */
final class IncidentText {
    /** Stretches that take longer are told with their reason. */
    private static final long LONG_NANOS = 200_000_000L;

    private IncidentText() {}

    static List<String> closed(Incident incident) {
        Incident.Phases phases = incident.phases();
        var lines = new ArrayList<String>();
        if (incident.sources().isEmpty()) {
            // A spare's death: nobody lost a state, and no step waited.
            lines.add(
                    "    noticed after "
                            + Texts.duration(phases.detect())
                            + "; no rank was lost and the job goes on");
            return lines;
        }
        lines.add(
                "    recovered in "
                        + Texts.duration(phases.total())
                        + ": detect "
                        + Texts.duration(phases.detect())
                        + ", fence "
                        + Texts.duration(phases.fence())
                        + ", decide "
                        + Texts.duration(phases.decide())
                        + ", restore "
                        + Texts.duration(phases.restore())
                        + ", resume "
                        + Texts.duration(phases.resume()));
        for (Incident.Stretch stretch : incident.stretches()) {
            // What a start of a process was made of is of use where it took long.
            if (stretch.nanos() >= LONG_NANOS && stretch.reason().contains("start and imports")) {
                lines.add(
                        "    "
                                + stretch.phase().name().toLowerCase(Locale.ROOT)
                                + ", "
                                + Texts.duration(stretch.nanos())
                                + ": "
                                + stretch.reason());
            }
        }
        Map<String, List<String>> ranksBySource = new LinkedHashMap<>();
        for (Incident.Source source : incident.sources()) {
            ranksBySource
                    .computeIfAbsent(words(source), _ -> new ArrayList<>())
                    .add(Integer.toString(source.rank()));
        }
        ranksBySource.forEach((source, ranks) ->
                lines.add(
                        "    "
                                + (ranks.size() == 1 ? "rank " : "ranks ")
                                + Texts.list(ranks)
                                + ": "
                                + source));
        lines.add(
                "    resumed at step "
                        + incident.resumedAtStep()
                        + (incident.stepsLost() == 0
                                ? ", no step lost"
                                : ", "
                                        + Texts.count(incident.stepsLost(), "step")
                                        + " to be made again"));
        return lines;
    }

    private static String words(Incident.Source source) {
        String bytes = Texts.bytes(source.bytes());
        return switch (source.source()) {
            case "live" -> "kept the live state";
            case "local" -> "loaded from the own agent's memory, nothing crossed the network";
            case "peer-copy" ->
                    source.agent().isEmpty()
                                    || source.agent().equals(source.fromAgent())
                                    || source.fromAgent().isEmpty()
                            ? source.agent()
                                    + " takes over with the copy that it held ("
                                    + bytes
                                    + "), nothing crossed the network"
                            : source.agent()
                                    + " takes over with a copy from "
                                    + source.fromAgent()
                                    + " ("
                                    + bytes
                                    + ")";
            case "fetched" ->
                    source.agent()
                            + " fetched it from the memory of "
                            + source.fromAgent()
                            + " ("
                            + bytes
                            + ")";
            case "init" -> "the initial state, computed from the seed";
            default -> source.source() + " " + source.fromAgent() + " (" + bytes + ")";
        };
    }
}
