package io.coxswain.launcher.top;

import io.coxswain.launcher.top.StyledLine.Style;

import tools.jackson.databind.JsonNode;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Agents as rows: one each where they fit, else a row for each failure domain at the deepest level
 * that fits.
 */
final class AgentRows {
    /** The worst first: what a cell of many agents shows. */
    private static final String WORST_FIRST = "lsgrhcp.";

    private static final int HEAT = 60;
    private static final int LEAST_HEAT = 12;

    private AgentRows() {}

    /**
     * The rows, header first.
     *
     * @param most rows that fit, header included
     */
    static List<StyledLine> of(JsonNode agents, int width, int most) {
        var lines = new ArrayList<StyledLine>();
        if (agents.isEmpty()) {
            lines.add(new StyledLine().add("no agents", Style.DIM));
            return lines;
        }
        if (agents.size() < most) {
            single(agents, width, lines);
        } else {
            grouped(agents, width, most, lines);
        }
        return lines;
    }

    private static void single(JsonNode agents, int width, List<StyledLine> lines) {
        int idWidth = "AGENT".length();
        int domainWidth = "DOMAIN".length();
        for (JsonNode agent : agents) {
            idWidth = Math.max(idWidth, text(agent, "id").length());
            domainWidth = Math.max(domainWidth, text(agent, "domain").length());
        }
        idWidth = Math.min(idWidth, 24);
        domainWidth = Math.min(domainWidth, 28);
        int heat = heat(width - idWidth - domainWidth - 9 - 5 - 7 - 10);
        String layout = "%-" + idWidth + "s  %-8s %4s %6s  %-" + domainWidth + "s  ";
        lines.add(
                new StyledLine()
                        .add(
                                String.format(
                                        Locale.ROOT,
                                        layout + "%-" + heat + "s  DETAIL",
                                        "AGENT",
                                        "STATE",
                                        "RANK",
                                        "COPIES",
                                        "DOMAIN",
                                        "HEAT"),
                                Style.DIM));
        for (JsonNode agent : agents) {
            int rank = agent.path("rank").asInt(-1);
            String state = text(agent, "state");
            var line =
                    new StyledLine()
                            .add(
                                    String.format(
                                            Locale.ROOT,
                                            layout,
                                            cut(text(agent, "id"), idWidth),
                                            state,
                                            rank < 0 ? "-" : Integer.toString(rank),
                                            agent.path("copiesHeld").asInt(0),
                                            cut(text(agent, "domain"), domainWidth)),
                                    style(state));
            cells(tail(text(agent, "cells"), heat), heat, line);
            lines.add(line.add("  " + text(agent, "detail")));
        }
    }

    private static void grouped(JsonNode agents, int width, int most, List<StyledLine> lines) {
        int depth = 1;
        for (JsonNode agent : agents) {
            depth = Math.max(depth, text(agent, "domain").split("/", -1).length);
        }
        Map<String, List<JsonNode>> groups = Map.of();
        for (int level = depth; level >= 0; level--) {
            groups = groups(agents, level);
            if (groups.size() < most) {
                break;
            }
        }
        int nameWidth = "DOMAIN".length();
        for (String name : groups.keySet()) {
            nameWidth = Math.max(nameWidth, name.length());
        }
        nameWidth = Math.min(nameWidth, 28);
        int heat = heat(width - nameWidth - 2 - 8 - 24);
        String layout = "%-" + nameWidth + "s  %6s  ";
        lines.add(
                new StyledLine()
                        .add(
                                String.format(
                                        Locale.ROOT,
                                        layout + "%-" + heat + "s  STATES",
                                        "DOMAIN",
                                        "AGENTS",
                                        "HEAT (worst of each)"),
                                Style.DIM));
        for (var group : groups.entrySet()) {
            var states = new TreeMap<String, Integer>();
            for (JsonNode agent : group.getValue()) {
                states.merge(text(agent, "state"), 1, Integer::sum);
            }
            var words = new ArrayList<String>();
            states.forEach((state, count) -> words.add(count + " " + state));
            var line =
                    new StyledLine()
                            .add(
                                    String.format(
                                            Locale.ROOT,
                                            layout,
                                            cut(group.getKey(), nameWidth),
                                            group.getValue().size()),
                                    worst(states.keySet()));
            cells(merged(group.getValue(), heat), heat, line);
            lines.add(line.add("  " + String.join(", ", words)));
        }
    }

    private static Map<String, List<JsonNode>> groups(JsonNode agents, int level) {
        Map<String, List<JsonNode>> groups = new LinkedHashMap<>();
        for (JsonNode agent : agents) {
            String[] path = text(agent, "domain").split("/", -1);
            String name =
                    level == 0
                            ? "all"
                            : String.join(
                                    "/", List.of(path).subList(0, Math.min(level, path.length)));
            groups.computeIfAbsent(name, _ -> new ArrayList<>()).add(agent);
        }
        return groups;
    }

    private static String merged(List<JsonNode> agents, int heat) {
        var worst = new StringBuilder();
        List<String> cells =
                agents.stream().map(agent -> tail(text(agent, "cells"), heat)).toList();
        int longest = cells.stream().mapToInt(String::length).max().orElse(0);
        for (int i = 0; i < longest; i++) {
            int rank = WORST_FIRST.length() - 1;
            for (String one : cells) {
                int at = i - (longest - one.length());
                int found = at < 0 ? -1 : WORST_FIRST.indexOf(one.charAt(at));
                rank = found < 0 ? rank : Math.min(rank, found);
            }
            worst.append(WORST_FIRST.charAt(rank));
        }
        return worst.toString();
    }

    private static void cells(String cells, int width, StyledLine line) {
        int from = 0;
        for (int i = 1; i <= cells.length(); i++) {
            if (i == cells.length() || cells.charAt(i) != cells.charAt(from)) {
                line.add(cells.substring(from, i), heatStyle(cells.charAt(from)));
                from = i;
            }
        }
        line.add(" ".repeat(Math.max(0, width - cells.length())));
    }

    private static Style heatStyle(char cell) {
        return switch (cell) {
            case 'h' -> Style.GOOD;
            case 'l' -> Style.BAD;
            case 's', 'g' -> Style.WARN;
            case 'r' -> Style.INFO;
            default -> Style.DIM;
        };
    }

    private static Style worst(Iterable<String> states) {
        Style worst = Style.PLAIN;
        for (String state : states) {
            Style style = style(state);
            if (style == Style.BAD || (style == Style.WARN && worst != Style.BAD)) {
                worst = style;
            }
        }
        return worst;
    }

    private static Style style(String state) {
        return switch (state) {
            case "lost", "unfit" -> Style.BAD;
            case "suspect" -> Style.WARN;
            case "spare" -> Style.DIM;
            default -> Style.PLAIN;
        };
    }

    private static int heat(int room) {
        return Math.clamp(room, LEAST_HEAT, HEAT);
    }

    private static String tail(String text, int length) {
        return text.substring(Math.max(0, text.length() - length));
    }

    private static String cut(String text, int length) {
        return text.length() <= length ? text : text.substring(0, length);
    }

    static String text(JsonNode node, String field) {
        return node.path(field).asString("");
    }
}
