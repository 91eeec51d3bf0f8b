package io.coxswain.web;

import org.jspecify.annotations.Nullable;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.Locale;
import java.util.Set;

/**
 * Who may read, where a token is asked for. Programs send it as {@code Authorization: Bearer
 * TOKEN}; browsers, which ask the person for a name and a password, as the password of any name.
 */
final class TokenRule {
    /** What a client is told that sent none. */
    static final String CHALLENGE =
            "Basic realm=\"Coxswain: any name, the token as password\", charset=\"UTF-8\"";

    private final byte @Nullable [] token;
    private final Set<String> open;

    /**
     * The rule.
     *
     * @param token null: everybody may
     * @param open paths that everybody may read all the same
     */
    TokenRule(@Nullable String token, Set<String> open) {
        this.token = token == null ? null : token.getBytes(StandardCharsets.UTF_8);
        this.open = Set.copyOf(open);
    }

    /**
     * Judges a request.
     *
     * @param authorization the header field; null: there is none
     */
    boolean admits(String path, @Nullable String authorization) {
        byte[] wanted = token;
        if (wanted == null || open.contains(path)) {
            return true;
        }
        byte[] shown = authorization == null ? null : presented(authorization);
        return shown != null && MessageDigest.isEqual(wanted, shown);
    }

    private static byte @Nullable [] presented(String authorization) {
        int space = authorization.indexOf(' ');
        if (space < 0) {
            return null;
        }
        String value = authorization.substring(space + 1).strip();
        return switch (authorization.substring(0, space).toLowerCase(Locale.ROOT)) {
            case "bearer" -> value.getBytes(StandardCharsets.UTF_8);
            case "basic" -> password(value);
            default -> null;
        };
    }

    private static byte @Nullable [] password(String encoded) {
        try {
            String text = new String(Base64.getDecoder().decode(encoded), StandardCharsets.UTF_8);
            int colon = text.indexOf(':');
            return colon < 0 ? null : text.substring(colon + 1).getBytes(StandardCharsets.UTF_8);
        } catch (IllegalArgumentException notBase64) {
            return null;
        }
    }
}
