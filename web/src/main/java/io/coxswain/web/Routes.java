package io.coxswain.web;

import org.jspecify.annotations.Nullable;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Exact paths and who answers them. GET and HEAD only; nothing is matched by prefix or pattern. */
public final class Routes {
    private static final Pattern PATH = Pattern.compile("/|(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+");

    private final Map<String, Route> byPath;

    /** One path's end. */
    sealed interface Route {
        record Answer(WebHandler handler) implements Route {}

        record Stream(ViewerHandler handler) implements Route {}
    }

    private Routes(Map<String, Route> byPath) {
        this.byPath = Map.copyOf(byPath);
    }

    /** No routes yet. */
    public static Builder builder() {
        return new Builder();
    }

    /** All paths, sorted. */
    public List<String> paths() {
        return byPath.keySet().stream().sorted().toList();
    }

    @Nullable Route at(String path) {
        return byPath.get(path);
    }

    /** Collects routes. */
    public static final class Builder {
        private final Map<String, Route> byPath = new LinkedHashMap<>();

        private Builder() {}

        /**
         * A path and its handler.
         *
         * @throws IllegalArgumentException if the path is taken or could never be asked for
         */
        public Builder get(String path, WebHandler handler) {
            return put(path, new Route.Answer(handler));
        }

        /** A path where viewers follow server-sent events. */
        public Builder stream(String path, ViewerHandler handler) {
            return put(path, new Route.Stream(handler));
        }

        public Routes build() {
            return new Routes(byPath);
        }

        private Builder put(String path, Route route) {
            if (!PATH.matcher(path).matches()) {
                throw new IllegalArgumentException("not a path of plain segments: " + path);
            }
            if (byPath.putIfAbsent(path, route) != null) {
                throw new IllegalArgumentException("path " + path + " has a route already");
            }
            return this;
        }
    }
}
