package io.coxswain.bridge.json;

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
import java.util.function.Function;

/**
 * One object of a JSON text. Every accessor names the field in its error and says what was
 * expected; {@link #done} refuses the fields that nobody asked for. Confined to one thread.
 */
public final class JsonSection {
    private static final JsonFactory FACTORY =
            JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
    private static final int MAX_DEPTH = 16;
    private static final int MAX_SHOWN = 200;

    private final String path;
    private final Map<String, @Nullable Object> fields;
    private final Function<String, RuntimeFault> complaint;
    private final Set<String> known = new LinkedHashSet<>();

    private JsonSection(
            String path,
            Map<String, @Nullable Object> fields,
            Function<String, RuntimeFault> complaint) {
        this.path = path;
        this.fields = fields;
        this.complaint = complaint;
    }

    /**
     * Reads a section of a job file.
     *
     * @param path what errors call it
     * @throws RuntimeFault with {@link RuntimeFault.Code#PROGRAM_INVALID}, as all accessors
     */
    public static JsonSection parse(String json, String path) throws RuntimeFault {
        return parse(json, path, what -> new RuntimeFault(RuntimeFault.Code.PROGRAM_INVALID, what));
    }

    /**
     * Reads a whole file.
     *
     * @param complaint makes the fault that says what is wrong in it
     */
    public static JsonSection document(String json, Function<String, RuntimeFault> complaint)
            throws RuntimeFault {
        return parse(json, "", complaint);
    }

    private static JsonSection parse(
            String json, String path, Function<String, RuntimeFault> complaint)
            throws RuntimeFault {
        String what = path.isEmpty() ? "it" : "section `%s`".formatted(path);
        try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), json)) {
            parser.nextToken();
            Object value = value(parser, 0, complaint);
            if (parser.nextToken() != null) {
                throw complaint.apply(what + " has something after its end");
            }
            if (value instanceof Map<?, ?> map) {
                return new JsonSection(path, fields(map), complaint);
            }
            throw complaint.apply(
                    "%s must be an object with fields, not %s".formatted(what, show(value)));
        } catch (JacksonException e) {
            RuntimeFault fault =
                    complaint.apply(
                            "%s is not valid JSON: %s (line %d, column %d)"
                                    .formatted(
                                            what,
                                            e.getOriginalMessage(),
                                            e.getLocation().getLineNr(),
                                            e.getLocation().getColumnNr()));
            fault.initCause(e);
            throw fault;
        }
    }

    /** The names of all fields, in order. */
    public Set<String> names() {
        return fields.keySet();
    }

    /** Whether a field is there and not null. */
    public boolean has(String name) {
        return take(name) != null;
    }

    /** One of the given words. */
    public String choice(String name, List<String> words, @Nullable String otherwise)
            throws RuntimeFault {
        Object value = take(name);
        if (value == null && otherwise != null) {
            return otherwise;
        }
        if (value instanceof String text && words.contains(text)) {
            return text;
        }
        throw wrong(name, "one of " + String.join(", ", words), value);
    }

    /** A text, which must be there and not be empty. */
    public String text(String name) throws RuntimeFault {
        if (take(name) instanceof String text && !text.isEmpty()) {
            return text;
        }
        throw wrong(name, "a text", take(name));
    }

    /** A truth value. */
    public boolean flag(String name, boolean otherwise) throws RuntimeFault {
        Object value = take(name);
        if (value == null) {
            return otherwise;
        }
        if (value instanceof Boolean flag) {
            return flag;
        }
        throw wrong(name, "true or false", value);
    }

    /** A whole number. */
    public long integer(String name, long least, long most, long otherwise) throws RuntimeFault {
        return take(name) == null ? otherwise : integer(name, least, most);
    }

    /** A whole number, which must be there. */
    public long integer(String name, long least, long most) throws RuntimeFault {
        if (take(name) instanceof Long number && number >= least && number <= most) {
            return number;
        }
        throw wrong(name, "a whole number from %d to %d".formatted(least, most), take(name));
    }

    /** A number. */
    public float number(String name, float otherwise) throws RuntimeFault {
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
    public List<Long> integers(String name, long least, long most) throws RuntimeFault {
        Object value = take(name);
        if (!(value instanceof List<?> list)) {
            throw wrong(name, "a list of whole numbers", value);
        }
        List<Long> numbers = new ArrayList<>();
        for (Object element : list) {
            if (!(element instanceof Long number) || number < least || number > most) {
                throw wrong(
                        name,
                        "a list of whole numbers, each from %d to %d".formatted(least, most),
                        value);
            }
            numbers.add(number);
        }
        return numbers;
    }

    /** A list of texts, which must be there. */
    public List<String> texts(String name) throws RuntimeFault {
        Object value = take(name);
        if (!(value instanceof List<?> list)) {
            throw wrong(name, "a list of texts", value);
        }
        List<String> texts = new ArrayList<>();
        for (Object element : list) {
            if (!(element instanceof String text)) {
                throw wrong(name, "a list of texts", value);
            }
            texts.add(text);
        }
        return texts;
    }

    /** An object inside this one; an empty one if it is not there. */
    public JsonSection section(String name) throws RuntimeFault {
        Object value = take(name);
        return value == null
                ? new JsonSection(inner(name), Map.of(), complaint)
                : section(name, value);
    }

    /** A list of objects; an empty one if it is not there. */
    public List<JsonSection> sections(String name) throws RuntimeFault {
        Object value = take(name);
        if (value == null) {
            return List.of();
        }
        if (!(value instanceof List<?> list)) {
            throw wrong(name, "a list of objects", value);
        }
        List<JsonSection> sections = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            sections.add(section("%s[%d]".formatted(name, i), list.get(i)));
        }
        return sections;
    }

    /**
     * The value of a field whose type is open: null, {@link String}, {@link Long}, {@link Double},
     * {@link Boolean}, or a {@link List} or {@link Map} of such.
     */
    public @Nullable Object value(String name) {
        return take(name);
    }

    /** Refuses fields that no accessor was called for. */
    public void done() throws RuntimeFault {
        for (String name : fields.keySet()) {
            if (!known.contains(name)) {
                throw complaint.apply(
                        "unknown field `%s`; expected one of %s"
                                .formatted(inner(name), String.join(", ", known)));
            }
        }
    }

    /** An error about one of this section's fields. */
    public RuntimeFault wrong(String name, String expected, @Nullable Object value) {
        return complaint.apply(
                "field `%s` must be %s, not %s".formatted(inner(name), expected, show(value)));
    }

    /** An error about this section. */
    public RuntimeFault wrong(String what) {
        return complaint.apply(path.isEmpty() ? what : "section `%s`: %s".formatted(path, what));
    }

    private JsonSection section(String name, @Nullable Object value) throws RuntimeFault {
        if (value instanceof Map<?, ?> map) {
            return new JsonSection(inner(name), fields(map), complaint);
        }
        throw wrong(name, "an object with fields", value);
    }

    private String inner(String name) {
        return path.isEmpty() ? name : path + "." + name;
    }

    private @Nullable Object take(String name) {
        known.add(name);
        return fields.get(name);
    }

    private static String show(@Nullable Object value) {
        if (value == null) {
            return "nothing";
        }
        String text = value instanceof String ? "\"" + value + "\"" : value.toString();
        return text.length() <= MAX_SHOWN ? text : text.substring(0, MAX_SHOWN) + "…";
    }

    private static Map<String, @Nullable Object> fields(Map<?, ?> map) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        map.forEach((name, value) -> fields.put(String.valueOf(name), value));
        return fields;
    }

    private static @Nullable Object value(
            JsonParser parser, int depth, Function<String, RuntimeFault> complaint)
            throws RuntimeFault {
        JsonToken token = parser.currentToken();
        if (token == null) {
            return null;
        }
        if (depth > MAX_DEPTH) {
            throw complaint.apply("JSON is nested more than %d deep".formatted(MAX_DEPTH));
        }
        return switch (token) {
            case START_OBJECT -> {
                Map<String, @Nullable Object> fields = new LinkedHashMap<>();
                while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                    String name = parser.currentName();
                    parser.nextToken();
                    fields.put(name, value(parser, depth + 1, complaint));
                }
                yield fields;
            }
            case START_ARRAY -> {
                List<@Nullable Object> elements = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    elements.add(value(parser, depth + 1, complaint));
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
                    throw complaint.apply("unexpected %s in JSON".formatted(token));
        };
    }
}
