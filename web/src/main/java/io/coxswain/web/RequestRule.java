package io.coxswain.web;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;

import org.jspecify.annotations.Nullable;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/** Decides whether a request is one that this server answers. Pure. */
final class RequestRule {
    // Nothing encoded, no parameters, no backslash: what is not plain never reaches a route.
    private static final Pattern PLAIN_PATH = Pattern.compile("[A-Za-z0-9._~/-]+");
    private static final Pattern PERCENT = Pattern.compile("%(?![0-9A-Fa-f]{2})");
    private static final Pattern PLAIN_QUERY = Pattern.compile("[!-~&&[^\"#<>\\\\^`{|}]]*");
    private static final int MOST_PARAMETERS = 32;

    private final Routes routes;
    private final HostRule hosts;
    private final TokenRule tokens;
    private final int headerFields;

    RequestRule(Routes routes, HostRule hosts, TokenRule tokens, int headerFields) {
        this.routes = routes;
        this.hosts = hosts;
        this.tokens = tokens;
        this.headerFields = headerFields;
    }

    sealed interface Verdict {
        record Accepted(WebRequest request, Routes.Route route) implements Verdict {}

        /**
         * No answer but this one.
         *
         * @param broken what follows on the connection cannot be trusted: it closes
         */
        record Refused(int status, String why, boolean broken) implements Verdict {}
    }

    Verdict judge(HttpRequest request) {
        if (request.decoderResult().isFailure()) {
            return unreadable(request.decoderResult().cause());
        }
        HttpHeaders headers = request.headers();
        if (headers.size() > headerFields) {
            return broken(431, "more than " + headerFields + " header fields");
        }
        if (!request.protocolVersion().equals(HttpVersion.HTTP_1_1)
                && !request.protocolVersion().equals(HttpVersion.HTTP_1_0)) {
            return broken(400, "only HTTP/1.1 and HTTP/1.0 are spoken here");
        }
        if (headers.contains(HttpHeaderNames.TRANSFER_ENCODING) || hasContent(headers)) {
            return broken(400, "a request has no body here");
        }
        if (headers.contains(HttpHeaderNames.EXPECT)) {
            return broken(417, "no expectation is met here");
        }
        List<String> host = headers.getAll(HttpHeaderNames.HOST);
        if (host.size() > 1
                || (host.isEmpty() && request.protocolVersion().equals(HttpVersion.HTTP_1_1))) {
            return broken(400, "one Host field is needed");
        }
        if (!host.isEmpty()) {
            switch (hosts.judge(host.getFirst())) {
                case MALFORMED -> {
                    return broken(400, "the Host field names no host");
                }
                case FOREIGN -> {
                    return refused(
                            421,
                            "this server does not go by that name: use its address, or let it be"
                                    + " started with the name allowed");
                }
                case FINE -> {}
            }
        }
        return judgeTarget(request);
    }

    private Verdict judgeTarget(HttpRequest request) {
        String target = request.uri();
        int question = target.indexOf('?');
        String path = question < 0 ? target : target.substring(0, question);
        if (!path.startsWith("/") || !PLAIN_PATH.matcher(path).matches() || climbs(path)) {
            return refused(400, "not a path of this server");
        }
        Map<String, String> query = query(question < 0 ? "" : target.substring(question + 1));
        if (query == null) {
            return refused(400, "the query cannot be read");
        }
        if (!tokens.admits(path, request.headers().get(HttpHeaderNames.AUTHORIZATION))) {
            return refused(
                    401,
                    "a token is needed here: Authorization: Bearer TOKEN, or the token as password"
                            + " of any name");
        }
        Routes.Route route = routes.at(path);
        if (route == null) {
            return refused(
                    404, "there is nothing here; known: " + String.join(" ", routes.paths()));
        }
        String method = request.method().name();
        if (!method.equals("GET") && !method.equals("HEAD")) {
            return refused(405, "only GET and HEAD");
        }
        return new Verdict.Accepted(
                new WebRequest(method, path, query, fields(request.headers())), route);
    }

    private static Verdict unreadable(Throwable cause) {
        if (cause instanceof TooLongHttpLineException) {
            return broken(414, "the request line is too long");
        }
        if (cause instanceof TooLongHttpHeaderException) {
            return broken(431, "the header is too long");
        }
        return broken(400, "not an HTTP request");
    }

    private static boolean hasContent(HttpHeaders headers) {
        for (String length : headers.getAll(HttpHeaderNames.CONTENT_LENGTH)) {
            if (!length.equals("0")) {
                return true;
            }
        }
        return false;
    }

    private static boolean climbs(String path) {
        return path.contains("//")
                || path.contains("/./")
                || path.contains("/../")
                || path.endsWith("/.")
                || path.endsWith("/..");
    }

    private static @Nullable Map<String, String> query(String text) {
        var parameters = new HashMap<String, String>();
        if (text.isEmpty()) {
            return parameters;
        }
        if (!PLAIN_QUERY.matcher(text).matches() || PERCENT.matcher(text).find()) {
            return null;
        }
        for (String part : text.split("&", -1)) {
            int equals = part.indexOf('=');
            String name = decoded(equals < 0 ? part : part.substring(0, equals));
            String value = decoded(equals < 0 ? "" : part.substring(equals + 1));
            if (name.isEmpty()
                    || !printable(name)
                    || !printable(value)
                    || parameters.size() == MOST_PARAMETERS
                    || parameters.put(name, value) != null) {
                return null;
            }
        }
        return parameters;
    }

    private static String decoded(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    // A byte sequence that is no UTF-8 decodes to the replacement character.
    private static boolean printable(String text) {
        return text.chars().noneMatch(c -> Character.isISOControl(c) || c == '\uFFFD');
    }

    private static Map<String, String> fields(HttpHeaders headers) {
        var fields = new LinkedHashMap<String, String>();
        for (Map.Entry<String, String> field : headers) {
            fields.merge(
                    field.getKey().toLowerCase(Locale.ROOT),
                    field.getValue(),
                    (first, next) -> first + ", " + next);
        }
        return fields;
    }

    private static Verdict refused(int status, String why) {
        return new Verdict.Refused(status, why, false);
    }

    private static Verdict broken(int status, String why) {
        return new Verdict.Refused(status, why, true);
    }
}
