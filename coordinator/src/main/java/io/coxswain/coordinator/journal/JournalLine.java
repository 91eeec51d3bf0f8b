package io.coxswain.coordinator.journal;

import io.coxswain.coordinator.EventText;
import io.coxswain.coordinator.SequencedEvent;
import io.coxswain.coordinator.core.event.CoordinatorEvent;

import org.jspecify.annotations.Nullable;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * One line of a journal, as {@code docs/events.md} describes it.
 *
 * @param sequence of the coordinator's life that wrote it, which {@link #OPENED} begins; 0 for
 *     lines of the journal itself
 * @param monotonicNanos the decision loop's clock; only differences within one life mean something
 * @param wallMillis since 1970, for people
 * @param term of leadership, 0: none
 * @param job empty: of no job
 * @param epoch of the job's view, 0: none
 * @param step newest completed step of the job
 * @param incident number of the incident that it is of, 0: none
 * @param traceId hex; empty: not traced
 * @param kind an event's name, {@link #OPENED} or {@link #CLOSED}
 * @param data the event's fields, a JSON object on one line
 */
public record JournalLine(
        long sequence,
        long monotonicNanos,
        long wallMillis,
        long term,
        String job,
        long epoch,
        long step,
        int incident,
        String traceId,
        String kind,
        String data) {
    /** A coordinator began to write: sequence numbers begin anew. */
    public static final String OPENED = "JournalOpened";

    /** It ended in order: a journal without this line at its end was cut off. */
    public static final String CLOSED = "JournalClosed";

    private static final JsonMapper JSON = JsonMapper.shared();

    /** The line of an event; {@code traceId} may be empty. */
    public static JournalLine of(SequencedEvent event, String traceId) {
        return new JournalLine(
                event.sequence(),
                event.monotonicNanos(),
                event.wallMillis(),
                event.term(),
                event.jobId(),
                event.epoch(),
                event.step(),
                EventText.incident(event.event()),
                traceId,
                EventText.kind(event.event()),
                EventText.json(event.event()));
    }

    /**
     * The event; null for the journal's own lines and for kinds that this version does not know.
     */
    public @Nullable CoordinatorEvent event() {
        return EventText.parse(kind, data);
    }

    /** The line in words, without a line break. */
    public String text() {
        CoordinatorEvent event = event();
        if (event != null) {
            return EventText.of(event);
        }
        return switch (kind) {
            case OPENED -> "journal opened: " + data;
            case CLOSED -> "journal closed";
            default -> kind + " " + data;
        };
    }

    /** The line without its line break. */
    public String toJson() {
        ObjectNode node = JSON.createObjectNode();
        node.put("sequence", sequence);
        node.put("monotonicNanos", monotonicNanos);
        node.put("wallMillis", wallMillis);
        node.put("term", term);
        node.put("job", job);
        node.put("epoch", epoch);
        node.put("step", step);
        node.put("incident", incident);
        if (!traceId.isEmpty()) {
            node.put("traceId", traceId);
        }
        node.put("kind", kind);
        node.putRawValue("data", new tools.jackson.databind.util.RawValue(data));
        return node.toString();
    }

    /**
     * Reads {@link #toJson()} back.
     *
     * @throws IllegalArgumentException if the text is no line of a journal; the message says why
     */
    public static JournalLine parse(String text) {
        JsonNode node;
        try {
            node = JSON.readTree(text);
        } catch (JacksonException broken) {
            throw new IllegalArgumentException("not JSON: " + broken.getOriginalMessage(), broken);
        }
        if (!(node instanceof ObjectNode line)) {
            throw new IllegalArgumentException("not a JSON object");
        }
        JsonNode data = line.get("data");
        if (!(data instanceof ObjectNode)) {
            throw new IllegalArgumentException("the field data is missing or no object");
        }
        return new JournalLine(
                whole(line, "sequence"),
                whole(line, "monotonicNanos"),
                whole(line, "wallMillis"),
                whole(line, "term"),
                text(line, "job"),
                whole(line, "epoch"),
                whole(line, "step"),
                Math.toIntExact(whole(line, "incident")),
                line.has("traceId") ? text(line, "traceId") : "",
                text(line, "kind"),
                data.toString());
    }

    private static long whole(ObjectNode line, String field) {
        JsonNode value = line.get(field);
        if (value == null || !value.isIntegralNumber() || !value.canConvertToLong()) {
            throw new IllegalArgumentException(
                    "the field " + field + " is missing or no whole number");
        }
        return value.longValue();
    }

    private static String text(ObjectNode line, String field) {
        JsonNode value = line.get(field);
        if (value == null || !value.isString()) {
            throw new IllegalArgumentException("the field " + field + " is missing or no text");
        }
        return value.stringValue();
    }
}
