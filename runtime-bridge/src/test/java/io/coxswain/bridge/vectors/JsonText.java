package io.coxswain.bridge.vectors;

import java.util.Collection;
import java.util.Map;

/** Maps, lists, texts, numbers and truth values as indented JSON; short groups on one line. */
final class JsonText {
    private static final int LINE = 120;

    private JsonText() {}

    static String of(Object value) {
        StringBuilder text = new StringBuilder();
        write(value, "", text);
        return text.append('\n').toString();
    }

    private static void write(Object value, String indent, StringBuilder text) {
        String flat = flat(value);
        boolean group = value instanceof Map || value instanceof Collection;
        if (!group || (indent.length() + flat.length() <= LINE && !indent.isEmpty())) {
            text.append(flat);
            return;
        }
        String inner = indent + "  ";
        String separator = "\n";
        if (value instanceof Map<?, ?> map) {
            text.append('{');
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                text.append(separator).append(inner).append(quoted(entry.getKey())).append(": ");
                write(entry.getValue(), inner, text);
                separator = ",\n";
            }
            text.append('\n').append(indent).append('}');
        } else if (value instanceof Collection<?> list) {
            text.append('[');
            for (Object one : list) {
                text.append(separator).append(inner);
                write(one, inner, text);
                separator = ",\n";
            }
            text.append('\n').append(indent).append(']');
        }
    }

    private static String flat(Object value) {
        StringBuilder text = new StringBuilder();
        String separator = "";
        if (value instanceof Map<?, ?> map) {
            text.append('{');
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                text.append(separator).append(quoted(entry.getKey())).append(": ");
                text.append(flat(entry.getValue()));
                separator = ", ";
            }
            return text.append('}').toString();
        }
        if (value instanceof Collection<?> list) {
            text.append('[');
            for (Object one : list) {
                text.append(separator).append(flat(one));
                separator = ", ";
            }
            return text.append(']').toString();
        }
        return value instanceof Number || value instanceof Boolean
                ? value.toString()
                : quoted(value);
    }

    private static String quoted(Object text) {
        return "\""
                + text.toString()
                        .replace("\\", "\\\\")
                        .replace("\"", "\\\"")
                        .replace("\n", "\\n")
                + "\"";
    }
}
