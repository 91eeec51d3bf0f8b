package io.coxswain.launcher.top;

import static io.coxswain.launcher.top.AgentRows.text;

import io.coxswain.launcher.admin.PictureTexts;
import io.coxswain.launcher.console.Texts;
import io.coxswain.launcher.top.StyledLine.Style;

import tools.jackson.databind.JsonNode;

import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A picture as a screen. Pure: the same picture and size give the same lines. */
final class TopScreen {
    private static final DateTimeFormatter CLOCK =
            DateTimeFormatter.ofPattern("HH:mm:ss").withZone(ZoneId.systemDefault());
    private static final int INCIDENTS = 5;
    private static final int BAR = 20;
    private static final int LEAST_AGENT_ROWS = 3;

    private final boolean unicode;

    TopScreen(boolean unicode) {
        this.unicode = unicode;
    }

    /**
     * The lines of the screen, as many as fit.
     *
     * @param trouble why what is shown may be old; empty: it is not
     */
    List<StyledLine> lines(JsonNode picture, String trouble, int width, int height) {
        var lines = new ArrayList<StyledLine>();
        head(picture, trouble, lines);
        JsonNode job = picture.path("job");
        if (job.isObject()) {
            job(job, lines);
            incidents(job.path("incidents"), lines);
        }
        for (JsonNode queued : picture.path("queued")) {
            lines.add(
                    StyledLine.of(
                            "queued "
                                    + queued.path("position").asInt()
                                    + ": "
                                    + text(queued, "id")
                                    + (text(queued, "held").isEmpty()
                                            ? ""
                                            : ", " + text(queued, "held"))));
        }
        lines.add(StyledLine.of(""));
        int room = Math.max(LEAST_AGENT_ROWS, height - lines.size() - 1);
        lines.addAll(AgentRows.of(picture.path("agents"), width, room));
        while (lines.size() > Math.max(1, height - 1)) {
            lines.removeLast();
        }
        while (lines.size() < height - 1) {
            lines.add(StyledLine.of(""));
        }
        lines.add(new StyledLine().add("q quits", Style.DIM));
        return lines;
    }

    private static void head(JsonNode picture, String trouble, List<StyledLine> lines) {
        lines.add(
                new StyledLine()
                        .add("coordinator " + text(picture, "coordinator"), Style.BOLD)
                        .add(", " + text(picture, "standing"))
                        .add(", term " + picture.path("term").asLong())
                        .add(
                                "   "
                                        + CLOCK.format(
                                                Instant.ofEpochMilli(
                                                        picture.path("atMillis").asLong())),
                                Style.DIM));
        if (!trouble.isEmpty()) {
            lines.add(new StyledLine().add("not connected: " + trouble, Style.BAD));
        }
        boolean healthy = picture.path("blocked").path("healthy").asBoolean(false);
        List<String> words = PictureTexts.blocked(picture);
        for (int i = 0; i < words.size(); i++) {
            Style style = i > 0 ? Style.PLAIN : healthy ? Style.GOOD : Style.BAD;
            lines.add(new StyledLine().add(words.get(i), style));
        }
    }

    private void job(JsonNode job, List<StyledLine> lines) {
        lines.add(StyledLine.of(""));
        long steps = Math.max(1, job.path("steps").asLong());
        double share = (double) job.path("completedStep").asLong() / steps;
        int full = (int) Math.round(Math.clamp(share, 0, 1) * BAR);
        lines.add(
                new StyledLine()
                        .add((unicode ? "█" : "#").repeat(full), Style.GOOD)
                        .add((unicode ? "░" : ".").repeat(BAR - full), Style.DIM)
                        .add(" " + PictureTexts.progress(job)));
        PictureTexts.account(job).forEach(line -> lines.add(StyledLine.of(line)));
        boolean fatal = job.path("copies").path("anySingleHostFatal").asBoolean(false);
        for (String line : PictureTexts.copies(job)) {
            lines.add(new StyledLine().add(line, fatal ? Style.WARN : Style.PLAIN));
        }
    }

    private static void incidents(JsonNode incidents, List<StyledLine> lines) {
        if (incidents.isEmpty()) {
            return;
        }
        lines.add(StyledLine.of(""));
        int first = Math.max(0, incidents.size() - INCIDENTS);
        if (first > 0) {
            lines.add(
                    new StyledLine()
                            .add(Texts.count(first, "earlier incident") + " kept", Style.DIM));
        }
        for (int i = first; i < incidents.size(); i++) {
            JsonNode incident = incidents.get(i);
            boolean closed = incident.path("closed").asBoolean(true);
            lines.add(
                    new StyledLine()
                            .add(
                                    PictureTexts.incident(incident),
                                    closed ? Style.PLAIN : Style.BAD));
        }
    }

    /** The picture as one line, for where there is no screen. */
    static String line(JsonNode picture, String trouble) {
        var text = new StringBuilder();
        text.append(CLOCK.format(Instant.ofEpochMilli(picture.path("atMillis").asLong())));
        if (!trouble.isEmpty()) {
            return text.append("  not connected: ").append(trouble).toString();
        }
        text.append("  ").append(String.join("; ", PictureTexts.blocked(picture)));
        JsonNode job = picture.path("job");
        if (job.isObject()) {
            text.append("; ").append(PictureTexts.progress(job));
            for (String line : PictureTexts.account(job)) {
                text.append("; ").append(line);
            }
        }
        int lost = 0;
        for (JsonNode agent : picture.path("agents")) {
            lost += text(agent, "state").equals("lost") ? 1 : 0;
        }
        text.append(
                String.format(Locale.ROOT, "; %d agents", picture.path("agents").size() - lost));
        return text.toString().replace('\n', ' ');
    }
}
