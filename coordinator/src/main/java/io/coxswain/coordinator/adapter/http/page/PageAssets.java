package io.coxswain.coordinator.adapter.http.page;

import io.coxswain.web.Routes;
import io.coxswain.web.WebRequest;
import io.coxswain.web.WebResponse;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** The page's files, read once. A browser asks each time whether they are still the same. */
final class PageAssets {
    static final String INDEX = "index.html";
    static final List<String> FILES =
            List.of(
                    "agents.js",
                    "copies.js",
                    "curves.js",
                    "dom.js",
                    "events.js",
                    "format.js",
                    "goodput.js",
                    "icon.svg",
                    "incidents.js",
                    "live.js",
                    "main.js",
                    "now.js",
                    "page.css",
                    "state.js",
                    "timeline.js",
                    "tokens.js");

    /**
     * Nothing but what this server sends: no script or style inside the text, no frame around it,
     * and no text that turns into a script.
     */
    static final String POLICY =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
                    + " connect-src 'self'; base-uri 'none'; form-action 'none';"
                    + " frame-ancestors 'none'; require-trusted-types-for 'script'";

    private PageAssets() {}

    static void addTo(Routes.Builder routes) {
        add(routes, "/", INDEX);
        for (String file : FILES) {
            add(routes, "/assets/" + file, file);
        }
    }

    private static void add(Routes.Builder routes, String path, String file) {
        byte[] body = read(file);
        String tag = '"' + digest(body) + '"';
        Map<String, String> headers =
                Map.of("ETag", tag, "Cache-Control", "no-cache", "Content-Security-Policy", POLICY);
        var whole = new WebResponse(200, type(file), body, headers);
        var same = new WebResponse(304, type(file), new byte[0], headers);
        routes.get(path, request -> knows(request, tag) ? same : whole);
    }

    private static boolean knows(WebRequest request, String tag) {
        String known = request.header("if-none-match");
        return known != null && known.contains(tag);
    }

    static byte[] read(String file) {
        try (InputStream in = PageAssets.class.getResourceAsStream(file)) {
            if (in == null) {
                throw new IllegalStateException("the page's file " + file + " is not packaged");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("the page's file " + file, e);
        }
    }

    private static String type(String file) {
        return switch (file.substring(file.lastIndexOf('.') + 1)) {
            case "html" -> "text/html; charset=utf-8";
            case "css" -> "text/css; charset=utf-8";
            case "js" -> "text/javascript; charset=utf-8";
            case "svg" -> "image/svg+xml";
            default -> throw new IllegalArgumentException("no media type for " + file);
        };
    }

    private static String digest(byte[] body) {
        try {
            byte[] all = MessageDigest.getInstance("SHA-256").digest(body);
            return HexFormat.of().formatHex(all, 0, 12);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
