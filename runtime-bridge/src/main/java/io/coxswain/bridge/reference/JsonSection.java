package io.coxswain.bridge.reference;

import io.coxswain.bridge.spi.RuntimeFault;

import org.jspecify.annotations.Nullable;

import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One object of a job file's runtime section. Every accessor names the field in its error and says
 * what was expected; {@link #done} refuses the fields that nobody asked for.
 */
final class JsonSection {
    private static final JsonFactory FACTORY =
            JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
    private static final int MAX_DEPTH = 16;

    private final String path;
    private final Map<String, @Nullable Object> fields;
    private final Set<String> known = new LinkedHashSet<>();

    private JsonSection(String path, Map<String, @Nullable Object> fields) {
        this.path = path;
        this.fields = fields;
    }

    /**
     * Reads an object.
     *
     * @param path what errors call it
     */
    static JsonSection parse(String json, String path) throws RuntimeFault {
        try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), json)) {
            parser.nextToken();
            Object value = value(parser, 0);
            if (parser.nextToken() != null) {
                throw invalid("section `%s` has something after its end".formatted(path));
            }
            if (value instanceof Map<?, ?> map) {
                return new JsonSection(path, fields(map));
            }
            throw invalid(
                    "section `%s` must be an object with fields, not %s"
                            .formatted(path, show(value)));
        } catch (JacksonException e) {
            throw new RuntimeFault(
                    RuntimeFault.Code.PROGRAM_INVALID,
                    "section `%s` is not valid JSON: %s (line %d, column %d)"
                            .formatted(
                                    path,
                                    e.getOriginalMessage(),
                                    e.getLocation().getLineNr(),
                                    e.getLocation().getColumnNr()),
                    e);
        }
    }

    /** One of the given words. */
    String choice(String name, List<String> words, @Nullable String otherwise) throws RuntimeFault {
        Object value = take(name);
        if (value == null && otherwise != null) {
            return otherwise;
        }
        if (value instanceof String text && words.contains(text)) {
            return text;
        }
        throw wrong(name, "one of " + String.join(", ", words), value);
    }

    /** A whole number. */
    long integer(String name, long least, long most, long otherwise) throws RuntimeFault {
        Object value = take(name);
        if (value == null) {
            return otherwise;
        }
        if (value instanceof Long number && number >= least && number <= most) {
            return number;
        }
        throw wrong(name, "a whole number from %d to %d".formatted(least, most), value);
    }

    /** A number. */
    float number(String name, float otherwise) throws RuntimeFault {
        Object value = take(name);
        if (value == null) {
            return otherwise;
        }
        if (value instanceof Number number) {
            return number.floatValue();
        }
        throw wrong(name, "a number", value);
    }

    /** A list of whole numbers, which must be there. */
    List<Integer> integers(String name) throws RuntimeFault {
        Object value = take(name);
        if (!(value instanceof List<?> list)) {
            throw wrong(name, "a list of whole numbers", value);
        }
        List<Integer> numbers = new ArrayList<>();
        for (Object element : list) {
            if (!(element instanceof Long number) || number < 1 || number > Integer.MAX_VALUE) {
                throw wrong(name, "a list of whole numbers, each from 1 to 2147483647", value);
            }
            numbers.add(number.intValue());
        }
        return numbers;
    }

    /** An object inside this one; an empty one if it is not there. */
    JsonSection section(String name) throws RuntimeFault {
        Object value = take(name);
        String inner = path + "." + name;
        if (value == null) {
            return new JsonSection(inner, Map.of());
        }
        if (value instanceof Map<?, ?> map) {
            return new JsonSection(inner, fields(map));
        }
        throw wrong(name, "an object with fields", value);
    }

    /** Refuses fields that no accessor was called for. */
    void done() throws RuntimeFault {
        for (String name : fields.keySet()) {
            if (!known.contains(name)) {
                throw invalid(
                        "unknown field `%s.%s`; expected one of %s"
                                .formatted(path, name, String.join(", ", known)));
            }
        }
    }

    /** An error about one of this section's fields. */
    RuntimeFault wrong(String name, String expected, @Nullable Object value) {
        return invalid(
                "field `%s.%s` must be %s, not %s".formatted(path, name, expected, show(value)));
    }

    /** An error about this section. */
    RuntimeFault wrong(String what) {
        return invalid("section `%s`: %s".formatted(path, what));
    }

    private @Nullable Object take(String name) {
        known.add(name);
        return fields.get(name);
    }

    private static RuntimeFault invalid(String message) {
        return new RuntimeFault(RuntimeFault.Code.PROGRAM_INVALID, message);
    }

    private static String show(@Nullable Object value) {
        if (value == null) {
            return "nothing";
        }
        return value instanceof String ? "\"" + value + "\"" : value.toString();
    }

    private static Map<String, @Nullable Object> fields(Map<?, ?> map) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        map.forEach((name, value) -> fields.put(String.valueOf(name), value));
        return fields;
    }

    private static @Nullable Object value(JsonParser parser, int depth) throws RuntimeFault {
        JsonToken token = parser.currentToken();
        if (token == null) {
            return null;
        }
        if (depth > MAX_DEPTH) {
            throw invalid("the runtime's section is nested more than %d deep".formatted(MAX_DEPTH));
        }
        return switch (token) {
            case START_OBJECT -> {
                Map<String, @Nullable Object> fields = new LinkedHashMap<>();
                while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                    String name = parser.currentName();
                    parser.nextToken();
                    fields.put(name, value(parser, depth + 1));
                }
                yield fields;
            }
            case START_ARRAY -> {
                List<@Nullable Object> elements = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    elements.add(value(parser, depth + 1));
                }
                yield elements;
            }
            case VALUE_NUMBER_INT -> parser.getLongValue();
            case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
            case VALUE_STRING -> parser.getString();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            case NOT_AVAILABLE, END_OBJECT, END_ARRAY, PROPERTY_NAME, VALUE_EMBEDDED_OBJECT ->
                    throw invalid("unexpected %s in the runtime's section".formatted(token));
        };
    }
}
