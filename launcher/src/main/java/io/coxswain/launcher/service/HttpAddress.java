package io.coxswain.launcher.service;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where an HTTP port is to be.
 *
 * @param port 0: a free one
 * @param token without which only the probes answer; null: none is needed
 */
public record HttpAddress(String host, int port, @Nullable String token) {
    /** This machine only. */
    public static final String LOOPBACK = "127.0.0.1";

    /** The option's form, for people. */
    public static final String FORM = "[HOST:]PORT";

    private static final Pattern TEXT =
            Pattern.compile("(?:(\\[[0-9A-Fa-f:.%a-z]+]|[^\\s:\\[\\]]+):)?(\\d{1,5})");
    private static final int MAX_PORT = 65_535;

    /** For everybody who reaches it. */
    public HttpAddress(String host, int port) {
        this(host, port, null);
    }

    /** The same address for who knows a token. */
    public HttpAddress withToken(String secret) {
        return new HttpAddress(host, port, secret);
    }

    /**
     * Reads {@value #FORM}; without a host it is loopback.
     *
     * @throws IllegalArgumentException if it is something else; the message says what is expected
     */
    public static HttpAddress parse(String text) {
        Matcher parts = TEXT.matcher(text.strip());
        if (!parts.matches() || Integer.parseInt(parts.group(2)) > MAX_PORT) {
            throw new IllegalArgumentException(
                    "'"
                            + text
                            + "' is no address to listen on; expected a port from 0 (any free one)"
                            + " to 65535, such as 8080, or host and port, such as 0.0.0.0:8080 or"
                            + " [::]:8080");
        }
        String host = parts.group(1) == null ? LOOPBACK : parts.group(1);
        if (host.startsWith("[")) {
            host = host.substring(1, host.length() - 1);
        }
        return new HttpAddress(host, Integer.parseInt(parts.group(2)));
    }

    /** What a person should know who opened it in the clear; empty: nothing. */
    public String warning() {
        return warning(false);
    }

    /**
     * The same where it may speak HTTPS.
     *
     * @param certified whether there are certificates
     */
    public String warning(boolean certified) {
        if (isLoopback(host) || (certified && token != null)) {
            return "";
        }
        return "the HTTP port is open to the network, "
                + (token == null
                        ? "and EVERYBODY who reaches it can read it: see --http-token-file"
                        : "unencrypted: whoever listens on the wire sees the token");
    }

    private static boolean isLoopback(String host) {
        try {
            return InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException unknown) {
            return false;
        }
    }

    /** These overrides of a file's fields, and this address among them. */
    public Map<String, String> into(Map<String, String> sets) {
        var all = new LinkedHashMap<>(sets);
        all.put("http.host", host);
        all.put("http.port", Integer.toString(port));
        return all;
    }
}
