package io.coxswain.coordinator.adapter.http.page;

import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.MissingNode;
import tools.jackson.databind.node.ObjectNode;

import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * What turns one JSON value into another. Pure. What is the same has no patch (a missing node). An
 * object is patched by an object with what changed, and {@code "-"} lists members that are gone; a
 * list by an object with the elements that changed, by index, and its {@code length} where that is
 * another; all else by the new value. A list of which more than half changed is told anew, but for
 * objects in it.
 */
final class PagePatch {
    /** Member of a patch that names what is gone. */
    static final String GONE = "-";

    /** Member of a list's patch. */
    static final String LENGTH = "length";

    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final JsonFactory FACTORY = JsonFactory.builder().build();

    private PagePatch() {}

    /** The patch; a missing node where both are the same. */
    static JsonNode of(JsonNode before, JsonNode now) {
        if (before.equals(now)) {
            return MissingNode.getInstance();
        }
        if (before instanceof ObjectNode was && now instanceof ObjectNode is) {
            return object(was, is);
        }
        if (before instanceof ArrayNode was && now instanceof ArrayNode is) {
            return array(was, is);
        }
        return now;
    }

    private static JsonNode object(ObjectNode before, ObjectNode now) {
        ObjectNode patch = JSON.createObjectNode();
        for (Map.Entry<String, JsonNode> member : now.properties()) {
            JsonNode was = before.get(member.getKey());
            JsonNode moved = was == null ? member.getValue() : of(was, member.getValue());
            if (!moved.isMissingNode()) {
                patch.set(member.getKey(), moved);
            }
        }
        ArrayNode gone = JSON.createArrayNode();
        for (Map.Entry<String, JsonNode> member : before.properties()) {
            if (!now.has(member.getKey())) {
                gone.add(member.getKey());
            }
        }
        if (!gone.isEmpty()) {
            patch.set(GONE, gone);
        }
        return patch;
    }

    private static JsonNode array(ArrayNode before, ArrayNode now) {
        ObjectNode patch = JSON.createObjectNode();
        int moved = 0;
        for (int i = 0; i < now.size(); i++) {
            JsonNode one = i < before.size() ? of(before.get(i), now.get(i)) : now.get(i);
            if (!one.isMissingNode()) {
                patch.set(Integer.toString(i), one);
                // Of an object some of its members alone.
                moved += i < before.size() && before.get(i).isObject() ? 0 : 1;
            }
        }
        return tidy(patch, moved, before.size(), now.size(), now);
    }

    /**
     * The patch of a list of records, of which only those that changed are written down.
     *
     * @param writer of one
     */
    static <T> JsonNode list(List<T> before, List<T> now, BiConsumer<JsonGenerator, T> writer) {
        ObjectNode patch = JSON.createObjectNode();
        int moved = 0;
        for (int i = 0; i < now.size() && 2 * moved <= now.size(); i++) {
            if (i >= before.size()) {
                patch.set(Integer.toString(i), node(now.get(i), writer));
                moved++;
            } else if (!before.get(i).equals(now.get(i))) {
                patch.set(
                        Integer.toString(i),
                        of(node(before.get(i), writer), node(now.get(i), writer)));
                moved++;
            }
        }
        if (2 * moved > now.size()) {
            return nodes(now, writer);
        }
        return tidy(patch, moved, before.size(), now.size(), patch);
    }

    private static JsonNode tidy(
            ObjectNode patch, int moved, int before, int now, JsonNode instead) {
        if (2 * moved > now && instead.isArray()) {
            return instead;
        }
        if (before != now) {
            patch.put(LENGTH, now);
        }
        return patch.isEmpty() ? MissingNode.getInstance() : patch;
    }

    /** All of a list as JSON. */
    static <T> JsonNode nodes(List<T> values, BiConsumer<JsonGenerator, T> writer) {
        return node(
                values,
                (json, all) -> {
                    json.writeStartArray();
                    all.forEach(one -> writer.accept(json, one));
                    json.writeEndArray();
                });
    }

    /** A record as JSON. */
    static <T> JsonNode node(T value, BiConsumer<JsonGenerator, T> writer) {
        var text = new ByteArrayOutputStream(256);
        try (JsonGenerator json = FACTORY.createGenerator(ObjectWriteContext.empty(), text)) {
            writer.accept(json, value);
        }
        return JSON.readTree(text.toByteArray());
    }
}
