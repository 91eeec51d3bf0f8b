package io.coxswain.web;

import org.jspecify.annotations.Nullable;

import java.util.Locale;
import java.util.Map;

/**
 * A request that passed all checks.
 *
 * @param method GET or HEAD
 * @param path as routed
 * @param query decoded; each name once
 * @param headers by lower-case name; several fields of one name are joined by ", "
 */
public record WebRequest(
        String method, String path, Map<String, String> query, Map<String, String> headers) {
    public WebRequest {
        query = Map.copyOf(query);
        headers = Map.copyOf(headers);
    }

    /** A header field's value; null: there is none. */
    public @Nullable String header(String name) {
        return headers.get(name.toLowerCase(Locale.ROOT));
    }
}
