package io.coxswain.web;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a handler answers. The security headers come from the server.
 *
 * @param body not copied: whoever makes it does not change it any more
 * @param headers further fields; {@code Cache-Control} is {@code no-store} where they do not say
 */
@SuppressWarnings("ArrayRecordComponent")
public record WebResponse(
        int status, String contentType, byte[] body, Map<String, String> headers) {
    public WebResponse {
        headers = Map.copyOf(headers);
    }

    /** 200 with bytes. */
    public static WebResponse ok(String contentType, byte[] body) {
        return new WebResponse(200, contentType, body, Map.of());
    }

    /** One line of plain text. */
    public static WebResponse text(int status, String line) {
        return new WebResponse(
                status,
                "text/plain; charset=utf-8",
                (line + "\n").getBytes(StandardCharsets.UTF_8),
                Map.of());
    }

    /** The same with one more header field. */
    public WebResponse with(String name, String value) {
        var more = new LinkedHashMap<>(headers);
        more.put(name, value);
        return new WebResponse(status, contentType, body, more);
    }
}
