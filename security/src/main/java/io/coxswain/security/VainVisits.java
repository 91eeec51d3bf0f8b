package io.coxswain.security;

import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Hosts whose connections ended before they said who they were, again and again: making a
 * connection ready costs a thousand times what refusing it does. A leaky bucket for each host, of
 * the newest thousand. Not thread-safe.
 */
final class VainVisits {
    /** So many may come to nothing at once. */
    static final int AT_ONCE = 64;

    /** One is forgiven in each such time: four a second. */
    static final long EACH_NANOS = 250_000_000L;

    private static final int MOST_HOSTS = 1_024;

    // When all will be forgiven; the host that was heard of longest ago first.
    private final Map<InetAddress, Long> until = new LinkedHashMap<>();

    /** A connection of that host came to nothing. */
    void inVain(InetAddress host, long nowNanos) {
        Long before = until.remove(host);
        long from = before == null || before - nowNanos < 0 ? nowNanos : before;
        until.put(host, from + EACH_NANOS);
        if (until.size() > MOST_HOSTS) {
            until.remove(until.keySet().iterator().next());
        }
    }

    /** Too many of that host came to nothing of late. */
    boolean tooMany(InetAddress host, long nowNanos) {
        Long forgiven = until.get(host);
        return forgiven != null && forgiven - nowNanos > AT_ONCE * EACH_NANOS;
    }
}
