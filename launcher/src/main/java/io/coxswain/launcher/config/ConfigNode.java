package io.coxswain.launcher.config;

import java.util.LinkedHashMap;
import java.util.List;

/** A YAML value with the place it stands at. */
public sealed interface ConfigNode {
    Place place();

    /** What a person would call it. */
    String kind();

    /** {@code quoted}: the text stood in quotes, so it is a string whatever it looks like. */
    record Scalar(String text, boolean quoted, Place place) implements ConfigNode {
        @Override
        public String kind() {
            return isNull() ? "nothing" : "'" + text + "'";
        }

        boolean isNull() {
            return !quoted && (text.isEmpty() || text.equals("~") || text.equals("null"));
        }
    }

    record Listing(List<ConfigNode> items, Place place) implements ConfigNode {
        @Override
        public String kind() {
            return "a list";
        }
    }

    /** In the order of the file. Mutable while overrides are laid over it. */
    record Mapping(LinkedHashMap<String, Field> fields, Place place) implements ConfigNode {
        @Override
        public String kind() {
            return "a group of fields";
        }
    }

    /** A field of a mapping: where its name stands, and its value. */
    record Field(Place place, ConfigNode value) {}
}
