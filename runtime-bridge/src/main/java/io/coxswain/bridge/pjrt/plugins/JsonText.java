package io.coxswain.bridge.pjrt.plugins;

import org.jspecify.annotations.Nullable;

import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

import java.io.IOException;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The small JSON objects of this package: texts, whole numbers, lists of texts and lists of
 * objects. Fields that nobody asks for are no error: a later version may have written them.
 */
final class JsonText {
    private static final JsonFactory FACTORY =
            JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
    private static final int MAX_DEPTH = 8;

    private final Map<?, ?> fields;

    private JsonText(Map<?, ?> fields) {
        this.fields = fields;
    }

    /**
     * Reads one object.
     *
     * @throws IOException if the text is something else
     */
    static JsonText parse(String json) throws IOException {
        try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), json)) {
            parser.nextToken();
            Object value = value(parser, 0);
            if (parser.nextToken() == null && value instanceof Map<?, ?> map) {
                return new JsonText(map);
            }
        } catch (JacksonException e) {
            throw new IOException("not valid JSON: " + e.getOriginalMessage(), e);
        }
        throw new IOException("not one JSON object");
    }

    /** A text, which must be there. */
    String text(String name) throws IOException {
        if (fields.get(name) instanceof String text) {
            return text;
        }
        throw new IOException("the field " + name + " is missing or no text");
    }

    /** A whole number, 0 when absent. */
    long whole(String name) {
        return fields.get(name) instanceof Long number ? number : 0;
    }

    /** A list of texts, empty when absent. */
    List<String> texts(String name) {
        var texts = new ArrayList<String>();
        for (Object item : list(name)) {
            texts.add(String.valueOf(item));
        }
        return texts;
    }

    /** A list of objects, empty when absent. */
    List<JsonText> objects(String name) {
        var objects = new ArrayList<JsonText>();
        for (Object item : list(name)) {
            if (item instanceof Map<?, ?> map) {
                objects.add(new JsonText(map));
            }
        }
        return objects;
    }

    private List<?> list(String name) {
        return fields.get(name) instanceof List<?> list ? list : List.of();
    }

    /** Renders an object of texts. */
    static String render(Map<String, String> fields) {
        var text = new StringWriter();
        try (JsonGenerator json = FACTORY.createGenerator(ObjectWriteContext.empty(), text)) {
            json.writeStartObject();
            fields.forEach(json::writeStringProperty);
            json.writeEndObject();
        }
        return text.toString();
    }

    private static @Nullable Object value(JsonParser parser, int depth) throws IOException {
        if (depth > MAX_DEPTH) {
            throw new IOException("nested more than " + MAX_DEPTH + " deep");
        }
        JsonToken token = parser.currentToken();
        if (token == JsonToken.START_OBJECT) {
            Map<String, @Nullable Object> map = new LinkedHashMap<>();
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                String name = parser.currentName();
                parser.nextToken();
                map.put(name, value(parser, depth + 1));
            }
            return map;
        }
        if (token == JsonToken.START_ARRAY) {
            List<@Nullable Object> list = new ArrayList<>();
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                list.add(value(parser, depth + 1));
            }
            return list;
        }
        if (token == JsonToken.VALUE_STRING) {
            return parser.getString();
        }
        return token == JsonToken.VALUE_NUMBER_INT ? (Object) parser.getLongValue() : null;
    }
}
