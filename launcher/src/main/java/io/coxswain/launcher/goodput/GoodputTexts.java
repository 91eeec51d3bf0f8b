package io.coxswain.launcher.goodput;

import io.coxswain.launcher.console.Texts;

import tools.jackson.databind.JsonNode;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** A {@link GoodputView} for people. */
public final class GoodputTexts {
    private static final int INCIDENTS = 5;

    private GoodputTexts() {}

    /** The view, line by line. */
    public static List<String> of(JsonNode view) {
        var lines = new ArrayList<String>();
        JsonNode blocked = view.path("blocked");
        String now = blocked.isObject() ? text(blocked, "what") : text(view, "phase");
        lines.add(
                "job "
                        + text(view, "id")
                        + ": "
                        + now
                        + "; "
                        + Texts.count(view.path("slots").asLong(), "slot")
                        + ", "
                        + duration(view.path("elapsedSeconds")));
        lines.add("");
        lines.addAll(windows(view.path("windows")));
        lines.add("");
        lines.addAll(figures(view));
        lines.addAll(incidents(view.path("incidents")));
        return lines;
    }

    /** One window: slot-seconds and shares; several: shares side by side. */
    private static List<String> windows(JsonNode windows) {
        Set<String> categories = new LinkedHashSet<>();
        for (JsonNode window : windows) {
            for (Map.Entry<String, JsonNode> category :
                    window.path("slotSecondsByCategory").properties()) {
                if (category.getValue().asDouble() != 0) {
                    categories.add(category.getKey());
                }
            }
        }
        var rows = new ArrayList<List<String>>();
        boolean single = windows.size() == 1;
        var header = new ArrayList<String>(List.of(""));
        var covered = new ArrayList<String>(List.of("  job time"));
        var total = new ArrayList<String>(List.of("  slot-seconds"));
        var ratio = new ArrayList<String>(List.of("  goodput"));
        for (JsonNode window : windows) {
            header.add(text(window, "name"));
            covered.add(duration(window.path("seconds")));
            total.add(slotSeconds(window.path("slotSeconds")));
            ratio.add(share(window.path("ratio").asDouble()));
            if (single) {
                List.of(header, covered, total, ratio).forEach(row -> row.add(""));
            }
        }
        rows.add(header);
        rows.add(covered);
        rows.add(total);
        rows.add(ratio);
        for (String category : categories) {
            var row = new ArrayList<String>(List.of("    " + category));
            for (JsonNode window : windows) {
                JsonNode value = window.path("slotSecondsByCategory").path(category);
                double whole = window.path("slotSeconds").asDouble();
                String share = share(whole == 0 ? 0 : value.asDouble() / whole);
                if (single) {
                    row.add(slotSeconds(value));
                }
                row.add(share);
            }
            rows.add(row);
        }
        return Texts.table(rows);
    }

    private static List<String> figures(JsonNode view) {
        var lines = new ArrayList<String>();
        JsonNode steps = view.path("stepTimes");
        if (steps.path("medianSeconds").asDouble() > 0) {
            JsonNode slowdown = steps.path("slowdown");
            lines.add(
                    "  step time     median "
                            + duration(steps.path("medianSeconds"))
                            + ", p95 "
                            + duration(steps.path("p95Seconds"))
                            + (slowdown.isNumber()
                                    ? ", "
                                            + Texts.percent(slowdown.asDouble())
                                            + " slower than its best sustained median (cost "
                                            + slotSeconds(steps.path("slowdownSlotSeconds"))
                                            + " slot-seconds, within productive)"
                                    : ""));
            lines.add("  straggler     " + text(steps, "straggler"));
        }
        if (view.path("protectedLagSteps").isNumber()) {
            lines.add(
                    "  protected     step "
                            + view.path("protectedStep").asLong()
                            + ", "
                            + Texts.count(view.path("protectedLagSteps").asLong(), "step")
                            + " and "
                            + duration(view.path("protectedLagSeconds"))
                            + " behind");
        }
        JsonNode reliability = view.path("reliability");
        if (reliability.isObject()) {
            lines.add(
                    "  reliability   "
                            + Texts.count(reliability.path("failures").asLong(), "failure")
                            + known(reliability, "mtbfSeconds", ", MTBF ")
                            + known(reliability, "mttrSeconds", ", MTTR ")
                            + ", ETTR "
                            + share(reliability.path("ettr").asDouble())
                            + (reliability.path("mfu").isNumber()
                                    ? ", MFU " + share(reliability.path("mfu").asDouble())
                                    : ""));
        }
        JsonNode copied = view.path("counters").path("copyBytes");
        if (copied.isNumber()) {
            lines.add("  copies        " + Texts.bytes(copied.asLong()) + " verified");
        }
        return lines;
    }

    private static List<String> incidents(JsonNode incidents) {
        var lines = new ArrayList<String>();
        int skip = Math.max(0, incidents.size() - INCIDENTS);
        if (!incidents.isEmpty()) {
            lines.add("");
            lines.add("  incidents" + (skip > 0 ? " (the last " + INCIDENTS + ")" : ""));
        }
        for (int i = skip; i < incidents.size(); i++) {
            JsonNode incident = incidents.get(i);
            JsonNode cost = incident.path("costSlotSeconds");
            lines.add(
                    String.format(
                            Locale.ROOT,
                            "    %d  %s%s%s",
                            incident.path("id").asInt(),
                            text(incident, "cause"),
                            cost.isNumber() ? "; cost " + slotSeconds(cost) + " slot-seconds" : "",
                            incident.path("stepsLost").asLong() > 0
                                    ? ", "
                                            + Texts.count(
                                                    incident.path("stepsLost").asLong(), "step")
                                            + " lost"
                                    : ""));
        }
        return lines;
    }

    private static String known(JsonNode node, String field, String before) {
        JsonNode value = node.path(field);
        return value.isNumber() ? before + duration(value) : "";
    }

    private static String text(JsonNode node, String field) {
        return node.path(field).asString("");
    }

    private static String duration(JsonNode seconds) {
        return Texts.duration(Math.round(seconds.asDouble() * 1e9));
    }

    private static String slotSeconds(JsonNode seconds) {
        return String.format(Locale.ROOT, "%,.3f", seconds.asDouble());
    }

    private static String share(double ratio) {
        return String.format(Locale.ROOT, "%.2f%%", 100 * ratio);
    }
}
