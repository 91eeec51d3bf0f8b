package io.coxswain.launcher.admin;

import io.coxswain.coordinator.JobReport;
import io.coxswain.launcher.console.Texts;

import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.math.BigInteger;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Interruptions for people and for machines. */
public final class IncidentTexts {
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
    private static final DateTimeFormatter CLOCK =
            DateTimeFormatter.ofPattern("HH:mm:ss").withZone(ZoneId.systemDefault());
    private static final DateTimeFormatter DAY =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSS").withZone(ZoneId.systemDefault());
    private static final int BAR = 40;
    private static final int CAUSE = 60;
    private static final int NAMED = 8;
    private static final double NANOS = 1e9;

    private IncidentTexts() {}

    /** A table, an incident a line. */
    public static List<String> list(Incidents incidents) {
        if (incidents.incidents().isEmpty()) {
            return List.of("job " + incidents.job() + ": no incidents");
        }
        var rows = new ArrayList<List<String>>();
        rows.add(List.of("ID", "BEGAN", "KIND", "STEP", "LOST", "TOOK", "COST", "TIMES", "CAUSE"));
        for (ToldIncident told : incidents.incidents()) {
            JobReport.IncidentReport incident = told.report();
            rows.add(
                    List.of(
                            Integer.toString(incident.id()),
                            incident.beganMillis() == 0
                                    ? "-"
                                    : CLOCK.format(Instant.ofEpochMilli(incident.beganMillis())),
                            incident.kind(),
                            Long.toString(incident.atStep()),
                            Long.toString(incident.stepsLost()),
                            Texts.duration(incident.totalNanos())
                                    + (incident.closed() ? "" : " so far"),
                            cost(incident.costSlotNanos()),
                            Integer.toString(incident.repeats()),
                            brief(incident.cause())));
        }
        var lines = new ArrayList<String>();
        lines.add("job " + incidents.job());
        lines.addAll(Texts.table(rows));
        return lines;
    }

    /** One incident: what happened, what was decided and why, each phase with its bar. */
    public static List<String> waterfall(String job, ToldIncident told, boolean unicode) {
        JobReport.IncidentReport incident = told.report();
        var lines = new ArrayList<String>();
        lines.add(
                "incident "
                        + incident.id()
                        + " of job "
                        + job
                        + ": "
                        + incident.kind()
                        + (incident.closed() ? "" : ", not over"));
        lines.add("  cause    " + incident.cause());
        lines.add(
                "  began    "
                        + (incident.beganMillis() == 0
                                ? ""
                                : DAY.format(Instant.ofEpochMilli(incident.beganMillis())) + ", ")
                        + Texts.duration(incident.beganNanos())
                        + " into the job, after step "
                        + incident.atStep());
        lines.add(
                incident.closed()
                        ? "  took     "
                                + Texts.duration(incident.totalNanos())
                                + ", resumed at step "
                                + incident.resumedAtStep()
                                + (incident.stepsLost() == 0
                                        ? ", no step lost"
                                        : ", "
                                                + Texts.count(incident.stepsLost(), "step")
                                                + " to be made again")
                        : "  takes    " + Texts.duration(incident.totalNanos()) + " so far");
        if (incident.costSlotNanos() != null) {
            lines.add("  cost     " + cost(incident.costSlotNanos()) + " of slot time");
        }
        if (!incident.reason().isEmpty()) {
            lines.add("  decided  " + incident.reason());
        }
        if (incident.repeats() > 1) {
            lines.add(
                    "  again    the same cause was met "
                            + incident.repeats()
                            + " times at this step");
        }
        if (!told.traceId().isEmpty()) {
            lines.add("  trace    " + told.traceId());
        }
        lines.add("");
        bars(incident, unicode, lines);
        sources(incident, lines);
        return lines;
    }

    private static void bars(
            JobReport.IncidentReport incident, boolean unicode, List<String> lines) {
        long began = incident.beganNanos();
        long total = Math.max(1, incident.totalNanos());
        for (JobReport.Stretch stretch : incident.waterfall()) {
            int from = cell(stretch.beganNanos() - began, total);
            int until = cell(stretch.beganNanos() + stretch.nanos() - began, total);
            int cells = Math.max(1, until - from);
            int indent = Math.min(from, BAR - 1);
            String bar =
                    " ".repeat(indent)
                            + (unicode ? "█" : "#").repeat(Math.min(cells, BAR - indent));
            lines.add(
                    String.format(
                                    Locale.ROOT,
                                    "  %-8s %10s  %-" + BAR + "s  %s",
                                    stretch.phase(),
                                    Texts.duration(stretch.nanos()),
                                    bar,
                                    detail(incident, stretch))
                            .stripTrailing());
        }
    }

    private static int cell(long nanos, long total) {
        return Math.clamp(Math.round((double) nanos / total * BAR), 0, BAR);
    }

    // What stands above is not said again.
    private static String detail(JobReport.IncidentReport incident, JobReport.Stretch stretch) {
        boolean known =
                incident.cause().equals(stretch.reason())
                        || incident.reason().equals(stretch.reason());
        String reason = known ? "" : stretch.reason();
        String waited =
                stretch.waitedFor().isEmpty() ? "" : "waited for " + names(stretch.waitedFor());
        return reason + (reason.isEmpty() || waited.isEmpty() ? "" : "; ") + waited;
    }

    private static String names(List<String> agents) {
        return agents.size() <= NAMED
                ? Texts.list(agents)
                : String.join(", ", agents.subList(0, NAMED))
                        + " and "
                        + (agents.size() - NAMED)
                        + " more";
    }

    private static void sources(JobReport.IncidentReport incident, List<String> lines) {
        if (incident.sources().isEmpty()) {
            return;
        }
        Map<String, List<String>> ranks = new LinkedHashMap<>();
        for (JobReport.Source source : incident.sources()) {
            ranks.computeIfAbsent(words(source), _ -> new ArrayList<>())
                    .add(Integer.toString(source.rank()));
        }
        lines.add("");
        ranks.forEach((from, which) ->
                lines.add(
                        "  "
                                + (which.size() == 1 ? "rank " : "ranks ")
                                + names(which)
                                + ": "
                                + from));
    }

    private static String words(JobReport.Source source) {
        String bytes = Texts.bytes(source.bytes());
        return switch (source.source()) {
            case "live" -> "kept the live state";
            case "local" -> "loaded from the own agent's memory";
            case "init" -> "the initial state, computed from the seed";
            default -> source.source() + " from " + source.fromAgent() + " (" + bytes + ")";
        };
    }

    private static String cost(@org.jspecify.annotations.Nullable BigInteger slotNanos) {
        return slotNanos == null
                ? "-"
                : String.format(Locale.ROOT, "%.3f slot-s", slotNanos.doubleValue() / NANOS);
    }

    private static String brief(String cause) {
        return cause.length() <= CAUSE ? cause : cause.substring(0, CAUSE - 1) + "…";
    }

    /** As in a job's report, with the job and the trace. */
    public static String json(Incidents incidents) {
        ObjectNode node = JSON.createObjectNode();
        node.put("job", incidents.job());
        ArrayNode all = node.putArray("incidents");
        incidents.incidents().forEach(told -> all.add(node(told)));
        return JSON.writeValueAsString(node);
    }

    /** One of them. */
    public static String json(String job, ToldIncident told) {
        ObjectNode node = node(told);
        node.put("job", job);
        return JSON.writeValueAsString(node);
    }

    private static ObjectNode node(ToldIncident told) {
        var node = (ObjectNode) JSON.readTree(told.report().toJson());
        node.put("traceId", told.traceId());
        return node;
    }
}
