package io.coxswain.launcher.admin;

import io.coxswain.launcher.console.Texts;

import tools.jackson.databind.JsonNode;

import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** A coordinator's picture (its JSON) in words. */
public final class PictureTexts {
    private static final DateTimeFormatter CLOCK =
            DateTimeFormatter.ofPattern("HH:mm:ss").withZone(ZoneId.systemDefault());
    private static final double NANOS = 1e9;
    private static final int TOLD_LOSSES = 4;
    private static final int TOLD_DEFICITS = 3;
    private static final int CAUSE = 60;

    private PictureTexts() {}

    /** What blocks progress, on whom it waits, what comes next: one to three lines. */
    public static List<String> blocked(JsonNode picture) {
        JsonNode blocked = picture.path("blocked");
        var lines = new ArrayList<String>();
        long since = blocked.path("sinceMillis").asLong(0);
        long now = picture.path("atMillis").asLong(since);
        lines.add(
                text(blocked, "what")
                        + (since == 0
                                ? ""
                                : ", for " + Texts.duration(Math.max(0, now - since) * 1_000_000)));
        var waits = new ArrayList<String>();
        blocked.path("waitsOn").forEach(one -> waits.add(one.asString("")));
        if (!waits.isEmpty()) {
            lines.add("waits for " + Texts.list(waits));
        }
        if (!text(blocked, "next").isEmpty()) {
            lines.add("next: " + text(blocked, "next"));
        }
        return lines;
    }

    /** How far a job is. */
    public static String progress(JsonNode job) {
        var line = new StringBuilder();
        line.append("job ").append(text(job, "id")).append(": ").append(text(job, "phase"));
        line.append(", step ").append(job.path("completedStep").asLong());
        line.append(" of ").append(job.path("steps").asLong());
        line.append(", epoch ").append(job.path("epoch").asLong());
        line.append(", protected ").append(job.path("protectedStep").asLong());
        line.append(" (")
                .append(Texts.count(job.path("protectedLagSteps").asLong(), "step"))
                .append(", ")
                .append(seconds(job.path("protectedLagSeconds")))
                .append(" behind)");
        double rate = job.path("stepsPerSecond").asDouble(0);
        if (rate > 0) {
            line.append(String.format(Locale.ROOT, ", %.1f steps/s", rate));
        }
        if (job.path("loss").isNumber() && job.path("completedStep").asLong() > 0) {
            line.append(String.format(Locale.ROOT, ", loss %.4f", job.path("loss").asDouble()));
        }
        return line.toString();
    }

    /** Goodput by window, and what was lost to what over the run. */
    public static List<String> account(JsonNode job) {
        var lines = new ArrayList<String>();
        var windows = new ArrayList<String>();
        JsonNode run = null;
        for (JsonNode window : job.path("windows")) {
            windows.add(
                    text(window, "name") + " " + Texts.percent(window.path("ratio").asDouble(0)));
            run = window;
        }
        if (windows.isEmpty() || run == null) {
            return lines;
        }
        lines.add("goodput " + String.join(", ", windows));
        double total = run.path("slotSeconds").asDouble(0);
        var losses = new TreeMap<String, Double>();
        run.path("slotSecondsByCategory")
                .forEachEntry((category, value) -> {
                    if (!category.equals("productive") && value.asDouble(0) > 0) {
                        losses.put(category, value.asDouble(0));
                    }
                });
        if (!losses.isEmpty() && total > 0) {
            List<String> told =
                    losses.entrySet().stream()
                            .sorted(
                                    Map.Entry.<String, Double>comparingByValue(
                                            Comparator.reverseOrder()))
                            .limit(TOLD_LOSSES)
                            .map(loss ->
                                    loss.getKey() + " " + Texts.percent(loss.getValue() / total))
                            .toList();
            lines.add("lost to " + String.join(", ", told));
        }
        return lines;
    }

    /** How the state is protected. */
    public static List<String> copies(JsonNode job) {
        JsonNode copies = job.path("copies");
        if (!copies.isObject()) {
            return List.of();
        }
        var lines = new ArrayList<String>();
        lines.add(
                "copies: "
                        + copies.path("wanted").asInt()
                        + " wanted, the worst shard has "
                        + copies.path("least").asInt()
                        + "; survives "
                        + (text(copies, "survives").isEmpty()
                                ? "nothing yet"
                                : text(copies, "survives"))
                        + (copies.path("anySingleHostFatal").asBoolean(false)
                                ? "; the loss of one host may be fatal now"
                                : ""));
        if (!text(copies, "snapshots").isEmpty()) {
            lines.add("  snapshots " + text(copies, "snapshots"));
        }
        int told = Math.min(TOLD_DEFICITS, copies.path("deficits").size());
        for (int i = 0; i < told; i++) {
            lines.add("  missing " + copies.path("deficits").get(i).asString(""));
        }
        if (copies.path("deficits").size() > told) {
            lines.add("  and " + (copies.path("deficits").size() - told) + " more missing");
        }
        for (JsonNode failing : job.path("exports").path("failing")) {
            lines.add("  warning: " + failing.asString(""));
        }
        return lines;
    }

    /** An incident on one line. */
    public static String incident(JsonNode incident) {
        double took = 0;
        for (JsonNode phase : incident.path("phaseSeconds")) {
            took += phase.asDouble(0);
        }
        boolean closed = incident.path("closed").asBoolean(true);
        long began = incident.path("beganMillis").asLong(0);
        String cause = text(incident, "cause");
        return "incident "
                + incident.path("id").asInt()
                + (began == 0 ? "" : ", " + CLOCK.format(Instant.ofEpochMilli(began)))
                + (incident.path("planned").asBoolean(false) ? ", planned" : "")
                + ", step "
                + incident.path("atStep").asLong()
                + ": "
                + (closed
                        ? Texts.duration(Math.round(took * NANOS))
                        : "in " + text(incident, "phase"))
                + (incident.path("costSlotSeconds").isNumber()
                        ? String.format(
                                Locale.ROOT,
                                ", %.3f slot-s",
                                incident.path("costSlotSeconds").asDouble())
                        : "")
                + ", "
                + Texts.count(incident.path("stepsLost").asLong(), "step")
                + " lost: "
                + (cause.length() <= CAUSE ? cause : cause.substring(0, CAUSE - 1) + "…");
    }

    private static String seconds(JsonNode value) {
        return Texts.duration(Math.round(value.asDouble(0) * NANOS));
    }

    private static String text(JsonNode node, String field) {
        return node.path(field).asString("");
    }
}
