package io.coxswain.web;

import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Whom a request may call this server. A web page can make a browser send requests here under the
 * page's own host name, once that name resolves to this machine (DNS rebinding), and read the
 * answers. It cannot do so under an address, under {@code localhost} or under a name that is not
 * its own: those pass.
 */
final class HostRule {
    private static final Pattern V4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");
    private static final Pattern V6 = Pattern.compile("\\[[0-9a-f:.]+(%25[0-9a-z._~-]+)?]");
    private static final Pattern NAME =
            Pattern.compile(
                    "[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*");
    private static final Pattern PORT = Pattern.compile("\\d{0,5}");

    private final Set<String> names = new HashSet<>();

    /** {@code localhost}, all addresses, and these names. */
    HostRule(List<String> more) {
        names.add("localhost");
        for (String name : more) {
            names.add(plain(name));
        }
    }

    enum Verdict {
        FINE,
        MALFORMED,
        FOREIGN
    }

    /**
     * Judges a Host field.
     *
     * @param field host, or host:port
     */
    Verdict judge(String field) {
        String host = field.toLowerCase(Locale.ROOT);
        int colon = host.lastIndexOf(':');
        if (colon > host.lastIndexOf(']')) {
            if (!PORT.matcher(host.substring(colon + 1)).matches()) {
                return Verdict.MALFORMED;
            }
            host = host.substring(0, colon);
        }
        if (V4.matcher(host).matches() || V6.matcher(host).matches()) {
            return Verdict.FINE;
        }
        host = plain(host);
        if (!NAME.matcher(host).matches()) {
            return Verdict.MALFORMED;
        }
        return names.contains(host) ? Verdict.FINE : Verdict.FOREIGN;
    }

    private static String plain(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
    }
}
